"""The answers to the operations: a function for each, used by the socket, by HTTP and by schedctl without a daemon."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from scheduler.api.diagnosis import why_job
from scheduler.api.job_details import environment, show
from scheduler.api.lookup import chosen, find, in_utc
from scheduler.api.reply_text import LongText
from scheduler.api.run_request import run_request
from scheduler.api.scheduled_times import explain, next_times
from scheduler.api.service import Service
from scheduler.api.views import history_entry, job_view, run_view
from scheduler.errors import RefusedError, UnknownNameError, UsageError
from scheduler.model.run import Decision, Outcome, Run
from scheduler.wire.daemon import AskMetrics, AskStatus, AskWorkers, Reload, ReloadView, StatusView, WorkerView
from scheduler.wire.jobs import JobView, ListJobs, PauseJobs, ResumeJobs
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.operations import Operation
from scheduler.wire.requester import Requester
from scheduler.wire.runs import (
    HISTORY_LIMIT,
    AskResult,
    Event,
    History,
    HistoryEntry,
    Logs,
    RunNow,
    RunResult,
    Stop,
    StopView,
    Wait,
)

A = TypeVar("A", bound=msgspec.Struct)


def list_jobs(service: Service, ask: ListJobs) -> Iterator[JobView]:
    """All jobs or those named, in the order of the file, each as it is when it is sent."""
    return _job_views(service, chosen(service, ask.jobs))


def status(service: Service, _ask: AskStatus) -> StatusView:
    """The daemon itself."""
    view, there = service.status(), service.elsewhere
    if there is None:
        return view
    return msgspec.structs.replace(view, standby_of=there.active, problem=view.problem or there.problem)


def run_now(service: Service, ask: RunNow, by: Requester | None) -> AsyncGenerator[Event, None]:
    """Run a job on request and follow the run."""
    job = find(service, ask.job)
    return service.run_now(job.name, run_request(job, ask, by, service.now()), detach=ask.detach)


def wait(service: Service, ask: Wait) -> AsyncGenerator[Event, None]:
    """Follow runs to their ends."""
    if ask.output and len(ask.runs) != 1:
        raise UsageError("the output of one run at a time can be followed")
    return service.wait(ask.runs, output=ask.output, caller=ask.caller)


def result(service: Service, ask: AskResult) -> RunResult:
    """The state of a run."""
    found = service.result(ask.run)
    if found is None:
        raise UnknownNameError(f"no run {ask.run!r} is known; it may be too old to be kept in history")
    return found


async def stop(service: Service, ask: Stop, by: Requester | None) -> StopView:
    """Stop a job's runs, or one run."""
    try:
        stopped = await service.stop(ask.target, kill=ask.kill, by=by)
    except UnknownNameError:
        find(service, ask.target, "job or run")
        raise
    return StopView(runs=tuple(run_view(run) for run in stopped.runs), waiting=stopped.waiting, by=by)


async def pause(service: Service, ask: PauseJobs, by: Requester | None) -> list[JobView]:
    """Skip the scheduled runs of some or all jobs."""
    names = _named(service, ask.jobs, ask.all, "pause")
    until = None if ask.seconds is None else _later(service.now(), ask.seconds)
    await service.pause(names, until=until, note=ask.note, by=by, of_all=ask.all)
    return await service.slices.gather(_job_views(service, names))


async def resume(service: Service, ask: ResumeJobs, by: Requester | None) -> list[JobView]:
    """Resume some or all jobs."""
    names = _named(service, ask.jobs, ask.all, "resume")
    await service.resume(names, by, of_all=ask.all)
    return await service.slices.gather(_job_views(service, names))


async def reload(service: Service, ask: Reload, by: Requester | None) -> ReloadView:
    """Read the file again and apply it, or report what would change."""
    return msgspec.structs.replace(await service.reload(plan=ask.plan, digest=ask.digest, by=by), by=by)


def logs(service: Service, ask: Logs) -> AsyncGenerator[Event, None]:
    """Kept output, then live output."""
    if ask.run is not None:
        found = service.result(ask.run)
        if found is None or found.state == "skipped":
            raise UnknownNameError(f"no output of run {ask.run!r} is kept; `schedctl history` lists the runs")
    chosen(service, ask.jobs)
    return service.logs(ask)


async def workers(service: Service, _ask: AskWorkers) -> list[WorkerView]:
    """The workers that run the jobs."""
    return await service.workers()


async def notify_test(service: Service, ask: NotifyTest, _by: Requester | None) -> list[RecipientView]:
    """Send a test notification to the job's recipients for the event."""
    if not getattr(find(service, ask.job), f"on_{ask.event}"):
        raise RefusedError(f"{ask.job} has no on_{ask.event}: there is no recipient to notify")
    return await service.notify_test(ask)


