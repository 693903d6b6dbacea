"""The example that runs the four tasks on Celery workers, started with its one command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, eventually, free_port, schedctl

pytest.importorskip("celery", reason="the extra celery is not installed")
if shutil.which("redis-server") is None:
    pytest.skip("redis-server is not installed", allow_module_level=True)

PROJECT = Path(__file__).parents[2]


def test_one_command_starts_everything_and_each_of_the_four_tasks_succeeds(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "examples", tmp_path / "examples")
    socket = str(tmp_path / "s")
    port = free_port()
    more = {"PORT": str(port), "SCHEDD_SOCKET": socket, "EXAMPLE_DATA": str(tmp_path / "data"), "C_FORCE_ROOT": "1"}
    environ = environment(more | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"})
    log = tmp_path / "log"
    with log.open("wb") as out:
        script = subprocess.Popen(
            [tmp_path / "examples/workers/run.sh"], env=environ, stdout=out, stderr=out, start_new_session=True
        )
    try:
        eventually(lambda: "event=active" in log.read_text(), what=log.read_text(), seconds=30)
        file = tmp_path / "examples/workers/schedules.yaml"
        upload = schedctl("-c", file, "run-now", "import-orders", SCHEDD_SOCKET=socket)
        assert upload.returncode == 0, upload.stderr
        for job in ("notify-customers", "poll-rates", "weekly-reminder", "import-orders"):
            eventually(lambda job=job: _succeeded(log, job), what=f"{job}\n{log.read_text()}", seconds=30)  # type: ignore[misc]
        script.send_signal(signal.SIGTERM)
        assert script.wait(30) == 0, log.read_text()
        assert _gone(script.pid), "a program of the example is left"
    finally:
        if not _gone(script.pid):
            os.killpg(script.pid, signal.SIGKILL)
        script.wait()


def _succeeded(log: Path, job: str) -> bool:
    lines = log.read_text().splitlines()
    return any(f"job={job} " in line and "outcome=succeeded" in line for line in lines)


def _gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
