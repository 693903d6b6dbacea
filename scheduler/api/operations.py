"""The verbs: one function each and one table, which is the API, over the socket and for schedctl without a daemon."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from scheduler.api.fire_times import explain, next_fires, why_job
from scheduler.api.job_details import environment, show
from scheduler.api.lookup import chosen, find, in_utc
from scheduler.api.service import Service
from scheduler.api.views import history_entry, job_view, run_view
from scheduler.errors import RefusedError, UnknownNameError, UsageError
from scheduler.model.run import Decision, Outcome, Reason, Trigger
from scheduler.wire.daemon import AskStatus, Reload, ReloadView, StatusView
from scheduler.wire.jobs import AskEnvironment, JobView, ListJobs, PauseJobs, ResumeJobs, Show
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.runs import Event, History, HistoryEntry, Logs, RunNow, Stop, StopView
from scheduler.wire.times import Explain, Next, Why

A = TypeVar("A", bound=msgspec.Struct)


def list_jobs(service: Service, ask: ListJobs) -> list[JobView]:
    """All jobs or those named, in the order of the file."""
    return [job_view(state) for state in chosen(service, ask.jobs)]


def status(service: Service, _ask: AskStatus) -> StatusView:
    """The daemon itself."""
    return service.status()


def run_now(service: Service, ask: RunNow) -> AsyncGenerator[Event, None]:
    """Fire a job by hand and follow it."""
    find(service, ask.job)
    for name in ask.env:
        if not name or "=" in name or "\0" in name + ask.env[name]:
            raise UsageError(f"{name!r} cannot be the name of an environment variable")
    if ask.as_of is not None:
        ask = replace(ask, as_of=in_utc(ask.as_of))
    return service.run_now(ask)


async def stop(service: Service, ask: Stop) -> StopView:
    """End a job's runs, or one run."""
    try:
        stopped = await service.stop(ask.target, kill=ask.kill)
    except UnknownNameError:
        find(service, ask.target, "job or run")
        raise
    return StopView(runs=tuple(run_view(run) for run in stopped.runs), waiting=stopped.waiting)


def pause(service: Service, ask: PauseJobs) -> list[JobView]:
    """Pass over the slots of some or all jobs."""
    names = _named(service, ask.jobs, ask.all, "pause")
    until = None if ask.seconds is None else _later(service.now(), ask.seconds)
    service.pause(names, until=until, note=ask.note)
    return [job_view(state) for state in chosen(service, names)]


def resume(service: Service, ask: ResumeJobs) -> list[JobView]:
    """Take the slots of some or all jobs again."""
    names = _named(service, ask.jobs, ask.all, "resume")
    service.resume(names)
    return [job_view(state) for state in chosen(service, names)]


async def reload(service: Service, ask: Reload) -> ReloadView:
    """Read the file again, or tell what that would change."""
    return await service.reload(plan=ask.plan)


def logs(service: Service, ask: Logs) -> AsyncGenerator[Event, None]:
    """Kept output, then live."""
    if ask.run is not None and not any(run.id == ask.run for run in service.runs()):
        raise UnknownNameError(f"no run {ask.run!r} is kept; `schedctl history` shows those that are")
    chosen(service, ask.jobs)
    return service.logs(ask)


async def notify_test(service: Service, ask: NotifyTest) -> list[RecipientView]:
    """Send a specimen to everybody whom the job has told of the event."""
    if not getattr(find(service, ask.job).job, f"on_{ask.event}"):
        raise RefusedError(f"{ask.job} has no on_{ask.event}: nobody would be told")
    return await service.notify_test(ask)


def history(service: Service, ask: History) -> list[HistoryEntry]:
    """Runs and skipped slots, newest first."""
    names = {state.job.name for state in chosen(service, ask.jobs)}
    runs = {run.id: run for run in service.runs() if run.job in names}
    decisions = [decision for decision in service.decisions() if decision.job in names]
    by_hand = (run for run in runs.values() if run.trigger is Trigger.MANUAL)
    decisions += [
        Decision(run.job, Reason.RAN, first=run.scheduled_at, last=run.scheduled_at, run_id=run.id) for run in by_hand
    ]
    entries = [
        history_entry(decision, None if decision.run_id is None else runs.get(decision.run_id))
        for decision in decisions
    ]
    wanted = [entry for entry in entries if (ask.since is None or entry.last >= ask.since)]
    if ask.failed:
        wanted = [entry for entry in wanted if entry.run and entry.run.outcome not in (None, Outcome.SUCCEEDED)]
    return sorted(wanted, key=lambda entry: entry.last, reverse=True)


class Operation(msgspec.Struct, Generic[A], frozen=True):
    """What a verb takes, and what answers it: a function, a coroutine function, or one that returns a stream."""

    ask: type[A]
    answer: Callable[[Service, A], object]


OPERATIONS: dict[str, Operation[Any]] = {
    "list": Operation(ListJobs, list_jobs),
    "status": Operation(AskStatus, status),
    "run-now": Operation(RunNow, run_now),
    "stop": Operation(Stop, stop),
    "pause": Operation(PauseJobs, pause),
    "resume": Operation(ResumeJobs, resume),
    "reload": Operation(Reload, reload),
    "logs": Operation(Logs, logs),
    "notify-test": Operation(NotifyTest, notify_test),
    "history": Operation(History, history),
    "next": Operation(Next, next_fires),
    "explain": Operation(Explain, explain),
    "why": Operation(Why, why_job),
    "show": Operation(Show, show),
    "env": Operation(AskEnvironment, environment),
}


def _named(service: Service, names: Sequence[str], everything: bool, verb: str) -> list[str]:
    if names and everything:
        raise UsageError(f"--all names every job to {verb}; leave it out, or the names")
    if not names and not everything:
        raise UsageError(f"name the jobs to {verb}, or say --all")
    return [state.job.name for state in chosen(service, names)]


def _later(now: datetime, seconds: float) -> datetime:
    try:
        if seconds > 0:
            return now + timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise RefusedError(f"a pause of {seconds:g} s has no end that a calendar knows")
