"""Invalid schedules: each is rejected with the field, the column, the reason, and a candidate for a replacement."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule
from scheduler.schedule.corrections import correct

UTC_ZONE = ZoneInfo("UTC")


def error_of(spec: object) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(spec, UTC_ZONE, job_name="x")
    return caught.value


@pytest.mark.parametrize(
    ("spec", "reason", "field", "column", "help"),
    [
        ("60 * * * *", "minute 60 is out of range (0-59)", "minute", 0, None),
        ("* 24 * * *", "hour 24 is out of range (0-23)", "hour", 2, None),
        ("* * 0 * *", "day 0 is out of range (1-31)", "day", 4, None),
        ("* * 1,32 * *", "day 32 is out of range (1-31)", "day", 6, None),
        ("* * * 13 *", "month 13 is out of range (1-12)", "month", 6, None),
        ("* * * * 8", "day of week 8 is out of range (0-7)", "day_of_week", 8, None),
        ("* * * janu *", "'janu' is not a valid month", "month", 6, "jan"),
        ("* * * * monday", "'monday' is not a valid day of week", "day_of_week", 8, "mon"),
        ("*/0 * * * *", "step 0 is not valid", "minute", 0, None),
        ("* 22-2 * * *", "range '22-2' is reversed", "hour", 2, "22-23,0-2"),
        ("* 22-2/2 * * *", "is reversed", "hour", 2, "22,0,2"),
        ("0 0 * * 5-0", "is reversed", "day_of_week", 8, "5-7"),
        ("0 0 * * Sat-Mon", "range 'Sat-Mon' is reversed", "day_of_week", 8, "6,0-1"),
        ("0 0 * * 7/2", "a step after a single weekday", "day_of_week", 8, None),
        ("0 0 29W * *", "W needs a day from 1 to 28", "day", 4, None),
        ("0 0 15W,3 * *", "W cannot be combined", "day", 4, None),
        ("0 0 5L * *", "L is the last day, L-2 two days before", "day", 4, None),
        ("0 0 10-L * *", "L is the last day, L-2 two days before", "day", 4, "10-31"),
        ("0 0 * * L", "L needs a weekday", "day_of_week", 8, None),
        ("0 0 * * 5#6", "week 6 is out of range (1-5)", "day_of_week", 8, None),
        ("0 0 * * mon,5#2", "combines plain weekdays", "day_of_week", 8, None),
        ("0 0 L * 5", "together with the other day field", "day", 4, None),
        ("0 0 15W * */2", "together with the other day field", "day", 4, None),
        ("0 0 1 * 5#2", "together with the other day field", "day", 4, None),
        ("0 0 30 2 *", "this never runs", "day", None, None),
        ("0 0 31 4,6,9,11 *", "this never runs", "day", None, None),
        ("R * * * *", "R (random) would change at every start", "minute", 0, "H"),
        ("R(0-30) * * * *", "R (random) would change at every start", "minute", 0, "H(0-30)"),
        ("H(50-10) * * * *", "is reversed", "minute", 0, None),
        ("H(0-99) * * * *", "minute 99 is out of range (0-59)", "minute", 0, None),
        ("1,,2 * * * *", "empty entry in the minute field", "minute", 2, None),
        ("? * * * *", "'?' is not a valid minute", "minute", 0, None),
        ("*-5 * * * *", "is not a valid minute", "minute", 0, None),
        ("* * * * é", "character é (U+00E9) is not valid", None, 8, None),
        ("* * * * *\x00", r"character '\x00' is not valid", None, 9, None),
        ("1, 2 * * * *", "five fields (minute hour day month day-of-week), not 6", None, None, None),
        ("0 8 * *", "a cron expression has five fields", None, None, None),
        ("daily", "a cron expression has five fields", None, None, None),
        ("", "the schedule is empty", None, None, None),
        ("@dayly", "unknown alias @dayly", None, 0, "@daily"),
        ("@daily 5", "@daily takes no argument", None, None, None),
        ("@every", "@every: not a valid duration", None, 6, None),
        ("@every 90", "a duration needs a unit", None, 7, None),
        ("@every 1h 30m", "not a valid duration", None, 7, None),
        ("@every 0s", "the shortest interval is 1s", None, 7, None),
        ("@every 0.5s", "the shortest interval is 1s", None, 7, None),
        ("@every -5m", "cannot be negative", None, 7, None),
        ("0 0 L-28 * *", "L-28 is out of range (L-1 to L-27)", "day", 4, None),
        ("0 0 L-0 * *", "L-0 is out of range", "day", 4, "L"),
        ("0 0 15W,LW * *", "W cannot be combined", "day", 4, None),
        ("0 0 LW * 5", "together with the other day field", "day", 4, None),
        ("@every 2w from", "from needs a date and a time", None, 14, None),
        ("@every 2w from tomorrow", "from needs a date and a time", None, 15, None),
        ("@every 2w from 2026-02-30", "2026-02-30 does not exist in the calendar", None, 15, None),
        ("@every 2 weeks from 2026-01-02", "not a valid duration", None, 7, None),
        ("@every from 2026-01-02", "not a valid duration", None, 7, None),
        ("@at tomorrow", "@at needs a date and a time", None, 4, None),
        ("@at 2027-02-30T00:00", "does not exist in the calendar", None, 4, None),
        (5, "a schedule must be five cron fields", None, None, None),
        (None, "a schedule must be five cron fields", None, None, None),
        ([], "1 to 100 entries", None, None, None),
        (["0 3 * * *"] * 101, "1 to 100 entries", None, None, None),
        ({}, "the mapping is empty", None, None, "{hour: 2, minute: 30}"),
        ({"minutes": 5}, "unknown field 'minutes'", "minutes", None, "minute"),
        ({"weekday": "mon"}, "unknown field 'weekday'", "weekday", None, "day_of_week"),
        ({3: 4}, "unknown field '3'", "3", None, None),
        ({"day": 1, "day_of_week": 1}, "day and day_of_week cannot be combined", "day_of_week", None, None),
        ({"hour": [1, 2]}, "a list is written with commas", "hour", None, '"1,2"'),
        ({"day_of_week": ["mon", "thu-fri"]}, "a list is written with commas", "day_of_week", None, '"mon,thu-fri"'),
        ({"hour": []}, "a list is written with commas", "hour", None, '"*/5"'),
        ({"hour": [None]}, "hour must be a number or a cron field", "hour", None, '"*/5"'),
        ({"hour": None}, "hour must be a number or a cron field", "hour", None, '"*/5"'),
        ({"hour": True}, "hour must be a number or a cron field", "hour", None, '"*/5"'),
        ({"hour": 25}, "hour 25 is out of range (0-23)", "hour", 0, None),
        ({"minute": "1,2,99"}, "minute 99 is out of range (0-59)", "minute", 4, None),
        ({"year": 2150}, "year 2150 is out of range (1970-2099)", "year", 0, None),
        ({"day": 30, "month": 2}, "this never runs", "day", None, None),
        ({"year": 2027, "month": 2, "day": 29}, "this never runs", "day", None, None),
    ],
)
def test_a_wrong_schedule_names_the_field_the_reason_and_what_to_write(
    spec: object, reason: str, field: str | None, column: int | None, help: str | None
) -> None:
    """C3 C4"""
    error = error_of(spec)
    assert reason in error.reason
    assert (error.field, error.column, error.help) == (field, column, help)


def test_the_entry_of_a_list_that_is_wrong_is_named() -> None:
    error = error_of(["0 3 * * *", {"hour": 3}, "0 99 * * *"])
    assert (error.entry, error.field, error.column) == (2, "hour", 2)
    assert error_of([["0 3 * * *"]]).reason == "a list of schedules cannot contain a list"


def test_an_expression_is_limited_to_256_characters() -> None:
    minutes = ",".join(["0"] * 124)
    assert parse_schedule(f"{minutes} * * * *", UTC_ZONE, job_name="x").text.endswith(" * * * *")
    assert "at most 256 characters" in error_of(f"{minutes},0 * * * *").reason
    assert "at most 256 characters" in error_of({"minute": ",".join(["0"] * 100_000)}).reason


@pytest.mark.parametrize("help", ["22-23,0-2", "22,0,2"])
def test_proposed_replacements_are_accepted(help: str) -> None:
    assert parse_schedule(f"0 {help} * * *", UTC_ZONE, job_name="x") is not None


ALPHABET = "0123456789*/-,?#LWHR()@ \tabcdefjlmnoprstuvwy:TZ+.{}"
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.text(ALPHABET, max_size=20)
)
keys = st.one_of(
    st.sampled_from(["second", "minute", "hour", "day", "month", "day_of_week", "year"]),
    st.text(max_size=8),
    st.integers(),
)
terms = st.text("0123456789*/-,#LWHjansutweM", min_size=1, max_size=8)
specs = st.one_of(
    st.text(max_size=300),
    st.text(ALPHABET, max_size=60),
    st.lists(terms, min_size=4, max_size=7).map(" ".join),
    st.text(ALPHABET, max_size=20).map("@every ".__add__),
    st.text(ALPHABET, max_size=20).map("@at ".__add__),
    st.dictionaries(keys, st.one_of(scalars, terms), max_size=4),
    st.lists(st.one_of(scalars, terms, st.dictionaries(keys, scalars, max_size=2)), max_size=4),
    scalars,
)


@settings(max_examples=2_000)
@given(spec=specs, name=st.text(max_size=10))
@example(spec="9" * 250 + " * * * *", name="x")
@example(spec="@every " + "9" * 240 + "d", name="x")
@example(spec="*/" + "9" * 240 + " * * * *", name="x")
@example(spec="@at 9999-12-31T23:59:59-23:59", name="x")
@example(spec="@at 0001-01-01T00:00:00+23:59", name="x")
@example(spec="@at 0001-01-01T00:00", name="x")
@example(spec="@at 2027-01-01T09:00:00+99:99", name="x")
@example(spec={"minute": 10**5_000}, name="x")
@example(spec={"minute": -(10**5_000)}, name="x")
@example(spec="* * 29 2 1", name="\ud800")
@example(spec="H H H H H", name="\ud800")
@example(spec="@A", name="")
def test_any_input_gives_a_schedule_or_a_schedule_error(spec: object, name: str) -> None:
    """C4"""
    begun = time.thread_time()
    try:
        schedule = parse_schedule(spec, ZoneInfo("Europe/Berlin"), job_name=name)
    except ScheduleError as error:
        assert error.reason
        assert str(error) == error.reason
        if error.entry is None:
            for one in correct(spec, error, ZoneInfo("Europe/Berlin"), name).suggestions:
                suggested = list(one.spec) if isinstance(one.spec, tuple) else one.spec
                parse_schedule(suggested, ZoneInfo("Europe/Berlin"), job_name=name)
    else:
        assert schedule.text
    assert time.thread_time() - begun < 2, "an answer takes less than 2 s of CPU time"
