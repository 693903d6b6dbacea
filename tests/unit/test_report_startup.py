"""What the log says at the start about time zones, of which TZ is none that schedules use, and about missed runs."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.engine.engine import Engine
from scheduler.engine.timetable import Timetable
from scheduler.launch.launchers import Launchers
from scheduler.launch.simulated import Play, SimulatedLauncher
from scheduler.model.run import Outcome, Run, Trigger
from scheduler.report.log import Log, LogFormat
from scheduler.report.startup import log_jobs, report_missed
from scheduler.virtual_clock import VirtualClock

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNSAID = 'jobs: {mail: {schedule: "0 8 * * *", command: x}, poll: {schedule: "@hourly", command: x}}'
IN_DEFAULTS = "defaults: {timezone: UTC}\n" + UNSAID
IN_THE_JOB = 'jobs: {mail: {schedule: "0 8 * * *", timezone: Asia/Tokyo, command: x}}'
BY_HAND = "jobs: {mail: {command: x}}"


class Collected:
    """A stdout that is a list."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, lines: bytes) -> None:
        self.lines.append(lines.decode())

    def full(self) -> None:
        return None


def warnings(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    stdout = Collected()
    timetable = Timetable()
    timetable.load(load(file).jobs, NOW)
    log = Log(stdout, VirtualClock(NOW), form=LogFormat.KV, level="info", fd=1, environ={})  # type: ignore[arg-type]
    log_jobs(log, timetable)
    return [line for line in stdout.lines if "level=warning" in line]


def test_tz_without_a_timezone_in_the_file_is_one_warning_that_says_which_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    (warning,) = warnings(tmp_path, UNSAID)
    assert 'event="machine time zone ignored" timezone=Europe/Berlin jobs="mail and 1 more"' in warning
    assert "use UTC" in warning
    assert "`timezone`" in warning


@pytest.mark.parametrize("text", [IN_DEFAULTS, IN_THE_JOB, BY_HAND])
def test_a_file_that_says_its_zone_is_not_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert warnings(tmp_path, text) == []


@pytest.mark.parametrize("zone", ["", "UTC", ":UTC", "Etc/UTC", "UTC0"])
def test_no_warning_if_tz_is_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    assert warnings(tmp_path, UNSAID) == []


def missed(tmp_path: Path, *schedules: str, age: timedelta = timedelta(days=9)) -> tuple[list[str], list[str]]:
    """The jobs whose missed run the log reports, and those that notifications get. `age` is that of the file."""
    file = tmp_path / "schedules.yaml"
    jobs = "".join(f"  j{number}: {{schedule: '{text}', command: x}}\n" for number, text in enumerate(schedules))
    file.write_text(f"jobs:\n{jobs}")
    stdout, clock = Collected(), VirtualClock(NOW)
    log = Log(stdout, clock, form=LogFormat.KV, level="info", fd=1, environ={})  # type: ignore[arg-type]
    engine = Engine(clock, Launchers(SimulatedLauncher(lambda _: Play())), log=log)
    engine.load(load(file).jobs, max_running=None)
    received: list[str] = []
    changed_at = (NOW - age).timestamp()
    os.utime(file, (changed_at, changed_at))
    files = [str(file)]
    steps = report_missed(log, engine, NOW, files, lambda job, _at: None, lambda job, _at: received.append(job))
    assert len(list(steps)) == 1
    return [line.partition("job=")[2].split()[0] for line in stdout.lines if "run missed" in line], received


@pytest.mark.parametrize(
    ("schedule", "reported"),
    [
        ("30 11 * * *", True),
        ("30 11 1 * *", True),
        ("0 */2 * * *", True),
        ("30 */2 * * *", False),
        ("0 8 * * *", False),
        ("@every 5s", False),
        ("* * * * *", False),
        ("@hourly", False),
        ("*/7 * * * *", False),
    ],
)
def test_a_missed_run_is_reported_where_it_is_news(tmp_path: Path, schedule: str, reported: bool) -> None:
    """F12: at the very first start, each frequent job would seem to have missed a run."""
    assert missed(tmp_path, schedule)[0] == (["j0"] if reported else [])


@pytest.mark.parametrize(
    ("recorded", "cause"),
    [
        (None, "this schedd was not running; an earlier one may have run the job"),
        (timedelta(hours=24), "schedd was not running"),
        (timedelta(minutes=30), None),
    ],
)
def test_a_missed_run_is_certain_only_if_the_runs_of_earlier_schedds_are_recorded(
    tmp_path: Path, recorded: timedelta | None, cause: str | None
) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {j: {schedule: '30 11 * * *', command: x}}")
    stdout, clock = Collected(), VirtualClock(NOW)
    log = Log(stdout, clock, form=LogFormat.KV, level="info", fd=1, environ={})  # type: ignore[arg-type]
    engine = Engine(clock, Launchers(SimulatedLauncher(lambda _: Play())), log=log)
    engine.load(load(file).jobs, max_running=None)
    if recorded is not None:
        at = NOW - recorded
        engine.history.restore(Run("id", "j", Trigger.SCHEDULE, at, at, outcome=Outcome.SUCCEEDED, finished_at=at))
    assert len(list(report_missed(log, engine, NOW, [str(file)], lambda *_: None, lambda *_: None))) == 1
    found = [line.partition("cause=")[2].strip('"\n') for line in stdout.lines if "run missed" in line]
    assert found == ([] if cause is None else [cause])


def test_notifications_get_what_the_gap_before_the_start_has_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B2"""
    schedules = ("@every 5s", "59 11 * * *", "30 11 * * *", "0 8 * * *")
    monkeypatch.setattr(time, "clock_gettime", lambda _: 9 * 86400.0)
    assert missed(tmp_path, *schedules) == (["j1", "j2"], ["j0", "j1"])
    monkeypatch.setattr(time, "clock_gettime", lambda _: 60.0)  # the machine was booted a minute ago
    assert missed(tmp_path, *schedules)[1] == ["j0", "j1", "j2"]


def test_a_first_start_and_a_job_just_added_are_no_reason_for_a_notification(tmp_path: Path) -> None:
    """B2"""
    assert missed(tmp_path, "59 11 * * *", "30 11 * * *", age=timedelta(seconds=30))[1] == []
