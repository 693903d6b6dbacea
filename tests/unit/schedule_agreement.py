"""Where the product and the oracle disagree."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from scheduler.schedule import (
    Limits,
    Restricted,
    Schedule,
    exclusions_of,
    parse_exclusion,
    parse_from,
    parse_schedule,
    parse_until,
    restrict,
)
from tests.unit.schedule_cases import Case
from tests.unit.schedule_oracle import limited_times

MOST = 40
"""Fire times compared for a case: a minutely job has had its clock change by then, half an hour away at most."""


def disagreement(case: Case, days: int = 2) -> str | None:
    """One line for the first difference within `days` after the case's instant; None when there is none."""
    until = case.after + timedelta(days=days)
    schedule = schedule_of(case)
    for excluded in (False, True) if case.limits.excluded else (False,):
        times = limited_times(case.expression, case.zone, case.after, until, case.limits, excluded=excluded)
        expected = list(islice(times, MOST))
        end = expected[-1] if len(expected) == MOST else until
        found = excluded_answers(schedule, case.after, end) if excluded else answers(schedule, case.after, end)
        if found != expected:
            return f"{'excluded: ' if excluded else ''}{first_difference(case, found, expected)}"
    return None


def schedule_of(case: Case) -> Schedule:
    """The product's schedule of a case."""
    schedule = parse_schedule(case.expression, case.zone, job_name="oracle")
    first, last, excluded = case.limits
    entries = [parse_exclusion(entry, case.zone, job_name="") for entry in excluded]
    limits = Limits(
        first=None if first is None else parse_from(first, case.zone),
        last=None if last is None else parse_until(last, case.zone),
        exclusions=exclusions_of(entries, case.zone) if entries else None,
    )
    return restrict(schedule, limits)


def first_difference(case: Case, found: list[datetime], expected: list[datetime]) -> str:
    index = next((i for i, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
    place = min(len(found), len(expected)) if index is None else index
    shown = [str(times[place]) if place < len(times) else "nothing" for times in (found, expected)]
    where = f"{case.expression!r} in {case.zone}, {case.limits}, after {case.after}"
    return f"{where}: fire time {place} is {shown[0]}, expected {shown[1]}"


def excluded_answers(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """The product's times that `except` removes, after `after` and at the latest at `until`."""
    assert isinstance(schedule, Restricted)
    found = []
    moment = schedule.next_excluded(after, until)
    while moment is not None and moment <= until:
        found.append(moment)
        moment = schedule.next_excluded(moment, until)
    return found


def answers(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """The product's scheduled times after `after` and at the latest at `until`."""
    found = []
    moment = schedule.next_after(after)
    while moment is not None and moment <= until:
        found.append(moment)
        moment = schedule.next_after(moment)
    return found
