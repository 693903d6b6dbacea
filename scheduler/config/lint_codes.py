"""The doubts about a file that have a name, by which a job silences them."""

from __future__ import annotations

from enum import StrEnum


class LintCode(StrEnum):
    """What `schedctl check` warns about."""

    MISSING_ENV_FILE = "missing-env-file"
    """An env_file that is not there now, may not be read or is not understood: a run would not start."""
    NEVER_FIRES = "never-fires"
    """No fire time is left, as of an @at in the past."""
    SHORT_MONTHS = "short-months"
    """Only on the 29th, 30th or 31st, so that some months are left out."""
    TWO_DAY_FIELDS = "two-day-fields"
    """Day of month and day of week are both given; whether one of them is enough depends on a `*`."""
    EVERY_MINUTE = "every-minute"
    """A `*` as the minute of a single hour."""
    UNEVEN_STEP = "uneven-step"
    """A step that does not divide its range, so that the last interval is shorter."""
    CLOCK_CHANGE = "clock-change"
    """A fire time within the next year lies where the clock jumps or repeats."""
    SLOW_TIMEOUT = "slow-timeout"
    """The timeout exceeds the interval, so that slots are skipped as overlap."""
    SLOW_RETRIES = "slow-retries"
    """Attempts and waits together exceed the interval."""
    CROWD = "crowd"
    """Very many jobs start at one instant."""
    EVERY_DAYS = "every-days"
    """An @every of whole days, which comes at midnight UTC; cron can say when."""
    CRONTAB_PERCENT = "crontab-percent"
    """A % that means something in a crontab only."""
    PLAIN_SECRET = "plain-secret"  # noqa: S105 - a code
    """What looks like a secret stands in the file."""
    DISABLED = "disabled"
    """A job with a schedule that is switched off."""
    NOT_FOUND = "not-found"
    """The command's program, or the Python function, is not found."""
