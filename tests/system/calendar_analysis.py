"""What `systemd-analyze calendar` says about expressions."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from tests.system.programs import DEADLINE

MISSING = None if shutil.which("systemd-analyze") else "needs systemd-analyze"
ITERATIONS = 60
ZONES = available_timezones()
_NEAR_A_CHANGE = timedelta(hours=4)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def elapses(expressions: list[str], after: datetime) -> list[list[datetime] | None]:
    """The next times of each expression after a moment (UTC), None for one that systemd cannot read."""
    base = f"{after:%Y-%m-%d %H:%M:%S} UTC"
    found: dict[str, list[datetime] | None] = {}
    zones = {expression: _zone(expression) for expression in expressions}
    for zone in set(zones.values()):
        of_zone = [expression for expression, its in zones.items() if its == zone]
        for start in range(0, len(of_zone), 50):
            part = {each.removesuffix(f" {zone}"): each for each in of_zone[start : start + 50]}
            # One process for many; it prints nothing to stdout for those that it cannot read.
            for text, times in _blocks(_analyze(list(part), base, zone).stdout):
                found[part[text]] = times
    return [found.get(expression) for expression in expressions]


def _zone(expression: str) -> str:
    """The zone at the end of an expression, which is as good as TZ; systemd starts a process for each time in it."""
    last = expression.rpartition(" ")[2]
    return last if last in ZONES else "UTC"


def _analyze(expressions: list[str], base: str, zone: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "calendar", f"--iterations={ITERATIONS}", f"--base-time={base}", "--", *expressions],
        env={"TZ": zone, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"},
        capture_output=True,
        text=True,
        timeout=DEADLINE * 3,
        check=False,
    )


def _blocks(text: str) -> list[tuple[str, list[datetime]]]:
    """Expression and times: it prints the original form only where it differs from the normal one."""
    found = []
    for block in text.split("\n\n"):
        name = re.search(r"Original form: (.*)", block) or re.search(r"Normalized form: (.*)", block)
        if name:
            times = [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in _MOMENT.findall(block)]
            found.append((name[1], times))
    return found


def comparable(times: list[datetime], zone: ZoneInfo) -> list[datetime]:
    """Without times near a change of the zone's offset, of which the two schedulers make different things."""
    return [
        at
        for at in times
        if (at - _NEAR_A_CHANGE).astimezone(zone).utcoffset() == (at + _NEAR_A_CHANGE).astimezone(zone).utcoffset()
    ]
