"""Which variables of schedd's environment are for schedd alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.errors import ConfigError


def error_of(folder: Path, text: str) -> ConfigError:
    """That of a schedule file with this text."""
    file = folder / "schedules.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    return caught.value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("jobs: {a: {command: x, env: {A: {from_env: A}}}}", set()),
        ("jobs: {a: {command: x, on_failure: [{webhook: {from_env: HOOK}}]}}", {"HOOK"}),
        (
            (
                "jobs: {a: {command: x, on_success: [{webhook: https://x, secret: {from_env: KEY}, "
                "headers: {A: {from_env: TOKEN}, B: plain}}]}}"
            ),
            {"KEY", "TOKEN"},
        ),
        ("jobs: {a: {command: x, on_recovery: [{apprise: {from_env: CHANNEL}}]}}", {"CHANNEL"}),
        ("jobs: {a: {command: x, ping: {from_env: PING}}, b: {command: x, ping: https://hc-ping.com/x}}", {"PING"}),
        ("defaults: {on_skip: [{webhook: {from_env: HOOK}}]}\njobs: {a: {command: x}}", {"HOOK"}),
        ("jobs: {a: {command: x, on_failure: [{command: echo}, {mail: a@example.com}], sentry: true}}", set()),
        ("web: {token: {from_env: T}, view_token: {from_env: V}}\njobs: {a: {command: x}}", {"T", "V"}),
    ],
)
def test_variables_of_recipients_and_tokens_are_withheld_from_jobs(tmp_path: Path, text: str, names: set[str]) -> None:
    """D5"""
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    assert load(file).withheld == names


def test_a_switch_or_a_small_number_is_quoted_and_a_secret_is_not(tmp_path: Path) -> None:
    """F7"""
    error = error_of(
        tmp_path, "jobs:\n  a: {python: a:b, args: 10, env: {A: true, DB_PASSWORD: 12, PIN: 4711, B: text}}\n"
    )
    assert "args: 10, env: {A: true, DB_PASSWORD: •••, PIN: •••, B: •••}" in str(error)
    assert "help: args: [10]" in str(error)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("on_failure", "[{mail: root}]", "[{mail: root}]"),
        ("on_failure", "[{mail: [a@example.com, root]}]", "[{mail: [a@example.com, root]}]"),
        ("on_failure", "[{webhook: https://x.example/hunter2, format: slak}]", "[{webhook: •••, format: slak}]"),
        ("on_failure", "[{mail: https://x.example/hunter2}]", "[{mail: •••}]"),
        (
            "on_failure",
            "[{webhook: https://x.example/a, headers: {mail: hunter2}, timeout: soon}]",
            "headers: {mail: •••}, timeout: soon",
        ),
        ("env", "{mail: [hunter2]}", "{mail: [•••]}"),
        ("kwargs", "{format: [hunter2], 1: 2}", "{format: [•••], 1: 2}"),
    ],
)
def test_who_is_mailed_is_quoted_and_the_address_of_a_webhook_is_not(
    tmp_path: Path, key: str, value: str, shown: str
) -> None:
    error = error_of(tmp_path, f"jobs:\n  a: {{command: x, {key}: {value}}}\n")
    assert shown in str(error)


@pytest.mark.parametrize(
    ("line", "quote"),
    [
        ("on_failure: [{mail: a@x.example}], nice: 40}", "on_failure: [{mail: a@x.example}], nice: 40}"),
        ("on_failure: [{webhook: https://x/hunter2}], nice: 40}", "on_failure: [{webhook: •••}], nice: 40}"),
        ("env: {A: hunter2}, nice: 40}  # was hunter2", "env: {A: •••}, nice: 40}  #•••"),
        ("nice: 40}  # TOKEN=hunter2", "nice: 40}  # TOKEN=•••"),
        ("nice: 40}  # nice", "nice: 40}  # nice"),
    ],
)
def test_what_follows_a_secret_on_its_line_is_quoted_so_that_the_error_can_be_seen(
    tmp_path: Path, line: str, quote: str
) -> None:
    error = error_of(tmp_path, f"jobs:\n  a: {{command: x, {line}\n")
    assert error.problems[-1].quote == f"  a: {{command: x, {quote}"


def test_a_line_that_cannot_be_parsed_is_quoted_below_one_with_a_complete_secret(tmp_path: Path) -> None:
    error = error_of(tmp_path, "jobs:\n  a: {command: x, env: {A: hunter2}}\n  b: {command: date: 3}\n")
    (problem,) = error.problems
    assert problem.quote == "  b: {command: date: 3}"


def test_a_variable_of_cron_at_the_top_level_is_quoted(tmp_path: Path) -> None:
    error = error_of(tmp_path, "MAILTO: root\njobs: {a: {command: x}}\n")
    (problem,) = error.problems
    assert problem.quote == "MAILTO: root"
    assert "use `on_failure: [{mail: ops@example.com}]` under `defaults`" in str(error)
