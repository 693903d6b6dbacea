"""croniter costs a schedd memory, time and a child, so only a file that needs it loads it: at once, not in a tick."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from scheduler.schedule import parse_schedule

schedule, now = parse_schedule(sys.argv[1], ZoneInfo("Europe/Berlin"), job_name="x"), datetime.now(UTC)
print(schedule.next_after(now) > now > schedule.last_before(now), "croniter" in sys.modules)
"""


@pytest.mark.parametrize(
    ("expression", "loads"),
    [
        ("*/5 * * * *", False),
        ("0 8 * * mon-fri", False),
        ("30 3 28 2 *", False),
        ("0 0 L */3 *", False),
        ("0 9 15W * *", False),
        ("0 0 31 * mon", False),
        ("0 9 * * fri#2", False),
        ("0 0 29 2 *", False),
        ("0 0 * * fri#5", True),
        ("0 0 */10 * mon", True),
    ],
)
def test_croniter_is_loaded_when_dates_are_rare(expression: str, loads: bool) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, expression], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", str(loads)]
