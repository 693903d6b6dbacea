"""Tests with the installed programs leave no runs behind, also where a schedd is killed or a test fails."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.system.programs import processes_with


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    yield
    for pid in processes_with(f"SCHED_FILE={tmp_path}/"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter."""
    made = Path(mkdtemp(prefix="sched-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
