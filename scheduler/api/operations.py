"""The answers to the operations: a function for each, used by the socket, by HTTP and by schedctl without a daemon."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

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
from scheduler.wire.jobs import JobView, ListJobs, PauseJobs, ResumeJobs
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.operations import Operation
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, History, HistoryEntry, Logs, RunNow, Stop, StopView

A = TypeVar("A", bound=msgspec.Struct)


def list_jobs(service: Service, ask: ListJobs) -> list[JobView]:
    """All jobs or those named, in the order of the file."""
    return [job_view(state) for state in chosen(service, ask.jobs)]


def status(service: Service, _ask: AskStatus) -> StatusView:
    """The daemon itself."""
    return service.status()


def run_now(service: Service, ask: RunNow, _by: Requester | None) -> AsyncGenerator[Event, None]:
    """Fire a job by hand and follow it."""
    find(service, ask.job)
    for name in ask.env:
        if not name or "=" in name or "\0" in name + ask.env[name]:
            raise UsageError(f"{name!r} cannot be the name of an environment variable")
    if ask.as_of is not None:
        ask = replace(ask, as_of=in_utc(ask.as_of))
    return service.run_now(ask)


async def stop(service: Service, ask: Stop, _by: Requester | None) -> StopView:
    """End a job's runs, or one run."""
    try:
        stopped = await service.stop(ask.target, kill=ask.kill)
    except UnknownNameError:
        find(service, ask.target, "job or run")
        raise
    return StopView(runs=tuple(run_view(run) for run in stopped.runs), waiting=stopped.waiting)


def pause(service: Service, ask: PauseJobs, _by: Requester | None) -> list[JobView]:
    """Pass over the slots of some or all jobs."""
    names = _named(service, ask.jobs, ask.all, "pause")
    until = None if ask.seconds is None else _later(service.now(), ask.seconds)
    service.pause(names, until=until, note=ask.note)
    return [job_view(state) for state in chosen(service, names)]


def resume(service: Service, ask: ResumeJobs, _by: Requester | None) -> list[JobView]:
    """Take the slots of some or all jobs again."""
    names = _named(service, ask.jobs, ask.all, "resume")
    service.resume(names)
    return [job_view(state) for state in chosen(service, names)]


async def reload(service: Service, ask: Reload, _by: Requester | None) -> ReloadView:
    """Read the file again, or tell what that would change."""
    return await service.reload(plan=ask.plan)


def logs(service: Service, ask: Logs) -> AsyncGenerator[Event, None]:
    """Kept output, then live."""
    if ask.run is not None and not any(run.id == ask.run for run in service.runs()):
        raise UnknownNameError(f"no run {ask.run!r} is kept; `schedctl history` shows those that are")
    chosen(service, ask.jobs)
    return service.logs(ask)


async def notify_test(service: Service, ask: NotifyTest, _by: Requester | None) -> list[RecipientView]:
    """Send a test notification to the job's recipients for the event."""
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


Answer = Callable[..., object]
"""A function, a coroutine function, or one that returns a stream of events. It takes the service and the request; for
an operation that writes, also who asks."""

ANSWERS: dict[str, Answer] = {
    "list": list_jobs,
    "show": show,
    "status": status,
    "run-now": run_now,
    "stop": stop,
    "pause": pause,
    "resume": resume,
    "reload": reload,
    "logs": logs,
    "notify-test": notify_test,
    "history": history,
    "next": next_fires,
    "explain": explain,
    "why": why_job,
    "env": environment,
}


def answer(
    service: Service, operation: Operation[A, Any], ask: A, by: Requester | None = None
) -> object | Awaitable[object] | AsyncGenerator[Event, None]:
    """What answers a request: the reply, an awaitable of it, or for an operation that streams the events."""
    function = ANSWERS[operation.name]
    return function(service, ask, by) if operation.writes else function(service, ask)


def reject_local(operation: Operation[A, Any], ask: A) -> None:
    """RefusedError when a request from the network sets a field that only the Unix socket accepts."""
    for field in msgspec.structs.fields(operation.ask):
        if field.encode_name in operation.local_only and getattr(ask, field.name):
            raise RefusedError(f"{operation.name}: {field.encode_name!r} is accepted over the Unix socket only")


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
