"""Schedules that come from OnCalendar have the times that systemd has."""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.schedule import parse_schedule
from scheduler.translate.importers.systemd_calendar import OnCalendarError, read_on_calendar
from tests.system.calendar_analysis import ITERATIONS, MISSING, comparable, elapses

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

REAL = (
    """
minutely|hourly|daily|weekly|monthly|quarterly|semiannually|yearly|*-*-* 04:00:00|*-*-* 4:00|04:00|*:0/5|*:00/15:00
Mon..Fri *-*-* 07:30:00|Mon,Wed,Fri 18:00|Sat,Sun *-*-* 10:00|Sun *-*-1..7 03:00|Sun *-*-01..07 00:00:00
Fri *-*-8..14 12:00|*-*-1,15 06:00|*-*~01 23:55|*-02~01|*-*-01 00:00:00|*-1,4,7,10-01 02:00|*-01/3-01 02:00
*-*-* 00/6:00|*-*-* 0/2:30:00|*-*-* 8..18:00|*-*-* *:30|*:15,45|*-*-* 9..17/2:15|*:*:0/10|*-*-* *:*:30|*-*-* 2:30:15
Mon *-*-* 00:00:00|Monday|saturday 12:00|Mon-Fri 9:00|Thu,Fri 22..23:10|*-12-24 18:00|12-24 18:00|2030-01-01 00:00:00
2027..2029-06-15 12:00|*-*-29..31 1:00|Fri *-*~07/1 17:00|Mon *-05~07/1|Tue *-*-15..21 4:00|Mon *-*-01 5:00
*-*-2/2 3:00|*-6..8-* 5:00|*-*-* 23:59:59|*-*-31 12:00|*-02-29 12:00|Wed *-*-22..28 20:20|Sun,Mon *-*-5,10 1:00
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago"]
AFTER = datetime(2026, 11, 2, 11, 17, 31, tzinfo=UTC)
FORMS = int(os.environ.get("CALENDAR_FORMS", "56"))
"""Generated expressions for each zone."""


def some_part(chance: random.Random, low: int, high: int, *, any_is_likely: float) -> str:
    if chance.random() < any_is_likely:
        return "*"
    first, second = sorted((chance.randint(low, high), chance.randint(low, high)))
    step = chance.randint(1, max(1, (high - low) // 2))
    forms = [f"{first:02}", str(second), f"{first}..{second}", f"{first},{second}", f"{first}..{second}/{step}"]
    # systemd 252 leaves out the first time of a day or year after an open end that does not close the circle (`5/22`).
    forms.append(f"{low}/{step}" if (high + 1 - low) % step == 0 and high != 31 else f"{first}..{high}/{step}")
    return chance.choice(forms)


def some_expression(chance: random.Random) -> str:
    words = []
    if chance.random() < 0.4:
        days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        first, second = sorted(chance.sample(range(7), 2))
        words.append(chance.choice([days[first], f"{days[first]}..{days[second]}", f"{days[second]},{days[first]}"]))
    if chance.random() < 0.7:
        month = some_part(chance, 1, 12, any_is_likely=0.7)
        if chance.random() < 0.2:
            date = chance.choice(["~01", "~07/1", "~1", "~03", "~02..04"])
        elif words:
            date = chance.choice(["-*", "-1..7", "-8..14", "-15..21", "-22..28", "-1..14", "-01", "-1,10"])
        else:
            date = "-" + some_part(chance, 1, 31, any_is_likely=0.4)
        words.append(f"*-{month}{date}")
    if not words or chance.random() < 0.8:
        seconds = chance.choice(["", "", ":00", ":30", ":0/20"])
        hour = some_part(chance, 0, 23, any_is_likely=0.3)
        words.append(f"{hour}:{some_part(chance, 0, 59, any_is_likely=0.1)}{seconds}")
    return " ".join(words)


@pytest.mark.parametrize("place", range(len(ZONES)), ids=ZONES)
def test_an_imported_calendar_expression_has_the_same_times(place: int) -> None:
    chance = random.Random(place)  # noqa: S311 - the same forms each time
    zone = ZoneInfo(ZONES[place])
    forms = [*REAL[place % 2 :: 2], *(some_expression(chance) for _ in range(FORMS))]
    forms = [f"{form} {ZONES[place]}" for form in dict.fromkeys(forms)]
    compared = 0
    for form, theirs in zip(forms, elapses(forms, AFTER), strict=True):
        assert theirs is not None, form
        try:
            found = read_on_calendar(form)
            schedule = parse_schedule(found.schedules, zone, job_name="job")
        except OnCalendarError as refused:
            assert "has no equivalent" in str(refused) or "have no equivalent" in str(refused), form
            continue
        assert found.zone == ZONES[place]
        ours, at = [], AFTER
        while theirs and at <= theirs[-1] and (following := schedule.next_after(at)):
            at = following
            ours.append(at)
        ours = [at for at in ours if at <= theirs[-1]] if theirs else ours
        assert comparable(ours, zone) == comparable(theirs, zone), form
        compared += len(theirs) == ITERATIONS
    assert compared > 40
    if "CALENDAR_FORMS" in os.environ:
        sys.stdout.write(f"{ZONES[place]}: {len(forms)} expressions, {compared} compared over 60 times" + "\n")
