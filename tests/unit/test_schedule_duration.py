"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.schedule import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("10m", 600.0),
        ("1h30m", 5_400.0),
        ("2d", 172_800.0),
        ("1d2h3m4s", 93_784.0),
        ("0s", 0.0),
        ("0.25s", 0.25),
        ("1.5h", 5_400.0),
        (" 5m ", 300.0),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("90", "a duration needs a unit"),
        ("0", "a duration needs a unit"),
        ("-5m", "a duration cannot be negative"),
        ("", "not a valid duration"),
        ("5 m", "not a valid duration"),
        ("30m1h", "not a valid duration"),
        ("1h1h", "not a valid duration"),
        ("10min", "not a valid duration"),
        ("1e3s", "not a valid duration"),
        ("٣s", "not a valid duration"),
        ("s", "not a valid duration"),
        ("40000d", "cannot exceed a hundred years"),
        ("9" * 400 + "d", "not a valid duration"),
    ],
)
def test_an_invalid_duration_is_an_error_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.25, "0.25s"), (90.0, "1m30s"), (5_400.0, "1h30m"), (172_800.0, "2d"), (86_401.5, "1d1.5s")],
)
def test_a_duration_is_shown_as_people_write_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**13))
def test_a_shown_value_is_read_back_the_same(microseconds: int) -> None:
    assert parse_duration(format_duration(microseconds / 1_000_000)) == microseconds / 1_000_000


@given(st.text(max_size=80))
def test_any_text_is_a_duration_or_a_reason(text: str) -> None:
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        assert str(error)
