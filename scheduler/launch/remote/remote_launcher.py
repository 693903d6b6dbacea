"""Hands attempts to workers and follows them: the launcher of jobs that do not run on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from scheduler.clock import Clock
from scheduler.launch.launcher import LaunchError, NotTakenError, Output, Stream
from scheduler.launch.remote.digest import digest_of
from scheduler.launch.remote.messages import Chunk, Ended, Letter, Order, Refused, Report, Taken
from scheduler.launch.remote.wire import LOST_AFTER, SIGN_OF_LIFE, Mailbox, Wire, WireError
from scheduler.model.run import Exit, Launch, Reason, Trigger

LOST = 255
"""The exit code of an attempt that was lost with its worker."""

RESEND = 30.0
"""Seconds after which a letter that nobody has taken is sent again; a copy is not delivered after half as long more."""

CLAIM = 7 * 86400.0
"""Seconds for which it is remembered who took an attempt; no letter is delivered later than that."""


class RemoteLauncher:
    """Implements `Launcher`: a launch is over when a worker has taken the attempt.

    NotTakenError when no worker does until the launch's deadline, or when the broker or the store is away. After it, no
    worker will: whoever takes an attempt claims it first, and giving up is claiming it, too.
    """

    def __init__(self, wire: Wire, mailbox: Mailbox, clock: Clock) -> None:
        self._wire = wire
        self._mailbox = mailbox
        self._clock = clock
        self._fences: set[asyncio.Task[None]] = set()

    async def launch(self, launch: Launch, output: Output) -> RemoteChild:
        return await self.send(_letter(launch, self._clock.now()), output)

    async def send(self, letter: Letter, output: Output) -> RemoteChild:
        """As `launch`. A letter that another scheduler has sent is followed from the start of its output."""
        child = RemoteChild(self._wire, letter.key, output)
        try:
            await self._wire.hand_out(letter)
            if await self._wire.alive(letter.key):
                child.presume_taken()
            await self._send_until_taken(letter, child)
        except WireError as error:
            await self._give_up(child, NotTakenError(Reason.NO_STORE, str(error)))
        except TimeoutError:
            await self._give_up(child, NotTakenError(Reason.NO_WORKER, "no worker took it in time"))
        except asyncio.CancelledError:
            # A worker may have taken it at this moment: then it is a child, which the caller stops.
            with suppress(NotTakenError):
                await asyncio.shield(self._give_up(child, NotTakenError(Reason.STOPPED, "")))
                return child
            raise
        except LaunchError:
            child.forget()
            raise
        return child

    async def adoptable(self) -> list[EarlierLetter]:
        """The attempts that other schedulers have handed out and not recorded the end of."""
        return [EarlierLetter(letter, self) for letter in await self._wire.handed_out()]

    def since(self, moment: datetime) -> timedelta:
        """How long ago that was."""
        return self._clock.now() - moment

    async def _send_until_taken(self, letter: Letter, child: RemoteChild) -> None:
        """TimeoutError after `start_by`. Sent again and again, since the queue, or a worker's store, may be away."""
        while not child.is_taken:
            now = self._clock.now()
            left = RESEND if letter.start_by is None else min((letter.start_by - now).total_seconds(), RESEND)
            if left <= 0:
                raise TimeoutError
            await self._mailbox.send(letter, now + timedelta(seconds=1.5 * RESEND))
            with suppress(TimeoutError):
                await child.wait_until_taken(left)

    async def _give_up(self, child: RemoteChild, why: NotTakenError) -> None:
        """Keep workers off the attempt. Returns when one was faster; else raises `why`."""
        try:
            if await self._wire.claim(child.claim, "", CLAIM) != "":
                child.presume_taken()
                return
        except WireError:
            # No worker can claim it either while the store is away; when it is back, we want to be the first.
            fence = asyncio.create_task(self._fence(child.claim))
            self._fences.add(fence)
            fence.add_done_callback(self._fences.discard)
        child.forget()
        raise why

    async def _fence(self, claim: str) -> None:
        while True:
            try:
                await self._wire.claim(claim, "", CLAIM)
            except WireError:
                await asyncio.sleep(SIGN_OF_LIFE)
            else:
                return


