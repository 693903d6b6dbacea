"""The example file is the documentation of the file: it loads without a warning and shows every key, explained."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from scheduler.config.file_form import FileForm, json_schema
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.config.spec import JobForm
from scheduler.model.target import Argv, Entrypoint, FromEnv, FromFile, ShellCommand

FILE = Path(__file__).parents[2] / "schedules.example.yaml"


@pytest.fixture(scope="module")
def config() -> Config:
    return load(FILE)


def test_it_loads_without_a_warning(config: Config) -> None:
    assert [problem.message for problem in config.warnings] == []


def test_every_key_of_a_job_is_used(config: Config) -> None:
    jobs = config.jobs.values()
    for values in (list(jobs), [job.process for job in jobs]):
        unused = [
            field.name
            for field in msgspec.structs.fields(type(values[0]))
            if not field.required and all(getattr(each, field.name) == field.default for each in values)
        ]
        assert set(unused) <= {"launcher"}, "which needs workers"
    assert {job.cwd for job in jobs} > {str(FILE.parent)}
    assert (config.max_running, config.shutdown_timeout) == (4, 25.0)


def test_every_kind_of_target_and_value_is_used(config: Config) -> None:
    targets = [job.target for job in config.jobs.values()]
    assert {type(target) for target in targets} == {ShellCommand, Argv, Entrypoint}
    entrypoints = [target for target in targets if isinstance(target, Entrypoint)]
    assert any(target.args for target in entrypoints)
    assert any(target.kwargs for target in entrypoints)
    assert any(target.interpreter for target in entrypoints)
    layers = [layer for job in config.jobs.values() for layer in job.environment]
    values = [value for layer in layers for value in layer.values.values()]
    assert {type(value) for value in values} == {str, FromEnv, FromFile, type(None)}
    assert {layer.origin for layer in layers} == {"defaults.env_file", "defaults.env", "env"}


def test_every_form_of_a_schedule_is_used(config: Config) -> None:
    text = FILE.read_text()
    for form in ("@every ", "@every 2w from ", "@at ", "@reboot", "@monthly", "@after ", "H ", "* * mon"):
        assert f'"{form}' in text or f" {form}" in text, form
    assert re.search(r"schedule: \[", text)
    assert re.search(r"schedule: \{", text)
    assert any(job.schedule is None for job in config.jobs.values())


def test_every_key_has_a_comment() -> None:
    """Also the keys within others: the JSON Schema names them all."""
    text = FILE.read_text()
    fields = "year, month, day, day_of_week, hour, minute, second"
    assert fields in text
    assert {key for key in _keys(json_schema()) if not re.search(rf"\b{key}:", text)} <= set(fields.split(", "))
    keys = {field.encode_name for form in (FileForm, JobForm) for field in msgspec.structs.fields(form)}
    lines = text.splitlines()
    explained = {match[1] for line in lines if (match := re.match(r"\s*(?:# )?([a-z_]+):(?: .*)? # ", line))}
    assert keys - explained == {"jobs"}
    commented_out = {match[1] for line in lines if (match := re.match(r"\s*# ([a-z_]+):(?: .*)? # ", line))}
    assert commented_out == {"include", "overrides", "web", "launcher", "space"}


def _keys(schema: object) -> set[str]:
    parts = list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    own = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return set(own).union(*map(_keys, parts))


def test_no_enabled_job_needs_root_or_anything_outside_the_project(config: Config) -> None:
    for job in config.jobs.values():
        if job.enabled:
            assert (job.process.user, job.process.group, job.cwd) == (None, None, str(FILE.parent)), job.name
