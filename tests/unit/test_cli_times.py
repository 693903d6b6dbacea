"""How times and durations are printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler.cli import times
from scheduler.errors import UsageError

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.0004, "0.001s"),
        (0.004, "0.004s"),
        (0.08, "0.08s"),
        (0.44, "0.44s"),
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
        (NOW + timedelta(hours=12), "Tue 05-05 02:00 CEST"),
        (NOW - timedelta(days=6), "Tue 04-28 14:00 CEST"),
        (NOW + timedelta(days=179), "Fri 10-30 13:00 CET"),
        (NOW + timedelta(days=180), "2026-10-31 13:00 CET"),
        (datetime(2027, 1, 1, 8, tzinfo=UTC), "2027-01-01 09:00 CET"),
    ],
)
def test_absolute_times_are_in_the_zone_with_as_much_date_as_is_needed(moment: datetime, words: str) -> None:
    assert times.absolute(moment, BERLIN, NOW) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW + timedelta(minutes=5), "in 5m, 14:05 CEST"),
        (NOW + timedelta(hours=9, minutes=59), "in 9h 59m, 23:59 CEST"),
        (NOW + timedelta(hours=10), "Tue 05-05 00:00 CEST"),
        (NOW + timedelta(days=400), "2027-06-08 14:00 CEST"),
    ],
)
def test_a_coming_time_is_short_enough_for_a_table(moment: datetime, words: str) -> None:
    """F10"""
    assert times.coming(moment, BERLIN, NOW) == words


def test_the_local_zone_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """F1"""
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert str(times.zone_of("local")) == "Asia/Tokyo"
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    with pytest.raises(UsageError, match="has no IANA name; use --timezone NAME"):
        times.zone_of("local")


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../etc/passwd", "CEST", "\0"])
def test_a_name_that_is_not_a_zone_is_an_error(name: str) -> None:
    with pytest.raises(UsageError, match="unknown time zone"):
        times.zone_of(name)


def test_names_of_zones_are_completed_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """F4"""
    context, option = click.Context(click.Command("x")), click.Option(["--timezone"])
    assert times.zone_names(context, option, "europe/berl") == ["Europe/Berlin"]
    assert times.zone_names(context, option, "loca")[0] == "local"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Berlin", "Europe/Berlin"), ("new york", "America/New_York"), ("Europ/Berlin", "Europe/Berlin")],
)
def test_a_misspelt_time_zone_is_answered_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"unknown time zone '{typed}'; did you mean '{meant}'\\?"):
        times.zone_of(typed)
