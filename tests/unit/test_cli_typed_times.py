"""Times as people type them, and that every time that is printed can be typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import click
import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler.cli import times, typed_times
from scheduler.errors import UsageError

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)  # a Monday; 14:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [UTC, *map(ZoneInfo, ("Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Tehran"))]


def read(text: str, *, past: bool = False, zone: object = BERLIN) -> datetime:
    typed = typed_times.past(text) if past else typed_times.future(text)
    return typed.at(zone)  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@freeze_time(NOW)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-05-04 12:00"),
        ("NOW", "2026-05-04 12:00"),
        ("2026-05-04T12:00:00Z", "2026-05-04 12:00"),
        ("2026-05-04T14:00+02:00", "2026-05-04 12:00"),
        ("2026-05-04 12:00Z", "2026-05-04 12:00"),
        ("20260504T120000Z", "2026-05-04 12:00"),
        ("2026-05-04", "2026-05-03 22:00"),
        ("2026-05-04 8:00", "2026-05-04 06:00"),
        ("2026-12-04 8:00", "2026-12-04 07:00"),
        ("05-06", "2026-05-05 22:00"),
        ("Wed 14 Oct 02:30", "2026-10-14 00:30"),
        ("Sat 31 Oct 23:00", "2026-10-31 22:00"),
        ("Sat 31 Oct 2026 23:00 CET", "2026-10-31 22:00"),
        ("31 october 2026", "2026-10-30 23:00"),
        ("2 hours ago", "2026-05-04 10:00"),
        ("in 1 day 2 hours", "2026-05-05 14:00"),
        ("12-30 9:00", "2025-12-30 08:00"),
        ("02-29 9:00", "2028-02-29 08:00"),
        ("today", "2026-05-03 22:00"),
        ("tomorrow", "2026-05-04 22:00"),
        ("yesterday 8:00", "2026-05-03 06:00"),
        ("tomorrow 18:30:15", "2026-05-05 16:30:15"),
        ("Tomorrow  8:00", "2026-05-05 06:00"),
        ("14:30", "2026-05-04 12:30"),
        ("02:00", "2026-05-04 00:00"),
        ("mon 8:00", "2026-05-04 06:00"),
        ("tue", "2026-05-04 22:00"),
        ("sunday 8:00", "2026-05-10 06:00"),
        ("2h", "2026-05-04 14:00"),
        ("+90m", "2026-05-04 13:30"),
        ("in 1d 2h", "2026-05-05 14:00"),
        ("1h30m", "2026-05-04 13:30"),
        ("2h ago", "2026-05-04 10:00"),
        ("-2h", "2026-05-04 10:00"),
        ("10:00 UTC", "2026-05-04 10:00"),
        ("10:00Z", "2026-05-04 10:00"),
        ("10:00 EDT", "2026-05-04 14:00"),
        ("10:00 -03", "2026-05-04 13:00"),
        ("10:00 +05:30", "2026-05-04 04:30"),
        ("10:00 America/New_York", "2026-05-04 14:00"),
        ("tomorrow 10:00 CEST", "2026-05-05 08:00"),
        ("Mon, 2026-05-04 10:00", "2026-05-04 08:00"),
        # What is printed next to a time is pasted with it.
        ("in 3m 10s, 14:03:10 CEST", "2026-05-04 12:03:10"),
        ("14:03:10 CEST, in 3m 10s", "2026-05-04 12:03:10"),
        ("Sun 05-03 14:00 CEST, 1d ago", "2026-05-03 12:00"),
    ],
)
def test_each_form_of_a_time_is_understood(text: str, expected: str) -> None:
    """F5"""
    assert read(text) == utc(expected)


@freeze_time(NOW)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", "2026-05-04 10:00"),
        ("1d", "2026-05-03 12:00"),
        ("in 2h", "2026-05-04 14:00"),
        ("+2h", "2026-05-04 14:00"),
        ("mon", "2026-05-03 22:00"),
        ("tue 8:00", "2026-04-28 06:00"),
        ("yesterday", "2026-05-02 22:00"),
    ],
)
def test_for_a_time_in_the_past_a_bare_duration_or_weekday_is_before_now(text: str, expected: str) -> None:
    """F5"""
    assert read(text, past=True) == utc(expected)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "5", "5 apples", "soon", "tomorrow yesterday", "10:5", "14 Octopus",
        "monkey", "today mon", "2026-", "2h ago ago", "in 2h ago", "-", "--", "2h30", "Z", "CET", "10.00",
    ],
)  # fmt: skip
def test_anything_else_is_an_error_with_examples(text: str) -> None:
    for typed in (typed_times.past, typed_times.future):
        with pytest.raises(click.BadParameter, match="is not a valid time; use for example"):
            typed(text)


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "2027-02-29", "30 Feb", "25:00", "10:61", "0000-01-01"])
def test_a_date_or_a_time_of_day_that_does_not_exist_is_an_error(text: str) -> None:
    for typed in (typed_times.past, typed_times.future):
        with pytest.raises(click.BadParameter, match=r"is not a valid time: .*(not exist in the calendar|hours go)"):
            typed(text)


@freeze_time(NOW)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0001-01-01T00:00+14:00", "outside the supported range"),
        ("9999-12-31 23:00 -12", "outside the supported range"),
        ("Tue 14 Oct 2026", "2026-10-14 is a Wednesday"),
        ("Sun 14 Oct", "is ambiguous: 2025-10-14 is a Tuesday, 2026-10-14 a Wednesday; add the year"),
        ("2 Nov", "is ambiguous: 2025-11-02 is a Sunday, 2026-11-02 a Monday; add the year"),
        ("Tue 2026-05-04 8:00", "2026-05-04 is a Monday"),
        ("10:00 CST", "CST is ambiguous; use an offset"),
        ("10:00 XYZT", "XYZT is unknown; use an offset"),
        ("10:00 Mars/Phobos", "unknown time zone 'Mars/Phobos'"),
    ],
)
def test_a_time_that_cannot_be_found_is_an_error(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(text)


def test_an_abbreviation_that_many_zones_have_means_that_of_the_zone_in_use() -> None:
    chicago, shanghai = ZoneInfo("America/Chicago"), ZoneInfo("Asia/Shanghai")
    assert read("2026-01-05 10:00 CST", zone=chicago) == utc("2026-01-05 16:00")
    assert read("2026-01-05 10:00 CST", zone=shanghai) == utc("2026-01-05 02:00")


def test_an_abbreviation_distinguishes_the_two_occurrences_of_a_repeated_hour() -> None:
    assert read("2026-10-25 02:30 CEST") == utc("2026-10-25 00:30")
    assert read("2026-10-25 02:30 CET") == utc("2026-10-25 01:30")
    assert read("2026-10-25 02:30") == utc("2026-10-25 00:30")


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


@given(MOMENTS, st.sampled_from(ZONES))
def test_every_time_that_is_printed_can_be_typed(moment: datetime, zone: ZoneInfo) -> None:
    """F1: with seconds where they are printed, and in whichever zone."""
    with freeze_time(NOW):
        for printed in (
            times.full(moment, zone),
            f"{times.full(moment, zone)}, {times.relative(moment, NOW)}",
            times.absolute(moment, zone, NOW),
            times.coming(moment, zone, NOW),
        ):
            assert read(printed, zone=zone) == moment, printed
            assert read(printed, past=True, zone=zone) == moment, printed


@given(st.integers(-(10**6), 10**6))
def test_a_relative_time_that_is_printed_means_the_same_within_its_precision(seconds: int) -> None:
    with freeze_time(NOW):
        moment = NOW + timedelta(seconds=seconds)
        assert abs(read(times.relative(moment, NOW)) - moment) < timedelta(hours=1)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("2d", 172_800), ("0.5s", 0.5)])
def test_a_duration_is_understood(text: str, seconds: float) -> None:
    assert typed_times.duration(text) == seconds


@given(st.floats(0.001, 10**7))
def test_a_duration_that_is_printed_means_the_same_within_its_precision(seconds: float) -> None:
    assert typed_times.duration(times.span(seconds)) == pytest.approx(seconds, rel=0.06)


@pytest.mark.parametrize("text", ["", "5", "1 apple", "-1h", "1 0m", "1m 1h"])
def test_an_invalid_duration_is_an_error(text: str) -> None:
    with pytest.raises(click.BadParameter):
        typed_times.duration(text)


def test_a_time_without_a_zone_stays_local_for_a_command_that_knows_the_zone_of_a_job() -> None:
    assert typed_times.past("2027-03-28 02:30").wall(BERLIN) == datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001
    assert typed_times.past("2027-03-28 02:30 +01").wall(BERLIN).tzinfo == timezone(timedelta(hours=1))
