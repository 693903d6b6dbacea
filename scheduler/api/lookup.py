"""From what is asked to what is meant: jobs by name, and the nearest one for a name that is none; instants in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from scheduler.api.service import JobState, Service
from scheduler.errors import UnknownNameError, UsageError
from scheduler.text import did_you_mean


def find(service: Service, name: str, kind: str = "job") -> JobState:
    """The job of that name. UnknownNameError with the nearest one."""
    states = {state.job.name: state for state in service.jobs()}
    if name not in states:
        raise UnknownNameError(f"no {kind} {name!r}{_instead(name, states)}")
    return states[name]


def chosen(service: Service, names: Sequence[str]) -> list[JobState]:
    """The jobs named, or all, in the order of the file."""
    states = service.jobs()
    known = {state.job.name for state in states}
    for name in names:
        if name not in known:
            find(service, name)
    return [state for state in states if not names or state.job.name in names]


def in_utc(moment: datetime) -> datetime:
    """The same instant. UsageError at the edges of the calendar, where it has no name in UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{moment.isoformat()} lies outside the calendar") from None


def _instead(name: str, known: Iterable[str]) -> str:
    known = list(known)
    if question := did_you_mean(name, known):
        return question
    return f"; there are {', '.join(known)}" if 0 < len(known) <= 10 else "; `schedctl list` shows them all"
