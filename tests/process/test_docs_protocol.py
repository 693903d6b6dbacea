"""docs/protocol.md: its requests are answered, its answers can be read."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from scheduler.control.client import Client
from scheduler.wire.envelope import Request
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, HistoryEntry
from tests.process.fake_service import served
from tests.process.test_control_socket import daemon, file, service

__all__ = ["daemon", "file", "served", "service"]

PAGE = (Path(__file__).parents[2] / "docs/protocol.md").read_text()
JSON = [block.strip() for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
REQUESTS = [line for block in JSON for line in block.splitlines() if '"op"' in line]
REQUESTS += re.findall(r"^echo '(\{.*\})' \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("request_line", REQUESTS)
def test_each_request_of_the_page_is_answered(daemon: Client, request_line: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(daemon.path)
        sock.sendall(request_line.replace("poll-rates", "alpha").encode() + b"\n")
        lines = sock.makefile().readlines()
    assert json.loads(lines[0]) == {"event": "accepted", "v": 1}
    assert "ok" in json.loads(lines[-1])


def test_the_shapes_on_the_page_are_those_of_the_types() -> None:
    for block in JSON:
        if '"event": "started"' in block:
            known = {kind.__struct_config__.tag for kind in get_args(Event)}
            assert {json.loads(line).get("event") for line in block.splitlines()} <= {*known, "accepted", None}
        elif '"decision"' in block:
            assert set(json.loads(block)) == set(HistoryEntry.__struct_fields__)
        elif '"uid"' in block:
            assert msgspec.json.decode(block, type=Requester, strict=True).user == "deploy"
        elif '"op"' in block:
            assert msgspec.json.decode(block, type=Request).v == 1
