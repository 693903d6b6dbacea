"""The HTTP API agrees with its OpenAPI document: schemathesis sends valid and invalid requests."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.system.programs import BIN, schedd, write

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def test_the_api_is_as_its_document_says(tmp_path: Path) -> None:
    program = BIN / "schemathesis"
    if not program.exists():
        assert not os.environ.get("CI"), "the tests need schemathesis"
        pytest.skip("pip install schemathesis")
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          a: {schedule: "@every 1s", command: "true"}
          b: {schedule: "0 3 * * *", timezone: Europe/Berlin, command: "echo b", on_failure: [{command: "true"}]}
        """,
    )
    with schedd(file, "--web", "127.0.0.1:0") as running:
        (line,) = running.says("web listening")
        found = re.search(r"http://[^\s\"]+", line)
        assert found
        options = ("--checks", ",".join(CHECKS), "--phases", "examples,fuzzing", "--max-examples", "12", "--seed", "7")
        streams = ("--exclude-path-regex", "/events|/logs", "--generation-database", "none", "--no-color")
        address = f"{found[0]}api/v1/openapi.json"
        done = subprocess.run(
            [program, "run", address, *options, *streams], capture_output=True, text=True, timeout=120, check=False,
            cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert "internal error" not in running.log
