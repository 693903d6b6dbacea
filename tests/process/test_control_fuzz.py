"""Any bytes that reach the socket get one closing line, and cause no bug in schedd."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scheduler.api.service import JobState
from scheduler.schedule import parse_schedule
from scheduler.wire.operations import OPERATIONS
from tests.process.fake_service import FakeService, served

SETTINGS = settings(max_examples=150)

EDGES = st.sampled_from([datetime.min, datetime.max])  # noqa: DTZ901 - the zone is added as text
MOMENTS = st.builds(
    lambda wall, zone: f"{wall.isoformat()}{zone}",
    st.datetimes() | EDGES,
    st.sampled_from(["", "Z", "+14:00", "-14:00"]),
)
VALUES = st.recursive(
    MOMENTS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("alpha"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field for operation in OPERATIONS.values() for field in operation.ask.__struct_fields__})
ARGS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), VALUES, max_size=5) | st.fixed_dictionaries(
    {"job": st.just("alpha")},
    optional={"at": MOMENTS, "start": MOMENTS, "until": MOMENTS, "since": MOMENTS, "count": st.integers(-5, 50)},
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = Path(f"/tmp/schedd-fuzz-{os.getpid()}-{time.monotonic_ns()}")
    service = FakeService("alpha", "beta")
    zone = ZoneInfo("America/St_Johns")
    schedules = [parse_schedule(text, zone, job_name="x") for text in ("30 2 * * *", "@every 7h")]
    service.states = [
        JobState(job=replace(state.job, schedule=schedule, timezone=zone), next_at=schedule.next_after(service.now()))
        for state, schedule in zip(service.states, schedules, strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHEDD_SOCKET", str(directory / "s.sock"))
        with served(tmp_path_factory.mktemp("fuzz") / "schedules.yaml", service) as bugs:
            yield str(directory / "s.sock")
    shutil.rmtree(directory)
    assert bugs == []


def answer(path: str, request: bytes) -> list[dict[str, object]]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(path)
        sock.sendall(request)
        received = b""
        try:
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    return [json.loads(line) for line in received.splitlines()]


@SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes(path: str, request_bytes: bytes) -> None:
    closing = [line for line in answer(path, request_bytes + b"\n") if "event" not in line]
    assert [list(line) for line in closing] == [["error"]]


@SETTINGS
@given(st.sampled_from(sorted(set(OPERATIONS) - {"run-now", "logs"})), ARGS)
def test_any_arguments_of_any_operation(path: str, operation: str, args: dict[str, object]) -> None:
    request = json.dumps({"v": 1, "op": operation, "args": args}).encode()
    lines = answer(path, request + b"\n")
    closing = [line for line in lines if "event" not in line]
    assert len(closing) == 1
    assert closing[0] == lines[-1]
    if "error" in closing[0]:
        error = closing[0]["error"]
        assert isinstance(error, dict)
        assert error["code"] in {"usage", "unknown", "refused"}
