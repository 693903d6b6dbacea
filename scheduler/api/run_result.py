"""The state of requested runs: the operations `wait` and `result`, and refusals in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from msgspec.structs import replace

from scheduler.api.follow import run_events
from scheduler.api.views import run_view, waiting_on
from scheduler.engine.engine import Engine
from scheduler.engine.following import RunStream
from scheduler.engine.live_run import LiveState
from scheduler.errors import RefusedError, SchedError, TooManyWaitingError, UnknownNameError
from scheduler.model.run import Decision, Reason, Run
from scheduler.wire.runs import Event, Finished, Left, RunResult, Skipped

NOT_STARTED: dict[str, str] = {
    Reason.OVERLAP: "it is already running (run {runs}); --force starts it anyway",
    Reason.COALESCED: "a newer run took its place in the queue",
    Reason.STOPPED: "it was stopped while it waited",
    Reason.REMOVED: "a reload removed or disabled the job while the run waited",
    Reason.SHUTDOWN: "schedd is shutting down",
}
"""Why a request did not start a run, in words."""


def in_words(engine: Engine, decision: Decision) -> str:
    """Why a run was skipped."""
    if decision.reason is Reason.CONDITION:
        return f"its run_if did not allow it: {decision.note}"
    if decision.note is not None:
        return decision.note
    live = engine.live(decision.job)
    runs = ", ".join(state.run.id for state in live if state.run is not None)
    held = next((state for state in live if state.gate is not None), None)
    if decision.reason is Reason.OVERLAP and not runs and held is not None and held.gate is not None:
        what = waiting_on(held.gate, held.lock, held.held_by) or held.gate.waited_for
        return f"its run {held.run_id} is waiting for {what}; --force requests another run beside it"
    return NOT_STARTED.get(decision.word, decision.word).format(runs=runs or "about to start")


def refusal_of(engine: Engine, decision: Decision) -> RefusedError:
    """The error for a request whose run was skipped."""
    kind = TooManyWaitingError if decision.reason is Reason.MAX_WAITING else RefusedError
    return kind(f"{decision.job}: {in_words(engine, decision)}")


def result_of(engine: Engine, run_id: str) -> RunResult | None:
    """A run that waits, is live, is kept, or was skipped; None for another."""
    later = engine.timetable.later.find(run_id)
    if later is not None:
        request = later.request
        return RunResult(
            run_id=run_id,
            job=later.job,
            state="waiting",
            waiting_for="time",
            until=later.at,
            by=request.by,
            arguments=request.arguments,
        )
    live = engine.find_live(run_id)
    if live is not None:
        return _live(live)
    run = engine.history.run(run_id)
    if run is not None:
        return _of_run(run)
    decision = engine.history.decision(run_id)
    return None if decision is None else _skipped(engine, run_id, decision)


def wait_for(
    engine: Engine, run_ids: Sequence[str], *, output: bool = False, caller: str | None = None
) -> AsyncGenerator[Event, None]:
    """Each run's `Finished`, `Skipped` or `Left`, in the order in which they end. UnknownNameError for an unknown run.

    With `output` every event of each run, one run after the other. RefusedError for a run that waits for `caller`.
    """
    ended: list[Event] = []
    streams: list[RunStream] = []
    try:
        for run_id in dict.fromkeys(run_ids):
            stream = engine.following.of(run_id, caller=caller)
            if stream is not None:
                streams.append(stream)
            elif (decision := engine.history.decision(run_id)) is not None and decision.reason is not None:
                ended.append(_event(engine, run_id, decision))
            else:
                raise UnknownNameError(f"no run {run_id!r} is known; it may be too old to be kept in history")
    except SchedError:
        for opened in streams:
            opened.close()
        raise
    return _all(engine, ended, streams) if output else _ends(engine, ended, streams)


async def _all(engine: Engine, ended: list[Event], streams: list[RunStream]) -> AsyncGenerator[Event, None]:
    for event in ended:
        yield event
    for stream in streams:
        async for value in run_events(stream):
            yield _event(engine, stream.run_id, value) if isinstance(value, Decision) else value


async def _ends(engine: Engine, ended: list[Event], streams: list[RunStream]) -> AsyncGenerator[Event, None]:
    for event in ended:
        yield event
    tasks = [asyncio.create_task(_end(engine, stream)) for stream in streams]
    try:
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end(engine: Engine, stream: RunStream) -> Event:
    async for event in run_events(stream):
        if isinstance(event, Decision):
            return _event(engine, stream.run_id, event)
        if isinstance(event, Finished | Left):
            return event
    raise UnknownNameError(f"run {stream.run_id} ended without a result")


def _event(engine: Engine, run_id: str, decision: Decision) -> Skipped:
    return Skipped(run_id, decision.job, decision.word, in_words(engine, decision))


def _live(state: LiveState) -> RunResult:
    return RunResult(
        run_id=state.run_id,
        job=state.job,
        state="waiting" if state.run is None else "retrying" if state.retry_at is not None else "running",
        run=None if state.run is None else run_view(state.run),
        waiting_for=None if state.gate is None else state.gate.waited_for,
        by=state.request.by,
        arguments=state.request.arguments,
    )


def _of_run(run: Run) -> RunResult:
    """A run that has finished here; or one that goes on without this schedd, which shuts down."""
    state: Literal["running", "finished"] = "finished"
    if run.elsewhere:
        state = "running"
        run = replace(run, attempts=run.attempts[:-1], outcome=None, finished_at=None, duration=None)
    return RunResult(run_id=run.id, job=run.job, state=state, run=run_view(run), by=run.by, arguments=run.arguments)


def _skipped(engine: Engine, run_id: str, decision: Decision) -> RunResult:
    return RunResult(
        run_id=run_id,
        job=decision.job,
        state="skipped",
        reason=decision.word,
        message=in_words(engine, decision),
        by=decision.by,
        arguments=decision.arguments,
        stopped_by=decision.stopped_by,
    )
