"""The worker's side: makes the attempts that messages ask for, with a launcher of its own, and reports on them."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial

from msgspec.structs import replace

from scheduler.clock import Clock
from scheduler.launch.launcher import NOT_FOUND, NOT_RUNNABLE, Child, Launcher, LaunchError, Stream, launched
from scheduler.launch.remote.digest import digest_of
from scheduler.launch.remote.messages import Chunk, Ended, Message, Refused, Report, Taken
from scheduler.launch.remote.patience import alive, during, until_done
from scheduler.launch.remote.remote_launcher import CLAIM
from scheduler.launch.remote.wire import HEARTBEAT, KEPT_FOR, UNREAD, Wire, WireError
from scheduler.model.job import Job
from scheduler.model.run import Launch, Trigger

PIECE = 64 * 1024
"""Bytes of output in one report at most."""

RETRY = 1.0
"""Seconds until the store is tried again."""


class Worker:
    """Carries out messages. An attempt is made once, by the worker that claims it, even if its message comes twice."""

    def __init__(
        self,
        name: str,
        wire: Wire,
        launcher: Launcher,
        clock: Clock,
        find: Callable[[str], Job | None],
    ) -> None:
        """`find` is the job of a name in the schedule file beside the worker."""
        self._name = name
        self._wire = wire
        self._launcher = launcher
        self._clock = clock
        self._find = find

    async def carry_out(self, message: Message) -> None:
        """Make the attempt, if it is still wanted and nobody has it. Returns when it is over and reported."""
        if message.start_by is not None and self._clock.now() > message.start_by:
            return
        if await self._is_ours(message):
            async with alive(self._wire, message.key):
                report = await self._attempt(message)
                await self._report(message, report)

    async def refuse(self, message: Message, cause: str) -> None:
        """Say why this worker cannot make the attempt, unless another one has it."""
        if await self._is_ours(message):
            await self._report(message, Refused(cause, NOT_RUNNABLE))

    async def _is_ours(self, message: Message) -> bool:
        """Claim it. False also while the store is away: not started, the scheduler records that no worker took it."""
        owner = f"{self._name} {os.urandom(8).hex()}"  # a second delivery to this very worker is another one
        try:
            return await self._wire.take(message.key, owner, CLAIM, KEPT_FOR)
        except WireError:
            return False

    async def _attempt(self, message: Message) -> Report:
        job = self._find(message.job)
        if job is None:
            cause = f"{self._name} has no job {message.job} in its schedule file; deploy the file to the workers, too"
            return Refused(cause, NOT_FOUND)
        output = WireOutput(self._wire, message.key)
        started_at = self._clock.now()
        try:
            child = await launched(self._launcher.launch(_launch(message, job), output))
        except LaunchError as error:
            return Refused(str(error), error.code)
        note = "" if digest_of(job) == message.digest else f"{self._name} has another version of the schedule file"
        stopped = asyncio.Event()
        async with during(self._obey(message, child, stopped), output.pump()):
            await self._report(message, Taken(self._name, child.place, note, started_at))
            ended = await asyncio.shield(child.ended)
            await output.drained()
        return Ended(replace(ended, stopped=stopped.is_set()))

    async def _report(self, message: Message, report: Report) -> None:
        """However long the store is away: a run that has ended must not be taken for lost for ever."""
        await until_done(lambda: self._wire.report(message.key, report), RETRY)

    async def _obey(self, message: Message, child: Child, stopped: asyncio.Event) -> None:
        stops: set[asyncio.Task[None]] = set()
        with closing(self._wire.stop_requests(message.key, is_new=True)) as stops_asked:
            while True:
                for _, stop in await until_done(partial(stops_asked.next, HEARTBEAT), RETRY):
                    stopped.set()
                    if stop.grace is None:
                        child.kill()
                    else:
                        stops.add(asyncio.create_task(child.stop(stop.grace)))


class WireOutput:
    """Output on its way to the scheduler. Implements `Output`; `pump` sends it, `drained` waits until all is sent."""

    most = PIECE

    def __init__(self, wire: Wire, attempt: str) -> None:
        self._wire = wire
        self._attempt = attempt
        self._pieces: deque[Chunk] = deque()
        self._written = 0
        self._size = 0
        self._news = asyncio.Event()
        self._room: asyncio.Future[None] | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def write(self, stream: Stream, data: bytes) -> None:
        self._written += 1
        self._pieces.append(Chunk(stream.value, data, self._written))
        self._size += len(data)
        self._empty.clear()
        self._news.set()

    def full(self) -> asyncio.Future[None] | None:
        if self._size <= UNREAD:
            return None
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        return self._room

    def close(self) -> None:
        """Nothing is held back."""

    async def drained(self) -> None:
        """Until everything written so far is with the store."""
        await self._empty.wait()

    async def pump(self) -> None:
        """Send what is written, as fast as the scheduler reads it; for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._pieces:
                try:
                    if await self._wire.unread(self._attempt) > UNREAD:
                        await asyncio.sleep(RETRY / 10)
                        continue
                    await self._wire.report(self._attempt, self._pieces[0])
                except WireError:
                    await asyncio.sleep(RETRY)
                    continue
                self._sent(self._pieces.popleft())

    def _sent(self, piece: Chunk) -> None:
        self._size -= len(piece.data)
        if self._room is not None and self._size <= UNREAD:
            self._room.set_result(None)
            self._room = None
        if not self._pieces:
            self._empty.set()


def _launch(message: Message, job: Job) -> Launch:
    return Launch(
        job,
        message.run_id,
        message.attempt,
        Trigger(message.trigger),
        message.scheduled_at,
        message.previous_at,
        message.extra_env,
        message.stdin,
        args=tuple(map(str, message.args)),
        kwargs=message.kwargs,
    )
