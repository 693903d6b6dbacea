"""An attempt that a worker has, as its scheduler sees it: follows reports, sends commands, notices that it is lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from datetime import datetime

from msgspec.structs import replace

from scheduler.launch.launcher import LaunchError, Output, Stream
from scheduler.launch.remote.messages import Chunk, Ended, Message, Refused, Report, StopRequest, Taken
from scheduler.launch.remote.patience import Background, until_done
from scheduler.launch.remote.wire import HEARTBEAT, KEPT_FOR, LOST_AFTER, UNREAD, Reader, Wire, WireError
from scheduler.model.run import Exit

LOST = 255
"""The exit code of an attempt that was lost with its worker."""

ELSEWHERE = "another scheduler has taken over and records how it ends"


class RemoteChild:
    """Implements `Child`. It ends with an exit of code 255 when the worker is lost."""

    def __init__(
        self,
        wire: Wire,
        message: Message,
        output: Output,
        ours: Callable[[], Awaitable[bool]],
        *,
        is_new: bool = False,
    ) -> None:
        """`ours` waits until it is known whether this scheduler records the end, or another one does.

        `is_new`: the message has not been sent yet, so nothing is known of the attempt.
        """
        loop = asyncio.get_running_loop()
        self.place = "a worker"
        self.worker: str | None = None
        self.taken_at: datetime | None = None
        """When the worker started it, by its clock; None when it has not said so."""
        self.exited: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[Exit] = loop.create_future()
        self._wire = wire
        self._message = message
        self._attempt = message.key
        self._output = output
        self._ours = ours
        self._notes: tuple[str, ...] = ()
        self._taken: asyncio.Future[None] = loop.create_future()
        self._caught_up = asyncio.Event()
        self._old: deque[tuple[str, int]] = deque()
        self._kept = 0
        self._background = Background()
        self._following = self._background.start(self._follow(wire.reports(message.key, is_new=is_new), is_new=is_new))

    async def wait_until_taken(self, seconds: float) -> None:
        """Until a worker has started it. TimeoutError after so long, LaunchError when the worker could not."""
        async with asyncio.timeout(seconds):
            await asyncio.shield(self._taken)

    async def caught_up(self) -> None:
        """Until what is known of it by now has been read."""
        await self._caught_up.wait()

    @property
    def is_taken(self) -> bool:
        """Whether a worker has it. LaunchError when that could not start it."""
        if self._taken.done():
            self._taken.result()
        return self._taken.done()

    def presume_taken(self) -> None:
        """A worker has claimed it, though it has not said so yet: from now on it can be lost."""
        if not self._taken.done():
            self._taken.set_result(None)

    def leave(self) -> None:
        """Follow it no longer."""
        self._following.cancel()

    async def forget(self) -> None:
        """No worker has it, and none will. May raise WireError."""
        await self._wire.settle(self._message.run_id)
        self.leave()

    async def stop(self, grace: float) -> None:
        self._background.start(self._request_stop(StopRequest(grace)))
        with suppress(TimeoutError):
            async with asyncio.timeout(grace + LOST_AFTER):
                await asyncio.shield(self.ended)
        if not self.exited.done():
            self._lose(f"{self.place} did not answer the request to stop; the process may still run")

    def kill(self) -> None:
        self._background.start(self._request_stop(StopRequest(None)))

    async def _request_stop(self, stop: StopRequest) -> None:
        while not self.exited.done():
            try:
                await self._wire.request_stop(self._attempt, stop)
            except WireError:
                await asyncio.sleep(HEARTBEAT)
            else:
                return

    async def _follow(self, reader: Reader[Report], *, is_new: bool) -> None:
        """Read reports until the end, or until there was no heartbeat for too long."""
        loop = asyncio.get_running_loop()
        seen = loop.time()
        with closing(reader):
            while not self.exited.done():
                try:
                    reports = await reader.next(HEARTBEAT if is_new or self._caught_up.is_set() else 0)
                    for position, report in reports:
                        await self._take(position, report)
                    self._caught_up.set()
                    if reports or not self._taken.done() or await self._wire.alive(self._attempt):
                        seen = loop.time()
                    elif loop.time() - seen >= LOST_AFTER - KEPT_FOR:
                        self._lose(f"no heartbeat from {self.place} for {LOST_AFTER:g}s; the process may still run")
                except WireError:
                    await asyncio.sleep(HEARTBEAT)
                    seen = loop.time()  # while the store is away nobody can give a sign
        self._caught_up.set()

    async def _take(self, position: str, report: Report) -> None:
        match report:
            case Taken(worker, place, note, at):
                self.worker, self.place, self.taken_at = worker, f"{worker} {place}", at
                self._notes = (note,) if note else ()
                self.presume_taken()
            case Refused(cause, code) if self._taken.done():
                self._end(Exit(code, notes=(cause,)))
            case Refused(cause, code):
                self._taken.set_exception(LaunchError(cause, code))
            case Chunk(stream, data):
                for start in range(0, len(data), self._output.most):
                    self._output.write(Stream(stream), data[start : start + self._output.most])
                    while full := self._output.full():
                        await full
                old = self._older(position, len(data))
                # Until the store takes it: the reports that follow in the same answer are not given again.
                await until_done(lambda: self._wire.have_read(self._attempt, len(data), old), HEARTBEAT)
            case Ended(exit):
                self._end(exit)

    def _older(self, position: str, size: int) -> list[str]:
        """Positions of output that is so far behind that a scheduler that takes over need not see it."""
        self._old.append((position, size))
        self._kept += size
        old = []
        while self._kept > UNREAD:
            position, size = self._old.popleft()
            self._kept -= size
            old.append(position)
        return old

    def _lose(self, note: str) -> None:
        self._end(Exit(LOST, notes=(note,), lost=True))

    def _end(self, how: Exit) -> None:
        if not self.exited.done():
            self._output.close()
            self.exited.set_result(None)
            self._background.start(self._finish(replace(how, notes=(*self._notes, *how.notes))))

    async def _finish(self, how: Exit) -> None:
        """Two schedulers may follow it after a take-over: one of them records its end."""
        if not await self._ours():
            how = replace(how, notes=(*how.notes, ELSEWHERE), elsewhere=True)
        self.ended.set_result(how)
