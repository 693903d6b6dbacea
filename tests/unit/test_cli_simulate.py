"""`schedctl simulate`: the durations it assumes, and the load chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler.cli.answer_source import Target
from scheduler.cli.schedctl import command
from scheduler.cli.simulate import simulate_file
from scheduler.cli.simulation_report import FOLDS, PLAIN, SHADES, coalesced, strip
from scheduler.control import client
from scheduler.engine.simulation import PARTS
from scheduler.errors import UnknownNameError, UnreachableError, UsageError
from scheduler.wire.jobs import JobView

FILE = """
jobs:
  long: {schedule: "@hourly", command: x}
  short: {schedule: "@hourly", command: x}
  other: {schedule: "@hourly", command: x}
"""
SPAN = ["--from", "2026-06-01T00:00Z", "--to", "2026-06-01T02:30Z"]


class FakeDaemon:
    """One that has seen two of the jobs, each take seven seconds."""

    def ask(self, _operation: object, _request: object) -> list[JobView]:
        return [
            JobView(
                name=name,
                description="",
                schedule="@hourly",
                timezone="UTC",
                enabled=True,
                status="idle",
                usual_duration=usual,
            )
            for name, usual in (("long", 7.0), ("short", 7.0), ("other", None))
        ]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file without a running schedd."""
    monkeypatch.setattr(client, "find", lambda _path, **_how: None)
    (tmp_path / "schedules.yaml").write_text(FILE)
    return tmp_path / "schedules.yaml"


def typed(file: Path, *words: str) -> str:
    """What it prints on stdout and stderr."""
    arguments = [str(file), *SPAN, *words]
    settings: dict[str, Any] = {**command.context_settings, "obj": Target(str(file))}
    done = CliRunner().invoke(simulate_file, arguments, catch_exceptions=False, **settings)
    assert done.exit_code == 0, done.output
    return done.output


def taken(file: Path, *words: str) -> list[tuple[float, str]]:
    printed = json.loads(typed(file, *words, "--json"))
    return [(job["duration"], job["source"]) for job in printed["jobs"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [(7.0, "usual"), (7.0, "usual"), (1.0, "assumed")]),
        (("--durations", "long=1h30m"), [(5400.0, "given"), (7.0, "usual"), (1.0, "assumed")]),
        (("--durations", "10s"), [(10.0, "given")] * 3),
        (("--durations", "10s,long=2m"), [(120.0, "given"), (10.0, "given"), (10.0, "given")]),
        (("--durations", "long=2m", "--durations", "10s"), [(120.0, "given"), (10.0, "given"), (10.0, "given")]),
    ],
)
def test_a_given_duration_takes_precedence_over_a_usual_one_and_that_over_an_assumed_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: list[tuple[float, str]]
) -> None:
    monkeypatch.setattr(client, "find", lambda _path, **_how: FakeDaemon())
    assert taken(file, *words) == expected


def test_assumptions_are_reported(file: Path) -> None:
    assert "3 jobs assumed to take 1s; to change it: --durations" in typed(file)
    assert "1 job assumed to take 1s" in typed(file, "--durations", "long=2m,short=2m")
    assert "assumed" not in typed(file, "--durations", "2m")


def test_conditions_are_assumed_to_hold_and_that_is_said(file: Path) -> None:
    file.write_text(FILE.replace("long: {", "long: {run_if: 'false', "))
    assert "run_if of 1 job is assumed to allow each run" in typed(file, "--durations", "1m")


def test_a_schedd_that_cannot_be_asked_is_said_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_path: str, **_how: object) -> None:
        raise UnreachableError("pid 7 does not answer")

    monkeypatch.setattr(client, "find", find)
    assert "usual durations are unknown: pid 7 does not answer" in typed(file)


def test_the_tables_show_runs_reasons_busy_time_and_the_busiest_minutes(file: Path) -> None:
    shown = typed(file, "--durations", "10s,long=90m").splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in shown[3:7]}
    assert rows["long"][:7] == ["1", "1", "overlap", "1h", "30m", "given", "1h"]
    assert rows["short"][:6] == ["2", "-", "10s", "given", "20s", "<1%"]
    assert rows["(all)"][:4] == ["5", "1h", "30m", "60%"]
    assert "skipped           1 overlap" in shown
    assert "peak concurrency  3, first at Mon 2026-06-01 01:00:00 UTC" in shown
    assert "busy minutes      3 starts in the minute of Mon 2026-06-01 01:00:00 UTC" in shown
    assert "                  2 starts in the minute of Mon 2026-06-01 02:00:00 UTC" in shown


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (["--durations", "lnog=3s"], UnknownNameError, "no job 'lnog'; did you mean 'long'?"),
        (["--durations", "long=3"], click.ClickException, "a duration needs a unit"),
        (["--durations", ""], click.ClickException, "not a valid duration"),
        (["--to", "2026-06-01T00:00Z"], UsageError, "--to must be after --from"),
    ],
)
def test_errors_are_explained_in_words(file: Path, words: list[str], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        simulate_file.main([str(file), *SPAN, *words], obj=Target(str(file)), standalone_mode=False)


def test_a_date_that_does_not_exist_is_an_error(file: Path) -> None:
    with pytest.raises(UsageError, match="outside the supported range of dates"):
        simulate_file.main([str(file), "--from", "9999-12-31T12:00Z"], obj=Target(str(file)), standalone_mode=False)


@pytest.mark.parametrize(
    ("load", "shades"),
    [([0, 1, 25, 26, 50, 75, 76, 100, 250], " ░░▒▒▓███"), ([0, 0], "  "), ([0.1 + 0.2 - 0.3 + 50], "▒")],
)
def test_the_load_is_drawn_by_quarters(load: list[float], shades: str) -> None:
    assert strip(load, 100.0, SHADES) == shades
    assert strip(load, 100.0, PLAIN) == shades.translate(str.maketrans(SHADES, PLAIN))


@pytest.mark.parametrize("width", FOLDS)
def test_a_narrower_drawing_loses_nothing(width: int) -> None:
    load = [float(part) for part in range(PARTS)]
    assert (len(coalesced(load, width)), sum(coalesced(load, width))) == (width, sum(load))
