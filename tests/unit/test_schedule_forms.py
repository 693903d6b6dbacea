"""Every form a schedule can take, and what makes two schedules the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.schedule import Schedule, parse_schedule

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)  # a Thursday


def parse(spec: object, zone: ZoneInfo = UTC_ZONE, job_name: str = "nightly") -> Schedule:
    return parse_schedule(spec, zone, job_name=job_name)


def times(schedule: Schedule, count: int = 3, after: datetime = START) -> list[str]:
    found = []
    for _ in range(count):
        following = schedule.next_after(after)
        if following is None:
            break
        found.append(f"{following:%m-%d %H:%M}" if following.year == START.year else f"{following:%Y-%m-%d %H:%M}")
        after = following
    return found


@pytest.mark.parametrize(
    ("spec", "same_as"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@Annually", "0 0 1 1 *"),
        ("0 8 * JAN-Mar MON,fri", "0 8 * 1,2,3 1,5"),
        ("0 0 * * sat-sun", "0 0 * * 6,0"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * 0-7", "0 0 * * *"),
        ("0 0 * * fri-fri", "0 0 * * 5"),
        ("10-10 0 * * *", "10 0 * * *"),
        ("59/15 0 * * *", "59 0 * * *"),
        ("5/20 0 * * *", "5,25,45 0 * * *"),
        ("0 0 ? * ?", "0 0 * * *"),
        ("0 0 * * 5l", "0 0 * * L5"),
        ("0 0 * * FriL", "0 0 * * 5L"),
        ("0 0 * * fri#2", "0 0 * * 5#2"),
        ("0 0 W15 * *", "0 0 15w * *"),
        ("  0\t0  *  * * ", "0 0 * * *"),
        ("0 0 * * *\n", "0 0 * * *"),
        ({"hour": 3}, "0 3 * * *"),
        ({"hour": "*/6", "minute": 30}, "30 */6 * * *"),
        ({"minute": "*/5"}, "*/5 * * * *"),
        ({"day": 1}, "0 0 1 * *"),
        ({"day_of_week": "mon-fri"}, "0 0 * * 1-5"),
        ({"day_of_week": 1, "month": 6}, "0 0 * 6 1"),
        ({"month": 6}, "0 0 1 6 *"),
        ({"day": "L", "hour": 9}, "0 9 L * *"),
        (["0 3 * * *"], "0 3 * * *"),
        ("0 0 lw * *", "0 0 LW * *"),
        ({"day": "LW", "hour": 9}, "0 9 LW * *"),
        ("@every 1w from 2025-12-05T07:30", "30 7 * * fri"),
        ("@every 7d from 2025-12-05T07:30Z", "30 7 * * fri"),
        ("@every 1d FROM 2025-12-05 07:30", "30 7 * * *"),
        ("@every 24h from 2025-12-05", "0 0 * * *"),
    ],
)
def test_schedules_that_mean_the_same_run_at_the_same_times(spec: object, same_as: str) -> None:
    assert times(parse(spec), 12) == times(parse(same_as), 12)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("0 0 L * *", ["01-31 00:00", "02-28 00:00", "03-31 00:00"]),
        ("0 0 L-2 * *", ["01-29 00:00", "02-26 00:00", "03-29 00:00"]),
        ("0 0 LW * *", ["01-30 00:00", "02-27 00:00", "03-31 00:00"]),
        ("0 0 L-27,LW 2 *", ["02-01 00:00", "02-27 00:00", "2027-02-01 00:00"]),
        ({"year": "2027,2030", "month": 12, "day": "LW"}, ["2027-12-31 00:00", "2030-12-31 00:00"]),
        ("0 0 L-1 * *", ["01-30 00:00", "02-27 00:00", "03-30 00:00"]),
        ("@every 2w from 2026-01-02T17:00", ["01-02 17:00", "01-16 17:00", "01-30 17:00"]),
        ("@every 3d from 2026-02-27", ["02-27 00:00", "03-02 00:00", "03-05 00:00"]),
        ("@every 90m from 2026-01-01T13:15", ["01-01 13:15", "01-01 14:45", "01-01 16:15"]),
        ("0 0 15,L * *", ["01-15 00:00", "01-31 00:00", "02-15 00:00"]),
        ("0 0 1W * *", ["02-02 00:00", "03-02 00:00", "04-01 00:00"]),
        ("0 0 28W 2 *", ["02-27 00:00", "2027-02-26 00:00", "2028-02-28 00:00"]),
        ("0 0 * * 5L", ["01-30 00:00", "02-27 00:00", "03-27 00:00"]),
        ("0 0 * * 4#1", ["02-05 00:00", "03-05 00:00", "04-02 00:00"]),
        ("0 0 * * 4#5", ["01-29 00:00", "04-30 00:00", "07-30 00:00"]),
        ("0 0 13 * 5", ["01-02 00:00", "01-09 00:00", "01-13 00:00"]),
        ("0 0 1-31 * 1", ["01-02 00:00", "01-03 00:00", "01-04 00:00"]),
        ("0 0 1,*/2 * 1", ["01-03 00:00", "01-05 00:00", "01-07 00:00"]),
        ("0 0 31 * *", ["01-31 00:00", "03-31 00:00", "05-31 00:00"]),
        ({"year": 2030}, ["2030-01-01 00:00"]),
        ({"year": "2027-2028", "month": "jan", "day": 5, "hour": 7}, ["2027-01-05 07:00", "2028-01-05 07:00"]),
        ({"year": 2099, "month": 12}, ["2099-12-01 00:00"]),
        ({"year": 2020}, []),
        ("@every 48h", ["01-03 00:00", "01-05 00:00", "01-07 00:00"]),
        ("@at 2026-03-01T09:00", ["03-01 09:00"]),
        ("@at 2026-03-01t09:00:00+01:00", ["03-01 08:00"]),
        ("@at 2026-03-01 09:00Z", ["03-01 09:00"]),
        ("@reboot", []),
        (["0 6 * * *", "@at 2026-01-02T06:00", "0 6,7 * * *"], ["01-02 06:00", "01-02 07:00", "01-03 06:00"]),
    ],
)
def test_a_schedule_with_named_fields_runs_at_its_times(spec: object, expected: list[str]) -> None:
    assert times(parse(spec)) == expected


def test_a_schedule_with_seconds_runs_at_each_of_them() -> None:
    schedule = parse({"second": "*/20"})
    assert schedule.next_after(START) == START + timedelta(seconds=20)
    assert schedule.next_after(START + timedelta(seconds=40, microseconds=1)) == START + timedelta(seconds=60)


def test_an_interval_is_on_the_grid_of_the_epoch() -> None:
    """T11"""
    schedule = parse("@every 7h", BERLIN)
    at = schedule.next_after(START)
    assert at is not None
    assert at.timestamp() % (7 * 3_600) == 0
    assert at == schedule.next_after(at - timedelta(microseconds=1))
    assert schedule.last_before(at) == at - timedelta(hours=7)


def test_an_interval_of_days_keeps_its_time_of_day_across_dst_and_one_of_hours_does_not() -> None:
    days = parse("@every 1w from 2026-03-27T17:00", BERLIN)
    assert times(days, 2, datetime(2026, 3, 27, tzinfo=UTC)) == ["03-27 16:00", "04-03 15:00"]
    hours = parse("@every 168h from 2026-03-27T17:00", BERLIN)
    assert times(hours, 2, datetime(2026, 3, 27, tzinfo=UTC)) == ["03-27 16:00", "04-03 16:00"]


def test_an_interval_with_a_start_has_no_times_before_it() -> None:
    for spec in ("@every 2w from 2026-01-02T17:00", "@every 90s from 2026-01-02T17:00"):
        first = datetime(2026, 1, 2, 17, tzinfo=UTC)
        assert parse(spec).next_after(datetime(2000, 1, 1, tzinfo=UTC)) == first
        assert parse(spec).last_before(first) is None
        assert parse(spec).last_before(first + timedelta(microseconds=1)) == first


def test_an_instant_in_the_jobs_zone_obeys_clock_changes_like_a_fixed_time() -> None:
    assert parse("@at 2024-03-31T02:30", BERLIN).next_after(datetime(2024, 1, 1, tzinfo=UTC)) == datetime(
        2024, 3, 31, 1, tzinfo=UTC
    )
    assert parse("@at 2024-10-27T02:30", BERLIN).next_after(datetime(2024, 1, 1, tzinfo=UTC)) == datetime(
        2024, 10, 27, 0, 30, tzinfo=UTC
    )


def test_an_at_in_the_past_never_runs() -> None:
    schedule = parse("@at 2020-01-01T00:00")
    assert schedule.next_after(START) is None
    assert schedule.last_before(START) == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "at_start"),
    [("@reboot", True), (["0 3 * * *", "@reboot"], True), ("0 3 * * *", False), ("@every 5m", False)],
)
def test_only_reboot_is_due_at_the_start(spec: object, at_start: bool) -> None:
    assert parse(spec).at_start is at_start


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (" 0  8 * * mon ", "0 8 * * mon"),
        ("@DAILY", "@daily"),
        ("@every 90s", "@every 90s"),
        ({"minute": "*/5", "hour": 3}, '{hour: 3, minute: "*/5"}'),
        ({"day_of_week": "mon-fri"}, "{day_of_week: mon-fri}"),
        (["0 8 * * *", {"hour": 3}, "@reboot"], '["0 8 * * *", {hour: 3}, "@reboot"]'),
    ],
)
def test_a_schedule_shows_itself_on_one_line(spec: object, text: str) -> None:
    assert parse(spec).text == text


@pytest.mark.parametrize(
    "spec", ["0 3 * * *", {"hour": 3}, ["0 3 * * *", "@every 1h"], "@every 5m", "@reboot", "H 3 * * *"]
)
def test_schedules_are_equal_by_text_and_zone(spec: object) -> None:
    assert parse(spec) == parse(spec)
    assert hash(parse(spec)) == hash(parse(spec))
    assert parse(spec) != parse("0 4 * * *")


def test_the_zone_matters_to_cron_and_not_to_intervals() -> None:
    assert parse("0 3 * * *", BERLIN) != parse("0 3 * * *")
    assert parse("@every 5m", BERLIN) == parse("@every 5m")


def test_the_jobs_name_matters_where_there_is_an_h_only() -> None:
    assert parse("0 3 * * thu", job_name="a") is parse("0 3 * * thu", job_name="b")
    assert parse("H 3 * * *", job_name="a") != parse("H 3 * * *", job_name="b")
    assert parse({"minute": "H"}, job_name="a") != parse({"minute": "H"}, job_name="b")
    assert parse({"hour": 3}, job_name="a") is parse({"hour": 3}, job_name="b")


NAMES = [f"job-{number}" for number in range(10_000)]


def test_h_spreads_jobs_over_every_minute_of_the_hour_and_hour_of_the_day() -> None:
    minutes: Counter[int] = Counter()
    hours: Counter[int] = Counter()
    both = set()
    for name in NAMES:
        at = parse("H H * * *", job_name=name).next_after(START)
        assert at is not None
        minutes[at.minute] += 1
        hours[at.hour] += 1
        both.add((at.hour, at.minute))
    assert len(minutes) == 60
    assert len(hours) == 24
    assert all(0.65 <= count / (len(NAMES) / 60) <= 1.35 for count in minutes.values())
    assert all(0.65 <= count / (len(NAMES) / 24) <= 1.35 for count in hours.values())
    assert len(both) > 1_400  # minutes and hours are drawn apart from each other


@pytest.mark.parametrize(
    ("spec", "unit", "allowed"),
    [
        ("0 0 H * *", "day", range(1, 29)),
        ("0 0 1 H *", "month", range(1, 13)),
        ("0 0 * * H", "weekday", range(7)),
        ("H(10-19) 0 * * *", "minute", range(10, 20)),
    ],
)
def test_h_takes_each_value_of_its_range(spec: str, unit: str, allowed: range) -> None:
    found: Counter[int] = Counter()
    for name in NAMES[:2_000]:
        at = parse(spec, job_name=name).next_after(START)
        assert at is not None
        found[at.isoweekday() % 7 if unit == "weekday" else getattr(at, unit)] += 1
    assert set(found) == set(allowed)
    assert all(0.5 <= count / (2_000 / len(allowed)) <= 1.6 for count in found.values())


def test_h_with_a_step_draws_where_the_steps_begin() -> None:
    begins = set()
    for name in NAMES[:300]:
        schedule = parse("H/15 * * * *", job_name=name)
        first = schedule.next_after(START - timedelta(seconds=1))
        assert first is not None
        begins.add(first.minute)
        assert times(schedule, 3, first) == [f"{first + timedelta(minutes=n):%m-%d %H:%M}" for n in (15, 30, 45)]
    assert begins == set(range(15))


def test_h_is_the_same_at_every_start() -> None:
    assert times(parse("H H * * *", job_name="backup"), 1) == ["01-01 15:02"]


@pytest.mark.parametrize(
    ("spec", "taken_again"),
    [
        ("30 * * * *", True),
        ("*/10 11 * * *", True),
        ("@every 10m", True),
        ({"second": "*/10"}, True),
        ("30 11 * * *", False),
        ("0-59/10 0-23 * * *", False),
        ("@at 2026-01-01T11:30", False),
        (["@at 2026-01-01T11:30", "30 11 * * *"], False),
        (["30 11 * * *", "@every 10m"], True),
    ],
)
def test_after_a_step_back_only_what_follows_the_clock_comes_again(spec: object, taken_again: bool) -> None:
    """T7"""
    schedule = parse(spec)
    back_at = START - timedelta(hours=1)
    taken = schedule.last_before(START)
    assert taken is not None
    following = schedule.after_step_back(taken).next_after(back_at)
    assert (following is not None and following <= taken) is taken_again


def test_after_a_correction_everything_except_an_at_is_computed_again() -> None:
    """T7"""
    yesterday = START - timedelta(days=1)
    for spec in ("30 11 * * *", "*/10 * * * *", "@every 10m"):
        assert parse(spec).after_correction(START).next_after(yesterday) == parse(spec).next_after(yesterday)
    at = parse("@at 2026-01-01T11:30")
    assert at.after_correction(START).next_after(yesterday) is None
    assert at.after_correction(yesterday).next_after(yesterday) == datetime(2026, 1, 1, 11, 30, tzinfo=UTC)
    both = parse(["@at 2026-01-01T11:30", "0 11 * * *"]).after_correction(START)
    assert both.next_after(yesterday) == datetime(2026, 1, 1, 11, tzinfo=UTC)


def test_the_second_before_an_instant_is_found_where_the_clock_shows_that_hour_a_second_time() -> None:
    schedule = parse({"second": "*"}, ZoneInfo("Asia/Gaza"))
    fold = datetime(2022, 10, 28, 23, tzinfo=UTC)
    for seconds in range(2400, 2500):
        moment = fold + timedelta(seconds=seconds)
        assert schedule.last_before(moment) == moment - timedelta(seconds=1)


def test_instants_of_other_zones_are_understood() -> None:
    schedule = parse("30 2 * * *", BERLIN)
    assert schedule.next_after(START.astimezone(ZoneInfo("Asia/Tokyo"))) == datetime(2026, 1, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("year", [1, 1850, 9999])
def test_far_from_our_time_there_is_an_answer_or_none(year: int) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC) if year < 2000 else datetime.max.replace(tzinfo=UTC)
    for spec in ("30 2 * * *", "* * * * *", "@every 1h", "@at 2027-01-01T00:00", {"year": 2027}):
        schedule = parse(spec, BERLIN)
        following, before = schedule.next_after(moment), schedule.last_before(moment)
        assert following is None or following > moment
        assert before is None or before < moment
        again = schedule.next_after(START)
        assert again is None or START < again < START + timedelta(days=400)


def test_ten_thousand_jobs_with_fifty_schedules_share_fifty_objects() -> None:
    schedules = [parse(f"{number % 50} 3 * * *", job_name=f"job-{number}") for number in range(10_000)]
    assert len({id(schedule) for schedule in schedules}) == 50
