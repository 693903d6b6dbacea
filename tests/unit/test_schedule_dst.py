"""Each rule about DST changes, in zones that change by an hour, half of one, or two; at night, or at midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from scheduler.schedule import Schedule, parse_schedule
from scheduler.schedule.time_zone import dst_changes

MINUTE = timedelta(minutes=1)
HALF_A_DAY = timedelta(hours=12)


class Change(NamedTuple):
    """At the instant `at` the clock goes from `before` to `after`; `hour` with its `minutes` is skipped or repeated."""

    zone: str
    at: str
    before: str
    after: str
    hour: int
    minutes: tuple[int, int]

    @property
    def instant(self) -> datetime:
        return datetime.fromisoformat(self.at + "Z")

    def times(self, expression: str) -> list[datetime]:
        """The scheduled times within half a day of the change."""
        return fire_times(expression, self.zone, self.instant - HALF_A_DAY, self.instant + HALF_A_DAY)


GAPS = [
    Change("America/New_York", "2024-03-10T07:00", "02:00", "03:00", 2, (10, 20)),
    Change("Europe/Berlin", "2024-03-31T01:00", "02:00", "03:00", 2, (10, 20)),
    Change("Europe/Dublin", "2024-03-31T01:00", "01:00", "02:00", 1, (10, 20)),
    Change("Australia/Lord_Howe", "2024-10-05T15:30", "02:00", "02:30", 2, (10, 20)),
    Change("Antarctica/Troll", "2024-03-31T01:00", "01:00", "03:00", 1, (10, 20)),
    Change("Africa/Casablanca", "2024-04-14T02:00", "02:00", "03:00", 2, (10, 20)),
    Change("Pacific/Chatham", "2024-09-28T14:00", "02:45", "03:45", 3, (0, 10)),
    Change("America/Santiago", "2024-09-08T04:00", "00:00", "01:00", 0, (10, 20)),
    Change("America/Havana", "2024-03-10T05:00", "00:00", "01:00", 0, (10, 20)),
    Change("Asia/Beirut", "2024-03-30T22:00", "00:00", "01:00", 0, (10, 20)),
    Change("America/St_Johns", "2006-04-02T03:31", "00:01", "01:01", 0, (10, 20)),
]
FOLDS = [
    Change("America/New_York", "2024-11-03T06:00", "02:00", "01:00", 1, (10, 20)),
    Change("Europe/Berlin", "2024-10-27T01:00", "03:00", "02:00", 2, (10, 20)),
    Change("Europe/Dublin", "2024-10-27T01:00", "02:00", "01:00", 1, (10, 20)),
    Change("Australia/Lord_Howe", "2024-04-06T15:00", "02:00", "01:30", 1, (40, 50)),
    Change("Antarctica/Troll", "2024-10-27T01:00", "03:00", "01:00", 2, (10, 20)),
    Change("Africa/Casablanca", "2024-03-10T02:00", "03:00", "02:00", 2, (10, 20)),
    Change("Pacific/Chatham", "2024-04-06T14:00", "03:45", "02:45", 3, (10, 20)),
    Change("America/Santiago", "2024-04-07T03:00", "24:00", "23:00", 23, (10, 20)),
    Change("America/Havana", "2024-11-03T05:00", "01:00", "00:00", 0, (10, 20)),
    Change("Asia/Beirut", "2024-10-26T21:00", "24:00", "23:00", 23, (10, 20)),
    Change("America/St_Johns", "2006-10-29T02:31", "24:01", "23:01", 23, (10, 20)),
]
THREE_HOURS = timedelta(hours=3)


def fire_times(expression: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    schedule = parse_schedule(expression, ZoneInfo(zone), job_name="x")
    found: list[datetime] = []
    moment = schedule.next_after(after)
    while moment and moment <= until:
        found.append(moment)
        moment = schedule.next_after(moment)
    return found


def clock(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def minutes_after(change: Change, minute: int) -> timedelta:
    """How long after the change the clock next shows this minute."""
    return (timedelta(minutes=minute) - clock(change.after)) % timedelta(hours=1)


def passes(change: Change, minute: int) -> tuple[datetime, datetime]:
    """The two instants at which the clock shows the repeated hour and this minute."""
    shown = timedelta(hours=change.hour, minutes=minute)
    return change.instant - (clock(change.before) - shown), change.instant + (shown - clock(change.after))


each_gap = pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.zone)
each_fold = pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.zone)


@pytest.mark.parametrize("change", [*GAPS, *FOLDS], ids=lambda change: f"{change.zone} {change.at}")
def test_the_changes_of_these_tables_are_found_in_the_zone(change: Change) -> None:
    found = {each.at: each for each in dst_changes(ZoneInfo(change.zone), change.instant.year)}
    assert found[change.instant].shift == clock(change.after) - clock(change.before)


@each_gap
def test_a_skipped_fixed_time_runs_once_at_the_first_instant_after(gap: Change) -> None:
    """T1"""
    first, second = gap.minutes
    assert gap.times(f"{first} {gap.hour} * * *") == [gap.instant]
    assert gap.times(f"{first},{second} {gap.hour} * * *") == [gap.instant]


@each_gap
def test_looking_back_from_and_over_a_gap_finds_the_runs_that_were(gap: Change) -> None:
    schedule = parse_schedule(f"{gap.minutes[0]} {gap.hour} * * *", ZoneInfo(gap.zone), job_name="x")
    before = schedule.last_before(gap.instant)
    assert before is not None
    assert schedule.next_after(before) == gap.instant
    assert schedule.last_before(gap.instant + MINUTE) == gap.instant
    assert schedule.last_before(gap.instant + HALF_A_DAY) == gap.instant


@each_gap
def test_a_skipped_time_and_one_due_at_that_instant_are_one_run(gap: Change) -> None:
    (hour, minute), (hour_after, minute_after) = gap.before.split(":"), gap.after.split(":")
    assert gap.times(f"{minute},{minute_after} {hour},{hour_after} * * *") == [gap.instant]


@each_gap
def test_a_fixed_time_of_each_hour_is_caught_up_and_then_goes_on(gap: Change) -> None:
    minute = gap.minutes[0]
    times = [at for at in gap.times(f"{minute} 0-23 * * *") if at >= gap.instant]
    assert times[:2] == [gap.instant, gap.instant + minutes_after(gap, minute)]


@each_gap
def test_a_wildcard_hour_follows_real_time_through_a_gap(gap: Change) -> None:
    minute = gap.minutes[0]
    times = [at for at in gap.times(f"{minute} * * * *") if at >= gap.instant]
    assert times[0] == gap.instant + minutes_after(gap, minute)
    assert len([at for at in gap.times("* * * * *") if at > gap.instant]) == 12 * 60


@each_gap
def test_a_skipped_time_of_a_stepped_hour_is_left_out(gap: Change) -> None:
    assert gap.instant not in gap.times(f"{gap.minutes[0]} */{gap.hour or 2} * * *")


@each_gap
def test_a_wildcard_minute_of_a_skipped_hour_does_not_run_that_day(gap: Change) -> None:
    times = gap.times(f"*/10 {gap.hour} * * *")
    left = [at for at in gap.times("*/10 * * * *") if at.astimezone(ZoneInfo(gap.zone)).hour == gap.hour]
    assert times == left
    if gap.before.endswith("00") and gap.after.endswith("00"):
        assert times == []


@each_fold
def test_a_fixed_time_runs_at_the_first_occurrence_only(fold: Change) -> None:
    """T2"""
    first, second = fold.minutes
    assert fold.times(f"{first} {fold.hour} * * *") == [passes(fold, first)[0]]
    assert fold.times(f"{first},{second} {fold.hour} * * *") == [passes(fold, first)[0], passes(fold, second)[0]]


@each_fold
def test_a_fixed_minute_of_each_hour_does_not_run_at_the_second_occurrence(fold: Change) -> None:
    times = fold.times(f"{fold.minutes[0]} 0-23 * * *")
    first, second = passes(fold, fold.minutes[0])
    assert first in times
    assert second not in times


@each_fold
def test_wildcards_run_at_both_occurrences(fold: Change) -> None:
    """T3"""
    both = set(passes(fold, fold.minutes[0]))
    assert both <= set(fold.times(f"{fold.minutes[0]} * * * *"))
    assert both <= set(fold.times(f"{fold.minutes[0]} */{fold.hour or 2} * * *"))
    assert both <= set(fold.times(f"*/10 {fold.hour} * * *"))
    assert len(fold.times("* * * * *")) == 24 * 60


@each_fold
def test_a_start_within_the_second_occurrence_does_not_repeat_a_fixed_time(fold: Change) -> None:
    minute = fold.minutes[0]
    first, second = passes(fold, minute)
    schedule = parse_schedule(f"{minute} {fold.hour} * * *", ZoneInfo(fold.zone), job_name="x")
    following = schedule.next_after(first)
    assert following is not None
    assert following > second + timedelta(hours=20)
    assert schedule.next_after(second - MINUTE) == following
    assert schedule.last_before(second + MINUTE) == first


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # The island skipped 30 December 2011 altogether.
        ("0 0 30 12 *", "Pacific/Apia", "2011-12-01T00:00", "2012-12-29T10:00"),
        ("0 12 * * *", "Pacific/Apia", "2011-12-30T00:00", "2011-12-30T22:00"),
        # A station seven hours ahead of UTC took UTC for nine months.
        ("30 3 * * *", "Antarctica/Vostok", "1994-10-31T20:00", "1994-11-01T20:30"),
        ("30 20 * * *", "Antarctica/Vostok", "1994-01-31T13:00", "1994-01-31T13:30"),
        ("30 20 * * *", "Antarctica/Vostok", "1994-01-31T13:30", "1994-01-31T20:30"),
    ],
)
def test_a_larger_change_is_a_correction(expression: str, zone: str, after: str, expected: str) -> None:
    schedule = parse_schedule(expression, ZoneInfo(zone), job_name="x")
    assert schedule.next_after(datetime.fromisoformat(after + "Z")) == datetime.fromisoformat(expected + "Z")


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("30 2 * * *", "America/New_York", "2026-03-08T00:00", ["2026-03-08T07:00", "2026-03-09T06:30"]),
        (
            "0 2,3 * * *",
            "America/New_York",
            "2026-03-08T00:00",
            ["2026-03-08T07:00", "2026-03-09T06:00", "2026-03-09T07:00"],
        ),
        ("*/15 2 * * *", "America/New_York", "2026-03-08T00:00", ["2026-03-09T06:00", "2026-03-09T06:15"]),
        ("0 */2 * * *", "America/New_York", "2026-03-08T05:00", ["2026-03-08T08:00", "2026-03-08T10:00"]),
        ("30 1 * * *", "America/New_York", "2026-11-01T04:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
        ("30 1 * * *", "America/New_York", "2026-11-01T06:10", ["2026-11-02T06:30"]),
        (
            "*/30 1 * * *",
            "America/New_York",
            "2026-11-01T04:00",
            ["2026-11-01T05:00", "2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30"],
        ),
        (
            "22,39,48 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:30",
            ["2026-04-04T14:39", "2026-04-04T14:48", "2026-04-04T15:09", "2026-04-04T15:18", "2026-04-04T15:52"],
        ),
        ("30 1,2 * * *", "Antarctica/Troll", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-29T23:30"]),
        ("0 0 * * *", "America/Havana", "2024-11-02T12:00", ["2024-11-03T04:00", "2024-11-04T05:00"]),
        ("0 0 30 12 *", "Pacific/Apia", "2011-12-01T00:00", ["2012-12-29T10:00"]),
        ("0 0 */2 * 1", "UTC", "2026-01-01T12:00", ["2026-01-05T00:00", "2026-01-19T00:00", "2026-02-09T00:00"]),
        ("0 0 29 2 *", "UTC", "2096-03-01T00:00", ["2104-02-29T00:00"]),
    ],
)
def test_the_documented_scheduled_times_are_computed(
    expression: str, zone: str, after: str, expected: list[str]
) -> None:
    """T1 T2 T3 T5"""
    schedule = parse_schedule(expression, ZoneInfo(zone), job_name="x")
    assert times_after(schedule, datetime.fromisoformat(after + "Z"), len(expected)) == expected


def times_after(schedule: Schedule, moment: datetime, count: int) -> list[str]:
    times = []
    for _ in range(count):
        following = schedule.next_after(moment)
        assert following is not None
        times.append(f"{following.astimezone(UTC):%Y-%m-%dT%H:%M}")
        moment = following
    return times


def test_seconds_are_exact_through_a_gap_and_a_fold() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    fixed = parse_schedule({"second": "15,45", "minute": 30, "hour": 2}, berlin, job_name="x")
    assert times_after(fixed, datetime(2024, 3, 30, 12, tzinfo=UTC), 2) == ["2024-03-31T01:00", "2024-04-01T00:30"]
    assert fixed.next_after(datetime(2024, 10, 27, 0, 30, 15, tzinfo=UTC)) == datetime(
        2024, 10, 27, 0, 30, 45, tzinfo=UTC
    )
    assert fixed.next_after(datetime(2024, 10, 27, 0, 30, 45, tzinfo=UTC)) == datetime(
        2024, 10, 28, 1, 30, 15, tzinfo=UTC
    )
    flowing = parse_schedule({"second": "*/30"}, berlin, job_name="x")
    assert flowing.next_after(datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC)) == datetime(2024, 3, 31, 1, tzinfo=UTC)
    assert flowing.next_after(datetime(2024, 10, 27, 1, tzinfo=UTC)) == datetime(2024, 10, 27, 1, 0, 30, tzinfo=UTC)
