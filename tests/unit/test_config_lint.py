"""Every warning of `check`: when it is shown, when it is not, and how a job silences it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.config.lint import BUSY, check
from scheduler.config.lint_codes import LintCode
from scheduler.errors import ConfigError, Severity
from scheduler.schedule import PitfallKind

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def codes(folder: Path, text: str) -> list[str]:
    file = folder / "schedules.yaml"
    file.write_text(text)
    warnings = check(file, now=NOW).warnings
    assert all(warning.severity is Severity.WARNING and warning.line for warning in warnings)
    return [str(warning.code) for warning in warnings]


def job(*lines: str) -> str:
    keys = [*lines] if any(line.startswith(("command", "python")) for line in lines) else ["command: echo hi", *lines]
    return "jobs:\n  poll:\n" + "".join(f"    {line}\n" for line in keys)


TELL = "on_failure: [{command: echo hi}]"

TABLE = [
    (LintCode.MISSING_ENV_FILE, ["env_file: gone.env"]),
    (LintCode.NEVER_FIRES, ['schedule: "@at 2020-01-01T00:00"']),
    (LintCode.SHORT_MONTHS, ["schedule: 0 0 31 * *"]),
    (LintCode.SHORT_MONTHS, ["schedule: 0 0 29 2 *"]),
    (LintCode.TWO_DAY_FIELDS, ["schedule: 0 0 1 * mon"]),
    (LintCode.EVERY_MINUTE, ['schedule: "* 3 * * *"']),
    (LintCode.EVERY_MINUTE, ['schedule: "* */2 * * *"']),
    (LintCode.EVERY_MINUTE, ["schedule: '* 9,17 * * *'"]),
    (LintCode.ODD_TIMEZONE, ["timezone: EST"]),
    (LintCode.ODD_TIMEZONE, ["timezone: Etc/GMT+2"]),
    (LintCode.ODD_TIMEZONE, ["timezone: Factory"]),
    (LintCode.UNEVEN_STEP, ['schedule: "*/7 * * * *"']),
    (LintCode.EVERY_DAYS, ['schedule: "@every 2d"']),
    (LintCode.SKIPPED_START, ['schedule: "@every 3w from 2025-03-30T02:30"', "timezone: Europe/Berlin"]),
    (LintCode.DST_CHANGE, ["schedule: 30 2 * * *", "timezone: Europe/Berlin"]),
    (LintCode.SLOW_TIMEOUT, ['schedule: "*/5 * * * *"', "timeout: 10m"]),
    (LintCode.SLOW_RETRIES, ['schedule: "*/5 * * * *"', "timeout: 2m", "retry: 3"]),
    (LintCode.CRONTAB_PERCENT, ["command: date +\\%F"]),
    (LintCode.PLAIN_SECRET, ["env: {API_TOKEN: hunter2}"]),
    (LintCode.PLAIN_SECRET, ["command: echo --password hunter2"]),
    (LintCode.PLAIN_SECRET, ["command: echo postgres://app:hunter2@db/app"]),
    (LintCode.DISABLED, ["enabled: false", 'schedule: "@daily"']),
    (LintCode.LONG_EXPECTATION, ["expect_success_within: 26h", TELL]),  # B2
    (LintCode.LONG_EXPECTATION, ['schedule: "0 8 * * mon"', "expect_success_within: 8d", TELL]),
    (LintCode.NOT_FOUND, ["command: [no-such-program]"]),
    (LintCode.NOT_FOUND, ["command: no-such-program --now"]),
    (LintCode.NOT_FOUND, ["command: /no/such/program"]),
    (LintCode.NOT_FOUND, ["command: echo hi", "cwd: /no/such/directory"]),
    (LintCode.NOT_FOUND, ["python: no_such_module:run"]),
    (LintCode.NOT_FOUND, ["python: json.no_such_part:run"]),
    (LintCode.NOT_FOUND, ["python: json:no_such_function"]),
]


@pytest.mark.parametrize(("code", "lines"), TABLE)
def test_a_questionable_job_gets_its_warning(tmp_path: Path, code: LintCode, lines: list[str]) -> None:
    assert set(codes(tmp_path, job(*lines))) == {code}


@pytest.mark.parametrize(("code", "lines"), TABLE)
def test_a_job_can_ignore_its_warning(tmp_path: Path, code: LintCode, lines: list[str]) -> None:
    assert codes(tmp_path, job(*lines, f"lint: {{ignore: [{code}]}}")) == []
    assert codes(tmp_path, f"defaults: {{lint: {{ignore: [{code}]}}}}\n" + job(*lines)) == []


@pytest.mark.parametrize(
    "lines",
    [
        ['schedule: "@reboot"'],
        ['schedule: "@every 90s"', "timeout: 90s"],
        ["schedule: 30 2 * * *", "timezone: Asia/Tokyo"],
        ['schedule: "*/15 * * * *"', "timezone: Europe/Berlin"],
        ['schedule: "*/5 * * * *"', "timeout: 10m", "overlap: allow"],
        ["expect_success_within: 1d", TELL],
        ["expect_success_within: 26h", TELL, "ping: https://hc-ping.com/x"],
        ["expect_success_within: 26h", TELL, "sentry: true"],
        ["command: date +%F"],
        ['command: "date +%F # 100%"'],
        ["enabled: false"],
        ["enabled: false", "command: no-such-program"],
        ["env: {API_TOKEN: {from_env: HOME}, TOKEN_FILE: /run/token, SECRET: ''}"],
        ["command: echo --password $PASSWORD"],
        ["command: echo postgres://$USER:$PASSWORD@db/app"],
        ["command: for i in 1 2; do no-such-program; done"],
        ["command: $HOME/bin/job"],
        ["command: '[ -f x ] && no-such-program'"],
        ["python: json:dumps"],
        ["python: json.decoder:JSONDecoder.decode"],
        ["python: os:getcwd"],
    ],
)
def test_a_good_job_gets_no_warning(tmp_path: Path, lines: list[str]) -> None:
    assert codes(tmp_path, job(*lines)) == []


def test_the_functions_of_an_app_are_looked_for_in_the_jobs_directory(tmp_path: Path) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('nothing may be imported')\n")
    (package / "tasks.py").write_text("async def poll(): ...\n")
    assert codes(tmp_path, job("python: app.tasks:poll")) == []
    assert codes(tmp_path, job("python: app.tasks:pull")) == ["not-found"]


def test_a_busy_minute_is_reported_once(tmp_path: Path) -> None:
    jobs = "".join(f'  job-{n}: {{command: echo, schedule: "@daily"}}\n' for n in range(BUSY + 1))
    assert codes(tmp_path, f"jobs:\n{jobs}") == ["busy-minute"]
    assert codes(tmp_path, f"defaults: {{lint: {{ignore: [busy-minute]}}}}\njobs:\n{jobs}") == []


def test_the_env_of_the_defaults_is_looked_at_too(tmp_path: Path) -> None:
    text = "defaults: {env: {TOKEN: hunter2}, env_file: gone.env}\n" + job()
    assert sorted(codes(tmp_path, text)) == ["missing-env-file", "plain-secret"]


def test_an_env_file_that_is_not_valid_is_reported_without_its_values(tmp_path: Path) -> None:
    """L2"""
    file, variables = tmp_path / "schedules.yaml", tmp_path / "app.env"
    variables.write_text("A=1\nTOKEN hunter2\n")
    file.write_text(job("env_file: app.env"))
    (warning,) = check(file, now=NOW).warnings
    assert (warning.code, warning.key) == ("missing-env-file", "jobs.poll.env_file")
    assert f"{variables}:2: not a line of the form KEY=VALUE" in warning.message
    assert "hunter2" not in repr(warning)
    variables.unlink()
    variables.mkdir()
    (warning,) = check(file, now=NOW).warnings
    assert "this is a directory, not a file" in warning.message


def test_a_warning_never_shows_the_secret_that_it_is_about(tmp_path: Path) -> None:
    """L2"""
    file = tmp_path / "schedules.yaml"
    file.write_text(job("env: {API_TOKEN: hunter2}"))
    assert "hunter2" not in repr(check(file, now=NOW).warnings)


def test_warnings_stand_beside_errors_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text('jobs:\n  a: {command: echo, schedule: "@every 2d"}\n  b: {command: echo, timeout: 5}\n')
    with pytest.raises(ConfigError) as caught:
        check(file, now=NOW)
    assert [(problem.severity, problem.line) for problem in caught.value.problems] == [("warning", 2), ("error", 3)]


@pytest.mark.parametrize("command", ["[[1]]", "[{a: b}]", "[null]", "[[a], no-such-program]"])
def test_a_command_with_a_bad_word_is_told_of_that_word_only(tmp_path: Path, command: str) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(job(f"command: {command}"))
    with pytest.raises(ConfigError) as caught:
        check(file, now=NOW)
    assert [problem.key for problem in caught.value.problems] == ["jobs.poll.command[0]"]


def test_every_surprise_of_a_schedule_has_its_code() -> None:
    assert {kind.value for kind in PitfallKind} <= {code.value for code in LintCode}


def test_every_code_has_an_example_here() -> None:
    assert {code for code, _ in TABLE} | {LintCode.BUSY_MINUTE} == set(LintCode)


def test_every_code_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "warnings.md").read_text()
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(LintCode)
