"""The values that everything else speaks in. Frozen; durations are seconds; instants are aware UTC datetimes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scheduler.schedule import Schedule


class Overlap(StrEnum):
    """What a firing does when its own job is still running."""

    SKIP = "skip"
    ALLOW = "allow"
    QUEUE = "queue"
    REPLACE = "replace"


class OnShutdown(StrEnum):
    """What becomes of a run when schedd shuts down."""

    WAIT = "wait"
    STOP = "stop"


class OutputMode(StrEnum):
    """Where a job's output goes besides its kept tail."""

    LOG = "log"  # line by line, prefixed with the job's name
    RAW = "raw"  # as it comes, untouched
    DISCARD = "discard"


class Trigger(StrEnum):
    """What asked for a firing."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    START = "start"


class Outcome(StrEnum):
    """How a run, or one attempt of it, ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"
    NOT_STARTED = "not-started"

    @property
    def is_failure(self) -> bool:
        """Whether it is retried and told as a failure; what somebody, or shutdown, stopped is neither."""
        return self in _FAILURES


_FAILURES = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.NOT_STARTED})


class Verdict(StrEnum):
    """What became of a slot: `ran`, or the reason why it was skipped."""

    RAN = "ran"
    OVERLAP = "overlap"
    LATE = "late"
    FOLDED = "folded"
    PAUSED = "paused"
    LOCK = "lock"
    CAPACITY = "capacity"
    STOPPED = "stopped"
    REMOVED = "removed"
    SHUTDOWN = "shutdown"


class ShellCommand(msgspec.Struct, frozen=True):
    """Text that `/bin/sh -c` runs."""

    text: str


class Argv(msgspec.Struct, frozen=True):
    """A program and its arguments, run without a shell."""

    words: tuple[str, ...]


class Entrypoint(msgspec.Struct, frozen=True):
    """A Python function or coroutine function, `package.module:function`, called in a fresh interpreter.

    `args` and `kwargs` hold what JSON can; `interpreter` is schedd's own when None.
    """

    reference: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    interpreter: str | None = None


Target = ShellCommand | Argv | Entrypoint


class FromEnv(msgspec.Struct, frozen=True):
    """The value that schedd's own environment has for `variable`."""

    variable: str


class FromFile(msgspec.Struct, frozen=True):
    """The content of a file, read at each launch, without its final newline. `path` is absolute."""

    path: str


Value = str | FromEnv | FromFile
"""A text that stands in the file, or elsewhere because it is secret."""

EnvValue = Value | None
"""None removes a variable that an earlier layer set."""


class EnvLayer(msgspec.Struct, frozen=True):
    """One place of the file that sets variables: an `env` map, or an `env_file` (absolute path) read at each launch.

    `origin` is how people know it: `defaults.env_file`, `defaults.env`, `env_file` or `env`.
    """

    origin: str
    values: dict[str, EnvValue] = {}
    file: str | None = None


class Retry(msgspec.Struct, frozen=True):
    """Up to `times` further attempts, after delay, delay * factor, … but never more than `max_delay` seconds."""

    times: int = 0
    delay: float = 10.0
    factor: float = 2.0
    max_delay: float = 600.0

    def delay_before(self, attempt: int) -> float:
        """Seconds to wait before the given attempt, counted from 1; the first retry is attempt 2."""
        # The exponent is bounded since 2.0 ** 1024 overflows and no delay grows for so long.
        return min(self.max_delay, self.delay * self.factor ** min(attempt - 2, 64))


class WebhookFormat(StrEnum):
    """What a webhook is sent: all there is to say, or a text in the form that a chat understands."""

    JSON = "json"
    SLACK = "slack"
    MATTERMOST = "mattermost"
    DISCORD = "discord"
    TEAMS = "teams"


NOTIFIER_TIMEOUT = 10.0
"""Seconds that one attempt to tell somebody may take, unless the notifier says otherwise."""


class CommandNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by running a program as the job is run."""

    target: ShellCommand | Argv
    timeout: float = NOTIFIER_TIMEOUT


class WebhookNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by a POST to `url`, with `headers` as pairs, signed when there is a `secret`."""

    url: Value
    format: WebhookFormat = WebhookFormat.JSON
    headers: tuple[tuple[str, Value], ...] = ()
    secret: Value | None = None
    timeout: float = NOTIFIER_TIMEOUT


class MailNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells by a mail to these addresses."""

    to: tuple[str, ...]
    timeout: float = NOTIFIER_TIMEOUT


class AppriseNotifier(msgspec.Struct, frozen=True, kw_only=True):
    """Tells through whichever service the apprise library finds behind `url`."""

    url: Value
    timeout: float = NOTIFIER_TIMEOUT


Notifier = CommandNotifier | WebhookNotifier | MailNotifier | AppriseNotifier


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job as the file defines it, defaults applied, paths absolute.

    `environment` are the layers on top of schedd's own environment, later ones winning. `schedule` None is by hand
    only. `timeout` None is no limit. `memory_limit` is bytes of address space. `catch_up` is how many seconds back a
    slot missed before the start is taken. `on_failure` and the like are told; `ping` is an address that hears of every
    run; `expect_success_within` and `remind` are seconds, None for never. `origins` says of each key of the file where
    it was set: `job`, `defaults` or `job and defaults`.
    """

    name: str
    target: Target
    cwd: str
    description: str = ""
    schedule: Schedule | None = None
    timezone: ZoneInfo = ZoneInfo("UTC")
    enabled: bool = True
    environment: tuple[EnvLayer, ...] = ()
    timeout: float | None = None
    stop_grace: float = 10.0
    overlap: Overlap = Overlap.SKIP
    start_deadline: float = 60.0
    catch_up: float | None = None
    retry: Retry = Retry()
    lock: str | None = None
    on_shutdown: OnShutdown = OnShutdown.WAIT
    success_codes: frozenset[int] = frozenset({0})
    output: OutputMode = OutputMode.LOG
    user: str | None = None
    group: str | None = None
    umask: int | None = None
    nice: int | None = None
    memory_limit: int | None = None
    on_failure: tuple[Notifier, ...] = ()
    on_success: tuple[Notifier, ...] = ()
    on_recovery: tuple[Notifier, ...] = ()
    on_skip: tuple[Notifier, ...] = ()
    remind: float | None = None
    expect_success_within: float | None = None
    ping: Value | None = None
    sentry: bool = False
    origins: dict[str, str] = {}


class Launch(msgspec.Struct, frozen=True):
    """One attempt to be made: everything a launcher needs to know. `stdin` is what the process can read."""

    job: Job
    run_id: str
    attempt: int
    trigger: Trigger
    scheduled_at: datetime
    previous_at: datetime | None = None
    extra_env: dict[str, str] = {}
    stdin: bytes = b""


class Exit(msgspec.Struct, frozen=True):
    """How a process ended: `code` as a shell tells it (128 + n for signal n), `signal` the number or None.

    `max_rss` is the peak resident memory in bytes, `cpu_seconds` user and system time of it and its reaped children;
    None where the launcher cannot know. `notes` are sentences for the person reading the log.
    """

    code: int
    signal: int | None = None
    max_rss: int | None = None
    cpu_seconds: float | None = None
    notes: tuple[str, ...] = ()


class Attempt(msgspec.Struct, frozen=True):
    """One process of a run. When it could not be started, `cause` says why and `exit` is what a shell would answer."""

    number: int
    started_at: datetime
    duration: float
    outcome: Outcome
    exit: Exit
    cause: str | None = None


class Run(msgspec.Struct, frozen=True):
    """A firing carried out. `scheduled_at` is its slot, or the second it was asked for by hand.

    `duration` is seconds of steady time from the start to the end, retries and their delays included. It, `outcome` and
    `finished_at` are None while the run lives.
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

    @property
    def lateness(self) -> float:
        """Seconds from the slot to the start."""
        return (self.started_at - self.scheduled_at).total_seconds()

    @property
    def exit_code(self) -> int:
        """What a shell would answer for a finished run: the last attempt's own code, or timeout(1)'s 124."""
        return 124 if self.outcome is Outcome.TIMED_OUT else self.attempts[-1].exit.code


class Decision(msgspec.Struct, frozen=True):
    """What became of a slot, or of `count` consecutive slots of one job that share the verdict.

    `more` is true when counting stopped at `count`; `run_id` is set when the verdict is `ran`.
    """

    job: str
    verdict: Verdict
    first: datetime
    last: datetime
    count: int = 1
    more: bool = False
    run_id: str | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A job's slots are passed over since `since`, until `until` (None: until resumed, or restart)."""

    since: datetime
    until: datetime | None = None
    note: str = ""

    def covers(self, slot: datetime) -> bool:
        """Whether a slot, which is not before `since`, is passed over."""
        return self.until is None or slot < self.until
