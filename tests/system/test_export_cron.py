"""What schedd does with a job, Debian's cron does with the exported crontab: command, context, times."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from scheduler.config.load import load
from tests.system.debian_cron import FAKETIME, missing, ran, recorded, recorder
from tests.system.programs import eventually, schedctl, schedd

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

JOBS: dict[str, dict[str, Any]] = {
    "c01": {"command": "REC c01 'a b' \"$HOME\" 100% $(echo sub) `echo back` # a comment"},
    "c02": {"command": ["REC", "c02", "two words", "%", "a\\b", "\\%", "\\\\%\\", "$HOME", "it's", "line\nbreak", ""]},
    "c03": {"command": "REC c03 <<E\n  one%\n\ttwo \\% $((1 + 2))\nE\n"},
    "c04": {"command": 'REC c04 "$A" "$B" "$C"', "env": {"A": " x  y%", "B": "it's $HOME \\% \\\\", "C": ""}},
    "c05": {"command": "REC c05 $(umask) $(ulimit -v)", "umask": "027", "memory_limit": "4G", "cwd": "/tmp"},
    "c06": {"command": "REC c06; exit 0", "timeout": "20s", "cwd": "/usr/bin"},
    "c07": {"command": ["REC", "c07", "%"], "lock": "db", "overlap": "allow"},
    "c08": {"command": "REC c08", "run_if": "test -e /etc/passwd && echo 100%"},
    "c09": {"command": "REC never", "run_if": ["false"]},
    "c10": {"command": "REC c10", "output": "discard"},
    "c12": {"command": 'REC c12 "${PATH%%:*}"', "path": ["/opt/%bin"]},
    "c13": {"command": '[[ x == x ]] && REC c13 "${BASH_VERSION:0:1}" "$0" {1..3}', "shell": "bash"},
    "c14": {"command": "test -e FLAG && REC c14 || { : >FLAG; exit 3; }", "retry": {"times": 2, "delay": "1s"}},
    "c15": {"command": "REC never", "enabled": False},
    "c16": {"command": "REC never", "except": ["06-15", "2026-06-14..2026-06-16"]},
    "c17": {"command": "REC c17", "except": ["06-14", "06-16..06-20"], "from": "2020-01-01", "until": "2099-01-01"},
    "c18": {"command": "REC never", "until": "2026-06-14"},
    "c19": {"command": 'REC c19 "$S"', "env": {"S": {"from_file": "SECRET"}}},
    "c20": {"command": "REC c20 $(id -u)", "user": "nobody", "cwd": "/"},
    "c21": {"command": 'REC c21 "$PATH"', "env": {"PATH": "/opt/x"}, "from": "2020-01-01", "run_if": ["/bin/true"]},
    "c22": {"command": ["/bin/sh", "-c", 'REC c22 "$PATH"'], "env": {"PATH": "/opt/x"}, "timeout": "20s", "retry": 1},
    "c23": {"command": 'REC c23 "$PATH"', "env_file": "VARIABLES", "path": ["/opt/y"], "lock": "own"},
}
TAGS = {f"c{number:02}" for number in range(1, 24)} - {"c09", "c11", "c15", "c16", "c18"}

MINUTES = [
    datetime(2026, 3, 1, 0, 0, tzinfo=UTC),  # a Sunday
    datetime(2028, 2, 29, 12, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2026, 6, 15, 8, 15, tzinfo=UTC),  # a Monday
    datetime(2026, 10, 30, 17, 45, tzinfo=UTC),  # a Friday, the last one
]
DATES = ["L * *", "L-1 * *", "L-2 * *", "1,L * *", "*/2,L * *"]
DATES += ["* * sun#1", "* * fri#5", "* * fri#4", "* * 5L", "* * 1L,2L", "* * 1#3,4#5", "* * tue#5"]
SPECIAL: list[Any] = [
    *("@every 2w from 2026-03-01T00:00", "@every 13d from 2028-02-16T12:30", "@every 3d from 2026-10-29T17:45"),
    *("@every 15m", "@every 6h", "@every 5m", "@daily", "@every 1h"),
    *("@at 2026-03-01T00:00", "@at 2028-02-29T12:30", "@at 2027-12-31T23:59", "@at 2026-10-30T17:45"),
]


def exported(folder: Path, name: str, jobs: dict[str, Any]) -> str:
    """The crontab that an export makes of the jobs."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"jobs": jobs}))
    done = schedctl("-c", file, "export", "crontab", "--timezone", "UTC", HOME="/root")
    assert done.returncode == 0, done.stderr
    return done.stdout


def at_the_minute(minute: datetime) -> str:
    """Lines that give date(1) in the commands the time of cron."""
    return f"LD_PRELOAD={FAKETIME}\nFAKETIME=@{minute:%Y-%m-%d %H:%M:%S}\n"


