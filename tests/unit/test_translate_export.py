"""What each key of a job becomes in other schedulers' files, and what the report says about the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scheduler.config.load import load
from scheduler.document.dump import as_yaml
from scheduler.errors import UsageError
from scheduler.model.job import Job
from scheduler.translate.exporters import crontab_file, kubernetes_manifests, systemd_units
from scheduler.translate.exporters.exported import Degree, Exported
from scheduler.translate.importers.source_file import Dialect

NOW = datetime(2026, 1, 5, 12, 34, tzinfo=UTC)
LOST, APPROXIMATED = Degree.LOST, Degree.APPROXIMATED


def jobs_of(folder: Path, jobs: dict[str, Any], **top: Any) -> list[Job]:
    path = folder / "schedules.yaml"
    path.write_text(as_yaml({**top, "jobs": jobs}))
    return list(load(path).jobs.values())


def systemd(jobs: list[Job], **options: Any) -> Exported:
    return systemd_units.export_systemd(jobs, systemd_units.Options(**{"now": NOW, "owner": "app", **options}))


def kubernetes(jobs: list[Job]) -> Exported:
    return kubernetes_manifests.export_kubernetes(jobs, kubernetes_manifests.Options(image="app:1", now=NOW))


def crontab(jobs: list[Job], dialect: Dialect = Dialect.DEBIAN, timezone: str = "UTC") -> Exported:
    return crontab_file.export_crontab(jobs, crontab_file.Options(dialect=dialect, timezone=timezone))


def reported(exported: Exported) -> set[tuple[str, Degree]]:
    return {(loss.key, loss.degree) for loss in exported.losses}


def text_of(exported: Exported) -> str:
    return "".join(file.text for file in exported.files)


def calendar(folder: Path, schedule: Any) -> list[str]:
    done = systemd(jobs_of(folder, {"a": {"schedule": schedule, "command": "x"}}))
    return [line.partition("=")[2] for line in text_of(done).splitlines() if line.startswith("OnCalendar=")]


CALENDARS: list[tuple[Any, list[str]]] = [
    ("30 2 * * *", ["*-*-* 02:30:00 UTC"]),
    ("*/15 9-17 * * mon-fri", ["Mon..Fri *-*-* 09..17:00/15:00 UTC"]),
    ("0 0 1,15 * 5", ["*-*-01,15 00:00:00 UTC", "Fri *-*-* 00:00:00 UTC"]),
    ("0 0 1-31 * 5", ["*-*-* 00:00:00 UTC"]),
    ("0 0 */2 * 5", ["Fri *-*-01..31/2 00:00:00 UTC"]),
    ("5 4 L * *", ["*-*~01 04:05:00 UTC"]),
    ("5 4 L-2 * *", ["*-*~03 04:05:00 UTC"]),
    ("0 12 * * fri#2", ["Fri *-*-08..14 12:00:00 UTC"]),
    ("0 12 * * 5L", ["Fri *-*~07/1 12:00:00 UTC"]),
    ("@weekly", ["Sun *-*-* 00:00:00 UTC"]),
    ("@every 6h", ["*-*-* 00/6:00:00 UTC"]),
    ("@at 2027-05-06T07:08:09", ["2027-05-06 07:08:09 UTC"]),
    ({"second": "*/20"}, ["*-*-* *:*:00/20 UTC"]),
    ({"hour": "5", "year": "2027-2029"}, ["2027..2029-*-* 05:00:00 UTC"]),
    (["0 6 * * *", "30 18 * * sun"], ["*-*-* 06:00:00 UTC", "Sun *-*-* 18:30:00 UTC"]),
    ("0 9 15W * *", []),
    ("0 9 LW * *", []),
]


@pytest.mark.parametrize(("schedule", "lines"), CALENDARS, ids=[str(schedule) for schedule, _ in CALENDARS])
def test_schedules_as_calendar_expressions(tmp_path: Path, schedule: Any, lines: list[str]) -> None:
    assert calendar(tmp_path, schedule) == lines
    done = systemd(jobs_of(tmp_path, {"a": {"schedule": schedule, "command": "x"}}))
    assert (("schedule", LOST) in reported(done)) == (not lines)


FIELDS: list[tuple[Any, list[str], set[Degree]]] = [
    ("30 2 * * 7", ["30 2 * * 0"], set()),
    ("0 0 */2 * *", ["0 0 1-31/2 * *"], set()),
    ("0 0 1-31 * 5", ["0 0 * * *"], set()),
    ("0 0 */2 * 5", [], {LOST}),
    ("@daily", ["0 0 * * *"], set()),
    ("@every 15m", ["*/15 * * * *"], set()),
    ("@every 25m", ["@every 1500s"], {APPROXIMATED}),
    ("0 0 L * *", [], {LOST}),
    ("@reboot", [], {LOST}),
    ("@at 2027-05-06T07:08", [], {LOST}),
    ({"second": "30", "minute": "5"}, [], {LOST}),
    (["0 6 * * *", "30 18 * * sun"], ["0 6 * * *", "30 18 * * 0"], {APPROXIMATED}),
    (None, ["0 0 1 1 *"], {APPROXIMATED}),
]


@pytest.mark.parametrize(("schedule", "fields", "degrees"), FIELDS, ids=[str(schedule) for schedule, _, _ in FIELDS])
def test_schedules_for_kubernetes(tmp_path: Path, schedule: Any, fields: list[str], degrees: set[Degree]) -> None:
    when = {} if schedule is None else {"schedule": schedule}
    done = kubernetes(jobs_of(tmp_path, {"a": {**when, "command": "x"}}))
    found = [line.split(": ", 1)[1] for line in text_of(done).splitlines() if line.startswith("  schedule: ")]
    assert [text.strip("'") for text in found] == fields
    assert {degree for key, degree in reported(done) if key == "schedule"} == degrees


TIMES: list[tuple[Any, Dialect, list[str], set[Degree]]] = [
    ("30 2 * * mon", Dialect.DEBIAN, ["30 2 * * 1"], set()),
    ("0 0 */2 * 5", Dialect.DEBIAN, ["0 0 */2 * 5"], set()),
    ("0 0 */2 * 5", Dialect.BUSYBOX, [], {LOST}),
    ("0 0 1-31/2 * 5", Dialect.DEBIAN, ["0 0 1-31/2 * 5"], set()),
    ("0 0 1-31 * 5", Dialect.DEBIAN, ["0 0 * * *"], set()),
    ("0 9 L * *", Dialect.DEBIAN, ["0 9 28-31 * *"], {APPROXIMATED}),
    ("0 9 1,L * *", Dialect.DEBIAN, ["0 9 28-31 * *", "0 9 1 * *"], {APPROXIMATED}),
    ("0 9 * * 1#1,5#2", Dialect.CRONIE, ["0 9 1-7 * *", "0 9 8-14 * *"], {APPROXIMATED}),
    ("0 9 * * 5L", Dialect.CRONIE, ["0 9 22-31 * *"], {APPROXIMATED}),
    ("0 9 LW * *", Dialect.CRONIE, [], {LOST}),
    ("@every 30m", Dialect.DEBIAN, ["*/30 * * * *"], set()),
    ("@every 25m", Dialect.DEBIAN, [], {LOST}),
    ("@every 2w from 2026-01-02T17:00", Dialect.DEBIAN, ["0 17 * * *"], {APPROXIMATED}),
    ("@at 2027-05-06T07:08", Dialect.DEBIAN, ["8 7 6 5 *"], {APPROXIMATED}),
    ("@reboot", Dialect.DEBIAN, ["@reboot"], {APPROXIMATED}),
    ({"second": "30"}, Dialect.DEBIAN, [], {LOST}),
]


@pytest.mark.parametrize(("schedule", "dialect", "times", "degrees"), TIMES, ids=[f"{t[0]} {t[1]}" for t in TIMES])
def test_schedules_for_cron(
    tmp_path: Path, schedule: Any, dialect: Dialect, times: list[str], degrees: set[Degree]
) -> None:
    done = crontab(jobs_of(tmp_path, {"a": {"schedule": schedule, "command": "x"}}), dialect)
    lines = [line for line in text_of(done).splitlines() if line and not line.startswith("#")]
    assert [line.partition(" cd ")[0] for line in lines] == times
    assert {degree for key, degree in reported(done) if key == "schedule"} == degrees


EVERY_KEY: dict[str, Any] = {
    "accepts": "args",
    "args": ["a"],
    "catch_up": "1h",
    "cwd": "/srv/app",
    "description": "d",
    "enabled": False,
    "env": {"A": "1", "B": {"from_env": "TOKEN"}, "C": {"from_file": "/run/secrets/c"}, "D": None},
    "env_file": "/srv/.env",
    "except": ["12-25"],
    "expect_success_within": "1d",
    "from": "2026-01-01",
    "group": "daemon",
    "interpreter": "/usr/bin/python3",
    "kwargs": {"k": 1},
    "launcher": "local",
    "lint": {"ignore": []},
    "lock": {"name": "db", "slots": 3},
    "max_waiting": 5,
    "memory_limit": "1G",
    "nice": 5,
    "notify_after": 2,
    "on_failure": [{"mail": "a@example.com"}],
    "on_recovery": [{"mail": "a@example.com"}],
    "on_shutdown": "stop",
    "on_skip": [{"mail": "a@example.com"}],
    "on_slow": [{"mail": "a@example.com"}],
    "on_success": [{"command": "tell"}],
    "output": "discard",
    "overlap": "queue",
    "path": ["/srv/bin"],
    "ping": "https://example.com/x",
    "python": "app.tasks:poll",
    "remind": "1h",
    "retry": 2,
    "run_if": "test -e /run/ready",
    "run_if_timeout": "5s",
    "schedule": "0 5 * * *",
    "secret_arguments": True,
    "sentry": True,
    "setup": "app:setup",
    "shell": "bash",
    "slow_after": "5m",
    "splay": "10m",
    "start_deadline": "15m",
    "stop_grace": "5s",
    "success_codes": [0, 3],
    "timeout": "1h",
    "timezone": "UTC",
    "umask": "027",
    "until": "2027-01-01",
    "user": "daemon",
}
NOT_OF_RUNS = {"args", "description", "interpreter", "kwargs", "launcher", "lint", "setup"}
EXACT = {
    "systemd": {"cwd", "schedule", "shell", "user", "group", "umask", "nice", "memory_limit", "stop_grace", "output"}
    | {"success_codes", "timezone"},
    "kubernetes": {"cwd", "schedule", "shell", "stop_grace", "timezone", "enabled"},
    "crontab": {"cwd", "schedule", "shell", "umask", "nice", "memory_limit", "output", "timezone", "user", "enabled"}
    | {"path"},
}


@pytest.mark.parametrize("name", EXACT)
def test_each_key_is_carried_over_or_reported(tmp_path: Path, name: str) -> None:
    """The table of formats, for every key that a job can have."""
    export: Callable[[list[Job]], Exported] = {"systemd": systemd, "kubernetes": kubernetes, "crontab": crontab}[name]
    command = {key: value for key, value in EVERY_KEY.items() if key not in {*NOT_OF_RUNS, "python", "accepts"}}
    first = jobs_of(tmp_path, {"a": {**command, "command": "x"}})
    function = {key: value for key, value in EVERY_KEY.items() if key != "shell"}
    second = jobs_of(tmp_path, {"a": function})
    tied = {"run_if_timeout"}  # part of run_if
    known = {key for job in (*first, *second) for key in job.origins} | {"shell"}
    named = {key for key, _ in reported(export(first)) | reported(export(second))}
    assert known - named - NOT_OF_RUNS - tied - {"command"} == EXACT[name]


def test_the_keys_of_this_test_are_all_keys_of_a_job() -> None:
    from scheduler.config.spec import JobForm  # noqa: PLC0415

    names = {field.encode_name for field in __import__("msgspec").structs.fields(JobForm)}
    assert names - {"command"} == EVERY_KEY.keys()


def test_a_secret_is_never_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    (tmp_path / "c").write_text("s3cret")
    env = {"A": {"from_env": "TOKEN"}, "C": {"from_file": "c"}}
    jobs = jobs_of(tmp_path, {"a": {"schedule": "@daily", "command": "x", "env": env, "ping": {"from_env": "TOKEN"}}})
    for done in (systemd(jobs), kubernetes(jobs), crontab(jobs)):
        assert "s3cret" not in text_of(done)
        assert {key for key, _ in reported(done)} >= {"env", "ping"}


def test_a_follower_is_started_by_its_predecessor(tmp_path: Path) -> None:
    jobs = jobs_of(
        tmp_path,
        {
            "load": {"schedule": "@daily", "command": "x"},
            "report": {"schedule": "@after load", "command": "y"},
        },
    )
    files = {file.name: file.text for file in systemd(jobs).files}
    assert "OnSuccess=report.service\n" in files["load.service"]
    assert "report.timer" not in files
    assert ("schedule", LOST) in reported(systemd(jobs[1:]))


def test_a_unit_of_the_system_is_not_replaced(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, {"ssh": {"schedule": "@daily", "command": "x"}})
    done = systemd(jobs, taken=frozenset({"ssh.service"}))
    assert [file.name for file in done.files] == ["ssh-job.timer", "ssh-job.service"]
    assert ("name", APPROXIMATED) in reported(done)


def test_the_commands_of_recipients_run_as_the_job(tmp_path: Path) -> None:
    job = {"schedule": "@daily", "command": "x", "user": "daemon", "cwd": "/srv", "on_failure": [{"command": "tell"}]}
    files = {file.name: file.text for file in systemd(jobs_of(tmp_path, {"a": job})).files}
    assert "OnFailure=a@failure.service\n" in files["a.service"]
    for line in ("User=daemon\n", "WorkingDirectory=/srv\n", "NoNewPrivileges=yes\n"):
        assert line in files["a@failure.service"]


def test_times_of_another_zone_are_not_given_to_a_cron_that_knows_none(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, {"a": {"schedule": "0 5 * * *", "timezone": "Asia/Tokyo", "command": "x"}})
    done = crontab(jobs)
    assert ("timezone", LOST) in reported(done)
    assert [line for line in text_of(done).splitlines() if line and not line.startswith("#")] == []
    assert "\nCRON_TZ=Asia/Tokyo\n0 5 * * * " in text_of(crontab(jobs, Dialect.CRONIE))


def test_a_command_that_cron_would_cut_is_not_given_to_it(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, {"a": {"schedule": "0 5 * * *", "command": "echo " + "x" * 1000}})
    assert "\n0 5 * * *" not in text_of(crontab(jobs))
    assert ("command", LOST) in reported(crontab(jobs))
    assert "\n0 5 * * *" in text_of(crontab(jobs, Dialect.CRONIE))
    in_bytes = jobs_of(tmp_path, {"a": {"schedule": "0 5 * * *", "command": "echo " + "é" * 500}})
    assert ("command", LOST) in reported(crontab(in_bytes))


@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        ({"env": {"PATH": "/opt/x"}}, ["export PATH=/opt/x; x"]),
        ({"env": {"PATH": "/opt/x"}, "path": ["/opt/y"]}, ["export PATH=/opt/y:/opt/x; x"]),
        ({"env": {"PATH": None}}, ["unset PATH; x"]),
        ({"env_file": "/v"}, ['export PATH="$job_path"; x']),
        ({"env": {"PATH": "/opt/x"}, "timeout": "9s"}, ["timeout -k 10 9 env PATH=/opt/x /bin/sh -c x"]),
        ({"env": {"PATH": "/opt/x"}, "run_if": ["y"]}, ["timeout 10 env PATH=/opt/x y || exit 0", "x"]),
    ],
)
def test_the_path_of_a_job_is_not_that_in_which_cron_finds_flock(
    tmp_path: Path, keys: dict[str, Any], ends: list[str]
) -> None:
    done = crontab(jobs_of(tmp_path, {"a": {"schedule": "0 5 * * *", "command": "x", **keys}}))
    (line,) = [line for line in text_of(done).splitlines() if line.startswith("0 5 ")]
    before, _, after = line.partition("flock -n 9 || exit 0; ")
    assert not re.search(r"export PATH|unset PATH", before.replace("job_path", ""))
    assert after.endswith(ends[-1])
    assert all(end in line for end in ends)


def test_users_need_a_column_of_users(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, {"a": {"schedule": "0 5 * * *", "command": "x", "user": "daemon"}})
    assert "\n0 5 * * * daemon " in text_of(crontab(jobs))
    with pytest.raises(UsageError, match="user column"):
        crontab(jobs, Dialect.BUSYBOX)


def test_names_for_kubernetes_are_valid_and_unique(tmp_path: Path) -> None:
    names = ["Back_up", "back.up", "back-up-2", "x" * 60, "A" * 52 + "b"]
    lists = {name: {"schedule": ["@daily", "@hourly"], "command": "x"} for name in names}
    text = text_of(kubernetes(jobs_of(tmp_path, lists)))
    found = [line.split()[1] for line in text.splitlines() if line.startswith("  name: ")]
    assert len(set(found)) == len(found) == 10
    assert all(len(name) <= 52 and name == name.lower() and "_" not in name and "." not in name for name in found)


def test_kubernetes_expands_nothing(tmp_path: Path) -> None:
    command = "echo $(date) $$ $HOME $$(x)"
    text = text_of(kubernetes(jobs_of(tmp_path, {"a": {"schedule": "@daily", "command": command}})))
    assert "echo $$(date) $$$ $HOME $$$$(x)" in text


def test_long_times_are_numbers(tmp_path: Path) -> None:
    job = {"schedule": "@every 13d", "command": "x", "timeout": "2w", "stop_grace": "1.5s"}
    text = text_of(systemd(jobs_of(tmp_path, {"a": job})))
    assert {"OnUnitActiveSec=1123200s", "TimeoutStartSec=1209600s", "TimeoutStopSec=1.500s"} <= set(text.splitlines())


def test_a_variable_that_cron_itself_reads_is_reported_and_the_note_about_path_is_for_jobs_without_one(
    tmp_path: Path,
) -> None:
    with_path = {"command": "x", "env": {"MAILTO": "", "PATH": "/usr/bin:/bin"}}
    exported = crontab(jobs_of(tmp_path, {"a": with_path}))
    (loss,) = [loss for loss in exported.losses if loss.key == "env"]
    assert (loss.degree, loss.why) == (
        Degree.LOST,
        "MAILTO: cron reads it from a line of its own; put it above this job",
    )
    about_path = "# cron sets PATH=/usr/bin:/bin, and schedd does not"
    assert about_path not in text_of(exported)
    assert about_path in text_of(crontab(jobs_of(tmp_path, {"a": with_path, "b": {"command": "x"}})))
