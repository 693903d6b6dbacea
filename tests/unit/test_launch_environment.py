"""The environment of a run: layers, origins, files."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from scheduler.launch.account import Account
from scheduler.launch.environment import DEFAULT_PATH, Environment, Variables
from scheduler.launch.launcher import LaunchError
from scheduler.model.job import Job
from scheduler.model.run import Launch, Trigger
from scheduler.model.target import EnvLayer, FromEnv, FromFile, ShellCommand

CANARY = "canary-7f3a"


def job(*layers: EnvLayer) -> Job:
    return Job(name="mail", target=ShellCommand("true"), cwd="/", environment=layers)


def shown(variables: Variables) -> dict[str, tuple[str, str]]:
    """Value and origin of each, none without the other."""
    assert variables.values.keys() == variables.origins.keys()
    return {name: (value, variables.origins[name]) for name, value in variables.values.items()}


def refused(*layers: EnvLayer) -> str:
    with pytest.raises(LaunchError) as caught:
        Environment({"SECRET": CANARY}).of_job(job(*layers))
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_later_layers_win_and_each_variable_knows_its_origin(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=file\nB=file\n")
    layers = (
        EnvLayer("defaults.env_file", file=str(file)),
        EnvLayer("defaults.env", {"B": "defaults", "C": "defaults"}),
        EnvLayer("env", {"C": "own", "HOME": None, "ABSENT": None, "S": FromEnv("SECRET")}),
    )
    inherited = {"A": "outer", "HOME": "/root", "LANG": "C", "SECRET": CANARY}
    assert shown(Environment(inherited).of_job(job(*layers))) == {
        "A": ("file", f"defaults.env_file {file}"),
        "B": ("defaults", "defaults.env"),
        "C": ("own", "env"),
        "LANG": ("C", "inherited"),
        "PYTHONUNBUFFERED": ("1", "schedd"),
        "S": (CANARY, "env"),
        "SECRET": (CANARY, "inherited"),
    }


def test_path_is_put_in_front_of_the_path_of_the_layers() -> None:
    layered = replace(job(EnvLayer("env", {"PATH": "/opt/bin"})), path=("/srv/app/.venv/bin", "/srv/app/bin"))
    variables = Environment({"PATH": "/usr/bin"}).of_job(layered)
    assert shown(variables)["PATH"] == ("/srv/app/.venv/bin:/srv/app/bin:/opt/bin", "path")
    without = replace(job(EnvLayer("env", {"PATH": None})), path=("/srv/bin",))
    assert Environment({"PATH": "/usr/bin"}).of_job(without).values["PATH"] == f"/srv/bin:{DEFAULT_PATH}"


@pytest.mark.parametrize(
    ("zone", "utc", "local"),
    [
        ("Europe/Berlin", "2026-06-01T07:00:00Z", "2026-06-01T09:00:00+02:00"),
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00"),
        ("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00-04:00"),
        ("UTC", "2026-06-01T07:00:00Z", "2026-06-01T07:00:00+00:00"),
    ],
)
def test_the_scheduled_time_is_given_in_utc_and_in_the_jobs_zone(zone: str, utc: str, local: str) -> None:
    launch = Launch(
        replace(job(), timezone=ZoneInfo(zone)), "abcd1234", 1, Trigger.SCHEDULE, datetime.fromisoformat(utc)
    )
    values = Environment({}).of_run(launch)
    assert (values["SCHED_SCHEDULED_AT"], values["SCHED_SCHEDULED_LOCAL"]) == (utc, local)


@pytest.mark.parametrize("name", ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "JOURNAL_STREAM"])
def test_variables_of_the_supervisor_are_not_passed_to_jobs(name: str) -> None:
    assert name not in Environment({name: "1"}).of_job(job()).values
    assert Environment({name: "1"}).of_job(job(EnvLayer("env", {name: "mine"}))).values[name] == "mine"


@pytest.mark.parametrize("name", ["SMTP_URL", "SENTRY_DSN", "HOOK"])
def test_secrets_of_notifications_are_only_for_jobs_that_name_them(name: str) -> None:
    """D5"""
    environment = Environment({name: CANARY, "OTHER": "1"})
    environment.withhold({"HOOK"})
    assert environment.of_job(job()).values == {"OTHER": "1", "PYTHONUNBUFFERED": "1"}
    assert environment.of_job(job(EnvLayer("env", {"MINE": FromEnv(name)}))).values["MINE"] == CANARY


def test_a_reload_gives_back_what_no_recipient_uses_any_more() -> None:
    """D5"""
    environment = Environment({"OLD": "1", "NEW": "1"})
    environment.withhold({"OLD"})
    environment.withhold({"NEW"})
    assert {"OLD", "NEW"} & environment.of_job(job()).values.keys() == {"OLD"}


SESSION = {
    "XDG_RUNTIME_DIR": "/run/user/0",
    "XDG_SESSION_ID": "1",
    "SUDO_USER": "admin",
    "SUDO_COMMAND": "/usr/bin/schedd",
    "SSH_AUTH_SOCK": "/tmp/ssh-x/agent.1",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/0/bus",
    "DISPLAY": ":0",
    "XAUTHORITY": "/root/.Xauthority",
    "MAIL": "/var/mail/root",
    "KRB5CCNAME": "FILE:/tmp/krb5cc_0",
}


@pytest.mark.parametrize("name", SESSION)
def test_a_job_of_another_user_gets_nothing_of_the_session_of_schedds_user(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D5"""
    account = Account(os.geteuid() + 1, 1, (), {"HOME": "/home/app", "USER": "app"})
    monkeypatch.setattr("scheduler.launch.environment.find_account", lambda _user, _group: account)
    environment = Environment({**SESSION, "LANG": "C", "HOME": "/root"})
    values = environment.of_job(job()).values
    assert name not in values
    assert (values["LANG"], values["HOME"], values["USER"]) == ("C", "/home/app", "app")
    assert environment.of_job(job(EnvLayer("env", {name: FromEnv(name)}))).values[name] == SESSION[name]


