"""What can go wrong with a request: one class for each kind."""

from __future__ import annotations


class Error(Exception):
    """schedd answered with an error, or could not be asked. The text is for people."""


class UsageError(Error):
    """The request is not valid."""


class UnknownError(Error):
    """There is no job or run of this name."""


class RefusedError(Error):
    """A rule forbids it: the job is running, does not accept the arguments, or schedd is shutting down."""


class TooManyWaitingError(RefusedError):
    """As many runs of the job wait as its `max_waiting` allows."""


class UnreachableError(Error):
    """No schedd answers."""


class WaitTimeoutError(Error, TimeoutError):
    """The run has not ended in time; it goes on. `run_id` is None when schedd had not answered yet."""

    def __init__(self, run_id: str | None) -> None:
        text = f"run {run_id} has not ended in time; it goes on" if run_id else "schedd has not answered in time"
        super().__init__(text)
        self.run_id = run_id


BY_CODE: dict[str, type[Error]] = {
    "usage": UsageError,
    "unknown": UnknownError,
    "too-many-waiting": TooManyWaitingError,
    "refused": RefusedError,
    "unanswered": UnreachableError,
    "unreachable": UnreachableError,
}
"""The class of an error of the protocol; another code is an `Error`."""
