"""Random questions about scheduled times, most of them near a DST change: expression, zone and instant."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.unit.schedule_oracle import Limits, dst_changes

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Caracas",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Fakaofo",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Asia/Pyongyang",
    "Asia/Kathmandu",
    "Antarctica/Troll",
    "Antarctica/Vostok",
    "Antarctica/Casey",
    "Asia/Anadyr",
    "Europe/Moscow",
)
YEARS = range(1985, 2026)


class Case(NamedTuple):
    """After which instant, of which expression, in which zone, within which limits."""

    expression: str
    zone: ZoneInfo
    after: datetime
    limits: Limits = Limits()


def random_case(rng: random.Random) -> Case:
    zone = ZoneInfo(rng.choice(ZONES))
    year = rng.choice(YEARS)
    changes = dst_changes(zone, year)
    if changes and rng.random() < 0.9:
        moment = rng.choice(changes)
        hour = moment.astimezone(zone).hour
        before = timedelta(minutes=rng.choice((1, 30, 60, 180, 600, 2000)))
        after = moment - before * rng.random() if rng.random() < 0.8 else moment + before * rng.random()
    else:
        hour = rng.randrange(24)
        after = datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(525_000))
    if rng.random() < 0.5:
        after = after.replace(second=0, microsecond=0)
    wall = after.astimezone(zone).replace(tzinfo=None)
    expression = random_start(rng, wall) if rng.random() < 0.1 else random_expression(rng, hour)
    limits = random_limits(rng, wall) if rng.random() < 0.4 else Limits()
    return Case(expression, zone, after, limits)


def random_limits(rng: random.Random, wall: datetime) -> Limits:
    """Limits near a wall time; `from` and `until` by dates, or by times far from DST changes."""
    first = last = None
    if rng.random() < 0.3:
        first = f"{wall + timedelta(days=rng.randint(-2, 1)):%Y-%m-%d}" + rng.choice(("", "T12:00", "T17:30"))
    if rng.random() < 0.3:
        last = f"{wall + timedelta(days=rng.randint(0, 2)):%Y-%m-%d}" + rng.choice(("", "T12:00", "T17:30"))
    return Limits(first, last, tuple(random_exclusion(rng, wall) for _ in range(rng.randint(0, 3))))


def random_exclusion(rng: random.Random, wall: datetime) -> str:
    first = wall + timedelta(days=rng.randint(-1, 2))
    last = first + timedelta(days=rng.randint(0, 3))
    kind = rng.randrange(6)
    if kind < 2:
        return f"{first:%Y-%m-%d}" if kind else f"{first:%m-%d}"
    if kind == 2:
        return f"{first:%Y-%m-%d}..{last:%Y-%m-%d}"
    if kind == 3:
        return f"{first:%m-%d}..{last:%m-%d}"
    if kind == 4:
        return f"* * {rng.choice(('*', f'{first.day}'))} * {rng.choice(('*/2', 'sat,sun', '1-5'))}"
    return random_expression(rng, wall.hour)


def random_start(rng: random.Random, wall: datetime) -> str:
    """An interval of days whose start is some time before or shortly after the wall time."""
    days = rng.choice((1, 1, 2, 3, 7, 14))
    start = wall + timedelta(days=rng.randint(-30 * days, days), minutes=rng.randint(-240, 240))
    interval = f"{days // 7}w" if days % 7 == 0 and rng.random() < 0.5 else f"{days}d"
    return f"@every {interval} from {start:%Y-%m-%dT%H:%M}"


def random_expression(rng: random.Random, hour: int) -> str:
    """Hours near `hour` most of the time; mostly every day, or else nothing would happen near the change."""
    fields = [_field(rng, 0, 59, rng.randrange(60)), _field(rng, 0, 23, (hour + rng.randint(-3, 3)) % 24)]
    if rng.random() < 0.6:
        return " ".join([*fields, "*", "*", "*"])
    day, weekday = random_days(rng)
    month = rng.choice(("*", "*", "*", "*/2", "3-11", "mar,apr,sep-nov", "1-6/2"))
    return " ".join([*fields, day, month, weekday])


def random_days(rng: random.Random) -> tuple[str, str]:
    """The two day fields, alone and together."""
    day = rng.choice(("*/2", "1", "13", "31", "1-7", "25-31", "*/7", "5/5", "28,29,30", "?", "1-31", "*,5"))
    weekday = rng.choice(("sun", "0", "7", "1-5", "sat-sun", "*/2", "mon,wed", "5-7", "0-6", "1-7/3", "fri-fri"))
    kind = rng.randrange(8)
    if kind == 0:
        days = ("L", "15,L", f"{rng.randint(1, 28)}W", "LW", f"L-{rng.randint(1, 27)}", "1,L-1,LW", "L-2,L")
        return rng.choice(days), rng.choice("*?")
    if kind == 1:
        nth = rng.choice((f"{rng.randint(0, 7)}#{rng.randint(1, 4)}", f"{rng.randint(0, 7)}L", "mon#1,mon#3", "friL"))
        return rng.choice("*?"), nth
    return rng.choice(((day, "*"), ("*", weekday), (day, weekday)))


def _field(rng: random.Random, low: int, high: int, near: int) -> str:
    span = rng.randint(1, 6)
    end = min(high, near + span)
    return rng.choice(
        (
            str(near),
            str(near),
            ",".join(str(number) for number in sorted({near, rng.randint(low, high), end})),
            f"{near}-{end}",
            f"{near}-{end}/{rng.randint(1, 4)}",
            f"{low}-{high}",
            f"{low}-{high}/{rng.randint(2, 30)}",
            f"{near}/{rng.randint(2, 20)}",
            "*",
            f"*/{rng.randint(1, 31)}",
        )
    )