def test_a_job_of_schedds_own_user_keeps_its_session() -> None:
    assert Environment(SESSION).of_job(job()).values.keys() >= SESSION.keys()


def test_python_is_unbuffered_unless_the_environment_says_otherwise() -> None:
    assert Environment({}).of_job(job()).values["PYTHONUNBUFFERED"] == "1"
    assert Environment({"PYTHONUNBUFFERED": ""}).of_job(job()).values["PYTHONUNBUFFERED"] == ""
    assert "PYTHONUNBUFFERED" not in Environment({}).of_job(job(EnvLayer("env", {"PYTHONUNBUFFERED": None}))).values


def test_a_run_gets_its_variables_and_no_setting_overrides_them() -> None:
    launch = Launch(
        job=job(EnvLayer("env", {"SCHED_JOB": "other"})),
        run_id="abcd1234",
        attempt=2,
        trigger=Trigger.SCHEDULE,
        scheduled_at=datetime(2026, 3, 29, 3, tzinfo=timezone(timedelta(hours=2))).astimezone(UTC),
        previous_at=datetime(2026, 3, 28, 2, tzinfo=UTC),
        extra_env={"SCHED_RUN_ID": "forged", "EXTRA": "1"},
    )
    assert Environment({"SCHED_ATTEMPT": "9"}).of_run(launch) == {
        "EXTRA": "1",
        "PYTHONUNBUFFERED": "1",
        "SCHED_ATTEMPT": "2",
        "SCHED_JOB": "mail",
        "SCHED_PREVIOUS_AT": "2026-03-28T02:00:00Z",
        "SCHED_RUN_ID": "abcd1234",
        "SCHED_SCHEDULED_AT": "2026-03-29T01:00:00Z",
        "SCHED_SCHEDULED_LOCAL": "2026-03-29T01:00:00+00:00",
        "SCHED_TRIGGER": "schedule",
    }


def test_the_first_run_has_no_previous_one_and_not_that_of_an_outer_schedd() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    launch = Launch(job=job(), run_id="abcd1234", attempt=1, trigger=Trigger.MANUAL, scheduled_at=at)
    assert "SCHED_PREVIOUS_AT" not in Environment({"SCHED_PREVIOUS_AT": "2025-01-01T00:00:00Z"}).of_run(launch)


def test_a_file_as_value_loses_its_final_newline_and_is_read_at_each_launch(tmp_path: Path) -> None:
    token = tmp_path / "token"
    layer = EnvLayer("env", {"TOKEN": FromFile(str(token))})
    for content, value in [(b"one\n", "one"), (b"two\r\n", "two"), (b" three\n\n", " three\n"), (b"", "")]:
        token.write_bytes(content)
        assert Environment({}).of_job(job(layer)).values["TOKEN"] == value


def test_missing_variables_and_files_are_named_and_values_never(tmp_path: Path) -> None:
    """M3, L2"""
    assert (
        refused(EnvLayer("env", {"T": FromEnv("TOKEN")}))
        == "env.T: the variable TOKEN is not set in schedd's environment"
    )
    missing = tmp_path / "missing"
    assert refused(EnvLayer("env", {"T": FromFile(str(missing))})) == f"env.T: {missing}: No such file or directory"
    assert refused(EnvLayer("env_file", file=str(missing))) == f"env_file: {missing}: No such file or directory"
    assert refused(EnvLayer("env_file", file=str(tmp_path))) == f"env_file: {tmp_path}: this is a directory, not a file"
    bad = tmp_path / "bad.env"
    bad.write_text(f"A=1\n\n'{CANARY}\n")
    assert refused(EnvLayer("env_file", file=str(bad))) == (
        f"env_file: {bad}:3: not a line of the form KEY=VALUE, or a quote without its partner"
    )
