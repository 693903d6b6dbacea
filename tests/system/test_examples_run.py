"""What a person sees who clones the project and starts schedd on the example file."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def done(data: Path) -> dict[str, bool]:
    """Which of the four kinds of tasks have left something to see."""
    mails = [path.read_text() for path in data.glob("mail/new/*")]
    tables = {"rates": 0, "orders": 0}
    if (data / "example.db").exists():
        db = sqlite3.connect(f"file:{data}/example.db?mode=ro", uri=True, timeout=10)
        for table in tables.keys() & {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}:
            [tables[table]] = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names from above
        db.close()
    return {
        "all five customers are notified": sum("Today's offers are out" in mail for mail in mails) == 5,
        "the rates are in the database": tables["rates"] == 3,
        "the team is reminded": sum("Subject: hand in your time sheets" in mail for mail in mails) == 1,
        "the upload is imported": tables["orders"] == 4 and any(data.glob("done/*")) and any(data.glob("rejects/*")),
    }


def test_within_30_seconds_of_the_start_all_four_kinds_of_tasks_are_visibly_done(tmp_path: Path) -> None:
    # A copy, since another schedd may be running with the original at this moment.
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "examples", project / "examples")
    shutil.copy(PROJECT / "schedules.example.yaml", project)
    data = tmp_path / "data"
    environment = {name: value for name, value in os.environ.items() if name not in {"APP_SMTP_URL", "RATES_URL"}}
    with (tmp_path / "log").open("w+") as log:
        schedd = subprocess.Popen(
            [sys.executable, "-m", "scheduler", "schedules.example.yaml"],
            cwd=project,
            env=environment | {"EXAMPLE_DATA": str(data), "SCHEDD_SOCKET": str(tmp_path / "s")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 30
            while not all(done(data).values()) and schedd.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
            seen = done(data)
        finally:
            schedd.send_signal(signal.SIGTERM)
            code = schedd.wait(timeout=30)
        log.seek(0)
        text = log.read()
    assert all(seen.values()), f"{seen}\n{text}"
    assert code == 0, text
    assert "outcome=failed" not in text
