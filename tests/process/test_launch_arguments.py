"""The arguments of a request reach a job as arguments, whatever they contain."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.launch.launcher import Stream
from scheduler.launch.output import RunOutput
from scheduler.model.job import Job, OutputMode
from scheduler.model.run import Launch, Trigger
from scheduler.model.target import Argv, Entrypoint, ShellCommand, Target
from tests.process.workshop import Workshop, play

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NASTY = ("a b", "", "$(touch x)", "'; rm -rf / #", "--dry-run", "é\n\t", "*", "\\")


def output_of(target: Target, cwd: Path, **request: Any) -> list[bytes]:
    async def story() -> list[bytes]:
        workshop = Workshop()
        launch = Launch(Job(name="j", cwd=str(cwd), target=target), "abcd1234", 1, Trigger.MANUAL, NOON, **request)
        child = workshop.launcher.launch(launch, RunOutput("j", "abcd1234", OutputMode.LOG, workshop.log))
        await child.ended
        return workshop.log.lines(Stream.STDOUT)

    return play(story())


PRINT = """
import json, sys
def function(*args, **kwargs):
    print(json.dumps([args, kwargs, sys.stdin.read()]))
"""


def test_a_list_gets_them_appended(tmp_path: Path) -> None:
    argv = Argv(("/usr/bin/printf", "<%s>", "own"))
    assert b"".join(output_of(argv, tmp_path, args=("a b", "$x"))) == b"<own><a b><$x>"


def test_a_shell_text_gets_them_as_its_positional_parameters_and_never_as_text(tmp_path: Path) -> None:
    command = ShellCommand('printf \'<%s>\' "$0" "$#" "$@"')
    (line,) = output_of(command, tmp_path, args=("a b", "$(touch x)", "; touch y"))
    assert line == b"</bin/sh><3><a b><$(touch x)><; touch y>"
    assert list(tmp_path.iterdir()) == []


def test_another_shell_gets_the_text_and_the_arguments_after_its_own_words(tmp_path: Path) -> None:
    command = ShellCommand('[[ $0 == bash ]] && printf \'<%s>\' "$0" "$@"', (), ("bash", "-eo", "pipefail", "-c"))
    (line,) = output_of(command, tmp_path, args=("a b",))
    assert line == b"<bash><a b>"


@settings(max_examples=15)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=4))
def test_a_function_gets_exactly_what_was_given(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "app.py").write_text(PRINT)
    target = Entrypoint("app:function", ("own",), {"kept": 1, "replaced": 2})
    (line,) = output_of(target, tmp_path, args=tuple(words), kwargs={"replaced": [None], "more": {"a": "ü"}})
    assert json.loads(line) == [["own", *words], {"kept": 1, "replaced": [None], "more": {"a": "ü"}}, ""]


@pytest.mark.parametrize("args", [(), NASTY])
def test_a_function_reads_on_stdin_what_was_given_for_it_and_no_arguments(tmp_path: Path, args: tuple[str]) -> None:
    (tmp_path / "app.py").write_text(PRINT)
    (line,) = output_of(Entrypoint("app:function"), tmp_path, args=args, stdin=b"first\nsecond\n")
    assert json.loads(line) == [list(args), {}, "first\nsecond\n"]
