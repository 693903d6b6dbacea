"""What answers a command about a schedule file: a schedd, or the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler.cli.answer_source import FileAlone
from scheduler.cli.exit import end_with
from scheduler.cli.schedctl import command
from scheduler.control.http_client import from_environment
from scheduler.errors import EXIT_USAGE, UsageError
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_answers_from_the_file_alone_start_at_the_time_of_each_request(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text('jobs: {often: {schedule: "@every 10s", command: "true"}}')
    with freeze_time(NOON, real_asyncio=True) as clock:
        alone = FileAlone(str(file), trusted=False)
        found = []
        for _ in range(3):
            (often,) = alone.ask(LIST, ListJobs())
            found.append(often.next_at)
            clock.tick(10)
    assert found == [NOON + timedelta(seconds=seconds) for seconds in (10, 20, 30)]


def test_the_path_of_the_api_is_no_part_of_the_address() -> None:
    for url in ("https://jobs.example.com/api/v1", "https://jobs.example.com/api/v1/"):
        with pytest.raises(UsageError, match="leave out /api/v1"):
            from_environment(url)
    assert from_environment("https://jobs.example.com/prefix/").url == "https://jobs.example.com/prefix"


def test_an_address_after_the_command_is_answered_with_the_order_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr("sys.argv", ["schedctl", "status", "--url", "https://jobs.example.com"])
        end_with(command, "schedctl")
    assert ended.value.code == EXIT_USAGE
    assert "--url comes before the command: schedctl --url URL COMMAND" in capsys.readouterr().err
