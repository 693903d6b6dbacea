"""What tests of every kind need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# A shell that starts the tests in the background has SIGINT ignored, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory that is closed to us, in one that is open to all; root is somebody else for a moment."""
    with TemporaryDirectory() as name:
        directory = Path(name) / "closed"
        directory.mkdir()
        directory.parent.chmod(0o777)
        directory.chmod(0)
        ours = os.geteuid()
        if ours == 0:
            os.seteuid(65534)
        yield directory
        os.seteuid(ours)
        directory.chmod(0o700)
