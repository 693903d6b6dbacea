"""The operations of the API: each one's name, request type, reply type, and how it may be used."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from scheduler.wire.daemon import AskMetrics, AskStatus, AskWorkers, Reload, ReloadView, StatusView, WorkerView
from scheduler.wire.jobs import (
    AskEnvironment,
    EnvironmentView,
    JobDetails,
    JobView,
    ListJobs,
    PauseJobs,
    ResumeJobs,
    Show,
)
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.runs import AskResult, History, HistoryEntry, Logs, RunNow, RunResult, Stop, StopView, Wait
from scheduler.wire.times import Explain, Explanation, Next, ScheduledTime, Why, WhyView

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")


class Operation(msgspec.Struct, Generic[A, R], frozen=True, kw_only=True):
    """One operation. `api.handlers` has the function that answers it.

    `streams`: events precede the reply, which is null. `writes`: it changes or starts something, and is passed who
    asks. `from_file`: where no schedd is running, it can be answered from the schedule file alone. `local_only` names
    the fields of the request that reveal secrets or set variables: only the Unix socket accepts them. `of_active`: it
    concerns live runs or pauses, and a standby passes it on to the active scheduler.
    """

    name: str
    ask: type[A]
    reply: type[R]
    streams: bool = False
    writes: bool = False
    from_file: bool = False
    of_active: bool = False
    local_only: frozenset[str] = frozenset()


LIST = Operation(name="list", ask=ListJobs, reply=list[JobView], from_file=True)
SHOW = Operation(name="show", ask=Show, reply=JobDetails, from_file=True)
STATUS = Operation(name="status", ask=AskStatus, reply=StatusView)
RUN_NOW = Operation(
    name="run-now",
    ask=RunNow,
    reply=type(None),
    streams=True,
    writes=True,
    from_file=True,
    of_active=True,
    local_only=frozenset({"env"}),
)
WAIT = Operation(name="wait", ask=Wait, reply=type(None), streams=True, of_active=True)
RESULT = Operation(name="result", ask=AskResult, reply=RunResult, of_active=True)
STOP = Operation(name="stop", ask=Stop, reply=StopView, writes=True, of_active=True)
PAUSE = Operation(name="pause", ask=PauseJobs, reply=list[JobView], writes=True, of_active=True)
RESUME = Operation(name="resume", ask=ResumeJobs, reply=list[JobView], writes=True, of_active=True)
RELOAD = Operation(name="reload", ask=Reload, reply=ReloadView, writes=True)
LOGS = Operation(name="logs", ask=Logs, reply=type(None), streams=True, of_active=True)
NOTIFY_TEST = Operation(name="notify-test", ask=NotifyTest, reply=list[RecipientView], writes=True, from_file=True)
METRICS = Operation(name="metrics", ask=AskMetrics, reply=str)
WORKERS = Operation(name="workers", ask=AskWorkers, reply=list[WorkerView])
HISTORY = Operation(name="history", ask=History, reply=list[HistoryEntry])
NEXT = Operation(name="next", ask=Next, reply=list[ScheduledTime], from_file=True)
EXPLAIN = Operation(name="explain", ask=Explain, reply=Explanation, from_file=True)
WHY = Operation(name="why", ask=Why, reply=WhyView, from_file=True)
ENVIRONMENT = Operation(
    name="env",
    ask=AskEnvironment,
    reply=EnvironmentView,
    from_file=True,
    local_only=frozenset({"reveal", "shell"}),
)

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (
        LIST,
        SHOW,
        STATUS,
        RUN_NOW,
        WAIT,
        RESULT,
        STOP,
        PAUSE,
        RESUME,
        RELOAD,
        LOGS,
        NOTIFY_TEST,
        METRICS,
        WORKERS,
        HISTORY,
        NEXT,
        EXPLAIN,
        WHY,
        ENVIRONMENT,
    )
}
"""Every operation by its name."""
