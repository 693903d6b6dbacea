"""Exported units: their times are those of the jobs, and systemd accepts them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule
from scheduler.translate.exporters.on_calendar_text import NoCalendarError, calendar_lines
from scheduler.translate.importers.exec_line import read_exec_line
from scheduler.translate.importers.unit_name import Manager, UnitName
from tests.system.calendar_analysis import ITERATIONS, MISSING, comparable, elapses
from tests.system.programs import schedctl

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

REAL = (
    """
* * * * *|*/5 * * * *|0 * * * *|30 2 * * *|0 0 * * *|0 0 * * 0|0 0 1 * *|0 0 1 1 *|15 8 * * 1-5|0 9-17/2 * * mon-fri
0 0 1,15 * 5|0 0 */2 * 5|0 0 1-31 * 5|5 4 L * *|5 4 L-2 * *|0 12 * * fri#2|0 12 * * 5L|0 12 * * sun#1|@daily|@weekly
@monthly|@yearly|@hourly|@every 15m|@every 6h|@every 90s|@every 10s|@every 1d|59 23 31 12 *|30 12 29 2 *|0 0 * * 7
0 22 * * 0-3,6|7,17,27-33/2 */4 * * *|0 5 31 * *|0 5 29-31 2-11/3 *|10-50/20 0-23/5 */9 * *|0 0 8-14 * *|H H * * *
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago"]
AFTER = datetime(2026, 11, 2, 11, 17, 31, tzinfo=UTC)
FORMS = int(os.environ.get("CALENDAR_FORMS", "60"))
"""Generated schedules for each zone."""


def some_field(chance: random.Random, low: int, high: int) -> str:
    first, second = sorted((chance.randint(low, high), chance.randint(low, high)))
    step = chance.choice([2, 3, 5, 7, 15])
    forms = ["*", "*", str(first), f"{first},{second}", f"{first}-{second}", f"*/{step}", f"{first}-{high}/{step}"]
    return chance.choice(forms)


def some_schedule(chance: random.Random) -> Any:
    day, weekday = "*", "*"
    match chance.randint(0, 5):
        case 0:
            day = chance.choice(["L", "L-1", "L-7", "1,L", "*/2,L"])
        case 1:
            weekday = chance.choice(["1#1", "5#3", "0#4,3#2", "6L", "0L,2L", "4#5"])
        case 2:
            day, weekday = some_field(chance, 1, 28), some_field(chance, 0, 6)
        case 3:
            weekday = some_field(chance, 0, 6)
        case 4:
            day = some_field(chance, 1, 28)
    times = [some_field(chance, 0, 59), some_field(chance, 0, 23), day, some_field(chance, 1, 12), weekday]
    if chance.random() < 0.2 and "*" in {day, weekday}:
        names = ["minute", "hour", "day", "month", "day_of_week"]
        fields = dict(zip(names, times, strict=True)) | {"second": some_field(chance, 0, 59)}
        return fields | ({"year": f"{chance.randint(2026, 2028)}-2030"} if chance.random() < 0.5 else {})
    return " ".join(times)


@pytest.mark.parametrize("place", range(len(ZONES)), ids=ZONES)
def test_an_exported_calendar_expression_has_the_same_times(place: int) -> None:
    chance = random.Random(100 + place)  # noqa: S311 - the same forms each time
    zone = ZoneInfo(ZONES[place])
    expected: list[tuple[Any, Any, list[str]]] = []
    for form in [*REAL[place % 3 :: 3], *(some_schedule(chance) for _ in range(FORMS))]:
        try:
            schedule = parse_schedule(form, zone, job_name="job")
            expected.append((form, schedule, calendar_lines(schedule)))
        except (ScheduleError, NoCalendarError):
            continue
    lines = list(dict.fromkeys(line for _, _, found in expected for line in found))
    theirs_by_line = dict(zip(lines, elapses(lines, AFTER), strict=True))
    compared = 0
    for form, schedule, found in expected:
        times = [theirs_by_line[line] for line in found]
        assert all(each is not None for each in times), (form, found)
        # Where one of several expressions ends, the others go on.
        last = min(each[-1] for each in times if each) if any(times) else AFTER
        theirs = sorted({at for each in times if each for at in each if at <= last})[:ITERATIONS]
        ours: list[datetime] = []
        at = AFTER
        while theirs and len(ours) < len(theirs) and (following := schedule.next_after(at)):
            at = following
            ours.append(at)
        end = min(theirs[-1], ours[-1]) if theirs and ours else AFTER
        assert [t for t in comparable(ours, zone) if t <= end] == [t for t in comparable(theirs, zone) if t <= end], (
            form
        )
        compared += len(theirs) >= ITERATIONS
    assert compared > 0.5 * FORMS
    if "CALENDAR_FORMS" in os.environ:
        sys.stdout.write(
            f"{ZONES[place]}: {len(expected)} schedules, {len(lines)} expressions, {compared} over 60 times or more\n"
        )


