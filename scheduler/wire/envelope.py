"""What goes over the socket, for both ends to import; what only rare verbs ask and are told lies beside it.

A request is one line, `{"v": 1, "verb": "list", "args": {…}}`. The answer is any number of events, one a line, closed
by exactly one `{"ok": …}` or `{"error": {"code": …, "message": …}}`. The first event is `accepted`, at once: who does
not hear it within two seconds knows that nobody is at home. Unknown fields and events are ignored, so that either end
may be a little newer. Instants are RFC 3339 in UTC, durations seconds, bytes base64.

Kept free of the rest of the program: schedctl must start fast.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from scheduler.errors import Problem, RefusedError, SchedError, UnknownNameError, UnreachableError, UsageError

VERSION = 1
"""Raised when an older schedctl could misread a newer schedd, or the other way round."""

MAX_REQUEST = 1 << 20
"""Bytes of one request, its newline included."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""An argument that says which zone it means."""

Status = Literal["idle", "running", "waiting", "retrying", "paused", "disabled", "done"]
StreamName = Literal["stdout", "stderr"]


# Views: what is told about things.


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a run. `cause` is why it could not be started."""

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


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run; `finished_at`, `outcome`, `exit_code`, `duration` are null while it lives."""

    id: str
    job: str
    trigger: str
    scheduled_at: datetime
    started_at: datetime
    lateness: float
    finished_at: datetime | None = None
    outcome: str | None = None
    exit_code: int | None = None
    duration: float | None = None
    attempts: tuple[AttemptView, ...] = ()


class PauseView(msgspec.Struct, frozen=True, kw_only=True):
    """Since when and until when a job's slots are passed over; `until` null is until resumed or restarted."""

    since: datetime
    until: datetime | None = None
    note: str = ""


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job and how it stands. `schedule` is null when it runs by hand only, `next_at` when nothing is to come.

    `waiting_for` is the gate at which a firing waits (`overlap`, `lock`, `capacity`), `retry_at` when the next attempt
    of a run in back-off begins, `usual_duration` the median of its kept successful runs.
    """

    name: str
    description: str
    schedule: str | None
    timezone: str
    enabled: bool
    status: Status
    next_at: datetime | None = None
    last: RunView | None = None
    running: tuple[RunView, ...] = ()
    waiting_for: str | None = None
    retry_at: datetime | None = None
    paused: PauseView | None = None
    usual_duration: float | None = None


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a slot, of `count` consecutive slots with the same verdict, or of a request by hand.

    `verdict` is `ran` or the reason of a skip; `run` is set when it ran and is still kept; `more` says that counting
    stopped at `count`.
    """

    job: str
    verdict: str
    first: datetime
    last: datetime
    count: int = 1
    more: bool = False
    run: RunView | None = None


