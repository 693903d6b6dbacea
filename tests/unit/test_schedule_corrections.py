"""What is offered instead of an invalid schedule: only replacements that are valid and mean the same."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule
from scheduler.schedule.corrections import Correction, correct

UTC = ZoneInfo("UTC")


def correction(spec: object) -> Correction:
    with pytest.raises(ScheduleError) as raised:
        parse_schedule(spec, UTC, job_name="job")
    return correct(spec, raised.value, UTC, "job")


def offered(spec: object) -> list[str]:
    return [one.text for one in correction(spec).suggestions]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0 9 * * 1,3,5;", "0 9 * * 1,3,5"),
        ("0 9 * * 1,3,5 ;", "0 9 * * 1,3,5"),
        ("0 9 * * 1-5.", "0 9 * * 1-5"),
        ("0 9 * * mon.", "0 9 * * mon"),
        ("'0 9 * * *'", "0 9 * * *"),
        ("`0 9 * * *`", "0 9 * * *"),
        ("0 9 * * 1\u20135", "0 9 * * 1-5"),
        ("0 9\u00a0* * *", "0 9 * * *"),
        ("0 9 * * mon, wed, fri", "0 9 * * mon,wed,fri"),
        ("0 9 * * mon - fri", "0 9 * * mon-fri"),
        ("* /5 * * * *", "*/5 * * * *"),
        ("/5 * * * *", "*/5 * * * *"),
        ("0 8,,,9 * * *", "0 8,9 * * *"),
        ("0, 8 * * *", "0 8 * * *"),
        ("0 9 * * *  # every day", "0 9 * * *"),
        ("0 9 * * monday - friday", "0 9 * * mon-fri"),
        ("0 9 * * mon to fri", "0 9 * * mon-fri"),
        ("0 9 * * Monday to Friday", "0 9 * * mon-fri"),
        ("0 9 * * mon through fri", "0 9 * * mon-fri"),
        ("0 9 * * 1 to 5", "0 9 * * 1-5"),
        ("0 9 to 17 * * *", "0 9-17 * * *"),
        ("0 9 * jan to mar *", "0 9 * jan-mar *"),
        ("0 9 * * mon and fri", "0 9 * * mon,fri"),
        ("0 9 * * mon, wed and fri", "0 9 * * mon,wed,fri"),
        ("0 9 * * mon, wed, and fri", "0 9 * * mon,wed,fri"),
        ("0 9 * * mon-fri & sun", "0 9 * * mon-fri,sun"),
        ("0 9 * * mon + fri", "0 9 * * mon,fri"),
        ("0 9 1 and 15 * *", "0 9 1,15 * *"),
        ("0 and 30 9 and 17 * * *", "0,30 9,17 * * *"),
        ("0 9 * * mon#1 and wed#2", "0 9 * * mon#1,wed#2"),
        ("0 0 9 ? * MON to FRI", "0 9 * * MON-FRI"),
        ("0 9 * * *; 0 17 * * *", '["0 9 * * *", "0 17 * * *"]'),
        ("0 9 * * * && 0 17 * * *", '["0 9 * * *", "0 17 * * *"]'),
        ("0 9 * * * | 0 17 * * *", '["0 9 * * *", "0 17 * * *"]'),
        ("0 9 * * * and 0 17 * * *", '["0 9 * * *", "0 17 * * *"]'),
        ("0 9 * * * or 0 17 * * *", '["0 9 * * *", "0 17 * * *"]'),
        ("0 9 * * mon, 0 17 * * fri", '["0 9 * * mon", "0 17 * * fri"]'),
        ("0 9 * * 1 and 0 17 * * 2 and @weekly", '["0 9 * * 1", "0 17 * * 2", "@weekly"]'),
        ("@daily; @every 90m", '["@daily", "@every 90m"]'),
    ],
)
def test_marks_and_blanks_that_mean_nothing_are_left_out_and_joining_words_are_translated(
    written: str, meant: str
) -> None:
    """A1"""
    assert offered(written) == [meant]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0 9 * * +mon", "0 9 * * mon"),
        ("0 9 * * +1", "0 9 * * 1"),
        ("0 9 * * monday", "0 9 * * mon"),
        ("0 9 * * Mondays", "0 9 * * mon"),
        ("0 9 * * monday-friday", "0 9 * * mon-fri"),
        ("0 9 * * monday,fryday", "0 9 * * mon,fri"),
        ("0 9 * sept *", "0 9 * sep *"),
        ("0 9 * * mon..fri", "0 9 * * mon-fri"),
        ("0 9 * * weekdays", "0 9 * * mon-fri"),
        ("0 9 * january-march mon", "0 9 * jan-mar mon"),
        ("0 9 * * fri-mon", "0 9 * * fri-sat,sun-mon"),
        ("0 9 * nov-feb *", "0 9 * nov-dec,jan-feb *"),
        ("0 22-2 * * *", "0 22-23,0-2 * * *"),
        ("* 22-2/2 * * *", "* 22,0,2 * * *"),
        ("0 9 * * 5-0", "0 9 * * 5-7"),
        ("0 9 * * 7-3", "0 9 * * 0-3"),
        ("0 9 10-L * *", "0 9 10-31 * *"),
        ("0 3 $ * *", "0 3 L * *"),
        ("R 3 * * *", "H 3 * * *"),
        ("R(0-30) 3 * * *", "H(0-30) 3 * * *"),
        ("@dayly", "@daily"),
        ("@anually", "@annually"),
    ],
)
def test_a_part_of_an_expression_is_replaced_where_its_meaning_is_certain(written: str, meant: str) -> None:
    """A2"""
    assert offered(written) == [meant]


@pytest.mark.parametrize(
    "written",
    [
        *("0 0 * * 8", "0 9 * * 1-8", "0 12 * * 1#6", "0 25 * * *", "60 * * * *", "0 24 * * mon", "0 0 0 * *"),
        *("0 0 30 2 *", "0 0 31 4,6 *", "0 9 * * t", "0 9 * * m-f", "* * * 13 *", "*/0 * * * *", "0 0 29W * *"),
        *("*/10", "30", "9", "5 4", "0 3 * *", "* * *", "biweekly", "fortnightly", "nightly", "twice a day"),
        *("every other day", "every second monday", "sometimes", "at 9", "9:75", "25:00", "13pm", "0am"),
        *("mondays at 9 except holidays", "every 5 minutes on weekdays", "every 2 hours between 9 and 17"),
        *("@every 500ms", "@every 0s", "@every five", "@reboot 5m", "@daily 5"),
        *("@at tomorrow", "@at 2027-01-01", "@at 2027-02-30 10:00", "2027-13-01 09:00", "01/02/2027 09:00"),
        *("0 0 L * 5", "0 9 1-7 * mon#1", "0 9 * * 1-5 UTC+2", "0 9 * * 1-5 PST", "@every -5m", "@hourly at 9"),
        *("@every 1M", "@every 10M", "5 M", "every 2 M", "@every 5M from 2026-01-01T00:00", "rate(0 minutes)"),
        *("@every 1d from 09:00", "@manual", "never", "0 6 * * * Berlin", "0 6 * * * New_York"),
        *("0 9 * * mon until fri", "0 9 * * mon or fri", "0 9 * * * until 2027-01-01", "0 9 * * * from 2027-01-01"),
        *("0 9 * * * weekdays only", "0 9 * * * not on sunday", "0 9 * * * every other week", "0 9 * * * please"),
        *("0 9 * * mon-fri except holidays", "0 9 * * * except ./holidays.txt", "0 9 * * * until 1/2/2027"),
        *("0 9 * * * local", "0 9 * * * Local", "0 9 * * * localtime", "0 9 * * * in Berlin", "0 9 * * * utc+2"),
        *("0 9 * * * and * * * * mon", "* * * * *; 0 9 * * *", "0 9 * * * && x", "0 9 * * * 0 17 * * *"),
        *("0 9 * * * deploy bin/x", "0 9 * * * python x.py", "0 9 * * * @daily", "0 9 * * * 5m", "0 9 * * * and"),
        *("0 0 9 ? * 8", "0 0 9 ? * 2-9", "0 0 9 ? * 9 2027", "cron(0 9 ? * 8 *)"),
        *("Mon,Fri *-*-* 09:00,17:00", "*-*-* 9:00,17:00"),
        *("0 9 * * mon to sunrise", "0 9 * * mon to fri only", "@daily until 2027-01-01", "@daily except sundays"),
        *("@once", "@continuous", "rate(five minutes)", "rate(1 month)", "cron(0 12 * *)", "cron(61 12 * * ? *)"),
        *("crontab(minute=x)", "crontab()(", "Mon *-*-31..01 9:00", "*-02-30 04:00", "Mon *-*-01 04:00"),
        *(
            "0 0 * * * * * *",
            "H(50-10) * * * *",
            "0 9 * * 1,x",
            "foo bar",
            "crontab(day_of_month=13, day_of_week=5)",
        ),
    ],
)
def test_no_suggestion_is_made_if_the_meaning_is_not_certain(written: str) -> None:
    """A2 A6 A7"""
    assert offered(written) == []


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("@every 0s", "the shortest interval is 1s"),
        ("@every 1d from 09:00", "needs a date and a time"),
        ("@every 1 day", "@every takes a duration such as 90s"),
        ("never", "a job without a schedule only runs manually"),
        ("@manual", "a job without a schedule only runs manually"),
        ("0 6 * * * Berlin", "a time zone is a separate key"),
    ],
)
def test_the_message_says_what_is_wrong(written: str, part: str) -> None:
    """A6 A7"""
    assert part in correction(written).reason


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~ 3 * * *", "H 3 * * *"),
        ("0~30 3 * * *", "H(0-30) 3 * * *"),
        ("~ 1~5 * * *", "H H(1-5) * * *"),
        ("~30 3 * * *", "H(0-30) 3 * * *"),
        ("30~ 3 * * *", "H(30-59) 3 * * *"),
        ("0 3 * * 1~5", "0 3 * * H(1-5)"),
    ],
)
def test_a_random_value_of_cronie_becomes_one_derived_from_the_name(written: str, meant: str) -> None:
    """A3"""
    assert offered(written) == [meant]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("@daily /usr/bin/x", "@daily"), ("@every 5m ./x -a", "@every 5m"), ("@daily root x", "@daily")],
)
def test_an_alias_of_a_crontab_line_is_kept(written: str, meant: str) -> None:
    """A4"""
    found = correction(written)
    assert [one.text for one in found.suggestions] == [meant]
    assert "under the key" in found.reason


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("0 3 * * * root", 'put a user under the key "user"'),
        ("0 3 * * * A=1 bin/x", 'put the command under the key "command"'),
        ("0 3 * * * root /usr/bin/backup", 'put a user under the key "user" and the command under "command"'),
        ("0 3 * * * /usr/bin/backup", 'put the command under the key "command"'),
        ("0 3 * * * ./backup.sh --all 2>&1", 'put the command under the key "command"'),
        ("0 3 * * * $HOME/backup", 'put the command under the key "command"'),
    ],
)
def test_text_after_the_five_fields_of_a_crontab_line_goes_into_other_keys(written: str, reason: str) -> None:
    """A4"""
    found = correction(written)
    if "$" not in written:
        assert reason in found.reason
        assert [one.text for one in found.suggestions] == ["0 3 * * *"]
    else:
        assert "variables are not expanded" in found.reason


@pytest.mark.parametrize(
    ("written", "spec", "zone"),
    [
        ("0 6 * * * Europe/Berlin", "0 6 * * *", "Europe/Berlin"),
        ("*/5 8-18 * * mon-fri UTC", "*/5 8-18 * * mon-fri", "UTC"),
        ("TZ=Asia/Tokyo 0 8 * * *", "0 8 * * *", "Asia/Tokyo"),
        ("CRON_TZ=America/New_York @daily", "@daily", "America/New_York"),
        ("daily at 08:30 UTC", "30 8 * * *", "UTC"),
        ("Europe/Berlin 0 9 * * *", "0 9 * * *", "Europe/Berlin"),
        ("0 9 * * 1-5 Z", "0 9 * * 1-5", "UTC"),
        ("0 9 * * * utc", "0 9 * * *", "UTC"),
        ("0 9 * * * (UTC)", "0 9 * * *", "UTC"),
        ("0 9 * * * gmt", "0 9 * * *", "GMT"),
        ("0 9 * * * europe/berlin", "0 9 * * *", "Europe/Berlin"),
        ("0 9 * * * [Europe/Berlin]", "0 9 * * *", "Europe/Berlin"),
        ("@daily UTC", "@daily", "UTC"),
        ("daily at 08:30 utc", "30 8 * * *", "UTC"),
        ("mondays at 9am Europe/Paris", "0 9 * * mon", "Europe/Paris"),
        ("Mon *-*-* 09:00:00 Europe/Berlin", "0 9 * * mon", "Europe/Berlin"),
        ("2027-01-01 09:00 Europe/Berlin", "@at 2027-01-01T09:00", "Europe/Berlin"),
    ],
)
def test_a_time_zone_in_the_schedule_becomes_the_key_timezone(written: str, spec: str, zone: str) -> None:
    """A5"""
    (found,) = correction(written).suggestions
    assert (found.spec, found.timezone) == (spec, zone)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cron(0 12 * * ? *)", "0 12 * * *"),
        ("cron(0 18 ? * MON-FRI *)", "0 18 * * MON-FRI"),
        ("cron(0 9 ? * 2-6 *)", "0 9 * * mon-fri"),
        ("cron(15 10 ? * 6L 2027)", "{year: 2027, day_of_week: friL, hour: 10, minute: 15}"),
        ("cron(0 8 1 * ? *)", "0 8 1 * *"),
        ("cron(0 9 ? * 2#1 *)", "0 9 * * mon#1"),
        ("cron(0/15 * * * ? *)", "0/15 * * * *"),
        ("rate(1 day)", "@every 1d"),
        ("rate(5 minutes)", "@every 5m"),
        ("rate(12 hours)", "@every 12h"),
        ("at(2027-01-01T09:00:00)", "@at 2027-01-01T09:00:00"),
        ("Mon *-*-* 09:00:00", "0 9 * * mon"),
        ("*-*-* 04:00", "0 4 * * *"),
        ("*-*-01 04:30:00", "30 4 1 * *"),
        ("Mon..Fri 9:30", "30 9 * * mon-fri"),
        ("Sat,Sun *-*-* 10:00", "0 10 * * sat,sun"),
        ("*:0/15", "*/15 * * * *"),
        ("OnCalendar=Mon *-*-* 02:00:00", "0 2 * * mon"),
        ("*-*-* 00/6:00:00", "0 */6 * * *"),
        ("*-01,07-01 00:00:00", "0 0 1 1,7 *"),
        ("*-*~01 03:00", "0 3 L * *"),
        ("*-*-* 00:00:30", "{hour: 0, minute: 0, second: 30}"),
        ("2027-*-* 3:00", "{year: 2027, hour: 3, minute: 0, second: 0}"),
        ("crontab(minute=0, hour='*/3')", "0 */3 * * *"),
        ("crontab(hour=7, minute=30, day_of_week=1)", "30 7 * * 1"),
        ("PT5M", "@every 5m"),
        ("P1D", "@every 1d"),
        ("R/PT1H30M", "@every 1h30m"),
        ("quarterly", "0 0 1 1,4,7,10 *"),
        ("@midday", "0 12 * * *"),
    ],
)
def test_the_syntax_of_other_programs_is_translated(written: str, meant: str) -> None:
    """A6"""
    assert offered(written) == [meant]


@pytest.mark.parametrize(
    "written", ["sunset", "sunrise", "saturnalia", "monkey 9:00", "friends 10:00", "satan..sun 9:00"]
)
def test_a_word_that_begins_like_a_weekday_is_not_the_syntax_of_systemd(written: str) -> None:
    assert "OnCalendar" not in str(correction(written))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10 minutes", "@every 10m"),
        ("5m", "@every 5m"),
        ("1h30m", "@every 1h30m"),
        ("every minute", "* * * * *"),
        ("every hour", "@hourly"),
        ("every five minutes", "@every 5m"),
        ("every-5-minutes", "@every 5m"),
        ("Every 15 min", "@every 15m"),
        ("once an hour", "@hourly"),
        ("mondays at 9", "0 9 * * mon"),
        ("every monday at 9:30", "30 9 * * mon"),
        ("monday and thursday at 6pm", "0 18 * * mon,thu"),
        ("monday to friday at 9", "0 9 * * mon-fri"),
        ("on weekdays at 8am", "0 8 * * mon-fri"),
        ("weekends at 10:00", "0 10 * * sat,sun"),
        ("9am", "0 9 * * *"),
        ("9 pm", "0 21 * * *"),
        ("12am", "0 0 * * *"),
        ("12:15 p.m.", "15 12 * * *"),
        ("at 6:30", "30 6 * * *"),
        ("4:30", "30 4 * * *"),
        ("noon", "0 12 * * *"),
        ("9am and 5pm", "0 9,17 * * *"),
        ("every day at 9am", "0 9 * * *"),
        ("9:00 every day", "0 9 * * *"),
        ("every sunday at midnight", "0 0 * * sun"),
        ("every weekday at 9 and 17:30", '["0 9 * * mon-fri", "30 17 * * mon-fri"]'),
        ("hourly at :10", "10 * * * *"),
        ("on the 1st of the month at 3:30", "30 3 1 * *"),
        ("on the 1st and 15th at 3:30pm", "30 15 1,15 * *"),
        ("last day of the month at 23:00", "0 23 L * *"),
        ("first monday of the month at 9am", "0 9 * * mon#1"),
        ("last friday of every month at 17:00", "0 17 * * friL"),
    ],
)
def test_english_is_translated(written: str, meant: str) -> None:
    """A6 A10"""
    assert offered(written) == [meant]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("@every 1 day", "@every 1d"),
        ("@startup", "@reboot"),
        ("on boot", "@reboot"),
        ("@every 5 minutes", "@every 5m"),
        ("@every 2 weeks", "@every 2w"),
        ("@every 1h 30m", "@every 1h30m"),
        ("@every 1 hour and 30 minutes", "@every 1h30m"),
        ("@every5m", "@every 5m"),
        ("@every 2 weeks from 2026-01-02T17:00", "@every 2w from 2026-01-02T17:00"),
        ("@every PT90S", "@every 90s"),
        ("@every_minute", "* * * * *"),
        ("@every_hour", "@hourly"),
        ("@minutely", "* * * * *"),
        ("@weekdays", "0 0 * * mon-fri"),
        ("@weekend", "0 0 * * sat,sun"),
        ("@quarterly", "0 0 1 1,4,7,10 *"),
        ("@daily 06:30", "30 6 * * *"),
        ("@daily at 6", "0 6 * * *"),
        ("@at 2027-1-1 9:00", "@at 2027-01-01T09:00"),
        ("@at 2027-01-01T09:00+0100", "@at 2027-01-01T09:00+01:00"),
        ("2027-01-01T09:00:00.000Z", "@at 2027-01-01T09:00:00Z"),
        ("at 2027-01-01 09:00", "@at 2027-01-01T09:00"),
    ],
)
def test_intervals_aliases_and_dates_in_another_spelling_are_translated(written: str, meant: str) -> None:
    """A7 A10"""
    assert offered(written) == [meant]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0 0 18 ? * 2-6", {"Quartz, Sunday is 1": "0 18 * * mon-fri", "Spring, Sunday is 0": "0 18 * * tue-sat"}),
        ("0 30 9 * * 1", {"Quartz, Sunday is 1": "30 9 * * sun", "Spring, Sunday is 0": "30 9 * * mon"}),
        ("0 0 12 * * MON-FRI", {"": "0 12 * * MON-FRI"}),
        ("0 30 2 * * *", {"": "30 2 * * *"}),
        ("0 0/5 * * * ?", {"": "0/5 * * * *"}),
        ("0 0 2 * * mon", {"": "0 2 * * mon"}),
        ("* * * * * *", {"seconds first": '{second: "*"}', "year last": "* * * * *"}),
        ("*/10 * * * * *", {"seconds first": '{second: "*/10"}', "year last": "*/10 * * * *"}),
        ("* 5 * * * *", {"seconds first": '{minute: 5, second: "*"}', "year last": "* 5 * * *"}),
        ("* 5 * * * 2027", {"": '{year: 2027, hour: 5, minute: "*"}'}),
        ("0 12 * * ? 2027", {"": "{year: 2027, hour: 12, minute: 0}"}),
        ("0 15 10 ? * 6L", {"Quartz, Sunday is 1": "15 10 * * friL", "Spring, Sunday is 0": "15 10 * * satL"}),
        ("0 0 9 ? * 7L", {"Quartz, Sunday is 1": "0 9 * * satL", "Spring, Sunday is 0": "0 9 * * sunL"}),
        ("0 0 9 ? * L", {"": "0 9 * * sat"}),
        ("0 0 9 ? * 6#3", {"Quartz, Sunday is 1": "0 9 * * fri#3", "Spring, Sunday is 0": "0 9 * * sat#3"}),
        ("0 30 9 * * 1 to 5", {"Quartz, Sunday is 1": "30 9 * * sun-thu", "Spring, Sunday is 0": "30 9 * * mon-fri"}),
        ("0 0 12 ? * 6#3 2027", {"": '{year: 2027, day_of_week: "fri#3", hour: 12, minute: 0, second: 0}'}),
        ("0 0 12 1 1 ? 2027", {"": "{year: 2027, month: 1, day: 1, hour: 12, minute: 0, second: 0}"}),
        ("@every 90", {"seconds": "@every 90s", "minutes": "@every 90m"}),
    ],
)
def test_several_readings_are_named(written: str, meant: dict[str, str]) -> None:
    """A9 C3"""
    assert {one.reading: one.text for one in correction(written).suggestions} == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"hours": "3", "minute": "30"}, "{hour: 3, minute: 30}"),
        ({"hours": "9-17"}, "{hour: 9-17}"),
        ({"minutes": "*/15"}, '{minute: "*/15"}'),
        ({"hours": ["9", "17"]}, '{hour: "9,17"}'),
        ({"months": "1"}, None),
        ({"years": "2027"}, None),
        ({"months": "1", "days": "15"}, None),
        ({"weekday": "mon", "hour": "9"}, "{day_of_week: mon, hour: 9}"),
        ({"Hour": "3", "Minute": "0"}, "{hour: 3, minute: 0}"),
        ({"hour": ["9", "17"]}, '{hour: "9,17"}'),
        ({"cron": "0 3 * * *"}, "0 3 * * *"),
        ({"every": "5 minutes"}, "@every 5m"),
        ({"day_of_week": "fri-mon", "hour": "3"}, '{day_of_week: "fri-sat,sun-mon", hour: 3}'),
        ({"day": "1", "day_of_week": "mon", "hour": "3"}, None),
        ({"minute": ",5"}, "{minute: 5}"),
        ({"hour": "25"}, None),
        ({"week": "3"}, None),
        ({}, None),
    ],
)
def test_mappings_are_corrected_too(written: dict[str, object], meant: str | None) -> None:
    assert offered(written) == ([] if meant is None else [meant])


@pytest.mark.parametrize(
    ("written", "interval", "fixed_time"),
    [
        ({"minutes": "15"}, "@every 15m", "{minute: 15}"),
        ({"hours": "3"}, "@every 3h", "{hour: 3}"),
        ({"Hours": "3"}, "@every 3h", "{hour: 3}"),
        ({"seconds": "30"}, "@every 30s", "{second: 30}"),
        ({"days": "1"}, "@every 1d", "{day: 1}"),
        ({"weeks": "2"}, "@every 2w", None),
        ({"hours": "24"}, "@every 24h", None),
        ({"hours": "1.5"}, "@every 1.5h", None),
        ({"minutes": "30", "hours": "3"}, "@every 3h30m", "{minute: 30, hour: 3}"),
    ],
)
def test_a_number_of_units_is_an_interval_or_a_fixed_time(
    written: dict[str, object], interval: str, fixed_time: str | None
) -> None:
    meant = {"an interval": interval} | ({"a fixed time": fixed_time} if fixed_time else {})
    assert {one.reading: one.text for one in correction(written).suggestions} == meant


@pytest.mark.parametrize("name", ["every", "interval"])
def test_an_interval_without_a_unit_is_in_seconds_or_minutes(name: str) -> None:
    found = correction({name: "15"}).suggestions
    assert {one.reading: one.text for one in found} == {"seconds": "@every 15s", "minutes": "@every 15m"}


@pytest.mark.parametrize(
    "after", ["to fri", "until 2027-01-01", "weekdays only", "www-data", "flock -n x y", "bin/x", "except ./days.txt"]
)
def test_what_follows_five_fields_is_quoted_as_written_and_may_be_for_several_keys(after: str) -> None:
    assert correction(f"0 9 * * * {after}").reason == (
        f"'{after}' follows the five fields; command, user, time zone and dates are separate keys"
    )


@pytest.mark.parametrize("written", ["${CRON_SCHEDULE}", "$CRON", "{{ schedule }}", "0 ${HOUR} * * *", "%CRON%"])
def test_a_variable_is_explained(written: str) -> None:
    """A13"""
    found = correction(written)
    assert found.reason == "variables are not expanded in the file; write the schedule itself"
    assert not found.suggestions


NOISE = (
    "every at on of the 5 9 9am 17:30 pm minutes hours day days mondays weekday monthly 1st last friday month cron( "
    ") rate( ? * */5 1-5 2-6 mon-fri L # ~ 0~30 H @daily @every @at 30 0 12 2027 ; + , UTC Europe/Berlin root "
    "*-*-* 09:00:00 Mon..Fri PT5M 500ms noon except other twice and or to until utc && 6L ./x"
)


@settings(max_examples=1_000)
@given(words=st.lists(st.sampled_from(NOISE.split()), min_size=1, max_size=8))
def test_every_suggestion_is_valid_and_keeps_every_number(words: list[str]) -> None:
    """Law 12. Numbers of a time of day in 12 hours, of weekdays and of words are counted in another way."""
    text = " ".join(words)
    try:
        parse_schedule(text, UTC, job_name="job")
    except ScheduleError as error:
        found = correct(text, error, UTC, "job")
        assert "ambiguous" not in found.reason or len(found.suggestions) > 1
        for one in found.suggestions:
            spec = list(one.spec) if isinstance(one.spec, tuple) else one.spec
            assert parse_schedule(spec, UTC, job_name="job") is not None
            kept = {int(number) for number in re.findall(r"\d+", one.text)}
            if "follows the" in found.reason:
                continue  # what follows belongs to other keys
            in_24_hours = re.sub(r"\d+(?::\d\d){0,2}\s*[ap]m", "", text)
            lost = {int(number) for number in re.findall(r"\d+", in_24_hours)} - kept
            assert lost <= {0} | ({1, 2, 5, 6} if one.reading else set()), one
