"""`schedctl simulate` tells what a real schedd then does."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.config import load
from scheduler.control.simulation import simulate
from scheduler.engine.events import Event, RunStarted, SlotSkipped
from tests.system.programs import schedctl, schedd, write

FILE = """
    max_running: 6
    jobs:
      skips: {schedule: "@every 2s", command: exec sleep 3.1}
      allows: {schedule: "@every 2s", command: exec sleep 2.6, overlap: allow}
      queues: {schedule: "@every 2s", command: exec sleep 3.5, overlap: queue}
      replaces: {schedule: "@every 2s", command: exec sleep 9, overlap: replace}
      first: {schedule: "@every 4s", command: exec sleep 0.6, lock: shared}
      second: {schedule: "@every 4s", command: exec sleep 0.6, lock: shared}
      impatient: {schedule: "@every 4s", command: exec sleep 0.6, lock: shared, start_deadline: 0.9s}
      times-out: {schedule: "@every 2s", command: exec sleep 9, timeout: 1.3s}
    """
TAKES = {"skips": 3.1, "allows": 2.6, "queues": 3.5, "replaces": 9.0, "times-out": 9.0}
SECONDS = 17

Decided = set[tuple[str, str, str]]


def simulated(file: Path, start: datetime) -> Decided:
    decided: Decided = set()

    def hear(event: Event) -> None:
        match event:
            case RunStarted(run=run):
                decided.add((run.job, "ran", f"{run.scheduled_at:%H:%M:%S}"))
            case SlotSkipped(decision=decision):
                decided.add((decision.job, decision.verdict.value, f"{decision.last:%H:%M:%S}"))

    config = load(file)
    end = start + timedelta(seconds=SECONDS)
    takes = lambda name: (TAKES.get(name, 0.6), "given")  # noqa: E731
    simulate(config.jobs, takes, max_running=config.max_running, start=start, end=end, also=hear)
    return decided


def real(records: list[dict[str, Any]]) -> Decided:
    decided: Decided = set()
    for record in records:
        if record["event"] == "run started":
            decided.add((record["job"], "ran", record["scheduled_at"][11:19]))
        elif record["event"] == "slot skipped":
            decided.add((record["job"], record["reason"], record["slot"][11:19]))
    return decided


def test_it_agrees_with_a_real_schedd_on_every_decision(tmp_path: Path) -> None:
    file = write(tmp_path / "schedules.yaml", FILE)
    with schedd(file, "--log-format", "json") as running:
        time.sleep(SECONDS + 1)
        records = [json.loads(line) for line in running.log.splitlines()]
    start = next(datetime.fromisoformat(record["timestamp"]) for record in records if record["event"] == "jobs changed")
    last = f"{start + timedelta(seconds=SECONDS - 5):%H:%M:%S}"  # of later slots not all is decided
    expected = {decision for decision in simulated(file, start) if decision[2] <= last}
    assert {decision for decision in real(records) if decision[2] <= last} == expected
    assert {verdict for _, verdict, _ in expected} >= {"ran", "overlap", "folded", "lock"}


def test_it_prints_a_table_with_the_crowded_minutes_or_a_document(tmp_path: Path) -> None:
    file = write(
        tmp_path / "s.yaml", 'jobs: {a: {schedule: "@hourly", command: x}, b: {schedule: "0 * * * *", command: x}}'
    )
    span = ("--from", "2026-06-01T00:30Z", "--to", "2026-06-02T00:30Z")
    shown = schedctl("simulate", file, *span, "--durations", "10s,b=2m")
    assert shown.returncode == 0
    assert "2 starts in the minute of Mon 2026-06-01 01:00" in shown.stdout
    assert "most at once  2" in shown.stdout
    assert "\x1b" not in shown.stdout
    told = json.loads(schedctl("simulate", file, *span, "--json").stdout)
    assert (told["runs"], told["skipped"], [job["runs"] for job in told["jobs"]]) == (48, {}, [24, 24])
    unknown = schedctl("simulate", file, "--durations", "c=3s")
    assert (unknown.returncode, "no job 'c'" in unknown.stderr) == (4, True)
