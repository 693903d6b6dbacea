"""Explanations of schedules: in words, kind, pitfalls, DST effects, and why an instant is a scheduled time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.schedule import (
    Mismatch,
    Schedule,
    check_time,
    describe,
    dst_effects,
    dst_note,
    find_pitfalls,
    instant_of,
    kind,
    parse_schedule,
    skipped_by,
)
from tests.unit.schedule_cases import random_case

NEW_YORK = ZoneInfo("America/New_York")


def parse(spec: object, zone: ZoneInfo = NEW_YORK) -> Schedule:
    return parse_schedule(spec, zone, job_name="x")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0-59/15 * * * *", "every 15 minutes"),
        ("*/7 * * * *", "at minutes 0, 7, 14, … 56 of every hour"),
        ("5/20 * * * *", "at minutes 5, 25 and 45 of every hour"),
        ("@hourly", "on the hour of every hour"),
        ("0 */2 * * *", "on the hour, in hours 0, 2, 4, … 22"),
        ("*/10 9-17 * * 1-5", "every 10 minutes, in hours 9 to 17 on Monday to Friday"),
        ("* 2 * * *", "every minute, in hour 2"),
        ("30 2 * * *", "at 02:30 every day"),
        ("0,30 2 * * *", "at 02:00 and 02:30 every day"),
        ("0 8 * * mon", "at 08:00 on Monday"),
        ("0 0 1,15 * *", "at 00:00 on days 1 and 15 of the month"),
        ("0 0 L * *", "at 00:00 on the last day of the month"),
        ("0 0 15W * *", "at 00:00 on the weekday (Monday to Friday) nearest to day 15 of the month"),
        ("0 0 * * 5L", "at 00:00 on the last Friday of the month"),
        ("0 0 * * 5#2", "at 00:00 on the second Friday of the month"),
        ("0 0 13 * 5", "at 00:00 on day 13 of the month or on Friday"),
        ("0 0 */2 * 1", "at 00:00 on days 1, 3, 5, … 31 of the month, if on Monday"),
        ("0 0 1-31 * 1", "at 00:00 every day"),
        ("0 0 1 1 *", "at 00:00 on day 1 of the month in January"),
        ("0 0 * jan-mar *", "at 00:00 in January to March"),
        ("1,3,7,8,12,19,22,34,51,58 * * * *", None),
        ({"second": "*/10"}, "every 10 seconds"),
        ({"second": 30, "minute": 0, "hour": "9-17"}, "at second 30, in minute 0, in hours 9 to 17"),
        ({"year": 2027, "month": 3, "day": 5, "hour": 3}, "at 03:00 on day 5 of the month in March of 2027"),
        ("@every 90s", "every 1m30s, counted from 1970-01-01T00:00Z"),
        ("@every 90s from 2027-01-01T09:00", "every 1m30s, counted from 2027-01-01T14:00:00Z"),
        ("@every 2w from 2026-01-02T17:00", "every 2 weeks on Friday at 17:00, from 2026-01-02"),
        ("@every 1d from 2026-01-02", "every day at 00:00, from 2026-01-02"),
        ("0 0 LW * *", "at 00:00 on the last weekday (Monday to Friday) of the month"),
        ("0 0 L-2 * *", "at 00:00 on the day 2 days before the last day of the month"),
        ("@at 2027-01-01T09:00", "once, at 2027-01-01T14:00:00Z"),
        ("@reboot", "when schedd starts"),
        (["0 8 * * mon", "@reboot"], "at 08:00 on Monday; also when schedd starts"),
    ],
)
def test_a_schedule_is_put_into_words_or_left_alone(spec: object, words: str | None) -> None:
    assert describe(parse(spec)) == words


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("*/5 2 * * *", "wildcard"),
        ("5 * * * *", "wildcard"),
        ("@hourly", "wildcard"),
        ("0-59/5 2 * * *", "fixed-time"),
        ("0-59 0-23 * * *", "fixed-time"),
        ("H/15 2 * * *", "fixed-time"),
        ("@daily", "fixed-time"),
        ({"minute": 5}, "wildcard"),
        ({"hour": 5}, "fixed-time"),
        ("@every 5m", "interval"),
        ("@every 2w from 2026-01-02T17:00", "fixed-time"),
        ("@every 90m from 2026-01-02T17:00", "interval"),
        ("@at 2027-01-01T09:00", "once"),
        ("@reboot", "at start"),
        (["0 3 * * *", "30 4 * * *"], "fixed-time"),
        (["0 3 * * *", "@every 5m"], "fixed-time and interval"),
    ],
)
def test_a_schedule_knows_its_class(spec: object, expected: str) -> None:
    assert kind(parse(spec)) == expected


@pytest.mark.parametrize(
    ("spec", "trap"),
    [
        ("*/7 * * * *", "`*/7` starts again every hour: after minute 56 comes minute 0, 4 minutes later"),
        ("0 */5 * * *", "`*/5` starts again every day: after hour 20 comes hour 0, 4 hours later"),
        ("0 0 */2 * *", "`*/2` starts again on day 1 of every month"),
        ("0 0 * * */2", "`*/2` starts again every week: after Saturday comes Sunday, 1 day later"),
        ("0 0 1 */5 *", "`*/5` starts again every year: after November comes January, 2 months later"),
        ("*/90 * * * *", "`*/90` matches minute 0 only, once per hour; `@every 90m` has equal intervals"),
        ("*/7 9-17 * * *", "after minute 56 comes minute 0, 4 minutes later"),
        ("*/7 0,23 * * *", "after minute 56 comes minute 0, 4 minutes later"),
        ("0 */5 * * mon-fri", "after hour 20 comes hour 0, 4 hours later"),
        ("* 2 * * *", "all 60 minutes of hour 2"),
        ("0 0 13 * 5", "runs when either matches"),
        ("0 0 */2 * 1", "runs when both match"),
        ("0 0 31 * *", "never in February, April, June, September and November, which have no day 31"),
        ("0 0 30 * *", "never in February, which has no day 30"),
        ("0 0 29 * *", "in February it runs only in leap years"),
        ("@every 24h", "not from midnight in the job's time zone"),
        (["@reboot", "*/7 * * * *"], "`*/7` starts again"),
    ],
)
def test_a_pitfall_is_pointed_out(spec: object, trap: str) -> None:
    assert any(trap in pitfall.sentence for pitfall in find_pitfalls(parse(spec)))


@pytest.mark.parametrize("spec", ["*/7 9-17 * * *", "0 */5 * * mon-fri", "0 0 */2 1 *", "*/90 9 * * *"])
def test_equal_intervals_are_offered_only_where_nothing_else_restricts_the_schedule(spec: str) -> None:
    assert [pitfall.sentence for pitfall in find_pitfalls(parse(spec)) if "@every" in pitfall.sentence] == []


@pytest.mark.parametrize(
    "spec",
    [
        "*/5 * * * *",
        "0 */6 * * *",
        "30 2 * * *",
        "0 0 1,15 * *",
        "0 0 L * *",
        "* * * * *",
        "@every 5m",
        "@daily",
        "*/7 2 * * *",
        "*/7 2,12 * * *",
        "0 */5 * * mon",
    ],
)
def test_a_schedule_that_does_what_it_seems_to_has_no_pitfalls(spec: object) -> None:
    assert find_pitfalls(parse(spec)) == ()


@pytest.mark.parametrize(
    ("spec", "gap", "fold"),
    [
        ("30 2 * * *", "one run at 03:00 in place of 02:30", "no effect"),
        ("0,30 2 * * *", "one run at 03:00 in place of 02:00 and 02:30", "no effect"),
        ("30 1 * * *", "no effect", "01:30 runs at the first occurrence only"),
        (
            "0-59/10 0-23 * * *",
            "one run at 03:00 in place of 6 times from 02:00 to 02:50",
            "run at the first occurrence only",
        ),
        ("0 */2 * * *", "no run for 02:00", "no effect"),
        ("*/15 2 * * *", "no run for 4 times from 02:00 to 02:45", "no effect"),
        ("*/30 1 * * *", "no effect", "01:00 and 01:30 run at both occurrences"),
        ("*/5 * * * *", "no effect, it follows real time", "no effect, it follows real time"),
        ("0 8 * * mon", "no effect", "no effect"),
    ],
)
def test_the_coming_dst_changes_are_described(spec: object, gap: str, fold: str) -> None:
    first, second = dst_effects(parse(spec), utc("2024-01-01T00:00"))
    assert (first.change.at, second.change.at) == (utc("2024-03-10T07:00"), utc("2024-11-03T06:00"))
    assert first.sentence.startswith("clocks go forward from 02:00 to 03:00; ")
    assert second.sentence.startswith("clocks go back from 02:00 to 01:00; ")
    assert first.sentence.endswith(gap)
    assert second.sentence.endswith(fold)


def test_without_dst_changes_there_is_nothing_to_report() -> None:
    assert dst_effects(parse("30 2 * * *", ZoneInfo("UTC")), utc("2024-01-01T00:00")) == ()
    assert dst_effects(parse("@every 5m"), utc("2024-01-01T00:00")) == ()


@pytest.mark.parametrize(
    ("spec", "at", "note"),
    [
        ("30 2 * * *", "2024-03-10T07:00", "in place of 02:30 (DST: clocks go forward from 02:00 to 03:00)"),
        ("0,30 2 * * *", "2024-03-10T07:00", "one run in place of 02:00 and 02:30 (DST: clocks go forward"),
        ("0 2,3 * * *", "2024-03-10T07:00", "one run in place of 02:00 and 03:00 (DST: clocks go forward"),
        ("0 */2 * * *", "2024-03-10T08:00", "no run on 2024-03-10 at 02:00 (DST: clocks go forward"),
        (
            "30 1 * * *",
            "2024-11-03T05:30",
            "01:30 occurs twice (DST: clocks go back from 02:00 to 01:00): a fixed-time",
        ),
        ("*/30 1 * * *", "2024-11-03T05:30", "it runs at both occurrences; this is the first"),
        ("*/30 1 * * *", "2024-11-03T06:30", "it runs at both occurrences; this is the second"),
        (["@every 1h", "30 2 * * *"], "2024-03-10T07:00", "in place of 02:30"),
        ("* * * * *", "2024-03-10T07:00", None),
        ("30 2 * * *", "2024-03-11T06:30", None),
        ("30 3 * * *", "2024-03-10T07:30", None),
        ("30 2 * * *", "2024-11-03T07:30", None),
        ("@every 1h", "2024-11-03T06:00", None),
    ],
)
def test_a_scheduled_time_affected_by_dst_has_a_note(spec: object, at: str, note: str | None) -> None:
    found = dst_note(parse(spec), utc(at))
    assert found == note if note is None else found is not None and note in found


def test_a_change_of_a_whole_day_names_dates() -> None:
    apia = parse("0 12 * * *", ZoneInfo("Pacific/Apia"))
    (effect,) = dst_effects(apia, utc("2011-12-01T00:00"), 1)
    assert effect.sentence == (
        "clocks go forward from 2011-12-30 00:00 to 2011-12-31 00:00; "
        "no run for 2011-12-30 12:00, since the change is larger than 3h"
    )


def test_a_scheduled_time_is_confirmed_with_its_neighbours() -> None:
    answer = check_time(parse("30 2 * * *"), utc("2024-03-10T07:00"))
    assert answer.is_scheduled
    assert answer.mismatches == ()
    assert answer.note is not None
    assert answer.note.startswith("in place of 02:30")
    assert (answer.before, answer.after) == (utc("2024-03-09T07:30"), utc("2024-03-11T06:30"))


def test_why_names_the_fields_that_do_not_match_and_the_nearest_times() -> None:
    answer = check_time(parse("30 2 * * 1-5"), utc("2024-06-01T06:31"))
    assert not answer.is_scheduled
    assert answer.mismatches == (
        Mismatch("30 2 * * 1-5", "minute", "30", "31"),
        Mismatch("30 2 * * 1-5", "day_of_week", "1-5", "Saturday"),
    )
    assert answer.note is None
    assert (answer.before, answer.after) == (utc("2024-05-31T06:30"), utc("2024-06-03T06:30"))


def test_why_an_interval_of_days_does_not_run_names_the_time_and_the_date() -> None:
    answer = check_time(parse("@every 2w from 2026-01-02T17:00"), utc("2026-01-10T12:00"))
    assert [(m.field, m.allowed, m.shown) for m in answer.mismatches] == [
        ("time", "17:00:00", "07:00:00"),
        ("date", "every 14 days from 2026-01-02", "2026-01-10"),
    ]
    assert (answer.before, answer.after) == (utc("2026-01-02T22:00"), utc("2026-01-16T22:00"))


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ("0 0 13 * 5", ["day", "day_of_week"]),
        ("0 0 1 * 6", []),
        ("0 0 */2 * 5", ["day_of_week"]),
        ("0 0 2 * *", ["day"]),
        ({"year": 2025, "month": 6, "day": 1}, ["year"]),
        ("@every 7h", []),
    ],
)
def test_of_two_day_fields_only_those_that_decide_are_named(spec: object, fields: list[str]) -> None:
    answer = check_time(parse(spec, ZoneInfo("UTC")), utc("2024-06-01T00:00"))  # a Saturday
    assert [mismatch.field for mismatch in answer.mismatches] == fields


def test_why_explains_that_the_second_occurrence_of_a_repeated_hour_is_not_scheduled() -> None:
    answer = check_time(parse("30 1 * * *"), utc("2024-11-03T06:30"))
    assert not answer.is_scheduled
    assert answer.mismatches == ()
    assert answer.note is not None
    assert "01:30 occurs twice" in answer.note
    assert answer.before == utc("2024-11-03T05:30")


def test_a_wall_time_that_does_not_exist_is_found_out() -> None:
    skipped = datetime.fromisoformat("2024-03-10T02:30")
    change = skipped_by(skipped, NEW_YORK)
    assert change is not None
    assert instant_of(skipped, NEW_YORK) == change.at == utc("2024-03-10T07:00")
    for text, at in (("2024-03-10T03:00", "07:00"), ("2024-03-10T01:59", "06:59"), ("2024-03-10T03:30", "07:30")):
        assert skipped_by(datetime.fromisoformat(text), NEW_YORK) is None
        assert instant_of(datetime.fromisoformat(text), NEW_YORK) == utc(f"2024-03-10T{at}")
    assert instant_of(datetime.fromisoformat("2024-11-03T01:30"), NEW_YORK) == utc("2024-11-03T05:30")


@settings(max_examples=100)
@given(rng=st.randoms(use_true_random=False))
def test_every_scheduled_time_of_any_schedule_matches_and_can_be_explained(rng: random.Random) -> None:
    case = random_case(rng)
    schedule = parse_schedule([case.expression, "@every 37m"], case.zone, job_name="x")
    at = schedule.next_after(case.after)
    assert at is not None
    answer = check_time(schedule, at)
    assert answer.is_scheduled
    assert answer.note == dst_note(schedule, at)
    between = check_time(schedule, at + timedelta(seconds=1))
    assert not between.is_scheduled
    assert between.before == at
    assert kind(schedule).endswith("interval")
    assert all(pitfall.sentence for pitfall in find_pitfalls(schedule))
    assert describe(schedule) is None or describe(schedule)
    assert all(effect.sentence for effect in dst_effects(schedule, case.after))
