"""Sums up an outage of store or broker in the log: a line when runs begin to be skipped, and one when it is over."""

from __future__ import annotations

from scheduler.engine.events import Event, RunSkipped, RunStarted
from scheduler.model.run import Reason, Trigger


class Outage:
    """The causes for which scheduled runs are skipped as `no-store` at present."""

    def __init__(self) -> None:
        self._causes: set[str] = set()
        self._repeated = 0

    @property
    def has_begun(self) -> bool:
        """Whether there is one, as far as is known."""
        return bool(self._causes)

    def repeats(self, event: RunSkipped) -> bool:
        """Whether a skip of this cause has been logged since the outage began. History has each of them."""
        decision = event.decision
        if decision.reason is not Reason.NO_STORE or decision.note is None or decision.by is not None:
            return False
        is_known = decision.note in self._causes
        self._causes.add(decision.note)
        self._repeated += is_known
        return is_known

    def ended(self, event: Event) -> int:
        """How many skips were not logged, when this event shows that the outage is over; else 0.

        A scheduled run that starts has its claim from the store; only one on a worker has come through the broker.
        """
        if not isinstance(event, RunStarted) or event.run.trigger is not Trigger.SCHEDULE:
            return 0
        if event.run.worker is None and any(cause.startswith("the broker") for cause in self._causes):
            return 0
        self._causes.clear()
        repeated, self._repeated = self._repeated, 0
        return repeated
