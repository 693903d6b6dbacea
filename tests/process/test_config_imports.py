"""What loading a valid file imports, and what `check` asks of other interpreters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.launch.interpreter_path import ask_search_path
from scheduler.launch.launcher import LaunchError

ONLY_FOR_ERRORS = (
    "scheduler.suggestion", "scheduler.schedule.corrections", "scheduler.schedule.dialects", "scheduler.config.fixes",
    "scheduler.config.suggest", "scheduler.config.value_suggestions", "scheduler.config.foreign_files",
    "scheduler.config.lint", "difflib",
)  # fmt: skip


def test_a_valid_file_imports_nothing_that_only_errors_need(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text('jobs: {a: {schedule: "0 3 * * *", command: echo hello, timeout: 5m, env: {A: b}}}')
    program = (
        "import sys; from pathlib import Path; from scheduler.config.load import load; load(Path(sys.argv[1])); "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, timeout=60, check=True)
    assert [name for name in done.stdout.split() if name in ONLY_FOR_ERRORS] == []


def test_an_interpreter_says_where_it_looks_for_modules(tmp_path: Path) -> None:
    """B4"""
    variables = {"PYTHONPATH": str(tmp_path)}
    assert str(tmp_path) in ask_search_path(sys.executable, str(tmp_path), variables)


def test_an_interpreter_that_is_not_python_is_named(tmp_path: Path) -> None:
    """B4"""
    with pytest.raises(LaunchError, match="/bin/false does not answer where it looks for modules"):
        ask_search_path("/bin/false", str(tmp_path), {})
