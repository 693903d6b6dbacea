"""The README is true: its tables leave nothing out, and its commands are where scripts find them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scheduler.config.spec import JobForm
from tests.system.programs import schedctl

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_command_is_in_the_readme() -> None:
    commands = re.findall(r"^  ([a-z][a-z-]+)  ", schedctl("--help").stdout, re.MULTILINE)
    assert "list" in commands
    assert [command for command in commands if not re.search(rf"`{command}\b", README)] == []


@pytest.mark.parametrize("key", JobForm.__struct_encode_fields__)
def test_every_key_of_a_job_is_in_the_readme(key: str) -> None:
    assert f"`{key}`" in README


@pytest.mark.parametrize("name", ["run", "test"])
def test_each_of_the_two_commands_is_one_line_after_its_marker(name: str) -> None:
    (command,) = re.findall(rf"<!-- {name} -->\n```sh\n(.*)\n```\n", README)
    assert command.startswith("python3 -m venv .venv && ")
