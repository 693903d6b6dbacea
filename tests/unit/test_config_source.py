"""Any path and any content leads to a valid file or to ConfigError, in bounded time and memory."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scheduler.config.load import load
from scheduler.document import composer
from scheduler.document.source import LARGEST
from scheduler.errors import ConfigError, Problem
from tests.unprivileged import somebody_else

GOOD = "jobs:\n  poll:\n    command: echo hello\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "schedules.yaml"


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.problems
    return caught.value.problems


def message(path: Path) -> str:
    (problem,) = problems(path)
    return problem.message


def test_a_missing_file_is_named(file: Path) -> None:
    """R3"""
    assert message(file) == "no such file"


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    assert message(tmp_path) == "this is a directory, not a file"


def test_a_pipe_without_a_writer_is_refused_at_once(file: Path) -> None:
    """C6"""
    os.mkfifo(file)
    assert message(file) == "not a regular file: a pipe, a socket or a device"


def test_an_endless_device_is_refused() -> None:
    """C6"""
    assert message(Path("/dev/zero")) == "not a regular file: a pipe, a socket or a device"


@pytest.fixture
def unreadable(file: Path) -> Iterator[Path]:
    """Not readable for root either, who runs the test as another user."""
    file.write_text(GOOD)
    file.chmod(0)
    with somebody_else():
        yield file


def test_a_file_that_may_not_be_read_says_so(unreadable: Path) -> None:
    assert message(unreadable) == "permission denied"


def test_an_include_from_a_closed_directory_is_an_error(closed: Path) -> None:
    main = closed.parent / "schedules.yaml"
    for path, shown in (("closed", closed), ("closed/more.yaml", closed / "more.yaml")):
        main.write_text(f"include: {path}\n")
        assert message(main) == f"include: {shown}: permission denied"


def test_an_env_file_in_a_closed_directory_is_a_warning(closed: Path) -> None:
    main = closed.parent / "schedules.yaml"
    main.write_text(f"defaults: {{env_file: closed/app.env}}\n{GOOD}")
    (warning,) = load(main).warnings
    user = os.geteuid()
    assert warning.message == f"env_file: {closed}/app.env is not readable by uid {user}; runs fail to start"


def test_a_path_that_no_file_can_have_says_so(file: Path) -> None:
    name = "x" * 300
    file.write_text(f"include: {name}\n")
    assert message(file) == f"include: {file.parent / name}: the path is too long"
    file.write_text(f"defaults: {{env_file: {name}}}\n{GOOD}")
    (warning,) = load(file).warnings
    assert "no such file" in warning.message


def test_a_link_to_itself_says_so(file: Path) -> None:
    file.symlink_to(file)
    assert message(file) == "the symbolic link points to itself"


def test_a_path_through_a_file_says_so(file: Path) -> None:
    file.write_text(GOOD)
    assert message(file / "schedules.yaml") == "no such file: part of the path is not a directory"


def test_a_path_with_a_nul_byte_is_refused() -> None:
    assert message(Path("a\0b")) == "the path contains a NUL byte"


def test_a_huge_file_is_refused_without_being_read_to_its_end(file: Path) -> None:
    """C6"""
    with file.open("wb") as sparse:
        sparse.truncate(100 * 1024 * 1024)
    tracemalloc.start()
    try:
        assert message(file) == "the file is larger than 16 MiB"
        assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST
    finally:
        tracemalloc.stop()


def test_bytes_that_are_no_text_are_pointed_at(file: Path) -> None:
    file.write_bytes(b"jobs:\n  poll:\n    command: caf\xe9\n")
    (problem,) = problems(file)
    assert (problem.line, problem.column, problem.message) == (3, 17, "not valid UTF-8: byte 0xe9")


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-32"])
def test_another_encoding_is_recognised_by_its_byte_order_mark(file: Path, encoding: str) -> None:
    file.write_bytes(GOOD.encode(encoding))
    assert message(file) == f"the file is encoded as {encoding}"
    for order in ("le", "be"):
        file.write_bytes(("\ufeff" + GOOD).encode(f"{encoding}-{order}"))
        assert message(file) == f"the file is encoded as {encoding}"


def test_a_byte_order_mark_and_windows_line_ends_are_read_over(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert list(load(file).jobs) == ["poll"]


def test_columns_and_quotes_hold_with_windows_line_ends(file: Path) -> None:
    file.write_bytes(GOOD.replace("command", "comand").replace("\n", "\r\n").encode())
    (problem,) = problems(file)
    assert (problem.line, problem.column, problem.quote) == (3, 5, "    comand: echo hello")


def test_more_values_than_the_limit_are_too_many(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C6, with a limit that is reached sooner"""
    monkeypatch.setattr(composer, "MOST_NODES", 10_000)
    file.write_text(f"jobs: {{a: [{'x,' * 10_001}]}}")
    (problem,) = problems(file)
    assert problem.message.endswith("values after expanding all aliases")
    assert len(problem.quote or "") < 200


