"""One attempt of a run: launch it, watch it, and report how it ended, also when its launcher fails or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from scheduler.clock import Clock
from scheduler.engine.events import report_bug
from scheduler.engine.gates import SkipError
from scheduler.engine.live_run import LiveRun, ignore_error
from scheduler.engine.recorder import UNKNOWN, Recorder
from scheduler.launch.launcher import Child, Launcher, LaunchError, NotTakenError
from scheduler.model.run import Attempt, Exit, Outcome, Reason

PLATFORM_PATIENCE = 1.0
"""Seconds. A platform that stops us signals our children at the same moment; its SIGTERM to us may arrive second."""

CANCEL_PATIENCE = 1.0
"""Seconds that a launcher may take to cancel a launch, or to answer it, before the run goes on without it."""

STOP_PATIENCE = 30.0
"""Seconds beyond `stop_grace` that stopping may take, and that the end of a killed child may take, before the run ends
without it."""

ENDED_BY_SIGTERM = 128 + 15
"""As the process itself died of it, or as its shell reports it."""

SLOW_LAUNCH = 1.0
"""Seconds of a launch after which the run counts as waiting for it."""

_SUCCEEDED = Outcome.SUCCEEDED


class _InterruptedError(Exception):
    """The run was asked to end before its process started."""


async def make_attempt(
    live_run: LiveRun, number: int, launcher: Launcher, clock: Clock, record: Recorder, draining: Callable[[], bool]
) -> Attempt:
    """Carry out one attempt, and record that it was launched or could not be.

    It starts when its launch is over: waiting for a worker is lateness of a run, and no part of its duration.
    SkipError when no worker has taken the first attempt of a run.
    """
    started_at, begun = clock.now(), clock.steady()
    assert live_run.output is not None, "a run has its output before its first attempt"  # noqa: S101
    cause = None
    try:
        answer = launcher.launch(live_run.launch(number), live_run.output)
        if hasattr(answer, "__await__"):  # `isinstance` takes as long as five calls
            try:
                child = await _launched(live_run, cast("Awaitable[Child]", answer), record)
            finally:
                started_at, begun = clock.now(), clock.steady()
        else:
            child = answer
        live_run.child = child
    except Exception as error:
        if isinstance(error, NotTakenError) and live_run.run is None and number == 1:
            left = error.reason is Reason.ELSEWHERE
            raise SkipError((None if left else live_run.ending) or error.reason, str(error)) from error
        record.launched(live_run, started_at, begun, None)
        outcome, ended, cause = _not_started(live_run, error)
    else:
        try:
            if (age := live_run.age(number)) is not None:
                started_at, begun = started_at - age, begun - age.total_seconds()
            run = record.launched(live_run, started_at, begun, child.place)
            started_at = max(started_at, run.started_at)
            await live_run.wait(child.exited, live_run.time_limit(number))
            if child.exited.done() and not child.ended.done():  # in time: the rest is about what it has left behind
                await live_run.wait(child.ended)
            if child.ended.done() and (ended := _exit_of(child)).code in live_run.job.success_codes and ended.is_known:
                outcome = _SUCCEEDED
            else:
                outcome, ended = await _end_of(live_run, child, draining)
        except Exception as bug:
            outcome, ended = _lost(live_run, bug)
        live_run.child = None
    return Attempt(number, started_at, clock.steady() - begun, outcome, ended, cause)


async def _launched(live_run: LiveRun, answer: Awaitable[Child], record: Recorder) -> Child:
    """The child, also when it comes late. _InterruptedError when the run is asked to end meanwhile."""
    launching = asyncio.ensure_future(answer)
    launching.add_done_callback(ignore_error)
    await live_run.wait(launching, SLOW_LAUNCH)
    if not launching.done() and live_run.ending is None:
        record.waiting(live_run, Reason.NO_WORKER)
        await live_run.wait(launching)
    if not launching.done():
        launching.cancel()
        await asyncio.wait((launching,), timeout=CANCEL_PATIENCE)
    if not launching.done():
        launching.add_done_callback(_kill_late_child)
        raise _InterruptedError
    if launching.cancelled():
        raise _InterruptedError
    return launching.result()


def _kill_late_child(launching: asyncio.Future[Child]) -> None:
    """The run is over: a child that was started after all must be stopped."""
    if launching.cancelled() or launching.exception() is not None:
        return
    try:
        launching.result().kill()
    except Exception as bug:
        report_bug("the launcher failed to kill a child that came too late", bug)


def _not_started(live_run: LiveRun, error: Exception) -> tuple[Outcome, Exit, str]:
    match error:
        case NotTakenError(reason=Reason.ELSEWHERE):
            return Outcome.STOPPED, Exit(UNKNOWN, elsewhere=True), str(error)
        case _InterruptedError():
            return Outcome.STOPPED, Exit(ENDED_BY_SIGTERM), "stopped before it started"
        case LaunchError():
            return Outcome.NOT_STARTED, Exit(error.code), str(error)
        case _:
            report_bug(f"the launcher failed to start {live_run.job.name}", error)
            return Outcome.NOT_STARTED, Exit(126), str(error) or type(error).__name__


async def _end_of(live_run: LiveRun, child: Child, draining: Callable[[], bool]) -> tuple[Outcome, Exit]:
    if not child.ended.done():
        outcome = Outcome.TIMED_OUT if live_run.ending is None else Outcome.STOPPED
        return outcome, await _stop(live_run, child)
    ended = _exit_of(child)
    if ended.elsewhere:
        return Outcome.STOPPED, ended
    if ended.lost:
        return Outcome.LOST, ended
    if ended.code == ENDED_BY_SIGTERM and not draining() and not ended.stopped:
        await live_run.wait(None, PLATFORM_PATIENCE)
    stopped = draining() or live_run.ending is not None or ended.stopped
    return Outcome.STOPPED if stopped else Outcome.FAILED, ended


async def _stop(live_run: LiveRun, child: Child) -> Exit:
    """SIGTERM, `stop_grace`, SIGKILL, and how it ended. Takes a bounded time, also when the launcher hangs."""
    grace = live_run.job.stop_grace
    stopping = asyncio.ensure_future(child.stop(grace))
    await asyncio.wait((stopping,), timeout=grace + STOP_PATIENCE)
    if not stopping.done():
        stopping.cancel()
        live_run.kill()
    elif stopping.cancelled() or stopping.exception() is not None:
        bug = None if stopping.cancelled() else stopping.exception()
        report_bug(f"the launcher failed to stop {live_run.job.name}", bug or asyncio.CancelledError())
        live_run.kill()
    if not child.ended.done():
        await asyncio.wait((child.ended,), timeout=STOP_PATIENCE)
    if not child.ended.done():
        note = f"{child.place} did not end within {STOP_PATIENCE:g}s of SIGKILL and may still run"
        return Exit(UNKNOWN, notes=(note,), lost=True)
    return _exit_of(child)


def _exit_of(child: Child) -> Exit:
    """How it ended. RuntimeError when the launcher breaks its promise that this future never fails."""
    if child.ended.cancelled():
        raise RuntimeError("the launcher has cancelled the end of a child")
    return child.ended.result()


def _lost(live_run: LiveRun, bug: Exception) -> tuple[Outcome, Exit]:
    report_bug(f"the launcher lost a run of {live_run.job.name}", bug)
    live_run.kill()
    note = "its end was not observed because of an internal error: see the log"
    return Outcome.LOST, Exit(UNKNOWN, notes=(note,), lost=True)
