"""Scheduled times as cron(8)'s own C code gave them, recorded under a fake clock; for other forms, the oracle's."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.schedule import parse_schedule
from tests.unit.schedule_agreement import answers, excluded_answers, schedule_of
from tests.unit.schedule_cases import Case
from tests.unit.schedule_oracle import Limits

GOLDEN = Path(__file__).with_name("data") / "cron-golden.jsonl"

LIMITS_GOLDEN = GOLDEN.with_name("limits-golden.jsonl")
"""Recorded from the oracle: `LW`, `L-n`, `@every … from`, `from`, `until` and `except`, most near a DST change."""

MOST = 6
"""Times recorded for a case; fewer are all until `checked_until`."""


def test_all_times_recorded_from_cron_itself_are_computed() -> None:
    """T1 T2 T3 T5"""
    wrong = []
    rows = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    for row in rows:
        schedule = parse_schedule(row["expr"], ZoneInfo(row["tz"]), job_name="golden")
        moment = datetime.fromisoformat(row["after"])
        for text in row["next"]:
            following = schedule.next_after(moment)
            if following != datetime.fromisoformat(text):
                wrong.append(f"{row['expr']!r} in {row['tz']} after {moment}: {following}, not {text}")
                break
            moment = following
    assert len(rows) == 5_400
    assert wrong == []


def test_all_times_recorded_for_the_forms_that_cron_lacks_are_computed() -> None:
    rows = [json.loads(line) for line in LIMITS_GOLDEN.read_text().splitlines()]
    wrong = []
    for row in rows:
        after, until = datetime.fromisoformat(row["after"]), datetime.fromisoformat(row["checked_until"])
        limits = Limits(row["from"], row["until"], tuple(row["except"]))
        schedule = schedule_of(Case(row["expr"], ZoneInfo(row["tz"]), after, limits))
        for key, find in (("next", answers), ("excluded", excluded_answers)):
            expected = [datetime.fromisoformat(text) for text in row[key]]
            end = expected[-1] if len(expected) == MOST else until
            if (key == "next" or row["except"]) and find(schedule, after, end) != expected:
                wrong.append(f"{key}: {row}")
    assert len(rows) == 360
    assert wrong == []
