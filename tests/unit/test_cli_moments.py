"""Instants and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest
from freezegun import freeze_time

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler.cli import times

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.004, "0.1s"),
        (0.44, "0.4s"),
        (1, "1s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.6, "1m"),
        (60, "1m"),
        (61, "1m 1s"),
        (3600, "1h"),
        (3661, "1h 1m"),
        (3605, "1h"),
        (86_400, "1d"),
        (90_061, "1d 1h"),
        (86_460, "1d"),
        (400 * 86_400, "400d"),
    ],
)
def test_a_span_has_two_units_at_most(seconds: float, words: str) -> None:
    assert times.span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "now"), (0.3, "now"), (45, "in 45s"), (-45, "45s ago"), (7500, "in 2h 5m"), (-86_400, "1d ago")],
)
def test_relative_times_say_which_way(seconds: float, words: str) -> None:
    assert times.relative(NOW + timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW + timedelta(minutes=5), "14:05 CEST"),
        (NOW + timedelta(seconds=5), "14:00:05 CEST"),
        (NOW + timedelta(hours=12), "Tue 02:00 CEST"),
        (NOW - timedelta(days=6), "Tue 14:00 CEST"),
        (NOW + timedelta(days=7), "2026-05-11 14:00 CEST"),
        (datetime(2027, 1, 1, 8, tzinfo=UTC), "2027-01-01 09:00 CET"),
    ],
)
def test_absolute_times_are_in_the_zone_with_as_much_date_as_is_needed(moment: datetime, words: str) -> None:
    assert times.absolute(moment, BERLIN, NOW) == words


@pytest.mark.parametrize(
    "text", ["2026-05-04T12:00:00Z", "2026-05-04T14:00+02:00", "2026-05-04 12:00Z", "20260504T120000Z"]
)
def test_an_instant_is_understood_in_any_zone(text: str) -> None:
    assert times.instant(text) == NOW


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("tomorrow", "use the form 2027-01-31T09:00:00Z"),
        ("2026-05-04T12:00", "use 2026-05-04T12:00Z for UTC, or an offset"),
        ("0001-01-01T00:00+14:00", "outside the supported range of dates"),
        ("", "is not a valid time"),
    ],
)
def test_what_is_no_instant_is_told_what_to_type(text: str, advice: str) -> None:
    with pytest.raises(click.BadParameter, match=advice):
        times.instant(text)


@freeze_time(NOW)
def test_the_past_is_an_instant_or_so_long_ago() -> None:
    assert times.past("90m") == NOW - timedelta(minutes=90)
    assert times.past("2026-05-04T10:30Z") == NOW - timedelta(minutes=90)
    with pytest.raises(click.BadParameter):
        times.past("5 apples")