class EarlierLetter:
    """An attempt that another scheduler handed out. Implements `Earlier`, and the `Launcher` of it."""

    def __init__(self, letter: Letter, launcher: RemoteLauncher) -> None:
        self.job, self.run_id, self.attempt = letter.job, letter.run_id, letter.attempt
        self.trigger, self.scheduled_at = Trigger(letter.trigger), letter.scheduled_at
        self._letter = letter
        self._launcher = launcher

    def age(self) -> timedelta:
        sent_at = self._letter.sent_at
        return timedelta() if sent_at is None else self._launcher.since(sent_at)

    def launcher(self) -> EarlierLetter:
        return self

    async def launch(self, launch: Launch, output: Output) -> RemoteChild:  # noqa: ARG002 - of a Launcher
        return await self._launcher.send(self._letter, output)


class RemoteChild:
    """An attempt on a worker. Implements `Child`; it ends with an exit of code 255 when the worker is lost."""

    def __init__(self, wire: Wire, attempt: str, output: Output) -> None:
        loop = asyncio.get_running_loop()
        self.place = "a worker"
        self.worker: str | None = None
        self.exited: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[Exit] = loop.create_future()
        self.claim = f"run:{attempt}"
        self._wire = wire
        self._attempt = attempt
        self._output = output
        self._notes: tuple[str, ...] = ()
        self._taken: asyncio.Future[None] = loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._following = self._run(self._follow())

    async def wait_until_taken(self, seconds: float) -> None:
        """Until a worker has started it. TimeoutError after so long, LaunchError when the worker could not."""
        async with asyncio.timeout(seconds):
            await asyncio.shield(self._taken)

    @property
    def is_taken(self) -> bool:
        """Whether a worker has it."""
        return self._taken.done()

    def presume_taken(self) -> None:
        """A worker has claimed it, though it has not said so yet: from now on it can be lost."""
        if not self._taken.done():
            self._taken.set_result(None)

    def forget(self) -> None:
        """No worker has it, and none will."""
        self._following.cancel()
        self._run(self._settle())

    async def stop(self, grace: float) -> None:
        self._run(self._order(Order(grace)))
        with suppress(TimeoutError):
            async with asyncio.timeout(grace + LOST_AFTER):
                await asyncio.shield(self.ended)
        if not self.exited.done():
            self._lose(f"{self.place} did not answer the order to stop; the process may still run")

    def kill(self) -> None:
        self._run(self._order(Order(None)))

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _order(self, order: Order) -> None:
        while not self.exited.done():
            try:
                await self._wire.order(self._attempt, order)
            except WireError:
                await asyncio.sleep(SIGN_OF_LIFE)
            else:
                return

    async def _follow(self) -> None:
        """Read reports until the end, or until there was no sign of life for too long."""
        loop = asyncio.get_running_loop()
        position, seen = "", loop.time()
        while not self.exited.done():
            try:
                reports = await self._wire.reports(self._attempt, position, SIGN_OF_LIFE)
                for position, report in reports:  # noqa: B007 - where to go on, also when taking one fails
                    await self._take(report)
                if reports or not self._taken.done() or await self._wire.alive(self._attempt):
                    seen = loop.time()
                elif loop.time() - seen >= LOST_AFTER:
                    self._lose(f"no sign of life from {self.place} for {LOST_AFTER:g} s; the process may still run")
            except WireError:
                await asyncio.sleep(SIGN_OF_LIFE)
                seen = loop.time()  # while the store is away nobody can give a sign

    async def _take(self, report: Report) -> None:
        match report:
            case Taken(worker, place, note):
                self.worker, self.place = worker, f"{worker} {place}"
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
                await self._wire.have_read(self._attempt, len(data))
            case Ended(exit):
                self._end(exit)

    def _lose(self, note: str) -> None:
        self._end(Exit(LOST, notes=(note,), lost=True))

    def _end(self, how: Exit) -> None:
        if not self.exited.done():
            self._output.close()
            self.exited.set_result(None)
            self._run(self._finish(replace(how, notes=(*self._notes, *how.notes))))

    async def _finish(self, how: Exit) -> None:
        """Settle first: a scheduler that takes over now must not record this end once more."""
        await self._settle()
        self.ended.set_result(how)

    async def _settle(self) -> None:
        with suppress(WireError):  # another scheduler that adopts it finds its end, or that it is lost
            await self._wire.settle(self._attempt)


def _letter(launch: Launch, now: datetime) -> Letter:
    return Letter(
        run_id=launch.run_id,
        job=launch.job.name,
        digest=digest_of(launch.job),
        attempt=launch.attempt,
        trigger=launch.trigger.value,
        scheduled_at=launch.scheduled_at,
        previous_at=launch.previous_at,
        start_by=launch.deadline,
        extra_env=dict(launch.extra_env),
        args=launch.args,
        kwargs=dict(launch.kwargs),
        stdin=launch.stdin,
        sent_at=now,
    )
