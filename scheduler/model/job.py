"""A job as the schedule file defines it, and the policies that its run follows."""

from __future__ import annotations

from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from scheduler.model.recipient import Recipient
from scheduler.model.target import Argv, EnvLayer, ShellCommand, Target, Value
from scheduler.schedule import Schedule


class Overlap(StrEnum):
    """What happens to a new run while a run of the same job is live."""

    SKIP = "skip"
    ALLOW = "allow"
    QUEUE = "queue"
    REPLACE = "replace"


class Accepts(StrEnum):
    """What a request may pass to a run."""

    ARGS = "args"
    KWARGS = "kwargs"
    STDIN = "stdin"


class OnShutdown(StrEnum):
    """What happens to a run when schedd shuts down."""

    WAIT = "wait"
    STOP = "stop"
    LEAVE = "leave"  # on workers: the next schedd follows it


class LauncherName(StrEnum):
    """Where a job runs."""

    LOCAL = "local"
    CELERY = "celery"


class OutputMode(StrEnum):
    """Where a job's output goes besides its kept tail."""

    LOG = "log"  # line by line, prefixed with the job's name
    RAW = "raw"  # byte for byte
    DISCARD = "discard"


class Retry(msgspec.Struct, frozen=True, gc=False):
    """Up to `times` further attempts, after delay, delay * factor, … but never more than `max_delay` seconds.

    `lost`: also after an attempt of which the end was not observed, so that two processes may run at once.
    """

    times: int = 0
    delay: float = 10.0
    factor: float = 2.0
    max_delay: float = 600.0
    lost: bool = False

    def delay_before(self, attempt: int) -> float:
        """Seconds to wait before the given attempt, counted from 1; the first retry is attempt 2."""
        # The exponent is bounded since 2.0 ** 1024 overflows and no delay grows that often.
        return min(self.max_delay, self.delay * self.factor ** min(attempt - 2, 64))


class SlowAfter(msgspec.Struct, frozen=True):
    """The duration after which a run is slow: `seconds`, or `times` the usual duration."""

    seconds: float = 0.0
    times: float = 0.0

    def limit(self, usual: float | None) -> float | None:
        """Seconds, given the usual duration; None when that is needed and not known."""
        if not self.times:
            return self.seconds
        return None if usual is None else self.times * usual


class ProcessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """User, group and limits of a job's process; None leaves what schedd itself has.

    `user` and `group` are names or numbers, `nice` is absolute, `memory_limit` is bytes of address space.
    """

    user: str | None = None
    group: str | None = None
    umask: int | None = None
    nice: int | None = None
    memory_limit: int | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job as the file defines it, defaults applied, paths absolute. Durations are seconds.

    `environment` holds the layers on top of schedd's own environment, later ones win; `path` are directories to put in
    front of PATH. `schedule` None means that the job only runs manually. `timeout` None is no limit. `catch_up` is how
    many seconds before the start of schedd a missed time may lie to be run at the start. At most `lock_slots` runs
    (None is one) hold the lock at once, at most `max_waiting` manual runs wait at once. `accepts` is what a request may
    pass to a run; with `secret_arguments` that is never shown. `on_failure` and the like are notified; `ping` is an
    address that is called at every run; `expect_success_within` and `remind` are None for never. `origins` says of each
    key of the file where it was set: `job`, `defaults`, `override`, or several of them such as `job and defaults`.
    """

    name: str
    target: Target
    cwd: str
    description: str = ""
    schedule: Schedule | None = None
    timezone: ZoneInfo = ZoneInfo("UTC")
    enabled: bool = True
    environment: tuple[EnvLayer, ...] = ()
    path: tuple[str, ...] = ()
    timeout: float | None = None
    stop_grace: float = 10.0
    overlap: Overlap = Overlap.SKIP
    start_deadline: float = 60.0
    catch_up: float | None = None
    retry: Retry = Retry()
    run_if: ShellCommand | Argv | None = None
    run_if_timeout: float = 10.0
    lock: str | None = None
    lock_slots: int | None = None
    max_waiting: int = 1000
    accepts: tuple[Accepts, ...] = ()
    secret_arguments: bool = False
    launcher: LauncherName = LauncherName.LOCAL
    on_shutdown: OnShutdown = OnShutdown.WAIT
    success_codes: frozenset[int] = frozenset({0})
    output: OutputMode = OutputMode.LOG
    process: ProcessSettings = ProcessSettings()
    on_failure: tuple[Recipient, ...] = ()
    on_success: tuple[Recipient, ...] = ()
    on_recovery: tuple[Recipient, ...] = ()
    on_skip: tuple[Recipient, ...] = ()
    on_slow: tuple[Recipient, ...] = ()
    slow_after: SlowAfter | None = None
    notify_after: int = 1
    remind: float | None = None
    expect_success_within: float | None = None
    ping: Value | None = None
    sentry: bool = False
    origins: dict[str, str] = {}