@pytest.mark.parametrize("text", ["[" * 5_000, "{a: " * 5_000, "- " * 5_000, "? " * 5_000])
def test_deep_nesting_is_refused(file: Path, text: str) -> None:
    """C6"""
    file.write_text(text)
    assert message(file) == "mappings and lists are nested more than 64 levels deep"


def test_merge_keys_cannot_be_made_a_bomb(file: Path) -> None:
    """C6"""
    wide = "".join(f"  k{number}: x\n" for number in range(2_000))
    file.write_text(f"a: &a\n{wide}b: [{'{<<: *a}, ' * 1_000}]\n")
    assert any(problem.message.startswith("more than 1,000,000 values") for problem in problems(file))


def test_all_errors_of_a_file_full_of_them_are_listed(file: Path) -> None:
    file.write_text("jobs:\n" + "".join(f"  job-{n}: {{comand: x, timeout: 9{n}}}\n" for n in range(2_000)))
    assert len(problems(file)) == 4_000


SLIPS = [*":-[]{},#@'|\"\\\t", ": ", "- ", ", ", "*a", "&a ", "!x ", "| "]

FRAGMENTS = st.sampled_from(
    [
        *("jobs", "defaults", "include", "schedule", "command", "python", "args", "kwargs", "env", "retry", "timeout"),
        *("lint", "ignore", "from_env", "TOKEN", "umask", "success_codes", "a", "<<"),
        *(
            ": ",
            ":",
            "\n",
            "\n  ",
            "\n    ",
            "\n      ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "*a",
            "&a ",
            "!x ",
            "| ",
            "> ",
        ),
        *('"', "'", "\\", "#", "%", "@", "`", "\t", "---", "...", "?", "~", "null", "yes", "010", "4:30", "1.10", "\0"),
        *(
            "* * * * *",
            "@daily",
            "@every 5m",
            "@at ",
            "{hour: 3}",
            "10m",
            "echo hello",
            "m:f",
            "é",
            "\U0001f600",
            "\x85",
        ),
    ]
)


@settings(max_examples=int(os.environ.get("SCHEDD_FUZZ", "300")))
@given(st.one_of(st.text(), st.lists(FRAGMENTS, max_size=40).map("".join), st.binary()))
@example("jobs: {a: {command: x, env: {A: *a}}}")
@example("&a jobs: *a")
def test_no_file_ever_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    """C6. A long run: SCHEDD_FUZZ=100000 python -m pytest tests/unit/test_config_source.py -k traceback"""
    file = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode(errors="replace"))
    try:
        load(file)
    except ConfigError as error:
        assert error.problems
        assert str(error).isprintable() or "\n" in str(error)


@settings(max_examples=int(os.environ.get("SCHEDD_FUZZ", "300")))
@given(st.data())
def test_no_typing_error_in_a_file_shows_its_secrets(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """L2. A good file with a secret in each place that may hold one, and a slip of the keyboard anywhere."""
    at = data.draw(st.integers(0, len(SECRETIVE)))
    end = data.draw(st.integers(at, min(len(SECRETIVE), at + 2)))
    text = SECRETIVE[:at] + data.draw(st.sampled_from(SLIPS)) + SECRETIVE[end:]
    # Where the word that makes a value secret is missing, it cannot be recognised.
    assume(all(text.count(word) == SECRETIVE.count(word) for word in ("env:", "kwargs:", "  args:", "\n")))
    file = tmp_path_factory.getbasetemp() / "damaged.yaml"
    file.write_text(text)
    try:
        load(file)
    except ConfigError as error:
        assert "hunter2" not in str(error)
        assert "hunter2" not in repr(error.problems)


SECRETIVE = """\
defaults:
  env:
    TOKEN: hunter2
    OTHER: 'hunter2'
jobs:
  poll:
    python: app.tasks:poll
    kwargs: {password: hunter2, more: [hunter2, "hunter2"]}
    args:
      - hunter2
      - name: hunter2
  mail:
    schedule: "0 8 * * mon"
    command: echo hello
    env: {A: hunter2, B: "hunter2"}
  last:
    command: echo hello
    env:
      KEY: |
        hunter2
        hunter2
"""
