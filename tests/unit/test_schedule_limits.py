"""`from`, `until`, `except` and `splay`: which times of a schedule are left, and how they are explained."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from scheduler.errors import ScheduleError
from scheduler.schedule import (
    Limits,
    Restricted,
    Schedule,
    check_time,
    delay_of,
    describe,
    dst_effects,
    dst_note,
    exclusions_of,
    find_pitfalls,
    kind,
    parse_exclusion,
    parse_from,
    parse_schedule,
    parse_until,
    restrict,
    starts_at,
)
from scheduler.schedule.holiday_dates import holidays_of

BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")


def limited(
    spec: object,
    *excluded: object,
    first: str | None = None,
    last: str | None = None,
    splay: float = 0,
    zone: ZoneInfo = BERLIN,
    name: str = "job",
) -> Schedule:
    limits = Limits(
        first=None if first is None else parse_from(first, zone),
        last=None if last is None else parse_until(last, zone),
        exclusions=exclusions_of([parse_exclusion(each, zone, job_name="") for each in excluded], zone)
        if excluded
        else None,
        splay=timedelta(seconds=splay),
        delay=delay_of(name, timedelta(seconds=splay)) if splay else timedelta(),
        zone=zone,
    )
    return restrict(parse_schedule(spec, zone, job_name=name), limits)


def times(schedule: Schedule, after: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    moment: datetime | None = at(after, zone)
    found: list[str] = []
    while moment is not None and len(found) < count and (moment := schedule.next_after(moment)) is not None:
        found.append(f"{moment.astimezone(zone):%m-%d %H:%M}")
    return found


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        (["2026-12-25"], ["12-23 09:00", "12-24 09:00", "12-26 09:00"]),
        (["12-25", "12-26"], ["12-23 09:00", "12-24 09:00", "12-27 09:00"]),
        (["2026-12-24..2027-01-02"], ["12-23 09:00", "01-03 09:00", "01-04 09:00"]),
        (["12-24..01-02"], ["12-23 09:00", "01-03 09:00", "01-04 09:00"]),
        (["* * * * sat,sun"], ["12-23 09:00", "12-24 09:00", "12-25 09:00", "12-28 09:00"]),
        ([{"day_of_week": "sat,sun"}], ["12-23 09:00", "12-24 09:00", "12-25 09:00", "12-28 09:00"]),
        (["* 9 24 * *", "30 9 26 * *"], ["12-23 09:00", "12-25 09:00", "12-26 09:00"]),
        (["0 0 * * *"], ["12-23 09:00", "12-24 09:00"]),
    ],
)
def test_excluded_times_do_not_run(excluded: list[object], left: list[str]) -> None:
    schedule = limited("0 9 * * *", *excluded)
    assert [each for each in times(schedule, "2026-12-22T10:00", 20) if each >= left[0] or each < "02"][
        : len(left)
    ] == left


def test_a_minute_that_another_schedule_names_is_excluded_to_its_end() -> None:
    schedule = limited({"second": "*/20"}, "31 9 * * *")
    assert schedule.next_after(at("2026-06-01T09:30:40")) == at("2026-06-01T09:32:00")
    assert schedule.last_before(at("2026-06-01T09:32:00")) == at("2026-06-01T09:30:40")


def test_from_and_until_as_dates_include_both_days() -> None:
    schedule = limited("0 0,23 * * *", first="2026-03-28", last="2026-03-29")
    assert times(schedule, "2026-01-01T00:00", 9) == ["03-28 00:00", "03-28 23:00", "03-29 00:00", "03-29 23:00"]
    assert schedule.last_before(at("2027-01-01T00:00")) == at("2026-03-29T23:00")
    assert schedule.last_before(at("2026-03-28T00:00")) is None


def test_from_and_until_as_times_are_both_included() -> None:
    schedule = limited("*/30 * * * *", first="2026-06-01T10:30", last="2026-06-01T11:30:00+02:00")
    assert times(schedule, "2026-01-01T00:00", 9) == ["06-01 10:30", "06-01 11:00", "06-01 11:30"]


def test_a_time_that_dst_skips_counts_as_the_time_at_which_it_runs_instead() -> None:
    nuuk = ZoneInfo("America/Nuuk")  # 23:00 on the 27th becomes 00:00 on the 28th

    def left(*excluded: str, last: str | None = None) -> list[str]:
        return times(limited("30 23 * * *", *excluded, last=last, zone=nuuk), "2027-03-26T12:00", 3, nuuk)

    assert left() == ["03-26 23:30", "03-28 00:00", "03-28 23:30"]
    assert left(last="2027-03-27") == ["03-26 23:30"]
    assert left("2027-03-27") == left()
    assert left("2027-03-28") == ["03-26 23:30", "03-29 23:30", "03-30 23:30"]


def test_until_a_date_that_the_zone_skipped_ends_before_it() -> None:
    schedule = limited("0 * * * *", first="2011-12-29", last="2011-12-30", zone=APIA)
    assert times(schedule, "2011-12-29T22:30", 3, APIA) == ["12-29 23:00"]


def test_splay_delays_each_run_by_the_same_time_below_the_bound_by_name() -> None:
    delays = {name: delay_of(name, timedelta(minutes=5)) for name in map(str, range(200))}
    assert all(timedelta() <= delay < timedelta(minutes=5) for delay in delays.values())
    assert len(set(delays.values())) > 100
    schedule = limited("0 9 * * *", "2026-06-02", splay=300)
    delay = delay_of("job", timedelta(minutes=5))
    assert schedule.next_after(at("2026-06-01T00:00")) == at("2026-06-01T09:00") + delay
    assert schedule.next_after(at("2026-06-01T10:00")) == at("2026-06-03T09:00") + delay
    assert schedule.last_before(at("2026-06-03T09:00")) == at("2026-06-01T09:00") + delay


def test_limits_apply_to_the_time_before_the_delay() -> None:
    schedule = limited("59 23 * * *", "2026-06-02", last="2026-06-03", splay=3600, name="late")
    delay = delay_of("late", timedelta(hours=1))
    assert delay > timedelta(minutes=1)
    assert schedule.next_after(at("2026-06-01T12:00")) == at("2026-06-01T23:59") + delay
    assert schedule.next_after(at("2026-06-02T12:00")) == at("2026-06-03T23:59") + delay
    assert schedule.next_after(at("2026-06-04T12:00")) is None


def test_no_limits_leave_the_schedule_itself_and_equal_limits_share_one_object() -> None:
    schedule = parse_schedule("0 9 * * *", BERLIN, job_name="x")
    assert restrict(schedule, Limits()) is schedule
    assert limited("0 9 * * *", "2026-12-25") is limited("0 9 * * *", "2026-12-25")


def test_an_except_that_removes_everything_leaves_no_time() -> None:
    for excluded in (["* * * * *"], ["0-29 * * * *", "30-59 * * * *"], ["01-01..12-31"]):
        schedule = limited("0 9 * * *", *excluded)
        assert schedule.next_after(at("2026-01-01T00:00")) is None
        assert schedule.last_before(at("2026-01-01T00:00")) is None


def test_a_start_of_schedd_runs_a_reboot_job_only_within_its_limits() -> None:
    schedule = limited("@reboot", "2026-12-25", first="2026-06-01")
    assert [starts_at(schedule, at(text)) for text in ("2026-05-31T12:00", "2026-06-01T12:00", "2026-12-25T12:00")] == [
        False,
        True,
        False,
    ]
    assert starts_at(parse_schedule("@reboot", BERLIN, job_name="x"), at("2026-05-31T12:00"))


@pytest.mark.parametrize(
    ("instant", "note"),
    [
        ("2026-12-25T09:00", "excluded by `except`: 12-25"),
        ("2026-11-28T09:00", "excluded by `except`: `* * * * sat`"),
        ("2026-12-28T09:00", "excluded by `except`: 2026-12-27..2026-12-30"),
        ("2025-12-01T09:00", "`from` is 2026-01-01 00:00:00 CET"),
        ("2027-12-01T09:00", "`until` is 2027-06-30 23:59:59 CEST"),
        ("2026-12-24T09:00", None),
        ("2026-12-25T10:00", None),
    ],
)
def test_why_a_time_is_left_out(instant: str, note: str | None) -> None:
    schedule = limited(
        "0 9 * * *", "12-25", "* * * * sat", "2026-12-27..2026-12-30", first="2026-01-01", last="2027-06-30"
    )
    checked = check_time(schedule, at(instant))
    assert checked.note == note
    assert checked.is_scheduled is (instant == "2026-12-24T09:00")
    assert bool(checked.mismatches) is instant.endswith("10:00")


@pytest.mark.parametrize(
    ("zone", "day", "last"),
    [
        ("America/Havana", "2024-11-02", "2024-11-03T03:59:59Z"),  # back from 01:00 to 00:00
        ("Asia/Gaza", "2016-10-28", "2016-10-28T20:59:59Z"),  # the same
        ("America/St_Johns", "2005-10-29", "2005-10-30T03:29:59Z"),  # back from 00:01 to 23:01
        ("America/Sao_Paulo", "2018-02-17", "2018-02-18T02:59:59Z"),  # back from 00:00 to 23:00
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T02:59:59Z"),  # on from 00:00 to 01:00
        ("Pacific/Apia", "2011-12-30", "2011-12-30T09:59:59Z"),  # a date that does not exist
    ],
)
def test_a_date_ends_when_the_clock_shows_it_for_the_last_time(zone: str, day: str, last: str) -> None:
    assert parse_until(day, ZoneInfo(zone)) == datetime.fromisoformat(last)


def test_why_a_delayed_job_does_not_run_at_its_time_names_the_delay() -> None:
    checked = check_time(limited("0 9 * * *", splay=300), at("2026-06-01T09:00"))
    assert not checked.is_scheduled
    assert (checked.note or "").startswith("`splay` delays this job by ")
    other = check_time(limited("0 9 * * *", splay=300), at("2026-06-01T08:00"))
    assert [(each.field, each.shown) for each in other.mismatches] == [("hour", "8")]
    assert other.note == checked.note


def test_a_limited_schedule_is_described_and_explained_like_its_own() -> None:
    schedule = limited("30 2 * * *", "12-25", {"holidays": "DE-BE"}, first="2026-01-01", splay=300)
    assert describe(schedule) == (
        "at 02:30 every day; from 2026-01-01 00:00:00 CET; except 12-25 and holidays of DE-BE; "
        f"delayed by {delay_text()} (splay)"
    )
    assert kind(schedule) == "fixed-time"
    due = schedule.next_after(at("2026-03-29T00:00"))
    assert due is not None
    assert (dst_note(schedule, due) or "").startswith("in place of 02:30")
    assert find_pitfalls(limited("*/7 * * * *", "12-25")) == find_pitfalls(
        parse_schedule("*/7 * * * *", BERLIN, job_name="x")
    )


@pytest.mark.parametrize(
    ("schedule", "gap", "fold"),
    [
        (limited("30 2 * * *", "2026-03-29", "2026-10-25"), "no effect", "no effect"),
        (limited("30 2 * * *", "* * * * sun"), "no effect", "no effect"),
        (limited("30 2 * * *", "* 3 * * *"), "no effect", "02:30 runs at the first occurrence only"),
        (limited("30 2 * * *", "* 2 * * *"), "one run at 03:00 in place of 02:30", "no effect"),
        (limited("30 2 * * *", "2026-03-28"), "in place of 02:30", "first occurrence only"),
        (limited("30 2 * * *", last="2026-03-28"), "no effect", "no effect"),
        (limited("30 2 * * *", last="2026-10-25T02:00"), "in place of 02:30", "no effect"),
        (limited("30 2 * * *", first="2026-10-25T02:30"), "no effect", "first occurrence only"),
        (limited("30 2 * * *", first="2026-10-25T02:31"), "no effect", "no effect"),
        (limited("*/30 2 * * *", "2026-03-29", "2026-10-25"), "no effect", "no effect"),
        (limited("*/30 2 * * *", "* 2 * * *"), "no effect", "no effect"),
        (limited("*/30 2 * * *", "30 2 * * *"), "no run for 02:00", "02:00 runs at both occurrences"),
        (limited("*/30 2 * * *", last="2026-10-25T02:00"), "no run for 02:00 and 02:30", "no effect"),
        (limited("*/30 2 * * *", first="2026-03-30"), "no effect", "02:00 and 02:30 run at both occurrences"),
        (limited(["30 2 * * *", "0 9 * * *"], "* * * * sun"), "no effect", "no effect"),
    ],
)
def test_a_dst_change_has_no_effect_on_runs_that_limits_remove(schedule: Schedule, gap: str, fold: str) -> None:
    first, second, *_ = dst_effects(schedule, at("2026-01-15T09:00"))
    assert (first.matters, second.matters) == (gap != "no effect", fold != "no effect")
    assert first.sentence.endswith(gap)
    assert second.sentence.endswith(fold)


def test_no_note_speaks_of_skipped_times_that_are_excluded() -> None:
    every, weekdays = limited("*/30 2 * * *", "2026-03-30"), limited("*/30 2 * * *", "* * * * sun")
    due = at("2026-03-31T02:00")
    assert "no run" not in (dst_note(every, due) or "")
    assert dst_note(weekdays, at("2026-03-30T02:00")) is None


@pytest.mark.parametrize(
    ("spec", "effect", "note"),
    [
        ("@at 2026-03-29T02:30", "one run at 03:00 in place of 02:30", "in place of 02:30 (DST: clocks go forward"),
        ("@at 2026-10-25 02:30", "02:30 runs at the first occurrence only", "02:30 occurs twice (DST: clocks go back"),
        ("@at 2026-10-25T02:30+01:00", None, None),
        ("@at 2026-03-29T03:00", None, None),
        ("@at 2026-10-25T03:00", None, None),
        ("@at 2026-10-25T02:00", "02:00 runs at the first occurrence only", "02:00 occurs twice"),
        ("@every 12h from 2026-03-29T02:30", None, "in place of 02:30 (DST: clocks go forward"),
        ("@every 12h from 2026-10-25T02:30", None, "02:30 occurs twice"),
        ("@every 12h from 2026-10-25T02:30Z", None, None),
    ],
)
def test_a_single_time_or_a_start_in_a_skipped_or_repeated_hour_is_explained(
    spec: str, effect: str | None, note: str | None
) -> None:
    schedule, now = limited(spec), at("2026-01-15T09:00")
    due = schedule.next_after(now)
    assert due is not None
    found, effects = dst_note(schedule, due), dst_effects(schedule, now)
    assert found is None if note is None else (found or "").startswith(note)
    assert [each.sentence.partition("; ")[2] for each in effects] == ([] if effect is None else [effect])
    assert all(each.matters for each in effects)
    assert dst_effects(schedule, due) == ()
    assert dst_effects(limited(spec, "03-29", "10-25"), now) == ()


def test_a_start_that_dst_skips_is_a_pitfall_for_every_unit() -> None:
    for every in ("90m", "12h", "2d", "1w"):
        (pitfall,) = find_pitfalls(limited(f"@every {every} from 2026-03-29T02:30"))
        assert pitfall.sentence.startswith("DST skips 2026-03-29 02:30")
    assert find_pitfalls(limited("@every 12h from 2026-03-29T02:30Z")) == ()
    assert find_pitfalls(limited("@every 2d from 2026-03-29T02:30", "03-29")) == ()
    assert find_pitfalls(limited("@every 2d from 2026-03-29T02:30", first="2026-03-30")) == ()


def delay_text() -> str:
    seconds = int(delay_of("job", timedelta(minutes=5)).total_seconds())
    minutes, rest = divmod(seconds, 60)
    return (f"{minutes}m" if minutes else "") + (f"{rest}s" if rest else "")


def test_a_step_back_of_the_clock_repeats_no_fixed_time_within_limits() -> None:
    schedule = limited("0 9 * * *", "2026-06-02", splay=300)
    taken = schedule.next_after(at("2026-06-01T00:00"))
    assert taken is not None
    assert schedule.after_step_back(taken).next_after(taken - timedelta(hours=2)) == schedule.next_after(taken)
    assert schedule.after_correction(taken).next_after(taken - timedelta(days=1)) == taken


@pytest.fixture(autouse=True)
def _holidays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small stand-in for python-holidays: New Year's Day in Germany, and Christmas in Berlin too."""

    def country_holidays(country: str, subdiv: str | None = None, *, years: int) -> dict[date, str]:
        if country != "DE" or subdiv not in {None, "BE"}:
            raise NotImplementedError(country)
        days = {date(years, 1, 1): "New Year's Day"}
        return days | ({date(years, 12, 25): "Christmas"} if subdiv else {})

    holidays_of.cache_clear()
    fake = SimpleNamespace(
        country_holidays=country_holidays,
        financial_holidays=country_holidays,
        list_supported_countries=lambda: {"DE": ["BE", "BY"], "FR": []},
        list_supported_financial=lambda: {"XNYS": []},
    )
    monkeypatch.setitem(sys.modules, "holidays", fake)


