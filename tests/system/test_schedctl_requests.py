"""Work on request through `schedctl`: arguments, later, a queue, keys, and the answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.programs import Schedd, schedctl, schedd, write


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("requests")
    (folder / "app.py").write_text(
        "import sys\ndef f(*args, **kwargs):\n    print(args, sorted(kwargs.items()), sys.stdin.read())\n"
    )
    return write(
        folder / "schedules.yaml",
        """
        jobs:
          words: {command: [printf, "<%s>"], accepts: args}
          text: {command: 'printf "<%s>" "$@"', accepts: [args, stdin]}
          function: {python: "app:f", accepts: [args, kwargs, stdin]}
          copy: {command: cat, accepts: stdin}
          plain: {command: "true"}
        """,
    )


@pytest.fixture(scope="module", autouse=True)
def daemon(file: Path) -> Iterator[Schedd]:
    with schedd(file) as running:
        yield running


def run_now(file: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return schedctl("-c", file, "run-now", *words, stdin=stdin)


def test_words_after_two_dashes_are_arguments(file: Path) -> None:
    assert run_now(file, "words", "--", "/uploads/a b.csv", "--dry-run").stdout == "</uploads/a b.csv><--dry-run>"
    assert run_now(file, "text", "--", "$(id)", "; exit 3").stdout == "<$(id)><; exit 3>"


def test_a_function_gets_positional_keyword_and_stdin(file: Path) -> None:
    words = ("function", "--kwarg", "n=2", "--kwarg", "who=you and me", "--stdin", "-", "--", "a")
    assert run_now(file, *words, stdin="text").stdout == "('a',) [('n', 2), ('who', 'you and me')] text\n"


def test_stdin_comes_from_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("content")
    assert run_now(file, "copy", "--stdin", str(tmp_path / "in")).stdout == "content"


def test_arguments_that_a_job_does_not_accept_are_refused(file: Path) -> None:
    ended = run_now(file, "plain", "--", "x")
    assert (ended.returncode, ended.stdout) == (5, "")
    assert ended.stderr == "schedctl: not started: plain does not accept args; its key `accepts` must allow it\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("function", "--kwarg", "novalue"), "use NAME=VALUE"),
        (("copy", "--stdin", "/nonexistent"), "--stdin /nonexistent: No such file or directory"),
    ],
)
def test_a_wrong_argument_is_one_message(file: Path, words: tuple[str, ...], message: str) -> None:
    ended = run_now(file, *words)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_mebibytes_on_stdin_are_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * (2 << 20))
    ended = run_now(file, "copy", "--stdin", str(tmp_path / "in"))
    assert ended.returncode == 2
    assert ended.stderr.count("longer than 1 MiB") == 1


def test_arguments_are_shown_in_history_and_log_without_secrets(file: Path, daemon: Schedd) -> None:
    run_now(file, "words", "--", "seen", "--token=canary")
    (entry, *_) = json.loads(schedctl("-c", file, "history", "words", "--json").stdout)
    assert entry["run"]["arguments"]["args"] == ["seen", "--token=•••"]
    assert "with seen" in schedctl("-c", file, "history", "words").stdout
    assert daemon.says('event="run started"', "arguments=", "seen")
    assert not daemon.lines("event=", "canary")  # the job itself prints it