def filled(folder: Path, side: str, schedule: str) -> dict[str, Any]:
    text = yaml.safe_dump({name: {"schedule": schedule, **job} for name, job in JOBS.items()}, width=10_000)
    for word, path in (
        ("REC", f"{side}-rec"),
        ("FLAG", f"{side}-flag"),
        ("SECRET", "secret"),
        ("VARIABLES", "variables"),
    ):
        text = text.replace(word, str(folder / path))
    made: dict[str, Any] = yaml.safe_load(text)
    return made


def test_commands_users_and_context_are_the_same(open_directory: Path) -> None:
    (open_directory / "secret").write_text("100% $HOME it's\n")
    (open_directory / "variables").write_text("PATH=/opt/x\n")
    for side in ("cron", "schedd"):
        recorder(open_directory / f"{side}-rec", open_directory / side)
    crontab = exported(open_directory, "cron", filled(open_directory, "cron", "* * * * *"))
    text = at_the_minute(MINUTES[3]) + crontab
    by_cron, by_schedd = open_directory / "cron", open_directory / "schedd"
    ran({"system/exported": text}, open_directory / "spool", MINUTES[3], lambda: not TAGS - recorded(by_cron).keys())

    jobs = {name: job for name, job in filled(open_directory, "schedd", "@reboot").items() if name in TAGS | {"c09"}}
    del jobs["c17"]["except"]  # the clock of schedd is the real one
    (open_directory / "schedd.yaml").write_text(yaml.safe_dump({"jobs": jobs}))
    with schedd(open_directory / "schedd.yaml", HOME="/root", LOGNAME="root", PATH="/usr/bin:/bin"):
        eventually(lambda: recorded(by_schedd).keys() >= TAGS)

    assert recorded(by_cron).keys() == recorded(by_schedd).keys() == TAGS
    for tag, theirs in recorded(by_schedd).items():
        ours = recorded(by_cron)[tag]
        assert (tag, ours.arguments, ours.stdin, ours.ids) == (tag, theirs.arguments, theirs.stdin, theirs.ids)
        assert (tag, ours.cwd) == (tag, theirs.cwd)
        for name in (b"A", b"B", b"C", b"S", b"HOME", b"LOGNAME"):
            assert (tag, name, ours.env.get(name)) == (tag, name, theirs.env.get(name))


def some_field(low: int, high: int, value: int, chance: random.Random) -> str:
    near = value if chance.random() < 0.85 else chance.randint(low, high)
    start, end, step = chance.randint(low, near), chance.randint(near, high), chance.choice([2, 3, 5, 15])
    forms = ["*", str(near), f"*/{step}", f"{start}-{end}", f"{start}-{end}/{step}", f"{near},{start}-{end}/{step}"]
    return chance.choice([*forms, f"*/{step},{near}"])


def test_times_are_the_same(open_directory: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - the same schedules each time
    schedules: list[Any] = [*SPECIAL]
    for minute in MINUTES:
        at = f"{minute.minute} {minute.hour}"
        schedules += [f"{at} {date}" for date in DATES]
        by_year = {"minute": minute.minute, "hour": minute.hour}
        schedules += [
            {**by_year, "year": "2026"},
            {**by_year, "year": "2027-2028"},
            {**by_year, "day": "L", "year": 2026},
        ]
        values = (minute.minute, minute.hour, minute.day, minute.month, minute.isoweekday() % 7)
        limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
        for _ in range(40):
            fields = [some_field(*limit, value, chance) for limit, value in zip(limits, values, strict=True)]
            schedules.append(" ".join(fields))
    unique = {repr(form): form for form in schedules}.values()
    jobs = {f"j{number}": {"schedule": form, "command": f": >/out/j{number}"} for number, form in enumerate(unique)}
    crontab = exported(open_directory, "times", jobs)
    assert "#! not exported" not in crontab
    loaded = load(open_directory / "times.yaml").jobs

    def found(place: int, attempt: str = "") -> set[str]:
        out = open_directory / f"out{place}{attempt}"
        out.mkdir()
        last = f"* * * * * sleep 3; : >{out}/end\n"
        text = at_the_minute(MINUTES[place]) + crontab.replace("/out/", f"{out}/") + last
        ran({"users/root": text}, open_directory / f"spool{place}{attempt}", MINUTES[place], (out / "end").exists)
        return {path.name for path in out.iterdir()} - {"end"}

    with ThreadPoolExecutor(3) as pool:
        by_cron = list(pool.map(found, range(len(MINUTES))))
    for place, (minute, theirs) in enumerate(zip(MINUTES, by_cron, strict=True)):
        before = minute - timedelta(seconds=1)
        ours = {name for name, job in loaded.items() if job.schedule and job.schedule.next_after(before) == minute}
        if ours - theirs:  # on a busy machine, cron with a made-up clock loses one of a hundred jobs now and then
            theirs.update(found(place, "again"))
        assert {name: jobs[name]["schedule"] for name in ours ^ theirs} == {}, minute
        assert 15 < len(theirs) < 150
