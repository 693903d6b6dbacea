"""What `show` prints of a job: every key that has a value, as it can be written, and no secret."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from scheduler.api.definition import NOT_KEYS, definition
from scheduler.model.job import Job, OnShutdown, OutputMode, Overlap, ProcessSettings, Retry
from scheduler.model.recipient import MailRecipient, WebhookRecipient
from scheduler.model.target import Entrypoint, EnvLayer, EnvValue, FromEnv, ShellCommand
from scheduler.schedule import parse_schedule

ZONE = ZoneInfo("Europe/Berlin")
FULL = Job(
    name="full",
    description="Everything",
    schedule=parse_schedule("0 3 * * *", ZONE, job_name="full"),
    timezone=ZONE,
    target=Entrypoint("app:run", ("canary",), {"token": "canary"}, "/venv/bin/python"),
    cwd="/srv",
    enabled=False,
    environment=(EnvLayer("env", {"TOKEN": "canary", "GONE": None}), EnvLayer("env_file", file="/srv/.env")),
    timeout=90.0,
    stop_grace=30.0,
    overlap=Overlap.QUEUE,
    start_deadline=900.0,
    catch_up=3600.0,
    retry=Retry(2, 10.0, 1.5, 600.0),
    max_waiting=7,
    on_shutdown=OnShutdown.STOP,
    success_codes=frozenset({3, 0}),
    output=OutputMode.RAW,
    process=ProcessSettings(user="www-data", group="www-data", umask=0o27, nice=5, memory_limit=1 << 20),
    on_failure=(MailRecipient(to=("ops@example.com",)),),
    on_success=(WebhookRecipient(url="https://example.com/canary"),),
    remind=3600.0,
    expect_success_within=93_600.0,
    ping="https://hc-ping.example/canary",
    sentry=True,
)


def test_every_key_that_has_a_value_is_shown_as_it_can_be_written() -> None:
    shown = definition(FULL)
    assert list(shown)[:4] == ["description", "schedule", "timezone", "python"]
    expected = {
        "timeout": "1m30s", "retry": {"times": 2, "delay": "10s", "factor": 1.5, "max_delay": "10m", "lost": False},
        "success_codes": [0, 3], "umask": "027", "overlap": "queue", "enabled": False, "timezone": "Europe/Berlin",
        "expect_success_within": "1d2h", "memory_limit": "1M", "args": ["•••"], "kwargs": {"token": "•••"},
    }  # fmt: skip
    assert {key: shown[key] for key in expected} == expected


def test_no_secret_is_shown() -> None:
    assert b"canary" not in msgspec.json.encode(definition(FULL))
    assert "SECRET" not in str(definition(msgspec.structs.replace(FULL, ping=FromEnv("PING"))))


def test_an_ordinary_value_is_shown_and_a_secret_is_not() -> None:
    """F7: by name, by origin, and by look."""
    kwargs = {"limit": 10, "since": "monday", "api_key": "canary", "db": {"host": "db1", "password": "canary"}}
    address = "postgres://app:canary@db1/app"
    values: dict[str, EnvValue] = {"LANG": "C", "FROM": FromEnv("CANARY"), "DB": address, "GONE": None, "PORT": "80"}
    job = msgspec.structs.replace(
        FULL, target=Entrypoint("app:run", (10, True, "canary"), kwargs), environment=(EnvLayer("env", values),)
    )
    shown = definition(job)
    assert shown["args"] == [10, True, "•••"]
    assert shown["kwargs"] == {
        "limit": 10, "since": "monday", "api_key": "•••", "db": {"host": "db1", "password": "•••"}
    }  # fmt: skip
    assert shown["env"][0]["sets"] == {"LANG": "C", "FROM": "•••", "DB": "•••", "GONE": None, "PORT": "80"}
    assert "canary" not in str(shown).lower()


def test_a_field_of_a_job_with_a_value_is_a_key_unless_it_is_none() -> None:
    renamed = {"target": "python", "environment": "env", "process": "user"}
    plain = Job(name="plain", target=ShellCommand("true"), cwd="/")
    shown = definition(FULL)
    for field in Job.__struct_fields__:
        if field not in NOT_KEYS and getattr(FULL, field) != getattr(plain, field):
            assert renamed.get(field, field) in shown
    assert "timezone" not in definition(plain)
    assert "retry" not in definition(plain)
