"""The names and times in requests: jobs, with a suggestion for an unknown name, and instants in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from scheduler.api.service import JobState, Service
from scheduler.errors import UnknownNameError, UsageError
from scheduler.model.job import Job
from scheduler.text import did_you_mean

NAMES_SHOWN = 10
"""Jobs that an error message lists when no name is near."""


def find(service: Service, name: str, kind: str = "job") -> Job:
    """The job of that name. UnknownNameError with the nearest name."""
    job = service.job(name)
    if job is None:
        raise UnknownNameError(f"no {kind} {name!r}{_instead(name, service.names())}")
    return job


def find_state(service: Service, name: str) -> JobState:
    """The job of that name with its state. UnknownNameError with the nearest name."""
    find(service, name)
    state = service.state(name)
    assert state is not None, "nothing happens in between"  # noqa: S101
    return state


def chosen(service: Service, names: Sequence[str]) -> list[str]:
    """The names given, or all, in the order of the file. UnknownNameError for one that does not exist."""
    for name in names:
        find(service, name)
    if len(names) == 1:
        return list(names)
    wanted = frozenset(names)
    return [name for name in service.names() if not wanted or name in wanted]


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC. UsageError if UTC or another time zone cannot express it, at the limits of the calendar.

    Other zones matter since an instant is shown in the zone of its job, or in any other that a person names.
    """
    try:
        found = moment.astimezone(UTC)
        for offset in (-timedelta(days=1), timedelta(days=1)):
            found + offset
    except OverflowError:
        raise UsageError(f"{moment.isoformat()} is outside the calendar") from None
    return found


def _instead(name: str, known: Sequence[str]) -> str:
    if question := did_you_mean(name, known):
        return question
    return f"; jobs: {', '.join(known)}" if 0 < len(known) <= NAMES_SHOWN else "; `schedctl list` shows all jobs"
