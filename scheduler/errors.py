"""Every mistake a person can make. The text is the whole message; `exit_code` is how the program ends.

A bug is never one of these: it keeps its traceback and goes to the log.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_UNKNOWN = 4
EXIT_REFUSED = 5
EXIT_BAD_FILE = 78  # EX_CONFIG of sysexits.h: a supervisor must not restart on it

MASK = "•••"
"""What is shown in place of what may be secret."""


class SchedError(Exception):
    """A mistake that a person can mend; shown as one message, never with a traceback."""

    exit_code = EXIT_FAILURE


class UsageError(SchedError):
    """The command line asks for something that has no meaning."""

    exit_code = EXIT_USAGE


class UnreachableError(SchedError):
    """A schedd holds the file but cannot be asked."""

    exit_code = EXIT_UNREACHABLE


class UnknownNameError(SchedError):
    """No job or run has this name."""

    exit_code = EXIT_UNKNOWN


class RefusedError(SchedError):
    """The request was understood and a rule forbids it."""

    exit_code = EXIT_REFUSED


class AlreadyRunningError(SchedError):
    """Another schedd serves the same file."""


class ScheduleError(SchedError):
    """A schedule that cannot be used.

    `reason` is one sentence; `field` names the cron or mapping field at fault; `column` is the 0-based offset of
    the culprit within the expression (within the field's value in a mapping); `help` is what to type instead of it,
    or of the whole when there is no column. `entry` is the 0-based place in a list of schedules.
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
    """An error refuses the file; a warning lets it pass."""

    ERROR = "error"
    WARNING = "warning"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in a file: where, what, and what to type instead.

    `line` and `column` count from 1; both are 0 where the file as a whole is meant. `quote` is the source line with
    what may be secret already masked, `caret` the column in it (from 1) of the culprit, `width` how many characters of
    it the culprit takes.
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
    """A schedule file that cannot be used: every problem it has, and the same as text for a terminal."""

    exit_code = EXIT_BAD_FILE

    def __init__(self, text: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(text)
        self.problems = problems
