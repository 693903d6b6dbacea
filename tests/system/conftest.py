"""Tests with the installed programs leave no runs behind, also where a schedd is killed or a test fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.programs import processes_with


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    yield
    for pid in processes_with(f"SCHED_FILE={tmp_path}/"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
