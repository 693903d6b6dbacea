"""The gate of `run_if`: a command decides whether a run starts."""

from __future__ import annotations

import asyncio
from functools import partial

from msgspec.structs import replace

from scheduler.engine.gates import SkipError
from scheduler.engine.live_run import LiveRun
from scheduler.launch.launcher import Launcher, LaunchError, Stream, launched
from scheduler.model.run import CONDITION, Launch, Reason
from scheduler.schedule import format_duration
from scheduler.text import printable_bytes

GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL for a command that takes too long."""

AT_ONCE = 16
"""Commands that run at the same time; others wait, since they would take the descriptors of runs."""

_LONGEST = 200
"""Bytes of the first line of output that are kept."""


class ConditionGate:
    """Runs the command of `run_if` on this machine. Without one, or without a launcher, every run passes."""

    reason = Reason.CONDITION
    unlimited = True
    brief = True

    def __init__(self, launcher: Launcher | None) -> None:
        self._launcher = launcher
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._checks: dict[LiveRun, tuple[asyncio.Task[None], asyncio.Future[None]]] = {}

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        """The future is done when the command allows the run; it raises SkipError when it does not."""
        if live_run.job.run_if is None or self._launcher is None:
            return None
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        check = loop.create_task(self._in_turn(live_run, self._launcher))
        check.add_done_callback(partial(_settle, place))
        self._checks[live_run] = check, place
        return place

    def leave(self, live_run: LiveRun) -> None:
        """End a check that is under way."""
        if live_run in self._checks:
            check, place = self._checks.pop(live_run)
            check.cancel()
            if place.done() and not place.cancelled():
                place.exception()  # a run that has ended meanwhile has not looked at it

    async def _in_turn(self, live_run: LiveRun, launcher: Launcher) -> None:
        async with self._at_once:
            await self._check(live_run, launcher)

    async def _check(self, live_run: LiveRun, launcher: Launcher) -> None:
        job, output = live_run.job, FirstLine()
        launch = Launch(
            replace(job, target=job.run_if),
            live_run.run_id,
            CONDITION,
            live_run.trigger,
            live_run.scheduled_at,
            live_run.previous_at,
            live_run.request.env,
        )
        try:
            child = await launched(launcher.launch(launch, output))
        except LaunchError as error:
            raise SkipError(Reason.CONDITION, f"run_if could not be started: {error}", broken=True) from error
        try:
            async with asyncio.timeout(job.run_if_timeout):
                end = await asyncio.shield(child.ended)
        except TimeoutError:
            await child.stop(GRACE)
            said = f"run_if took longer than {format_duration(job.run_if_timeout)}"
            raise SkipError(Reason.CONDITION, said, broken=True) from None
        finally:
            if not child.ended.done():
                child.kill()
        if end.code != 0:
            broken = end.code in {126, 127} and end.signal is None
            said = output.text or f"run_if exited with {end.code}"
            raise SkipError(Reason.CONDITION, "; ".join((said, *end.notes)) if broken else said, broken=broken)


def _settle(place: asyncio.Future[None], check: asyncio.Task[None]) -> None:
    error = None if check.cancelled() else check.exception()
    if place.done():  # the run has been asked to end
        return
    if error is None:
        place.set_result(None)
    else:
        place.set_exception(error)


class FirstLine:
    """Keeps the first line that a command prints. Implements `Output`."""

    most = 1 << 16

    def __init__(self) -> None:
        self._begin = b""

    @property
    def text(self) -> str:
        """The line, safe to print; empty when there is none."""
        return printable_bytes(self._begin.strip().partition(b"\n")[0].strip()).decode()

    def write(self, stream: Stream, data: bytes) -> None:  # noqa: ARG002 - both streams are taken alike
        """Keep the beginning."""
        if len(self._begin) < _LONGEST:
            self._begin = (self._begin + data).lstrip()[:_LONGEST]

    def full(self) -> None:
        """Never: the line has a limited length."""

    def close(self) -> None:
        """Nothing to do."""
