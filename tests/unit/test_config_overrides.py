"""`overrides` and `x-…`: keys of included jobs that another file replaces, and keys that nobody reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.api.job_details import origins_of
from scheduler.config.lint import check
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.errors import ConfigError
from scheduler.model.job import Job, Retry
from scheduler.model.target import Argv, Entrypoint, EnvLayer, ShellCommand

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

COMMON = """
defaults: {timeout: 5m, env: {A: common, B: common}}
jobs:
  poll: {schedule: "@every 1m", command: bin/poll, retry: {times: 2, delay: 5s}, env: {B: job}}
  report: {schedule: "@daily", python: "json:dumps", args: [1], cwd: app}
"""


def write(folder: Path, main: str) -> Path:
    (folder / "common.yaml").write_text(COMMON)
    file = folder / "schedules.yaml"
    file.write_text(f"include: common.yaml\n{main}")
    return file


def loaded(folder: Path, main: str) -> Config:
    return load(write(folder, main))


def job(folder: Path, override: str, name: str = "poll") -> Job:
    return loaded(folder, f"overrides: {{{name}: {{{override}}}}}").jobs[name]


def errors(folder: Path, main: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, main)
    return [(Path(each.path or "").name, each.line, each.message) for each in caught.value.problems]


def test_an_override_replaces_keys_and_leaves_the_others(tmp_path: Path) -> None:
    config = loaded(tmp_path, "overrides:\n  poll: {schedule: '@every 5m', timeout: null}\n  report: {enabled: false}")
    poll, report = config.jobs["poll"], config.jobs["report"]
    assert poll.schedule is not None
    assert poll.schedule.text == "@every 5m"
    assert poll.timeout is None
    assert poll.target == ShellCommand("bin/poll")
    assert (report.enabled, report.timeout) == (False, 300.0)


def test_env_and_retry_are_merged(tmp_path: Path) -> None:
    found = job(tmp_path, "env: {A: override, C: override}, retry: {times: 4}")
    assert found.retry == Retry(times=4, delay=5.0)
    assert found.environment == (
        EnvLayer("defaults.env", {"A": "common", "B": "common"}),
        EnvLayer("env", {"B": "job"}),
        EnvLayer("overrides.env", {"A": "override", "C": "override"}),
    )
    assert job(tmp_path, "retry: 0").retry.times == 0


def test_another_command_or_function_replaces_what_the_job_runs(tmp_path: Path) -> None:
    assert job(tmp_path, "command: [echo, hi]", "report").target == Argv(("echo", "hi"))
    assert job(tmp_path, "python: json:loads", "poll").target == Entrypoint("json:loads")
    assert job(tmp_path, "kwargs: {indent: 2}", "report").target == Entrypoint("json:dumps", (1,), {"indent": 2})


def test_a_path_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    write(tmp_path, "")
    main = tmp_path / "deploy" / "schedules.yaml"
    main.write_text("include: ../common.yaml\noverrides: {poll: {path: bin}}\n")
    jobs = load(main).jobs
    assert jobs["poll"].path == (str(tmp_path / "deploy" / "bin"),)
    assert jobs["report"].cwd == str(tmp_path / "deploy" / ".." / "app")


def test_the_time_zone_of_an_override_is_that_of_its_schedule(tmp_path: Path) -> None:
    found = job(tmp_path, "schedule: 0 9 * * *, timezone: Asia/Tokyo")
    assert found.timezone == ZoneInfo("Asia/Tokyo")


def test_show_says_what_was_set_by_an_override(tmp_path: Path) -> None:
    found = job(tmp_path, "schedule: '@every 5m', env: {C: c}, retry: 1")
    origins = origins_of(found, ("schedule", "command", "timeout", "env", "retry", "overlap"))
    assert origins == {
        "schedule": "override",
        "command": "job",
        "timeout": "defaults",
        "env": "override and job and defaults",
        "retry": "override and job",
        "overlap": "built in",
    }


def test_an_unknown_job_is_an_error_with_the_name_that_is_meant(tmp_path: Path) -> None:
    assert errors(tmp_path, "overrides:\n  pol: {enabled: false}\n  other: {enabled: false}") == [
        ("schedules.yaml", 3, "overrides: no included file has a job \"pol\"; did you mean 'poll'?"),
        ("schedules.yaml", 4, 'overrides: no included file has a job "other"'),
    ]


def test_jobs_of_an_unreadable_included_file_are_not_called_unknown(tmp_path: Path) -> None:
    main = write(tmp_path, "overrides: {poll: {enabled: false}}")
    for text in ("", "jobs: [", None):
        (tmp_path / "common.yaml").unlink()
        if text is not None:
            (tmp_path / "common.yaml").write_text(text)
        with pytest.raises(ConfigError) as caught:
            load(main)
        assert "overrides" not in str(caught.value)
        (tmp_path / "common.yaml").touch()


def test_a_job_of_the_same_file_is_changed_where_it_is(tmp_path: Path) -> None:
    main = "jobs: {own: {command: x}}\noverrides: {own: {enabled: false}}"
    assert errors(tmp_path, main) == [
        ("schedules.yaml", 3, 'overrides: "own" is a job of this file: change it under "jobs"')
    ]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("[poll]", "overrides: must be a mapping of jobs and the keys to replace"),
        ("{poll: false}", 'overrides: "poll" must be a mapping of the keys to replace'),
        ("{poll: {timeot: 5m}}", 'unknown key "timeot"; did you mean "timeout"?'),
        ("{poll: {timeout: 5}}", "timeout: a duration needs a unit: for example 90s, 10m, 1h30m or 2d"),
        ("{poll: {args: [1]}}", '"args" is only valid together with "python"'),
        ("{poll: {schedule: '* * *'}}", "schedule: a cron expression has five fields"),
        ("{poll: {until: 2026-01-01, from: 2026-02-01}}", "until must not be before from"),
    ],
)
def test_an_error_of_an_override_is_reported_where_it_is(tmp_path: Path, overrides: str, message: str) -> None:
    ((file, line, said), *others) = errors(tmp_path, f"overrides: {overrides}")
    assert (file, line, others) == ("schedules.yaml", 2, [])
    assert said.startswith(message)


def test_a_warning_is_about_the_file_that_has_the_key(tmp_path: Path) -> None:
    main = "overrides: {poll: {timeout: 10m, env: {API_TOKEN: hunter2}}}"
    warnings = check(write(tmp_path, main), now=NOW).config.warnings
    assert {(each.code, Path(each.path or "").name, each.key) for each in warnings if "poll" in (each.key or "")} == {
        ("slow-timeout", "schedules.yaml", "overrides.poll.timeout"),
        ("plain-secret", "schedules.yaml", "overrides.poll.env"),
        ("not-found", "common.yaml", "jobs.poll.command"),
    }
    assert "hunter2" not in repr(warnings)


def test_an_included_file_has_no_overrides(tmp_path: Path) -> None:
    main = write(tmp_path, "")
    (tmp_path / "common.yaml").write_text(f"{COMMON}overrides: {{}}\n")
    with pytest.raises(ConfigError, match='"overrides" is only valid in the main file'):
        load(main)


def test_keys_that_begin_with_x_are_ignored_and_hold_anchors(tmp_path: Path) -> None:
    write(tmp_path, "")
    file = tmp_path / "schedules.yaml"
    file.write_text(
        "x-common: &common {timeout: 5m, lock: a}\nx-anything: [1, {b: c}]\njobs:\n  a: {<<: *common, command: x}\n"
    )
    assert load(file).jobs["a"].timeout == 300.0
    file.write_text("jobs: {a: {command: x, x-note: hi}}\n")
    with pytest.raises(ConfigError, match='unknown key "x-note"'):
        load(file)


def test_an_error_within_an_anchor_is_reported_there(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("x-common: &common {timeout: 5, env: {TOKEN: hunter2}}\njobs:\n  a: {<<: *common, command: x}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (1, "jobs.a.timeout")
    assert "hunter2" not in str(caught.value)
