"""What `show` says of where a key was set, and what `env` masks."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.api.definition import definition
from scheduler.api.job_details import origins_of
from scheduler.api.secret_values import is_secret, referenced
from scheduler.config.load import load
from scheduler.model.target import EnvLayer, FromEnv, FromFile

DEFAULTS = """
defaults:
  timezone: Europe/Berlin
  cwd: sub
  env_file: .env
  timeout: 1h
  stop_grace: 5s
  overlap: queue
  lock: one
  start_deadline: 2m
  catch_up: 1h
  retry: 2
  success_codes: [0, 3]
  on_shutdown: stop
  output: raw
  on_failure: [{mail: [ops@example.com]}]
  remind: 1d
  expect_success_within: 12h
jobs:
  a: {schedule: "@daily", command: "true"}
"""


def test_a_key_that_is_set_in_defaults_says_so(tmp_path: Path) -> None:
    """F8"""
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "schedules.yaml").write_text(DEFAULTS)
    job = load(tmp_path / "schedules.yaml").jobs["a"]
    shown = definition(job)
    origins = origins_of(job, shown)
    built_in = {"enabled", "max_waiting", "launcher", "notify_after"}
    assert {key for key in shown if origins[key] == "job"} == {"schedule", "command"}
    assert {key for key in shown if origins[key] == "built in"} == built_in
    assert {key for key in shown if origins[key] == "defaults"} == shown.keys() - built_in - {"schedule", "command"}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("", "built in"),
        ("defaults: {env: {A: x}}", "defaults"),
        ("defaults: {env_file: .env}", "defaults"),
        ("job: {env: {A: x}}", "job"),
        ("job: {env_file: .env}", "job"),
        ("defaults: {env_file: .env}\njob: {env: {A: x}}", "job and defaults"),
        ("defaults: {env: {A: x}}\njob: {env_file: .env}", "job and defaults"),
    ],
)
def test_the_environment_is_set_where_one_of_its_parts_is(tmp_path: Path, layers: str, expected: str) -> None:
    """F8: a file of variables counts as much as `env`."""
    (tmp_path / ".env").write_text("A=1\n")
    parts = dict(line.split(": ", 1) for line in layers.splitlines())
    job = parts.get("job", "{}").strip("{}")
    text = f"defaults: {parts.get('defaults', '{}')}\njobs: {{a: {{command: 'true', {job + '}' * job.count('{')}}}}}\n"
    (tmp_path / "schedules.yaml").write_text(text)
    loaded = load(tmp_path / "schedules.yaml").jobs["a"]
    shown = definition(loaded)
    assert origins_of(loaded, shown).get("env", "built in") == expected


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD", "DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "SECRET_KEY_BASE", "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN", "STRIPE_KEY", "API_KEY", "APIKEY", "SENTRY_DSN", "SMTP_URL", "SLACK_WEBHOOK", "BASIC_AUTH",
        "SESSION_COOKIE", "GOOGLE_APPLICATION_CREDENTIALS", "PRIVATE_KEY", "NPM_AUTH_TOKEN", "db_password",
    ],
)  # fmt: skip
def test_a_variable_is_secret_by_its_name(name: str) -> None:
    """F7"""
    assert is_secret(name, "x")


@pytest.mark.parametrize(
    "value",
    [
        "postgres://app:hunter2@db/app",
        "redis://:hunter2@cache:6379",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
        "-----BEGIN RSA PRIVATE KEY-----",
        "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ==",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://hooks.slack.com/services/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",
    ],
)
def test_a_value_is_secret_by_its_look(value: str) -> None:
    """F7"""
    assert is_secret("PLAIN", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/local/bin:/usr/bin:/home/app/.pyenv/versions/3.11.7/bin"),
        ("PWD", "/home/app"),
        ("OLDPWD", "/"),
        ("DATABASE_URL", "postgres://db.internal/app"),
        ("RAILS_ENV", "production"),
        ("LANG", "en_US.UTF-8"),
        ("APP_VERSION", "2026.11.26-1"),
        ("KEYBOARD", "de"),
        ("AUTHOR", "me"),
        ("MONKEY", "george"),
        ("HOSTNAME", "ip-10-0-12-7.eu-central-1.compute.internal"),
        ("GREETING", "hello, this is a rather long text about nothing in particular"),
        ("MODULE", "application.settings.production.eu_central_1"),
        ("PASSENGER_ROOT", "/usr/share/ruby-passenger"),
    ],
)
def test_an_ordinary_variable_is_shown(name: str, value: str) -> None:
    """F7"""
    assert not is_secret(name, value)


def test_a_value_from_elsewhere_is_secret_until_it_is_replaced() -> None:
    """F7"""
    first = EnvLayer("defaults.env", values={"A": FromEnv("X"), "B": FromFile("/run/secrets/b"), "C": "plain"})
    second = EnvLayer("env", values={"A": "plain now", "C": FromFile("/run/secrets/c")})
    assert referenced((first,)) == {"A", "B"}
    assert referenced((first, second)) == {"B", "C"}