async def history(service: Service, ask: History) -> Iterator[HistoryEntry]:
    """Runs and skipped runs, newest first; of one second, what was decided last comes first.

    What is needed no longer is freed step by step: thousands of records at once would take a slice of their own.
    """
    newest: list[tuple[datetime, int, Decision]] = []
    await service.slices.run(_collect(service, ask, newest))
    oldest_first = (heapq.heappop(newest)[2] for _ in range(len(newest)))
    decided = await service.slices.gather(oldest_first)
    entries: list[Any] = [None] * len(decided)
    await service.slices.run(_enter(service, decided, entries))
    return (entries.pop() for _ in range(len(entries)))


def _collect(service: Service, ask: History, newest: list[tuple[datetime, int, Decision]]) -> Iterator[None]:
    """Fill a heap with the decisions that are to be shown, one job at each step."""
    limit, counted = ask.limit or HISTORY_LIMIT, 0
    for name in chosen(service, ask.jobs):
        failed = _failed(service, name) if ask.failed else None
        for decision in service.decisions(name):
            if (failed is not None and decision.run_id not in failed) or (ask.since and decision.last < ask.since):
                continue
            counted += 1
            keep = heapq.heappush if len(newest) < limit else heapq.heappushpop
            keep(newest, (decision.last, counted, decision))
        yield


def _enter(service: Service, decided: list[Any], entries: list[Any]) -> Iterator[None]:
    """Make the entries of these decisions, in the same order. The runs of each job are read once."""
    places: dict[str, list[int]] = {}
    for place, decision in enumerate(decided):
        places.setdefault(decision.job, []).append(place)
        yield
    while places:
        name, of_job = places.popitem()
        runs: dict[str | None, Run] = {run.id: run for run in service.runs(name)}
        for place in of_job:
            entries[place] = history_entry(decided[place], runs.get(decided[place].run_id))
            decided[place] = None
        yield


def _failed(service: Service, job: str) -> set[str]:
    return {run.id for run in service.runs(job) if run.outcome not in (None, Outcome.SUCCEEDED)}


async def metrics(service: Service, ask: AskMetrics) -> LongText:
    """Counts and states in Prometheus' text format, or as OpenMetrics."""
    from scheduler.api.prometheus import write_metrics  # noqa: PLC0415 - most daemons are never asked for them

    return await write_metrics(service, ask)


Answer = Callable[..., object]
"""A function, a coroutine function, or one that returns a stream of events. It takes the service and the request; for
an operation that writes, also who asks. A list may be returned as an iterator, and a long text as a `LongText`."""

ANSWERS: dict[str, Answer] = {
    "list": list_jobs,
    "show": show,
    "status": status,
    "run-now": run_now,
    "wait": wait,
    "result": result,
    "stop": stop,
    "pause": pause,
    "resume": resume,
    "reload": reload,
    "logs": logs,
    "notify-test": notify_test,
    "metrics": metrics,
    "workers": workers,
    "history": history,
    "next": next_times,
    "explain": explain,
    "why": why_job,
    "env": environment,
}


def answer(
    service: Service, operation: Operation[A, Any], ask: A, by: Requester | None = None
) -> object | Awaitable[object] | AsyncGenerator[Event, None]:
    """The answer to a request: the reply, an awaitable of it, or the events of an operation that streams."""
    if operation.of_active and service.elsewhere is not None:
        there = service.elsewhere
        return there.stream(operation, ask, by) if operation.streams else there.reply(operation, ask, by)
    function = ANSWERS[operation.name]
    return function(service, ask, by) if operation.writes else function(service, ask)


def _named(service: Service, names: Sequence[str], everything: bool, verb: str) -> list[str]:
    if names and everything:
        raise UsageError(f"--all means every job; to {verb}, give either --all or names")
    if not names and not everything:
        raise UsageError(f"give the names of the jobs to {verb}, or --all")
    return chosen(service, names)


def _job_views(service: Service, names: Sequence[str]) -> Iterator[JobView]:
    """Of those that a reload has not removed meanwhile."""
    return (job_view(state) for name in names if (state := service.state(name)) is not None)


def _later(now: datetime, seconds: float) -> datetime:
    if not seconds > 0:
        raise UsageError(f"a pause must be longer than 0 s; this is {seconds:g} s")
    try:
        return in_utc(now + timedelta(seconds=seconds))
    except (OverflowError, UsageError):
        raise RefusedError(f"a pause of {seconds:g}s does not end within the calendar") from None