def test_holidays_are_excluded_by_name() -> None:
    schedule = limited("0 9 * * *", {"holidays": "DE-BE"})
    assert times(schedule, "2026-12-24T10:00", 1) == ["12-26 09:00"]
    assert check_time(schedule, at("2026-12-25T09:00")).note == "excluded by `except`: Christmas (DE-BE)"
    assert times(limited("0 9 * * *", {"holidays": "DE"}), "2026-12-24T10:00", 1) == ["12-25 09:00"]


@pytest.mark.parametrize(
    ("code", "says", "help"),
    [
        ("de-be", "unknown holidays 'de-be'; use a country code", "DE-BE"),
        ("DE-XX", "unknown holidays 'DE-XX'; the parts of DE are BE, BY", None),
        ("FR-XX", "unknown holidays 'FR-XX'; FR has no parts", None),
        ("Germany", "unknown holidays 'Germany'", None),
        ("", "holidays must be the code of a country", None),
    ],
)
def test_unknown_holidays_name_what_is_known(code: str, says: str, help: str | None) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_exclusion({"holidays": code}, BERLIN, job_name="")
    assert says in caught.value.reason
    assert caught.value.help == help


def test_without_python_holidays_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ScheduleError, match="install schedd with its extra `holidays`"):
        parse_exclusion({"holidays": "DE"}, BERLIN, job_name="")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("foo", "'foo' is not a date (2026-12-25)"),
        ("2026-02-30", "2026-02-30 does not exist in the calendar"),
        ("02-30", "02-30 does not exist in the calendar"),
        ("2027-01-01..2026-12-24", "range 2027-01-01..2026-12-24 is reversed"),
        ("2026-12-24..12-31", "is not a date"),
        ("@every 5m", "@every 5m cannot be excluded"),
        ("@reboot", "@reboot cannot be excluded"),
        ("0 25 * * *", "hour 25 is out of range"),
        ({"hour": 25}, "hour 25 is out of range"),
        ({"holidays": "DE", "hour": 3}, "holidays must be the code"),
        ("", "must be a date"),
        (None, "must be a date"),
    ],
)
def test_an_invalid_entry_of_except_is_refused(spec: object, says: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_exclusion(spec, BERLIN, job_name="")
    assert says in caught.value.reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tomorrow", "'tomorrow' is not a date"),
        ("2027-02-30", "does not exist in the calendar"),
        ("2027-02-28T25:00", "does not exist in the calendar"),
        ("0001-01-01", "year 1 is out of range"),
    ],
)
def test_an_invalid_bound_is_refused(text: str, says: str) -> None:
    for parse in (parse_from, parse_until):
        with pytest.raises(ScheduleError) as caught:
            parse(text, BERLIN)
        assert says in caught.value.reason


def test_excluded_times_are_found_one_after_another_within_a_bound() -> None:
    schedule = limited("0 9 * * *", "* * * * sat,sun", splay=60)
    assert isinstance(schedule, Restricted)
    delay = delay_of("job", timedelta(minutes=1))
    first = schedule.next_excluded(at("2026-06-01T00:00"), at("2026-06-30T00:00"))
    assert first == at("2026-06-06T09:00") + delay
    assert schedule.next_excluded(first, at("2026-06-30T00:00")) == at("2026-06-07T09:00") + delay
    assert schedule.next_excluded(at("2026-06-01T00:00"), at("2026-06-06T08:59")) is None
