"""One attempt of a run: launch it, watch it, say how it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from scheduler.clock import Clock
from scheduler.engine.events import report_bug
from scheduler.engine.live_run import LiveRun
from scheduler.launch.launcher import Child, Launcher, LaunchError
from scheduler.model.run import Attempt, Exit, Launch, Outcome

PLATFORM_PATIENCE = 1.0
"""Seconds. A platform that stops us signals our children at the same moment; its TERM to us may arrive second."""

ENDED_BY_TERM = 128 + 15
"""As the process itself died of it, or as its shell tells it."""


async def make_attempt(
    firing: LiveRun,
    launch: Launch,
    *,
    launcher: Launcher,
    clock: Clock,
    launched: Callable[[datetime, int | None], None],
    draining: Callable[[], bool],
) -> Attempt:
    """Carry out one attempt; `launched` is told when it began and the pid, or None when there is no process."""
    started_at, begun = clock.now(), clock.steady()
    cause = None
    try:
        assert firing.output is not None, "a run has its output before its first attempt"  # noqa: S101
        child = firing.child = await launcher.launch(launch, firing.output)
    except Exception as error:
        if not isinstance(error, LaunchError):
            report_bug(f"the launcher failed on {firing.job.name}", error)
        launched(started_at, None)
        cause = str(error) or type(error).__name__
        outcome, ended = Outcome.NOT_STARTED, Exit(error.code if isinstance(error, LaunchError) else 126)
    else:
        launched(started_at, child.pid)
        outcome, ended = await _watch(firing, child, draining)
        firing.child = None
    return Attempt(launch.attempt, started_at, clock.steady() - begun, outcome, ended, cause)


async def _watch(firing: LiveRun, child: Child, draining: Callable[[], bool]) -> tuple[Outcome, Exit]:
    await firing.wait(child.exited, firing.job.timeout)
    if child.exited.done():  # in time: the rest is about what it has left behind
        await firing.wait(child.ended)
    if not child.ended.done():
        outcome = Outcome.TIMED_OUT if firing.ending is None else Outcome.STOPPED
        await child.stop(firing.job.stop_grace)
        return outcome, await child.ended
    ended = child.ended.result()
    if ended.code in firing.job.success_codes:
        return Outcome.SUCCEEDED, ended
    if ended.code == ENDED_BY_TERM and not draining():
        await firing.wait(None, PLATFORM_PATIENCE)
    return Outcome.STOPPED if draining() or firing.ending is not None else Outcome.FAILED, ended
