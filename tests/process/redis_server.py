"""A Redis of the tests' own, on a free port, and a message for it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.launch.remote.messages import Message

MESSAGE = Message(
    run_id="r1", job="mail", digest="d", attempt=1, trigger="schedule", scheduled_at=datetime(2026, 6, 1, tzinfo=UTC)
)


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[int]:
    """Its port; the server ends with the block. A test is skipped where it is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()
