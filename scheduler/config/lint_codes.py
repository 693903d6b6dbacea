"""The codes of the warnings, with which a job silences them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self

FILE, MACHINE = False, True
"""What a warning is about: only the file, or also what is installed and set on the machine where it is checked."""


class LintCode(StrEnum):
    """A warning of `schedctl check`. The docstrings are in docs/warnings.md."""

    is_of_machine: bool

    def __new__(cls, code: str, is_of_machine: bool) -> Self:
        """A member: its value is `code`."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.is_of_machine = is_of_machine
        return member

    MISSING_ENV_FILE = "missing-env-file", MACHINE
    """The env_file is missing, not readable or not valid: runs fail to start."""
    MISSING_FILE = "missing-file", MACHINE
    """A file of from_file is missing or unreadable, or a token in it is empty or not valid: runs fail to start, or HTTP
    is not served."""
    UNSET_VARIABLE = "unset-variable", MACHINE
    """A variable of from_env is not set, a token or address in it is empty, or a token is not valid: schedd or runs
    fail to start."""
    UNKNOWN_USER = "unknown-user", MACHINE
    """The user or the group does not exist on this machine: runs fail to start."""
    NEEDS_ROOT = "needs-root", MACHINE
    """The job has another user or group, or a lower nice value, which requires that schedd runs as root."""
    UNDELIVERABLE = "undeliverable", MACHINE
    """A notification or a ping cannot be sent: its variable, file, command, mail server or extra is missing."""
    NEVER_RUNS = "never-runs", FILE
    """The schedule has no scheduled time left, for example an @at in the past."""
    SHORT_MONTHS = "short-months", FILE
    """The job runs only on the 29th, 30th or 31st, so some months are skipped."""
    TWO_DAY_FIELDS = "two-day-fields", FILE
    """Both day of month and day of week are given; whether either or both must match depends on a `*`."""
    EVERY_MINUTE = "every-minute", FILE
    """The minute is `*` while the hour is restricted: the job runs 60 times in each of these hours."""
    UNEVEN_STEP = "uneven-step", FILE
    """The step does not divide its range evenly, so the last interval is shorter."""
    DST_CHANGE = "dst-change", FILE
    """A scheduled time within the next year is in an hour that a DST change skips or repeats."""
    ODD_TIMEZONE = "odd-timezone", FILE
    """The time zone is a fixed offset, has a reversed sign, counts leap seconds, or depends on the machine."""
    MACHINE_TIMEZONE = "machine-timezone", MACHINE
    """Schedules without timezone use UTC, while the time zone of this machine is another one."""
    SLOW_TIMEOUT = "slow-timeout", FILE
    """The timeout is longer than the interval, so runs may be skipped with the reason overlap."""
    SLOW_RETRIES = "slow-retries", FILE
    """All attempts and retry delays together are longer than the interval."""
    BUSY_MINUTE = "busy-minute", FILE
    """Very many jobs start at the same time."""
    EVERY_DAYS = "every-days", FILE
    """An @every of whole days without a start runs at midnight UTC."""
    SKIPPED_START = "skipped-start", FILE
    """An @every begins at a time that a DST change skips."""
    CRONTAB_PERCENT = "crontab-percent", FILE
    """The command contains `\\%`, which only a crontab needs."""
    CRONTAB_LINE = "crontab-line", FILE
    """The command starts with a cron expression, which belongs under schedule."""
    BASH_SYNTAX = "bash-syntax", MACHINE
    """The command uses syntax of bash, while /bin/sh is another shell."""
    UNEXPANDED = "unexpanded", FILE
    """A variable such as $HOME is written where none is expanded."""
    RUN_IF_WRITES = "run-if-writes", FILE
    """The command of run_if seems to change something, while it should only test a condition."""
    RUN_IF_HERE = "run-if-here", FILE
    """The job runs on a worker, while its run_if runs on the machine of schedd."""
    PLAIN_SECRET = "plain-secret", FILE
    """A value in the file looks like a secret."""
    DISABLED = "disabled", FILE
    """The job has a schedule but is disabled."""
    LONG_CATCH_UP = "long-catch-up", FILE
    """catch_up is as long as the interval or longer: each start of schedd runs the latest time again."""
    NO_TIME_TO_FINISH = "no-time-to-finish", FILE
    """stop_grace is not shorter than shutdown_timeout: running jobs get SIGTERM as soon as schedd stops."""
    NO_RECIPIENT = "no-recipient", FILE
    """expect_success_within is set without on_failure: only the metrics show that the job is overdue."""
    LONG_EXPECTATION = "long-expectation", FILE
    """expect_success_within exceeds a day (with a store, 400 days) without ping or sentry: after a restart schedd
    counts from the start."""
    ON_WORKER = "on-worker", FILE
    """A key depends on the worker's machine: user, group, output: raw, memory_limit."""
    UNUSABLE_BROKER = "unusable-broker", MACHINE
    """Celery cannot use the broker of launcher here, for its address, its kind or a package that is missing, or the
    store is not a Redis."""
    NOT_FOUND = "not-found", MACHINE
    """A program, a directory or the Python function of the job cannot be found."""
    WRONG_ARGUMENT = "wrong-argument", FILE
    """The Python function does not accept its args or kwargs, or gets keyword arguments as one mapping."""


class LintWarning(NamedTuple):
    """A warning about a key of a job or of the defaults."""

    code: LintCode
    key: str
    message: str
    help: str | None = None
