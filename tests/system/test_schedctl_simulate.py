"""`schedctl simulate` predicts what a real schedd then does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scheduler.config.load import load
from scheduler.engine.events import Event
from scheduler.engine.simulation import simulate
from scheduler.report.records import record
from scheduler.text import cells
from tests.system.programs import eventually, schedctl, schedd, write
from tests.system.test_schedctl_terminal import OnTerminal

PLAYS = {
    "without-limit": """
        jobs:
          skips: {schedule: "@every 2s", command: exec sleep 3.1}
          allows: {schedule: "@every 2s", command: exec sleep 2.6, overlap: allow}
          queues: {schedule: "@every 2s", command: exec sleep 4.55, overlap: queue}
          replaces: {schedule: "@every 2s", command: exec sleep 9, overlap: replace}
          first: {schedule: "@every 4s", command: exec sleep 0.6, lock: shared}
          second: {schedule: "@every 4s", command: exec sleep 0.6, lock: shared}
          impatient: {schedule: "@every 4s", command: exec sleep 0.6, lock: shared, start_deadline: 0.9s}
          times-out: {schedule: "@every 2s", command: exec sleep 9, timeout: 1.3s}
          again: {schedule: "@every 4s", command: exec sleep 9, timeout: 0.6s, retry: {times: 1, delay: 0.4s}}
        """,
    "two-at-once": """
        max_running: 2
        jobs:
          one: {schedule: "@every 4s", command: exec sleep 2.6}
          two: {schedule: "@every 4s", command: exec sleep 2.6}
          patient: {schedule: "@every 4s", command: exec sleep 0.5}
          impatient: {schedule: "@every 4s", command: exec sleep 0.5, start_deadline: 1.5s}
        """,
}
"""Each run ends a quarter of a second or more from any scheduled time and other events: the order is certain."""

GRID = timedelta(seconds=2)
SETTLED = timedelta(seconds=10)
"""Seconds after which every run of a scheduled time has finished."""

SECONDS = 22


class Happened(NamedTuple):
    """What happened at a scheduled time: `ran`, a reason, or how an attempt or the run ended."""

    scheduled: datetime
    job: str
    what: str


def happened(records: Iterable[dict[str, Any]]) -> list[Happened]:
    """In the order of scheduled times and jobs, and for one time of one job in the order of events."""
    happened: list[Happened] = []
    scheduled_times: dict[str, datetime] = {}
    for each in records:
        match each:
            case {"event": "run started", "job": job, "run": run, "scheduled_at": scheduled}:
                scheduled_times[run] = datetime.fromisoformat(scheduled)
                happened.append(Happened(scheduled_times[run], job, "ran"))
            case {"event": "attempt finished", "job": job, "run": run, "attempt": number, "outcome": outcome}:
                happened.append(Happened(scheduled_times[run], job, f"attempt {number} {outcome}"))
            case {"event": "run finished", "job": job, "run": run, "outcome": outcome}:
                happened.append(Happened(scheduled_times[run], job, outcome))
            case {"event": "run skipped", "job": job, "reason": reason, "scheduled_at": scheduled}:
                happened.append(Happened(datetime.fromisoformat(scheduled), job, reason))
    return sorted(happened, key=lambda each: (each.scheduled, each.job))


def simulated(file: Path, start: datetime) -> list[Happened]:
    config = load(file)
    takes = {name: float(str(job.target).split("sleep ")[1].split("'")[0]) for name, job in config.jobs.items()}
    records: list[dict[str, Any]] = []

    def on_event(event: Event) -> None:
        if answer := record(event):
            records.append({"event": answer[1], **answer[2]})

    simulate(
        config.jobs,
        lambda name: (takes[name], "given"),
        max_running=config.max_running,
        start=start,
        end=start + timedelta(seconds=SECONDS),
        also=on_event,
    )
    return happened(records)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[Happened]]]:
    """Each play by a schedd of its own, side by side since they mostly sleep: its file and what happened."""
    stage = tmp_path_factory.mktemp("plays")
    files = {name: write(stage / f"{name}.yaml", text) for name, text in PLAYS.items()}
    with ExitStack() as stack:
        running = {name: stack.enter_context(schedd(file, "--log-format", "json")) for name, file in files.items()}
        time.sleep(SECONDS)
        logs = {name: one.log for name, one in running.items()}
    return {name: (files[name], happened(map(json.loads, log.splitlines()))) for name, log in logs.items()}


@pytest.mark.parametrize(
    ("play", "seen"),
    [
        ("without-limit", {"ran", "overlap", "coalesced", "lock", "attempt 1 timed-out", "timed-out", "stopped"}),
        ("two-at-once", {"ran", "capacity", "succeeded"}),
    ],
)
def test_it_agrees_with_a_real_schedd_on_every_decision(
    played: dict[str, tuple[Path, list[Happened]]], play: str, seen: set[str]
) -> None:
    file, real = played[play]
    first = real[0].scheduled
    last = first + timedelta(seconds=SECONDS) - GRID - SETTLED
    expected = [each for each in simulated(file, first - GRID / 2) if each.scheduled <= last]
    assert [each for each in real if each.scheduled <= last] == expected
    assert {each.what for each in expected} >= seen


def test_it_prints_a_table_with_the_busy_minutes_or_json(tmp_path: Path) -> None:
    file = write(
        tmp_path / "s.yaml", 'jobs: {a: {schedule: "@hourly", command: x}, b: {schedule: "0 * * * *", command: x}}'
    )
    span = ("--from", "2026-06-01T00:30Z", "--to", "2026-06-02T00:30Z")
    shown = schedctl("simulate", file, *span, "--durations", "10s,b=2m")
    assert shown.returncode == 0
    assert "2 starts in the minute of Mon 2026-06-01 01:00" in shown.stdout
    assert shown.stdout.isascii()
    assert "peak concurrency  2" in shown.stdout
    assert "\x1b" not in shown.stdout
    answer = json.loads(schedctl("simulate", file, *span, "--json").stdout)
    assert (answer["runs"], answer["skipped"], [job["runs"] for job in answer["jobs"]]) == (48, {}, [24, 24])
    unknown = schedctl("simulate", file, "--durations", "c=3s")
    assert (unknown.returncode, "no job 'c'" in unknown.stderr) == (4, True)


def test_usual_durations_come_from_the_running_schedd(tmp_path: Path) -> None:
    file = write(tmp_path / "s.yaml", 'jobs: {seen: {schedule: "@reboot", command: sleep 0.3}, new: {command: x}}')
    with schedd(file) as running:
        running.says("run finished")
        eventually(lambda: json.loads(schedctl("-c", file, "list", "--json").stdout)[0]["usual_duration"])
        asked = schedctl("-c", file, "simulate", "--json")
        answer = {job["name"]: job for job in json.loads(asked.stdout)["jobs"]}
    assert (answer["seen"]["source"], answer["new"]["source"]) == ("usual", "assumed")
    assert 0.3 <= answer["seen"]["duration"] < 5


@pytest.mark.parametrize("columns", [80, 200])
def test_the_drawing_takes_the_room_that_a_terminal_has(tmp_path: Path, columns: int) -> None:
    jobs = "".join(
        f"  job-{number}-{'x' * number}: {{schedule: '{number} * * * *', command: x}}\n" for number in range(40)
    )
    (tmp_path / "s.yaml").write_text(f"jobs:\n{jobs}")
    words = ("simulate", tmp_path / "s.yaml", "--from", "2026-06-01T00:00Z", "--durations", "20m")
    drawn = OnTerminal(*words, columns=columns, NO_COLOR="1").ended()
    assert "\x1b" not in drawn
    lines = drawn.replace("\r\n", "\n").splitlines()
    assert max(map(cells, lines)) <= columns
    rows = [line for line in lines if line.startswith("job-")]
    assert len(rows) == 40
    assert all(row.rstrip()[-12:].strip("░▒▓█ ") == "" for row in rows)
