"""Pauses of many jobs: which run comes next, and how many jobs are paused."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.engine.timetable import Timetable
from scheduler.model.run import Pause
from tests.unit.stage import NOON, job

MINUTES = st.integers(1, 59)
ENDS = st.one_of(st.none(), st.integers(0, 90))


def at(minutes: int | None) -> datetime | None:
    return None if minutes is None else NOON + timedelta(minutes=minutes)


@settings(max_examples=150)
@given(
    due=st.lists(MINUTES, min_size=1, max_size=9),
    own=st.dictionaries(st.integers(0, 8), ENDS),
    of_all=st.one_of(st.just("none"), ENDS),
    joined=st.integers(0, 8),
)
def test_the_next_run_is_the_earliest_that_no_pause_covers(
    due: list[int], own: dict[int, int | None], of_all: int | str | None, joined: int
) -> None:
    timetable = Timetable()
    jobs = {f"j{number}": job(f"j{number}", f"{minute} * * * *") for number, minute in enumerate(due)}
    timetable.load(jobs, NOON)
    ends: dict[str, list[int | None]] = {name: [] for name in jobs}
    paused = (
        [] if isinstance(of_all, str) else list(jobs)[joined:]
    )  # jobs that came later are not paused with the others
    if not isinstance(of_all, str):
        timetable.pauses.begin(paused, Pause(since=NOON, until=at(of_all), of_all=True))
        for name in paused:
            ends[name].append(of_all)
    for number, end in own.items():
        if f"j{number}" in jobs:
            timetable.pauses.begin([f"j{number}"], Pause(since=NOON, until=at(end)))
            ends[f"j{number}"].append(end)
    open_times = [
        (at(minute), f"j{number}")
        for number, minute in enumerate(due)
        if not any(end is None or minute < end for end in ends[f"j{number}"])
    ]
    assert timetable.next_run() == min(open_times, default=(None, None), key=lambda found: found[0] or NOON)
    assert set(timetable.pauses.names(NOON)) == {
        name for name, those in ends.items() if any(end is None or end > 0 for end in those)
    }
    found = timetable.pauses.of_all(NOON)
    assert (0 if found is None else found[1]) == (0 if of_all == 0 else len(paused))
