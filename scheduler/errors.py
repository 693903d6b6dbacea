"""Errors that users can fix: the text is the whole message, `exit_code` the exit code of the program.

A bug is never one of these: it keeps its traceback, which is logged.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_UNKNOWN = 4
EXIT_REFUSED = 5
EXIT_TIMED_OUT = 124  # of timeout(1)
EXIT_BUG = 70  # EX_SOFTWARE: a bug has ended schedd's loop
EXIT_BAD_FILE = 78  # EX_CONFIG of sysexits.h: a supervisor must not restart on it

MASK = "•••"
"""Shown in place of a value that may be secret."""


class SchedError(Exception):
    """An error that a person can fix. It is shown as one message, never with a traceback."""

    exit_code = EXIT_FAILURE


class UsageError(SchedError):
    """The command line is not valid."""

    exit_code = EXIT_USAGE


class UnreachableError(SchedError):
    """A schedd holds the lock of the file but does not answer."""

    exit_code = EXIT_UNREACHABLE


class UnansweredError(UnreachableError):
    """The connection was lost after the request was sent: it may have been carried out."""


class UnknownNameError(SchedError):
    """No job or run has this name."""

    exit_code = EXIT_UNKNOWN


class RefusedError(SchedError):
    """The request is valid, but a rule forbids it."""

    exit_code = EXIT_REFUSED


class TooManyWaitingError(RefusedError):
    """As many runs of the job wait as may wait."""


class AlreadyRunningError(SchedError):
    """Another schedd runs with the same file."""


class UnsupportedError(SchedError):
    """This system lacks something that schedd needs."""


class ScheduleError(SchedError):
    """A schedule that is not valid.

    `reason` is one sentence. `field` names the invalid cron or mapping field. `column` is the offset (from 0) of the
    invalid part within the expression, or within the field's value in a mapping. `help` replaces the invalid part, or
    the whole text when there is no column. `entry` is the index in a list of schedules.
    """

    exit_code = EXIT_BAD_FILE

    def __init__(
        self, reason: str, *, field: str | None = None, column: int | None = None, help: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.column = column
        self.help = help
        self.entry: int | None = None


class Severity(StrEnum):
    """A file with an error is rejected; one with a warning is not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One error or warning about a file: where it is, what is wrong, and what to type instead.

    `line` and `column` count from 1; both are 0 when the problem concerns the file as a whole. `quote` is the source
    line with possible secrets masked, `caret` the column in it (from 1) of the text at fault, `width` its length.
    """

    severity: Severity = Severity.ERROR
    path: str
    line: int = 0
    column: int = 0
    width: int = 1
    caret: int = 1
    key: str = ""
    message: str
    help: str | None = None
    quote: str | None = None
    code: str | None = None


class ConfigError(SchedError):
    """A schedule file that is not valid: all of its problems, and the errors as text for a terminal."""

    exit_code = EXIT_BAD_FILE

    def __init__(self, text: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(text)
        self.problems = problems
