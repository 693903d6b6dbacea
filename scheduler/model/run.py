"""A run from its scheduled time to its end, and the decision that is recorded about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from scheduler.errors import EXIT_TIMED_OUT
from scheduler.model.job import Job
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester

RAN = "ran"
"""The word for a decision that is not a skip."""

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""No variables or keyword arguments. One for all requests, of which thousands may wait."""


class Trigger(StrEnum):
    """What caused a run: a scheduled time, a request, or the start of schedd."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    START = "start"
    AFTER = "after"


class Outcome(StrEnum):
    """How a run, or one attempt of it, ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"
    NOT_STARTED = "not-started"
    LOST = "lost"
    """Its end was not observed: the exit code is unknown, and its process may still run."""

    @property
    def is_failure(self) -> bool:
        """Whether it counts as a failure; a run that a person or a shutdown stopped does not."""
        return self in _FAILURES


_FAILURES = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.NOT_STARTED, Outcome.LOST})


class Reason(StrEnum):
    """Why a scheduled time, or a request, was skipped."""

    OVERLAP = "overlap"
    MAX_WAITING = "max-waiting"
    LATE = "late"
    COALESCED = "coalesced"
    EXCLUDED = "excluded"
    PAUSED = "paused"
    CONDITION = "condition"
    LOCK = "lock"
    CAPACITY = "capacity"
    STOPPED = "stopped"
    REMOVED = "removed"
    SHUTDOWN = "shutdown"
    ELSEWHERE = "elsewhere"
    NO_WORKER = "no-worker"
    NO_STORE = "no-store"

    @property
    def waited_for(self) -> str:
        """What a run waits for that would be skipped for this reason."""
        return "worker" if self is Reason.NO_WORKER else self.value


CONDITION = 0
"""The number of the attempt of a launch that is the command of `run_if`."""


class Launch(msgspec.Struct, frozen=True):
    """One attempt to be made: everything a launcher needs to know.

    `args` and `kwargs` are added to those of the job's target, `stdin` is what the process can read. After `deadline`
    it must not start any more; None is no deadline. `run_started_at` is when the run started, None for its first
    attempt. `by`, `arguments` and `key` are those of the request, for a scheduler that takes over the run.
    """

    job: Job
    run_id: str
    attempt: int
    trigger: Trigger
    scheduled_at: datetime
    previous_at: datetime | None = None
    extra_env: Mapping[str, str] = NOTHING
    stdin: bytes = b""
    deadline: datetime | None = None
    args: tuple[str, ...] = ()
    kwargs: Mapping[str, Any] = NOTHING
    run_started_at: datetime | None = None
    by: Requester | None = None
    arguments: ArgumentsView | None = None
    key: str | None = None


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request of a manual run.

    `force` passes the overlap gate. `as_of` is the scheduled time that the job sees; `env` is added to its environment.
    `caller` is the id of a run that waits for the end of this one, and so must not be waited for. `args`, `kwargs` and
    `stdin` are passed to the job; `arguments` is what may be shown of them. `at` is when it is to run, None for now.
    While a run with the same `key` of the job is known, no other is started.
    """

    force: bool = False
    as_of: datetime | None = None
    env: Mapping[str, str] = NOTHING
    by: Requester | None = None
    caller: str | None = None
    args: tuple[str, ...] = ()
    kwargs: Mapping[str, Any] = NOTHING
    stdin: bytes = b""
    arguments: ArgumentsView | None = None
    at: datetime | None = None
    key: str | None = None


PLAIN_REQUEST = RunRequest()


class Exit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a process ended: `code` as in a shell (128 + n for signal n), `signal` the number or None.

    `max_rss` is the peak resident memory in bytes, `cpu_seconds` user and system time of it and its reaped children;
    None where the launcher cannot know. `notes` are sentences for the person reading the log. `lost`: the end was not
    observed, and the code means nothing. `elsewhere`: another scheduler records this end.
    `stopped`: a scheduler had asked for it.
    """

    code: int
    signal: int | None = None
    max_rss: int | None = None
    cpu_seconds: float | None = None
    notes: tuple[str, ...] = ()
    lost: bool = False
    elsewhere: bool = False
    stopped: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the code says how it ended."""
        return not (self.lost or self.elsewhere)


class Attempt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One process of a run. When it could not be started, `cause` says why and `exit` is what a shell would answer."""

    number: int
    started_at: datetime
    duration: float
    outcome: Outcome
    exit: Exit
    cause: str | None = None

    @property
    def exit_code(self) -> int:
        """What a shell would answer: the command's own code, or timeout(1)'s 124."""
        return EXIT_TIMED_OUT if self.outcome is Outcome.TIMED_OUT else self.exit.code


