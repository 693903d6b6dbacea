"""Requests, events and replies about runs: `run-now`, `stop`, `logs` and `history`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from scheduler.errors import EXIT_TIMED_OUT
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.envelope import Instant
from scheduler.wire.requester import Requester

HISTORY_LIMIT = 1_000
"""Decisions in one answer to `history`, unless another limit is given."""

StreamName = Literal["stdout", "stderr"]


class AttemptView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One process of a run. `duration` and `cpu_seconds` are in seconds, `max_rss` in bytes.

    `exit_code` is that of the command, also after a timeout. `cause` is why it could not be started. `lost`: its end
    was not observed, and `exit_code` is not its own.
    """

    number: int
    started_at: datetime
    duration: float
    outcome: str
    exit_code: int
    signal: int | None = None
    max_rss: int | None = None
    cpu_seconds: float | None = None
    cause: str | None = None
    notes: tuple[str, ...] = ()
    lost: bool = False

    @property
    def exit_text(self) -> str:
        """The exit code in words."""
        if self.lost:
            return "exit code unknown"
        return f"exit {EXIT_TIMED_OUT if self.outcome == 'timed-out' else self.exit_code}"


class RunView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run; `finished_at`, `outcome`, `exit_code`, `duration` are null until it has finished.

    `lateness` is how many seconds after `scheduled_at` it started; null if `trigger` is not `schedule`. `exit_code` is
    that of the last attempt, and 124 after a timeout, as with timeout(1). `by` is who requested it, and `arguments` are
    those of the request; both are null for a scheduled run. `earlier`: an earlier schedd has started it and left it
    running. `worker` is the name of the worker that has it; null for a run on the machine of schedd. `stopped_by` is
    who asked to stop it.
    """

    id: str
    job: str
    trigger: str
    scheduled_at: datetime
    started_at: datetime
    lateness: float | None
    finished_at: datetime | None = None
    outcome: str | None = None
    exit_code: int | None = None
    duration: float | None = None
    attempts: tuple[AttemptView, ...] = ()
    by: Requester | None = None
    arguments: ArgumentsView | None = None
    earlier: bool = False
    worker: str | None = None
    stopped_by: Requester | None = None

    @property
    def exit_text(self) -> str:
        """The exit code of a finished run in words."""
        return self.attempts[-1].exit_text if self.attempts and self.attempts[-1].lost else f"exit {self.exit_code}"

    @property
    def left_by_earlier(self) -> bool:
        """Whether its process was started by an earlier schedd on this machine."""
        return self.earlier and self.worker is None


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The decision about a scheduled time, about `count` in a row that were skipped for the same reason, or a request.

    `reason` is null when it ran. `first` and `last` are scheduled times; `more` says that counting stopped at `count`.
    `run_id` is set when it ran, and for a request; `run` when it ran and is still kept. `by` is who requested it.
    `note` is a sentence where the reason alone does not explain a skip. A skipped request has its `arguments`, and
    `stopped_by` when a person stopped it while it waited.
    """

    job: str
    decision: Literal["ran", "skipped"]
    reason: str | None
    first: datetime
    last: datetime
    count: int = 1
    more: bool = False
    run_id: str | None = None
    run: RunView | None = None
    by: Requester | None = None
    note: str | None = None
    arguments: ArgumentsView | None = None
    stopped_by: Requester | None = None


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """What was stopped: the runs, which have finished, and the number of waiting runs that were cancelled.

    `by` is who asked for it.
    """

    runs: tuple[RunView, ...] = ()
    waiting: int = 0
    by: Requester | None = None


class RunNow(msgspec.Struct, frozen=True, kw_only=True):
    """`run-now`: run a job on request. `detach` ends the answer once the run has started or waits.

    `force` starts it although the job is running. `as_of` becomes SCHED_SCHEDULED_AT; `env` is added to the job's
    environment. `args`, `kwargs` and `stdin` are passed to the job where its `accepts` allows them. `caller` is the id
    of the run that sends the request and waits for its end (SCHED_RUN_ID there). The run starts at `at`, by default
    now. If schedd still knows a run of the job with the same `key`, it starts none: the answer is about that run.
    """

    job: str
    force: bool = False
    detach: bool = False
    as_of: Instant | None = None
    env: dict[str, str] = {}
    args: tuple[str, ...] = ()
    kwargs: dict[str, Any] = {}
    stdin: bytes | None = None
    caller: str | None = None
    at: Instant | None = None
    key: str | None = None


