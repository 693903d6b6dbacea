"""Times and durations that are typed into forms, and that every time of a page can be typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.cli import typed_times
from scheduler.errors import UsageError
from scheduler.schedule import instant_of
from scheduler.web.form_times import typed_instant, typed_until
from scheduler.web.words import Moment

NOW = datetime(2026, 10, 22, 12, 32, 8, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, *map(ZoneInfo, ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:05", "2026-10-22 10:05"),
        ("yesterday 2:30", "2026-10-21 02:30"),
        ("mon 07:00", "2026-10-19 07:00"),
        ("yesterday", "2026-10-21 00:00"),
        ("Monday", "2026-10-19 00:00"),
        ("Thu 10:00", "2026-10-22 10:00"),
        ("14 Oct 02:30", "2026-10-14 02:30"),
        ("Wed 14 Oct 02:30", "2026-10-14 02:30"),
        ("2026-10-14 02:30", "2026-10-14 02:30"),
        ("2026-10-14T02:30:00", "2026-10-14 02:30"),
    ],
)
def test_times_are_understood_as_people_type_them(text: str, expected: str) -> None:
    assert f"{typed_instant(text, NOW, BERLIN):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    "text", ["25:00", "31 Feb 10:00", "later", "10:5", "2026-13-01 00:00", "\N{ARABIC-INDIC DIGIT ONE}0:00"]
)
def test_a_time_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="not a valid time"):
        typed_instant(text, NOW, BERLIN)


@pytest.mark.parametrize(
    ("text", "hours"), [("1h", 1), ("1h 30m", 1.5), ("15:32:08", 1), ("14:32:08", 24), ("mon 14:32:08", 4 * 24 + 1)]
)
def test_a_pause_must_end_in_the_future(text: str, hours: float) -> None:
    assert typed_until(text, NOW, BERLIN) == hours * 3600


def test_a_pause_without_a_time_has_no_end_and_one_in_the_past_is_an_error() -> None:
    assert typed_until("  ", NOW, BERLIN) is None
    with pytest.raises(UsageError, match="in the past"):
        typed_until("2026-10-22 10:00", NOW, BERLIN)


@given(st.text(max_size=40))
def test_any_typed_text_is_a_time_or_one_error(text: str) -> None:
    try:
        found = typed_instant(text, NOW, BERLIN)
    except UsageError:
        return
    assert 1 <= found.year <= 9999


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("now", 0), ("2 minutes ago", -2), ("-2m", -2), ("2m ago", -2), ("2m", -2), ("in 2m", 2), ("1h 30m ago", -90)],
)
def test_a_distance_from_now_is_a_time(text: str, minutes: int) -> None:
    assert typed_instant(text, NOW, BERLIN) == NOW + timedelta(minutes=minutes)


def test_a_pause_can_end_in_an_hour() -> None:
    assert typed_until("in 1 hour", NOW, BERLIN) == 3600


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


@given(MOMENTS, st.sampled_from(ZONES))
def test_every_time_of_a_page_can_be_typed_into_its_forms_and_for_schedctl(moment: datetime, zone: ZoneInfo) -> None:
    """F1: to the minute, where it is shown so; a time within the week has only its weekday, which is read both ways."""
    page = Moment(NOW, zone)
    minute = moment.replace(second=0)
    is_coming = 0 < (moment.astimezone(zone).date() - page.local.date()).days < 7
    day_and_time = f"{page.day(moment)} {page.time(moment)} {page.abbreviation(moment)}"
    printed = {page.clock(moment, zone=True): moment, day_and_time: moment}
    if page.abbreviation(minute) == page.abbreviation(minute - timedelta(hours=1)) == page.zone_name:
        printed |= {page.seconds(moment): minute if page.day(moment) in page.seconds(moment) else moment}
    for text, meant in printed.items():
        with patch("scheduler.cli.times.now", return_value=NOW):
            assert typed_times.future(text).at(zone) == meant, text
            if not is_coming:
                assert typed_times.past(text).at(zone) == meant, text
        if not is_coming:
            found = typed_instant(text, NOW, zone)
            assert (found if found.tzinfo else instant_of(found, zone)) == meant, text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Fri 31 Oct 10:00", "2025-10-31 is a Friday, 2026-10-31 a Saturday; add the year"),
        ("Mon 31 Oct 10:00", "is ambiguous: 2025-10-31 is a Friday, 2026-10-31 a Saturday; add the year"),
        ("24 Apr 10:00", "is ambiguous: 2026-04-24 is a Friday, 2027-04-24 a Saturday; add the year"),
        ("04-24 10:00", "is ambiguous: 2026-04-24 is a Friday, 2027-04-24 a Saturday; add the year"),
        ("Mon 14 Oct 2026 10:00", "is not a valid time: 2026-10-14 is a Wednesday"),
        ("29 Feb 2027", "is not a valid time: 2027-02-29 does not exist in the calendar"),
        ("2027-02-29 10:00", "is not a valid time: 2027-02-29 does not exist in the calendar"),
        ("30 Feb", "is not a valid time: 02-30 does not exist in the calendar"),
        ("10:60", "hours go from 00 to 23, minutes and seconds from 00 to 59"),
        ("10:00 CST", "unknown time zone 'CST'; use an offset such as"),
        ("10:00 Mars/Phobos", "unknown time zone 'Mars/Phobos'"),
        ("monkey 10:00", "use a time such as 18:00"),
        ("14 Octopus 10:00", "use a time such as 18:00"),
    ],
)
def test_a_time_that_is_ambiguous_or_does_not_exist_is_explained(text: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        typed_instant(text, NOW, BERLIN)
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri 24 Apr 10:00", "2026-04-24 10:00"),
        ("Sat 24 Apr 10:00", "2027-04-24 10:00"),
        ("1 Jan 10:00", "2027-01-01 10:00"),
        ("31 December 2026, 10:00", "2026-12-31 10:00"),
        ("14 oct", "2026-10-14 00:00"),
        ("29 Feb", "2028-02-29 00:00"),
    ],
)
def test_a_date_without_a_year_is_the_nearest_or_that_with_the_weekday(text: str, expected: str) -> None:
    assert f"{typed_instant(text, NOW, BERLIN):%Y-%m-%d %H:%M}" == expected
