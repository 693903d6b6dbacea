"""Scheduled times as cron(8)'s own C code gave them, recorded under a fake clock."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.schedule import parse_schedule

GOLDEN = Path(__file__).with_name("data") / "cron-golden.jsonl"


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
