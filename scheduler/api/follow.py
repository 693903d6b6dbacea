"""Runs as events of the wire, for `run-now` and `logs`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from scheduler.api.kept_output import KeptRun, in_order, selected
from scheduler.api.views import attempt_view, output_events, run_view, waiting_on
from scheduler.engine.engine import Engine
from scheduler.engine.events import AttemptFinished, RunRequested, RunWaiting
from scheduler.engine.following import Mark, RunStream, all_of
from scheduler.engine.runs_stream import RunsStream
from scheduler.errors import RefusedError
from scheduler.launch.output import Chunk, Chunks
from scheduler.model.run import Decision, Reason, Run
from scheduler.wire.runs import AttemptEnded, Event, Finished, Left, Logs, Lost, Output, Started, Waiting

MOST_RUNS = 1000
"""Runs of one job in an answer, far more than are kept."""


async def run_events(stream: RunStream, *, detach: bool = False) -> AsyncGenerator[Event | Decision, None]:
    """One run to its end; with `detach` until it has started or waits. A `Decision` is last: the run was skipped.
    `Left` is last where another schedd knows how it ends.

    Closing the generator leaves the run, which goes on.
    """
    run: Run | None = None
    with closing(stream):
        async for value in stream:
            if isinstance(value, Run):
                run = value
            if not isinstance(value, Chunk):
                event = _event(value)
                if stream.requested_before and isinstance(event, Started | Waiting):
                    stream.requested_before, event = False, replace(event, requested_before=True)
                yield event
            elif run is not None:
                for event in output_events(run, value):
                    yield event
            if detach:
                return


def _event(value: Mark) -> Event | Decision:
    match value:
        case Run():
            return _state_of(value)
        case RunWaiting(run_id=run_id, job=job, gate=gate, request=request, lock=lock, held_by=held_by):
            on = waiting_on(gate, lock, held_by)
            return Waiting(run_id, job, gate.waited_for, by=request.by, waiting_on=on)
        case RunRequested(run_id=run_id, job=job, at=at, request=request):
            return Waiting(run_id, job, "time", at, by=request.by)
        case AttemptFinished():
            return _attempt_ended(value)
        case Decision(reason=Reason.ELSEWHERE, run_id=str(run_id), job=job):
            return _left(run_id, job)
        case Decision():
            return value


def _state_of(run: Run) -> Started | Finished | Left:
    if run.elsewhere:
        return _left(run.id, run.job)
    return Started(run_view(run)) if run.outcome is None else Finished(run_view(run))


def _left(run_id: str, job: str) -> Left:
    ask = f"schedctl wait {run_id}"
    return Left(run_id, job, f"run {run_id} goes on without this schedd; to wait for its end at the active one: {ask}")


def job_logs(engine: Engine, ask: Logs) -> AsyncGenerator[Event, None]:
    """The kept output of the latest runs of each job, or of one run; with `follow`, their further output."""
    live = list(_live(engine, ask))
    kept = _kept(engine, ask, live)
    if not ask.follow:
        return _in_turn(in_order(kept))
    select = partial(_selected, ask)
    if ask.run is None:
        return _follow_all(engine, RunsStream(engine.following, engine.history, ask.jobs, select), live, kept)
    is_over = engine.find_live(ask.run) is None and engine.timetable.later.find(ask.run) is None
    stream = None if is_over else engine.following.of(ask.run, partial(select, live[0]) if live else all_of)
    return _in_turn(in_order(kept)) if stream is None else _follow_one(stream)


async def _in_turn(events: Iterable[Event]) -> AsyncGenerator[Event, None]:
    for event in events:
        yield event


async def _follow_all(
    engine: Engine, runs: RunsStream, live: list[Run], kept: list[KeptRun]
) -> AsyncGenerator[Event, None]:
    """Runs that start while kept output is sent are followed, too."""
    with runs.listening(engine.announce, live):
        for event in in_order(each for each in kept if each.run.outcome is not None):
            yield event
        async for run, value in runs.values():
            for event in _run_event(run, value):
                yield event


async def _follow_one(stream: RunStream) -> AsyncGenerator[Event, None]:
    async for event in run_events(stream):
        if isinstance(event, Decision):
            why = event.word if event.note is None else f"{event.word}, {event.note}"
            raise RefusedError(f"run {stream.run_id} of {event.job} was skipped: {why}")
        if isinstance(event, Started | Output | Lost | Finished | Left):
            yield event


def _selected(ask: Logs, run: Run, output: Chunks) -> Chunks:
    return selected([KeptRun(run, output)], ask)[0].chunks


def _run_event(run: Run, value: Run | Chunk) -> Iterator[Event]:
    if isinstance(value, Chunk):
        yield from output_events(run, value)
    else:
        yield _state_of(value)


def _attempt_ended(event: AttemptFinished) -> AttemptEnded:
    run, attempt = event.run, event.attempt
    retry_at = attempt.started_at + timedelta(seconds=attempt.duration + (event.retry_in or 0.0))
    return AttemptEnded(run.id, run.job, attempt_view(attempt), retry_at)


def _live(engine: Engine, ask: Logs) -> Iterator[Run]:
    """The run named if it is live, else the newest live run of each job asked for."""
    if ask.run is not None:
        state = engine.find_live(ask.run)
        if state is not None and state.run is not None:
            yield state.run
        return
    for name in ask.jobs or tuple(engine.timetable.names()):
        yield from [state.run for state in engine.live(name) if state.run is not None][-1:]


def _kept(engine: Engine, ask: Logs, live: Iterable[Run]) -> list[KeptRun]:
    """The runs to show, of each job oldest first, with as much of their kept output as is asked for."""
    by_job: dict[str, list[KeptRun]] = {}
    for run in (*_finished(engine, ask, {run.job for run in live}), *live):
        by_job.setdefault(run.job, []).append(KeptRun(run, engine.tail(run.id)))
    return [kept for runs in by_job.values() for kept in selected(runs, ask)]


def _finished(engine: Engine, ask: Logs, live: set[str]) -> Iterator[Run]:
    """The run named if it has finished, else the last runs of each job asked for, of which a live one is one."""
    if ask.run is None:
        for name in ask.jobs or tuple(engine.timetable.names()):
            wanted = ask.runs if ask.runs is not None else 1 if ask.since is None else MOST_RUNS
            runs = list(engine.history.of(name).runs)
            yield from runs[max(0, len(runs) - wanted + (name in live)) :]
    elif not live:
        run = engine.history.run(ask.run)
        if run is not None:  # else it still waits
            yield run
