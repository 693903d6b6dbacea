"""What repositories and packagers run: the pre-commit hook, the GitHub action, the script of the Debian package."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.system.programs import BIN

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / ".github/actions/check/action.yml").read_text())
GOOD_ELSEWHERE = """
launcher: {celery: {broker: {from_env: NOT_SET_HERE}}}
jobs: {tidy: {schedule: "0 3 * * *", timezone: Europe/Berlin, command: [not-here], user: not-here, launcher: local}}
"""
GOOD = 'jobs: {tidy: {schedule: "0 3 * * *", timezone: Europe/Berlin, command: "true"}}\n'
WARNED = 'jobs: {tidy: {schedule: "* 3 * * *", timezone: Europe/Berlin, command: "true"}}\n'
BAD = 'jobs: {tidy: {schedule: "0 25 * * *", command: "true"}}\n'


def check(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The action's last step, with schedd installed where its step before puts it."""
    step = ACTION["runs"]["steps"][-1]
    (folder / "runner/schedd").mkdir(parents=True)
    (folder / "runner/schedd/bin").symlink_to(BIN)
    defaults = {name: given["default"] for name, given in ACTION["inputs"].items()}
    values = {**defaults, **inputs}
    environ = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: values[found[1]], text)
        for name, text in step["env"].items()
    }
    environ |= {"RUNNER_TEMP": str(folder / "runner"), "PATH": os.environ["PATH"]}
    command = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("text", "strict", "code"),
    [(GOOD, "true", 0), (GOOD_ELSEWHERE, "true", 0), (WARNED, "false", 0), (WARNED, "true", 1), (BAD, "false", 1)],
)
def test_the_action_fails_for_what_the_check_finds(text: str, strict: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "schedules.yaml").write_text(text)
    ended = check(tmp_path, strict=strict)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "schedules.yaml" in ended.stdout


def test_the_action_checks_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(BAD)
    ended = check(tmp_path, files="a.yaml b.yaml")
    assert ended.returncode == 1
    assert "b.yaml:1" in ended.stdout


@pytest.mark.parametrize(
    ("name", "checked"),
    [
        ("schedules.yaml", True),
        ("deploy/schedules.yml", True),
        ("schedules.staging.yaml", True),
        ("schedules-eu.yaml", True),
        ("my_schedules.yaml", False),
        ("schedules.yaml.j2", False),
        ("schedules/readme.md", False),
    ],
)
def test_the_hook_looks_at_schedule_files_only(name: str, checked: bool) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert bool(re.search(hook["files"], name)) is checked


def test_the_script_of_the_debian_package_without_a_directory_prints_its_usage() -> None:
    done = subprocess.run([ROOT / "packaging/build-deb"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: packaging/build-deb DIRECTORY\n")


def test_the_hook_says_nothing_about_the_machine(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (tmp_path / "schedules.yaml").write_text(GOOD_ELSEWHERE)
    _, *words = hook["entry"].split()
    command = [BIN / "schedctl", *words, tmp_path / "schedules.yaml"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