class ClockJump(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the wall clock, or a suspend: by how many seconds, negative is back."""

    at: datetime
    seconds: float


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon. `reload_error` is why the file as it is now was refused, or null.

    `decisions` counts slots since the start by verdict; `ticking` is false once it drains.
    """

    version: str
    pid: int
    started_at: datetime
    uptime: float
    file: str
    loaded_at: datetime
    reload_error: str | None
    ticking: bool
    jobs: int
    disabled: int
    paused: int
    running: int
    waiting: int
    next_at: datetime | None
    next_job: str | None
    decisions: dict[str, int]
    clock_jumps: tuple[ClockJump, ...] = ()


class JobChange(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a reload adds, changes or removes, and its next slot before and after."""

    name: str
    next_before: datetime | None = None
    next_after: datetime | None = None


class ReloadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a reload did, or would do when `applied` is false. `unchanged` counts the jobs it leaves alone."""

    applied: bool
    added: tuple[JobChange, ...] = ()
    changed: tuple[JobChange, ...] = ()
    removed: tuple[JobChange, ...] = ()
    unchanged: int = 0
    warnings: tuple[Problem, ...] = ()


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """What `stop` ended: the runs, now over, and how many firings that were still waiting."""

    runs: tuple[RunView, ...] = ()
    waiting: int = 0


# Asks: the arguments of each verb.


class ListJobs(msgspec.Struct, frozen=True):
    """`list`: all jobs, or those named, in the order of the file."""

    jobs: tuple[str, ...] = ()


class AskStatus(msgspec.Struct, frozen=True):
    """`status`: the daemon itself."""


class RunNow(msgspec.Struct, frozen=True, kw_only=True):
    """`run-now`: `force` passes the overlap gate; `detach` ends the answer once the firing has started or waits.

    `as_of` becomes SCHED_SCHEDULED_AT; `env` is put on top of the job's environment.
    """

    job: str
    force: bool = False
    detach: bool = False
    as_of: Instant | None = None
    env: dict[str, str] = {}


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """`stop`: a job (all its runs, back-off and waiting firing) or one run by its id; `kill` leaves out TERM."""

    target: str
    kill: bool = False


class PauseJobs(msgspec.Struct, frozen=True, kw_only=True):
    """`pause`: the jobs named, or all there are now; for `seconds`, else until resumed."""

    jobs: tuple[str, ...] = ()
    all: bool = False
    seconds: float | None = None
    note: str = ""


class ResumeJobs(msgspec.Struct, frozen=True, kw_only=True):
    """`resume`: the jobs named, or all."""

    jobs: tuple[str, ...] = ()
    all: bool = False


class Reload(msgspec.Struct, frozen=True):
    """`reload`: read the file again; `plan` only tells what would change."""

    plan: bool = False


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """`logs`: the kept output of each job's latest run, or of the run with id `run`; `follow` goes on live."""

    jobs: tuple[str, ...] = ()
    run: str | None = None
    follow: bool = False


class History(msgspec.Struct, frozen=True, kw_only=True):
    """`history`: newest first; `failed` leaves only runs that did not succeed."""

    jobs: tuple[str, ...] = ()
    failed: bool = False
    since: Instant | None = None


# Events: what comes before the closing line.


class Accepted(msgspec.Struct, frozen=True, tag_field="event", tag="accepted"):
    """The request was read; the daemon is alive and at it."""

    v: int = VERSION


class Waiting(msgspec.Struct, frozen=True, tag_field="event", tag="waiting"):
    """The firing, which will be the run `run_id`, waits at a gate: `overlap`, `lock` or `capacity`."""

    run_id: str
    job: str
    gate: str


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """A run began, or in `logs`: output of this run follows."""

    run: RunView


class Output(msgspec.Struct, frozen=True, tag_field="event", tag="output"):
    """Bytes that a run wrote, untouched."""

    run_id: str
    job: str
    stream: StreamName
    data: bytes


class Lost(msgspec.Struct, frozen=True, tag_field="event", tag="lost"):
    """So many bytes of the run's output are missing here: no longer kept, or the reader was too slow."""

    run_id: str
    job: str
    size: int


class AttemptEnded(msgspec.Struct, frozen=True, tag_field="event", tag="attempt"):
    """An attempt is over and another follows at `retry_at`."""

    run_id: str
    job: str
    attempt: AttemptView
    retry_at: datetime


class Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished"):
    """The run is over. Nothing about it follows."""

    run: RunView


Event = Waiting | Started | Output | Lost | AttemptEnded | Finished


# The envelope.


class Request(msgspec.Struct, frozen=True):
    """One line from the client. `args` stays raw until the verb is known."""

    v: int
    verb: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Fault(msgspec.Struct, frozen=True):
    """Why there is no `ok`: a word for programs, one message for people."""

    code: str
    message: str


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any line of an answer, before it is known which: an event, or one of the two that close it."""

    event: str | None = None
    ok: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Fault | msgspec.UnsetType = msgspec.UNSET


FAULTS: dict[str, type[SchedError]] = {
    "usage": UsageError,
    "unknown": UnknownNameError,
    "refused": RefusedError,
    "unreachable": UnreachableError,
    "failed": SchedError,
}
"""The code of each mistake on the wire. The first class an error is an instance of names it; a bad file and a bug
are `failed`, with which schedctl ends 1."""
