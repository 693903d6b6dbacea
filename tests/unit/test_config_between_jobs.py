"""What jobs say about each other: chains and locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.errors import ConfigError
from scheduler.schedule import predecessors


def read(tmp_path: Path, text: str) -> str:
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    return str(caught.value)


def test_a_chain_names_existing_jobs(tmp_path: Path) -> None:
    message = read(tmp_path, 'jobs:\n  extract: {command: x}\n  load: {schedule: "@after extrct", command: x}\n')
    assert 'schedule: there is no job "extrct"; did you mean' in message
    assert "3:10" in message


@pytest.mark.parametrize(
    ("schedules", "said"),
    [
        ({"a": "@after a"}, 'job "a" runs after itself'),
        ({"a": "@after b", "b": "@after a"}, "these jobs run in a cycle: a after b after a"),
        ({"a": "@after c", "b": "@after a", "c": "@after b"}, "these jobs run in a cycle: a after c after b after a"),
    ],
)
def test_a_cycle_is_one_error(tmp_path: Path, schedules: dict[str, str], said: str) -> None:
    jobs = "".join(f'  {name}: {{schedule: "{text}", command: x}}\n' for name, text in schedules.items())
    message = read(tmp_path, f"jobs:\n{jobs}")
    assert f"schedule: {said}\n" in message
    assert message.count("error:") == 1


def test_chains_may_fork_and_join_and_mix_with_other_schedules(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(
        'jobs:\n  a: {schedule: "@daily", command: x}\n  b: {schedule: "@after a", command: x}\n'
        '  c: {schedule: "@after a", command: x}\n  d: {schedule: ["@after b", "@after c", "@hourly"], command: x}\n'
    )
    assert predecessors(load(file).jobs["d"].schedule) == ("b", "c")


def test_all_jobs_with_a_lock_share_its_slots(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(
        "jobs:\n  a: {command: x, lock: {name: db, slots: 3}}\n"
        "  b: {command: x, lock: db}\n  c: {command: x, lock: o}\n"
    )
    assert [(job.lock, job.lock_slots) for job in load(file).jobs.values()] == [("db", 3), ("db", 3), ("o", None)]


def test_two_numbers_of_slots_for_one_lock_are_an_error(tmp_path: Path) -> None:
    text = "jobs:\n  a: {command: x, lock: {name: db, slots: 3}}\n  b: {command: x, lock: {name: db, slots: 2}}\n"
    assert 'lock: "db" has 3 slots in job "a", and 2 here' in read(tmp_path, text)
    assert 'lock: a mapping must have "name" and "slots"' in read(tmp_path, "jobs: {a: {command: x, lock: {name: db}}}")


def test_keyword_arguments_are_for_functions(tmp_path: Path) -> None:
    message = read(tmp_path, "jobs: {a: {command: x, accepts: [args, kwargs]}}")
    assert 'accepts: "kwargs" is only valid together with "python"' in message
