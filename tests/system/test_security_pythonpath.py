"""An application on PYTHONPATH whose modules are named like schedd's own package, its libraries or Python's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, schedctl, schedd, write

NAMES = [
    "scheduler",
    "schedd",
    "schedctl",
    "click",
    "yaml",
    "msgspec",
    "structlog",
    "croniter",
    "asyncio",
    "json",
    "logging",
]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    app = tmp_path / "app"
    app.mkdir()
    for name in NAMES:
        (app / f"{name}.py").write_text(f"NAME = 'the {name} of the application'\ndef run(): print(NAME)\n")
    return write(app / "schedules.yaml", """
        jobs:
          own: {schedule: "@reboot", python: "scheduler:run"}
        """)  # fmt: skip


@pytest.mark.parametrize("path", ["{app}", "{app}:", ".", "../app"])
def test_schedd_finds_its_own_modules_first_and_its_jobs_find_theirs(app: Path, path: str) -> None:
    """D7"""
    path = path.format(app=app.parent)
    with schedd(app, cwd=app.parent, PYTHONPATH=path) as running:
        running.says("[own] the scheduler of the application")
        listed = schedctl("list", "--json", cwd=app.parent, PYTHONPATH=path)
        assert running.stop() == 0
    assert running.errors == ""
    assert [job["name"] for job in json.loads(listed.stdout)] == ["own"]


def test_modules_on_pythonpath_alone_are_found(tmp_path: Path) -> None:
    """D7: schedd itself may be installed into a directory that PYTHONPATH names."""
    program = "import sys, schedd_programs; sys.argv = ['/nowhere/schedd', '--version']; schedd_programs.schedd()"
    here = str(Path(__file__).parents[2])
    other = write(tmp_path / "scheduler.py", "raise ImportError('the wrong one')").parent
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment({"PYTHONPATH": f"{other}:{here}"}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("schedd 0.")


def test_modules_are_not_imported_from_the_directory_of_the_programs(tmp_path: Path, app: Path) -> None:
    """D7: Python looks there first."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong one')")
    program = tmp_path / "schedctl"
    program.write_text((BIN / "schedctl").read_text())
    ended = subprocess.run(
        [sys.executable, program, "check", app], env=environment({}), capture_output=True, text=True, check=False
    )
    assert "ImportError" not in ended.stderr
    assert "1 job" in ended.stdout
