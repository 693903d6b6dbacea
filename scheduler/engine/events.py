"""What happened, as frozen values, and the way they reach those who listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec

from scheduler.engine.timetable import Changes
from scheduler.model.run import Attempt, Decision, Run


class RunStarted(msgspec.Struct, frozen=True):
    """A firing passed its gates and its first process was launched, or could not be (`pid` None)."""

    run: Run
    pid: int | None


class AttemptFinished(msgspec.Struct, frozen=True):
    """One attempt of a run is over; `retry_in` is the delay before the next in seconds, None when there is none."""

    run: Run
    attempt: Attempt
    retry_in: float | None


class RunFinished(msgspec.Struct, frozen=True):
    """A run is over: the same value for logs, history and notifiers."""

    run: Run


class RunSkipped(msgspec.Struct, frozen=True):
    """One or more slots of a job will not run, and why."""

    decision: Decision


class JobsChanged(msgspec.Struct, frozen=True):
    """The schedule was loaded, for the first time or again."""

    changes: Changes


class ReloadFailed(msgspec.Struct, frozen=True):
    """The file could not be used, so the schedule stays as it was. `text` names every problem."""

    text: str


class ClockJumped(msgspec.Struct, frozen=True):
    """The wall clock is `by` seconds off what steady time made of it, or schedd slept through as many."""

    by: float
    now: datetime


class Stopping(msgspec.Struct, frozen=True):
    """Shutdown began: `running` runs have until `budget` seconds from now."""

    budget: float
    running: int


Event = RunStarted | AttemptFinished | RunFinished | RunSkipped | JobsChanged | ReloadFailed | ClockJumped | Stopping
Listener = Callable[[Event], None]
"""Called on the loop, in the order of events; it must not block."""


class Announcer:
    """Tells every listener; one that raises is a bug for the log, and the rest still hear."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = list(listeners)
        self._put_off: list[Event] = []

    @contextmanager
    def also_telling(self, listener: Listener) -> Iterator[None]:
        """Tell one more for a while."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def __call__(self, event: Event) -> None:
        if self._put_off:
            self._catch_up()
        self._tell(event)

    def soon(self, event: Event) -> None:
        """Tell it when the event loop comes round, together with all that is put off so.

        Before whatever is told meanwhile: listeners hear in the order in which things happened.
        """
        if not self._put_off:
            asyncio.get_running_loop().call_soon(self._catch_up)
        self._put_off.append(event)

    def _catch_up(self) -> None:
        events, self._put_off = self._put_off, []
        for event in events:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as bug:
                report_bug(f"a listener failed on {type(event).__name__}", bug)


def report_bug(what: str, bug: Exception) -> None:
    """Send a bug where the loop's own unhandled exceptions go: to the log, with its traceback. The daemon lives on."""
    asyncio.get_running_loop().call_exception_handler({"message": what, "exception": bug})
