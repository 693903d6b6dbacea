"""Files of yacron and cronstable become jobs; what schedd does differently is reported by line."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from scheduler.translate.formats import format_of
from scheduler.translate.importers.source_file import SourceFile
from tests.unit.importing import imported

BASE: dict[str, Any] = {"schedule": "*/5 * * * *", "command": "poll", "overlap": "allow"}


def job(
    keys: str, base: str = 'name: poll\ncommand: poll\nschedule: "*/5 * * * *"\nfailsWhen: {producesStdout: false}'
) -> str:
    """A file with one job."""
    return "jobs:\n" + textwrap.indent(f"{base}\n{keys}\n", "    ").replace("    ", "  - ", 1)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("concurrencyPolicy: Forbid", {"overlap": "skip"}),
    ("concurrencyPolicy: Replace\nenabled: false", {"overlap": "replace", "enabled": False}),
    ("executionTimeout: 60\nkillTimeout: 0.5", {"timeout": "1m", "stop_grace": "0.5s"}),
    ("timezone: Europe/Berlin", {"timezone": "Europe/Berlin"}),
    ("utc: false", {"timezone": "Asia/Tokyo"}),
    ("shell: /bin/bash", {"shell": ["/bin/bash", "-c"], "command": "poll"}),
    ("user: www-data\ngroup: 33\nenv_file: .env", {"user": "www-data", "group": "33", "env_file": ".env"}),
    ("environment:\n- {key: A, value: yes}\n- key: B\n  value: 'x y'", {"env": {"A": "yes", "B": "x y"}}),
    (
        "onFailure: {retry: {maximumRetries: 2, initialDelay: 10, maximumDelay: 60, backoffMultiplier: 3}}",
        {"retry": {"times": 2, "delay": "10s", "max_delay": "1m", "factor": 3.0}},
    ),
    ("onFailure: {report: {mail: {to: a@x.org, from: b@x.org}}}", {"on_failure": [{"mail": "a@x.org"}]}),
    ("onPermanentFailure: {report: {shell: {command: tell}}}", {"on_failure": [{"command": "tell"}]}),
    ("onSuccess: {report: {webhook: {url: {fromEnvVar: HOOK}}}}", {"on_success": [{"webhook": {"from_env": "HOOK"}}]}),
    ("onFailure: {report: {sentry: {dsn: {fromEnvVar: DSN}}}}", {"sentry": True}),
    ("startingDeadlineSeconds: 200\nonMissed: run-once", {"start_deadline": "3m20s", "catch_up": "31d"}),
    ("workingDirectory: /srv\npriority: low", {"cwd": "/srv", "nice": 15}),
    (
        "sla: {maxTimeSinceSuccessSeconds: 7200}\nonLate: {report: {mail: {to: a@x.org, from: b@x.org}}}",
        {"expect_success_within": "7200s", "on_failure": [{"mail": "a@x.org"}]},
    ),
]


@pytest.mark.parametrize(("keys", "expected"), CASES, ids=[keys for keys, _ in CASES])
def test_each_key_of_a_job_is_carried_over(tmp_path: Path, keys: str, expected: dict[str, Any]) -> None:
    assert format_of(SourceFile("x", job(keys))).name == "yacron"
    done = imported(tmp_path, job(keys), timezone="Asia/Tokyo")
    (made,) = done.translation.jobs
    assert made.keys == {**BASE, **expected}
    assert (list(done.config.jobs), done.refused) == (["poll"], [])


def test_an_expectation_without_a_recipient_is_kept_and_noted(tmp_path: Path) -> None:
    done = imported(tmp_path, job("sla: {maxTimeSinceSuccessSeconds: 7200}"))
    assert done.config.jobs["poll"].expect_success_within == 7200
    assert "nobody is notified of it until on_failure is set" in [why for _, why in done.noted]


SCHEDULES: list[tuple[str, Any]] = [
    ('"@reboot"', "@reboot"),
    ('"0 12 * * * 2027"', {"minute": "0", "hour": "12", "year": "2027"}),
    ("{minute: 5}", "5 * * * *"),
    ("{minute: '*', hour: 5}", "* 5 * * *"),
    ("{hour: 5}", "* 5 * * *"),
    ("{minute: 0, hour: 0, dayOfMonth: '*', dayOfWeek: mon}", "0 0 * * mon"),
    ("{minute: 0, hour: 4, year: '2027-2030'}", {"minute": "0", "hour": "4", "year": "2027-2030"}),
    ("{second: '*/10', month: 6}", {"second": "*/10", "minute": "*", "hour": "*", "month": "6"}),
]


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES, ids=[schedule for schedule, _ in SCHEDULES])
def test_a_field_that_is_left_out_means_any(tmp_path: Path, schedule: str, expected: Any) -> None:
    done = imported(tmp_path, job("", base=f"name: x\ncommand: x\nschedule: {schedule}"))
    assert done.translation.jobs[0].keys["schedule"] == expected


def test_defaults_are_merged_as_yacron_does(tmp_path: Path) -> None:
    text = (
        "# all jobs\ndefaults:\n  shell: /bin/bash\n  timezone: Europe/Berlin\n  environment: [{key: A, value: 1}]\n"
        "  onFailure: {retry: {maximumRetries: 1, initialDelay: 5}}\njobs:\n"
        "  # the first\n  - name: a\n    command: a\n    schedule: '@daily'\n    environment: [{key: B, value: 2}]\n"
        "    onFailure: {retry: {initialDelay: 7}}\n  - name: b # second\n    command: [b, c]\n"
        "    schedule: '@daily'\n    shell: /bin/sh\n"
    )
    done = imported(tmp_path, text)
    a, b = done.config.jobs.values()
    assert [layer.values for layer in a.environment] == [{"A": "1"}, {"B": "2"}]
    assert (a.retry.times, a.retry.delay, b.retry.delay) == (1, 7, 5)
    assert {job.timezone.key for job in (a, b)} == {"Europe/Berlin"}
    assert [job.comments for job in done.translation.jobs] == [("all jobs", "the first"), ("second",)]
    assert any("prints to stderr" in why for _, why in done.noted)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("failsWhen: {producesStdout: true}", "exit code decides"),
        ("statsd: {host: x, port: 1, prefix: y}", "ping"),
        ("clusterPolicy: Leader", "standby"),
        ("secrets: [{name: x, value: y}]", "from_file"),
        ("workingDirectory: ~/x", "absolute path"),
        ("environment: [{key: A-B, value: y}]", "not a variable"),
        ("onFailure: {report: {push: {enabled: true}}}", "no equivalent"),
        ("colour: blue", "no equivalent"),
        ("concurrencyPolicy: Maybe", "unknown concurrencyPolicy"),
        ("timezone: Mars/Phobos", "Mars/Phobos"),
    ],
)
def test_keys_without_an_equivalent_are_refused(tmp_path: Path, keys: str, why: str) -> None:
    done = imported(tmp_path, job(keys, base='name: poll\ncommand: poll\nschedule: "*/5 * * * *"'))
    assert [why in reason for line, reason in done.refused if line > 1] == [True], done.refused


def test_other_parts_of_the_file_are_refused(tmp_path: Path) -> None:
    done = imported(tmp_path, job("") + "web: {listen: ['http://127.0.0.1:1']}\ninclude: [b.yaml]\nlogging: {}\n")
    assert len(done.refused) == 3
