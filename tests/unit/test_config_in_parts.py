"""A file whose jobs come last is read job by job; every other one by its whole tree. Both give the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config.load import finish, load
from scheduler.config.loading import Loading
from scheduler.document.compose import compose
from scheduler.document.composer import AT_ONCE
from scheduler.document.nodes import IrregularTextError, Mapping, MappingInParts
from scheduler.document.source import Source
from scheduler.errors import ConfigError

JOBS = """\
jobs:
  first: &base
    schedule: "@daily"
    command: echo 1
    env: {A: x, B: "2"}
  second:
    <<: *base
    command: [echo, "2"]
  third: *base
  "fourth":
    command: |
      echo 4
      echo 5
"""
DEFAULTS = "defaults: {timezone: Europe/Berlin, retry: 1}\n"

VALID = {
    "defaults, then jobs": DEFAULTS + JOBS,
    "jobs, then defaults": JOBS + DEFAULTS,
    "jobs alone, with comments": f"# above\n{JOBS}\n# below\n",
    "an indented root": "".join(f"  {line}" for line in (JOBS + DEFAULTS).splitlines(keepends=True)),
    "braces": "{jobs: {a: {command: x}, b: {command: y}}, max_running: 3}",
    "end of the document": f"---\n{DEFAULTS}{JOBS}...\n",
    "merged jobs": "x-jobs: &all\n  a: {command: x}\njobs:\n  <<: *all\n  b: {command: y}\n",
}

WRONG = {
    "an unknown key": f"{DEFAULTS}{JOBS}  fifth: {{comand: x}}\n",
    "a job twice": f"{JOBS}  first: {{command: x}}\n",
    "a syntax error after an error": f'{JOBS}  fifth: {{comand: x}}\n  sixth: {{command: "x}}\n',
    "an error in an unusual place": f"{JOBS}  ? [a, b]\n  : {{command: x}}\n",
    "a second document": f"{JOBS}---\njobs: {{}}\n",
    "jobs twice": f"{JOBS}jobs:\n  other: {{command: x}}\n",
    "an unknown alias": f"{JOBS}  fifth: *none\n",
    "no job": "jobs:\n  first: text\n  second: [a]\n",
}


def whole(path: Path) -> Loading:
    """A loading that reads the whole tree, as `schedctl check` does."""
    return Loading(path, on_job=lambda _entry, _job, _ignored: None)


@pytest.mark.parametrize("text", VALID.values(), ids=VALID)
def test_a_valid_file_is_the_same_read_job_by_job_and_by_its_whole_tree(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(text)
    config = load(path)
    assert config == finish(whole(path))
    assert len(config.jobs) >= 2


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_every_error_of_a_file_is_shown_wherever_the_first_one_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as job_by_job:
        load(path)
    with pytest.raises(ConfigError) as by_tree:
        finish(whole(path))
    assert str(job_by_job.value) == str(by_tree.value)


def test_jobs_are_parsed_a_few_at_a_time_as_they_are_asked_for() -> None:
    many = "".join(f"  job-{number}: {{command: x}}\n" for number in range(2 * AT_ONCE))
    root = compose(Source("schedules.yaml", Path("schedules.yaml"), f'jobs:\n{many}  last: "\n'), in_parts="jobs")
    assert isinstance(root, Mapping)
    jobs = root.entries[-1][1]
    assert isinstance(jobs, MappingInParts)
    assert next(jobs.taken())[0].value == "job-0", "the error is behind it"
    with pytest.raises(IrregularTextError):
        list(jobs.taken())
