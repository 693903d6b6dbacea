"""What schedd imports from its start until it stops, for a file of ordinary jobs."""

from __future__ import annotations

import re
from pathlib import Path

from tests.system.programs import schedd, write

UNUSED = (
    "croniter",
    "http",
    "scheduler.active_standby",
    "scheduler.config.lint",
    "scheduler.config.problems",
    "scheduler.launch.remote",
    "scheduler.report.notify.alarms",
    "scheduler.suggestion",
    "scheduler.web.http_server",
    "scheduler.workers",
)
"""Modules, with all that is in them, which a log on a pipe and a valid file of ordinary jobs do not need."""

MOST_MODULES = 200
"""Modules of schedd itself. Each adds 0.2 ms to the start and 25 kB to the memory."""


def test_a_file_of_ordinary_jobs_imports_only_what_they_need(tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        defaults: {timezone: Europe/Berlin}
        jobs:
          daily: {schedule: "30 4 * * mon-fri", command: "true", timeout: 10m, retry: 2, env: {LEVEL: info}}
          started: {schedule: "@reboot", command: "true"}
        """,
    )
    with schedd(file, PYTHONPROFILEIMPORTTIME="1") as running:
        running.says("run finished")
    imported = re.findall(r"^import time:.*\| +(\S+)$", running.errors, re.MULTILINE)
    assert "scheduler.daemon" in imported
    assert [name for name in imported if f"{name}.".startswith(tuple(f"{each}." for each in UNUSED))] == []
    assert len({name for name in imported if name.startswith("scheduler.")}) <= MOST_MODULES