class Wait(msgspec.Struct, frozen=True):
    """`wait`: Wait until each of `runs` has ended. Each sends a `finished`, `skipped` or `left` event.

    With `output`, for one run only, all its events are sent, beginning with the output that schedd kept. `caller` is
    the id of a run that waits for the answer: it is refused if one of `runs` waits for that run.
    """

    runs: tuple[str, ...]
    output: bool = False
    caller: str | None = None


class AskResult(msgspec.Struct, frozen=True):
    """`result`: Show the state of a run."""

    run: str


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """A run by its id. `run` is set once it has started; `waiting_for` and `until` while it waits.

    A skipped run has the `reason`, and the same in words as `message`.
    """

    run_id: str
    job: str
    state: Literal["waiting", "running", "retrying", "finished", "skipped"]
    run: RunView | None = None
    waiting_for: str | None = None
    until: datetime | None = None
    reason: str | None = None
    message: str | None = None
    by: Requester | None = None
    arguments: ArgumentsView | None = None
    stopped_by: Requester | None = None


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """`stop`: Stop all runs of a job, waiting ones included, or one run by its id. `kill` sends SIGKILL at once."""

    target: str
    kill: bool = False


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """`logs`: Send the kept output of each job's latest run, or of the run with the id `run`; `follow` continues live.

    `runs` is the number of runs of each job; by default one, or all with output since `since`. `lines` limits the kept
    output of each job to its last lines. The output of several jobs is in the order of its times.
    """

    jobs: tuple[str, ...] = ()
    run: str | None = None
    follow: bool = False
    runs: int | None = None
    since: Instant | None = None
    lines: int | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """`history`: List at most `limit` decisions (1,000 by default), newest first; with `failed` only failed runs."""

    jobs: tuple[str, ...] = ()
    failed: bool = False
    since: Instant | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Waiting(msgspec.Struct, frozen=True, tag_field="event", tag="waiting"):
    """The run waits at a gate (`overlap`, `lock`, `capacity`, `worker`), or until its time (`time`), which is `until`.

    `by` is who requested it. `waiting_on` says in words what it waits for: which lock, and which runs hold it.
    `requested_before`: see `Started`.
    """

    run_id: str
    job: str
    gate: str
    until: datetime | None = None
    by: Requester | None = None
    waiting_on: str | None = None
    requested_before: bool = False


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """A run has started. In `logs`: its output follows.

    `requested_before`, in the first event of a request: an earlier request had the same key, and this is its run.
    """

    run: RunView
    requested_before: bool = False


class Output(msgspec.Struct, frozen=True, tag_field="event", tag="output"):
    """Bytes that a run wrote, unchanged, and when schedd read them."""

    run_id: str
    job: str
    stream: StreamName
    data: bytes
    at: datetime | None = None


class Lost(msgspec.Struct, frozen=True, tag_field="event", tag="lost"):
    """`size` bytes of output are missing here: schedd no longer keeps them, or the client was too slow."""

    run_id: str
    job: str
    size: int


class AttemptEnded(msgspec.Struct, frozen=True, tag_field="event", tag="attempt"):
    """An attempt has ended and another follows at `retry_at`."""

    run_id: str
    job: str
    attempt: AttemptView
    retry_at: datetime


class Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished"):
    """The run has finished. This is its last event."""

    run: RunView


class Skipped(msgspec.Struct, frozen=True, tag_field="event", tag="skipped"):
    """The run was skipped while it waited; `message` is the reason in words. This is its last event."""

    run_id: str
    job: str
    reason: str
    message: str


class Left(msgspec.Struct, frozen=True, tag_field="event", tag="left"):
    """The run goes on without this schedd, which shuts down or has become a standby; `message` says how to get its end.

    This is its last event here.
    """

    run_id: str
    job: str
    message: str


Event = Waiting | Started | Output | Lost | AttemptEnded | Finished | Skipped | Left