class Run(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The execution of a job for a scheduled time, or on request; then `scheduled_at` is the second of the request.

    `duration` is seconds of steady time from the start to the end, retries and their delays included. It, `outcome` and
    `finished_at` are None until the run has finished. `by` is who requested it, and `arguments` what with; None for the
    schedule. `earlier`: an earlier schedd has started it, and left it running. `stopped_by` is who asked to stop it.
    `key` is that of its request: while the run is known, no other is started with it.
    """

    id: str
    job: str
    trigger: Trigger
    scheduled_at: datetime
    started_at: datetime
    attempts: tuple[Attempt, ...] = ()
    outcome: Outcome | None = None
    finished_at: datetime | None = None
    duration: float | None = None
    by: Requester | None = None
    arguments: ArgumentsView | None = None
    earlier: bool = False
    worker: str | None = None
    stopped_by: Requester | None = None
    key: str | None = None

    @property
    def lateness(self) -> float:
        """Seconds from the scheduled time to the start; for a run on a worker, until one has taken it."""
        return max(0.0, (self.started_at - self.scheduled_at).total_seconds())

    @property
    def elsewhere(self) -> bool:
        """Whether it went on without this scheduler: another one records how it ended."""
        return bool(self.attempts) and self.attempts[-1].exit.elsewhere

    @property
    def exit_code(self) -> int:
        """What a shell would answer for a finished run: the last attempt's own code, or timeout(1)'s 124."""
        return EXIT_TIMED_OUT if self.outcome is Outcome.TIMED_OUT else self.attempts[-1].exit.code


class Decision(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Whether a job ran for a scheduled time or a request, or the reason why it was skipped.

    One record covers `count` consecutive scheduled times that were skipped for the same reason; `more` is true when
    counting stopped at `count`. `run_id` is set when it ran, and for a request, which had an id before it was skipped.
    `note` is a sentence where the reason alone does not explain the skip. `broken`: an error is the cause of the skip.
    `by` is who requested the run and `arguments` what with, `stopped_by` who asked to stop it while it waited.
    """

    job: str
    reason: Reason | None
    first: datetime
    last: datetime
    count: int = 1
    more: bool = False
    run_id: str | None = None
    by: Requester | None = None
    note: str | None = None
    broken: bool = False
    arguments: ArgumentsView | None = None
    stopped_by: Requester | None = None

    @property
    def word(self) -> str:
        """`ran`, or the reason of the skip."""
        return RAN if self.reason is None else self.reason.value


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A job's scheduled runs are skipped from `since` until `until` (None: until resumed, or restart).

    `of_all`: all jobs were paused at once.
    """

    since: datetime
    until: datetime | None = None
    note: str = ""
    by: Requester | None = None
    of_all: bool = False

    def covers(self, scheduled_at: datetime) -> bool:
        """Whether a scheduled time, which is not before `since`, is skipped."""
        return self.until is None or scheduled_at < self.until

    def outlasts(self, other: Pause) -> bool:
        """Whether it ends later than another pause."""
        return other.until is not None and self.covers(other.until)
