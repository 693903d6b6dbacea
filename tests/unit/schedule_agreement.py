"""Where the product and the oracle disagree."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from scheduler.schedule import Schedule, parse_schedule
from tests.unit.schedule_cases import Case
from tests.unit.schedule_oracle import fire_times

MOST = 40
"""Fire times compared for a case: a minutely job has had its clock change by then, half an hour away at most."""


def disagreement(case: Case, days: int = 2) -> str | None:
    """One line for the first difference within `days` after the case's instant; None when there is none."""
    until = case.after + timedelta(days=days)
    expected = list(islice(fire_times(case.expression, case.zone, case.after, until), MOST))
    schedule = parse_schedule(case.expression, case.zone, job_name="oracle")
    found = answers(schedule, case.after, expected[-1] if len(expected) == MOST else until)
    if found == expected:
        return None
    index = next((i for i, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
    place = min(len(found), len(expected)) if index is None else index
    shown = [str(times[place]) if place < len(times) else "nothing" for times in (found, expected)]
    return (
        f"{case.expression!r} in {case.zone} after {case.after}: fire time {place} is {shown[0]}, expected {shown[1]}"
    )


def answers(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """The product's fire times after `after` and at the latest at `until`."""
    found = []
    moment = schedule.next_after(after)
    while moment is not None and moment <= until:
        found.append(moment)
        moment = schedule.next_after(moment)
    return found