SCHEDULES = """
defaults: {cwd: /srv/app}
max_running: 4
jobs:
  backup:
    description: Back up 100% of "it"
    schedule: "30 2 * * *"
    command: "pg_dump $DB | gzip > /srv/b-$(date +%F).gz"
    env: {DB: "a b", PW: {from_file: /run/secrets/pw}, OLD: null}
    env_file: /srv/app/.env
    retry: 3
    timeout: 1h
    lock: db
    run_if: test -e /run/ready
    on_failure: [{command: "mail -s x ops"}]
    ping: https://hc.example.com/abc
    user: daemon
  month-end: {schedule: "0 9 L * *", command: [bin/x, "a b", "%", "$"], except: [12-25], until: 2027-06-30}
  pay: {schedule: "@every 2w from 2026-01-02T17:00", command: "x\\ny", umask: "027", memory_limit: 512M, catch_up: 1h}
  load: {schedule: "@every 25m", python: "app.tasks:poll", kwargs: {a: "b'c"}, path: [.venv/bin], splay: 10m}
  report: {schedule: "@after load", command: x, output: discard, success_codes: [0, 3], enabled: true}
  often: {schedule: ["@reboot", {second: "*"}], command: x, shell: bash}
  some_day: {command: x, enabled: false}
"""


@pytest.mark.parametrize(
    ("keys", "runs"),
    [
        ({"from": "2020-01-01"}, True),
        ({"from": "2999-01-01"}, False),
        ({"until": "2020-01-01"}, False),
        ({"until": "2090-01-01", "except": ["2020-01-01", "2020-02-01..2020-02-03"]}, True),
        ({"except": ["2020-01-01..2999-01-01"]}, False),
        ({"except": ["01-01..12-31"]}, False),
        ({"except": ["07-01..06-30"]}, False),
        ({"schedule": "@every 1d from 2020-01-01"}, True),
        ({"schedule": "@every 1d from 2999-01-01"}, False),
        ({"run_if": "true", "except": ["2020-01-01..2020-02-03"]}, True),
        ({"run_if": ["false"]}, False),
    ],
)
def test_the_conditions_of_a_service_are_those_of_the_job(tmp_path: Path, keys: dict[str, Any], runs: bool) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(yaml.safe_dump({"jobs": {"a": {"schedule": "@daily", "command": "x", **keys}}}))
    done = schedctl("-c", file, "export", "systemd", "a")
    conditions = [line.partition("=")[2] for line in done.stdout.splitlines() if line.startswith("ExecCondition=")]
    assert conditions, done.stdout
    unit = UnitName("a.service", Manager(of_users=False, home=None))
    codes = [
        subprocess.run(
            ["".join(map(str, word)) for word in read_exec_line(line, unit).words], check=False, timeout=60
        ).returncode
        for line in conditions
    ]
    assert (set(codes) == {0}) == runs, (conditions, codes)


@pytest.mark.parametrize("options", [(), ("--user",)])
def test_systemd_accepts_exported_units(tmp_path: Path, options: tuple[str, ...]) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(SCHEDULES)
    units = tmp_path / "units"
    done = schedctl("-c", file, "export", "systemd", "-o", units, *options)
    assert done.returncode == 0, done.stderr
    for path in units.iterdir():  # programs need not exist here
        text = path.read_text()
        for program in ("/usr/bin/curl", "/srv/app/bin/x", "bash"):
            text = text.replace(f"={program} ", "=/bin/true ").replace(f"=-{program} ", "=-/bin/true ")
        path.write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *(["--user"] if options else []), *units.iterdir()],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    about = [line for line in verified.stderr.splitlines() if str(units) in line or "Failed" in line]
    assert (verified.returncode, about) == (0, []), verified.stderr
