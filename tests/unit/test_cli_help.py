"""What help says: every verb has some, with an example, and the documents know every verb."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler.cli.init import STARTER
from scheduler.cli.schedctl import COMMANDS, command
from scheduler.config.load import load
from scheduler.wire.operations import OPERATIONS

ROOT = Path(__file__).parents[2]


def command_of(verb: str) -> click.Command:
    found = command.get_command(click.Context(command), verb)
    assert found is not None
    return found


def help_of(verb: str) -> str:
    # With the program's own settings, for click remembers what a command's help is called from the first who asks.
    program = click.Context(command, info_name="schedctl", **command.context_settings)
    return command_of(verb).get_help(click.Context(command_of(verb), info_name=verb, parent=program))


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_help_with_an_example_of_itself(verb: str) -> None:
    text = help_of(verb)
    assert re.search(rf"Examples:\n(.*\n)*?    .*schedctl {verb}\b", text)
    assert all(len(line) <= 120 for line in text.splitlines())
    options = [parameter for parameter in command_of(verb).params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("verb", OPERATIONS)
def test_every_verb_of_the_socket_stands_in_its_document_with_its_arguments(verb: str) -> None:
    (row,) = re.findall(rf"^\| `{verb}` \|.*$", (ROOT / "docs/protocol.md").read_text(), re.MULTILINE)
    for field in OPERATIONS[verb].ask.__struct_fields__:
        assert f"`{field}`" in row


def test_the_starter_file_is_good() -> None:
    config = load(STARTER)
    assert (list(config.jobs), config.warnings) == (["hello", "heartbeat"], ())
