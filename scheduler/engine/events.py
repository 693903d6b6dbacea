"""Events as frozen values, and their way to the listeners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar, cast

import msgspec

from scheduler.engine.timetable import Changes
from scheduler.model.run import Attempt, Decision, Pause, Reason, Run, RunRequest, Trigger
from scheduler.wire.requester import Requester


class RunWaiting(msgspec.Struct, frozen=True):
    """A run has to wait at a gate: for a `lock`, if that is its gate. `held_by` names the runs that hold the gate."""

    run_id: str
    job: str
    trigger: Trigger
    scheduled_at: datetime
    gate: Reason
    request: RunRequest
    lock: str | None = None
    held_by: str | None = None


class RunRequested(msgspec.Struct, frozen=True):
    """A run was requested for a later time."""

    run_id: str
    job: str
    at: datetime
    request: RunRequest


class RunStarted(msgspec.Struct, frozen=True):
    """A run passed its gates and its first process was launched; `place` names it, None when it did not start."""

    run: Run
    place: str | None


class AttemptFinished(msgspec.Struct, frozen=True):
    """One attempt of a run is over; `retry_in` is the delay before the next in seconds, None when there is none."""

    run: Run
    attempt: Attempt
    retry_in: float | None


class RunStopping(msgspec.Struct, frozen=True):
    """A run that shutdown ends gets SIGTERM now, `after` seconds from its start, and SIGKILL `grace` seconds later."""

    run: Run
    after: float
    grace: float


class RunFinished(msgspec.Struct, frozen=True):
    """A run is over. Follows each RunStarted exactly once."""

    run: Run


class RunSkipped(msgspec.Struct, frozen=True):
    """One or more scheduled times of a job, or an accepted manual run, will not run, and why.

    `run_id` is set when it was a run that has waited.
    """

    decision: Decision
    run_id: str | None = None


class JobsChanged(msgspec.Struct, frozen=True):
    """The schedule file was loaded, for the first time or again."""

    changes: Changes
    by: Requester | None = None


class ReloadFailed(msgspec.Struct, frozen=True):
    """The file is invalid; the previous configuration stays active. `text` names every problem."""

    text: str
    by: Requester | None = None


class Paused(msgspec.Struct, frozen=True):
    """A job was paused."""

    job: str
    pause: Pause


class Resumed(msgspec.Struct, frozen=True):
    """A paused job was resumed, by `by`."""

    job: str
    by: Requester | None


class ClockJumped(msgspec.Struct, frozen=True):
    """The wall clock moved by `by` seconds more than the steady clock, or schedd was suspended for as many."""

    by: float
    now: datetime


class StandbyChanged(msgspec.Struct, frozen=True):
    """This scheduler decides no scheduled times from now on, or again; `elsewhere`, another one does meanwhile."""

    standing_by: bool
    elsewhere: bool


class Stopping(msgspec.Struct, frozen=True):
    """Shutdown began: `running` runs have `timeout` seconds from now, `waiting` runs will not start."""

    timeout: float
    running: int
    waiting: int


Event = (
    RunRequested
    | RunWaiting
    | RunStarted
    | AttemptFinished
    | RunStopping
    | RunFinished
    | RunSkipped
    | JobsChanged
    | ReloadFailed
    | Paused
    | Resumed
    | ClockJumped
    | StandbyChanged
    | Stopping
)
Listener = Callable[[Event], None]
"""Called on the loop, in the order of events; it must not block."""

E = TypeVar("E")
"""One kind of event."""


class Announcer:
    """Passes each event to every listener; an exception of one is logged as a bug, and the others still get theirs."""

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self._listeners: list[tuple[Listener, tuple[type[Event], ...]]] = [(listener, ()) for listener in listeners]
        self._of_kind: dict[type[Event], tuple[Listener, ...]] = {}
        self._deferred: list[Event] = []

    @contextmanager
    def with_listener(self, listener: Listener) -> Iterator[None]:
        """Pass events to one more listener within the block."""
        self.add(listener)
        try:
            yield
        finally:
            self._listeners.remove((listener, ()))
            self._of_kind = {}

    def add(self, listener: Listener, *kinds: type[Event]) -> None:
        """Notify one more from now on, of these kinds of events; of all when none is named."""
        self._listeners.append((listener, kinds))
        self._of_kind = {}

    def add_for(self, kind: type[E], listener: Callable[[E], None]) -> None:
        """Notify one more of this kind of event only."""
        self.add(cast("Listener", listener), cast("type[Event]", kind))

    def __call__(self, event: Event) -> None:
        if self._deferred:
            self._catch_up()
        self._deliver(event)

    def soon(self, event: Event) -> None:
        """Announce it in the next turn of the event loop, with all that is deferred.

        Before events that are announced meanwhile: listeners get events in the order in which they happened.
        """
        if not self._deferred:
            asyncio.get_running_loop().call_soon(self._catch_up)
        self._deferred.append(event)

    def _catch_up(self) -> None:
        events, self._deferred = self._deferred, []
        for event in events:
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        kind = type(event)
        listeners = self._of_kind.get(kind)
        if listeners is None:
            chosen = (listener for listener, kinds in self._listeners if not kinds or kind in kinds)
            listeners = self._of_kind[kind] = tuple(chosen)
        for listener in listeners:
            try:
                listener(event)
            except Exception as bug:
                report_bug(f"a listener failed on {kind.__name__}", bug)


def report_bug(what: str, bug: BaseException) -> None:
    """Send a bug where the loop's own unhandled exceptions go: to the log, with its traceback. The daemon goes on."""
    asyncio.get_running_loop().call_exception_handler({"message": what, "exception": bug})
