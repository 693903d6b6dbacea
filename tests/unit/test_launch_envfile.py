"""Env files, as dotenv tools write them."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.launch.envfile import LARGEST, read_env_file
from scheduler.launch.launcher import LaunchError


def read(tmp_path: Path, content: str | bytes) -> dict[str, str]:
    file = tmp_path / ".env"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_env_file(str(file))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=", ""),
        ("A=b", "b"),
        ("A = b", "b"),
        ("  export A=b  ", "b"),
        ("export\tA=b", "b"),
        ("A=b c", "b c"),
        ("A=b # comment", "b"),
        ("A= # comment", ""),
        ("A=b#c", "b#c"),
        ("A=#fff", "#fff"),
        ("A=b=c", "b=c"),
        ("A=it's", "it's"),
        ("A=$HOME `x` ${Y}", "$HOME `x` ${Y}"),
        (r"A=C:\new", r"C:\new"),
        ("A='b # c'", "b # c"),
        ("A='b' # c", "b"),
        ("A='b'#c", "b"),
        (r"A='b\n'", r"b\n"),
        (r'A="b\n\t\"\\\$x"', 'b\n\t"\\$x'),
        (r'A="C:\dir"', r"C:\dir"),
        ('A="two\nlines"', "two\nlines"),
        ("A='-----BEGIN\nKEY-----\n'", "-----BEGIN\nKEY-----\n"),
        ('A="joined \\\nlines"', "joined lines"),
        ('A=""', ""),
        ("A=grün", "grün"),
    ],
)
def test_a_line_sets_a_value(tmp_path: Path, line: str, value: str) -> None:
    assert read(tmp_path, f"FIRST=1\n{line}\nLAST=1\n") == {"FIRST": "1", "A": value, "LAST": "1"}
    assert read(tmp_path, f"{line}") == {"A": value}
    assert read(tmp_path, f"{line}\nB=1".replace("\n", "\r\n")) == {"A": value, "B": "1"}


def test_comments_blank_lines_marks_and_bytes_that_are_no_utf8_are_taken(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf# first\n\n   \n  # indented\nA=1\nA=2\n") == {"A": "2"}
    assert os.fsencode(read(tmp_path, b"A=caf\xe9\n")["A"]) == b"caf\xe9"
    assert read(tmp_path, b"") == {}


@pytest.mark.parametrize(
    "content", ["A", "A b", "=b", "1A=b", "A='b", 'A="b', "A='b'c", 'A="b" c', "export", "- A=b", 'A="b\\"']
)
def test_anything_else_is_refused_with_its_line_and_without_its_content(tmp_path: Path, content: str) -> None:
    """L2"""
    with pytest.raises(LaunchError) as caught:
        read(tmp_path, f'OK=1\nM="two\nlines"\n{content}\n')
    where = f"{tmp_path}/.env:4: "
    assert str(caught.value) == where + "not a line of the form KEY=VALUE, or a quote without its partner"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"A=1\0", "contains NUL bytes; is it UTF-16?"),
        ("A=1\n".encode("utf-16"), "contains NUL bytes; is it UTF-16?"),
        ("A=1\n".encode("utf-32"), "contains NUL bytes; is it UTF-32?"),
        (b"#" * (LARGEST + 1), "the file is larger than 1 MiB"),
    ],
)
def test_bytes_that_are_not_utf8_are_an_error(tmp_path: Path, content: bytes, cause: str) -> None:
    with pytest.raises(LaunchError) as caught:
        read(tmp_path, content)
    assert str(caught.value) == f"{tmp_path}/.env: {cause}"


def test_a_file_that_has_nothing_to_read_yet_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """D9: /proc/kmsg is a regular file, and a read of it waits for the kernel's next message."""

    def read(_descriptor: int, _size: int) -> bytes:
        raise BlockingIOError

    (tmp_path / "kmsg").touch()
    monkeypatch.setattr(os, "read", read)
    with pytest.raises(LaunchError, match="kmsg: nothing can be read without waiting for it"):
        read_env_file(str(tmp_path / "kmsg"))


def test_a_fifo_blocks_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(LaunchError, match="not a regular file"):
        read_env_file(str(tmp_path / "fifo"))


@pytest.mark.parametrize(
    "content", ["A=" + " " * 900_000 + "x", 'A="' + "\\" * 900_000, "A='" * 300_000, " " * 900_000 + "x"]
)
def test_odd_files_take_no_time(tmp_path: Path, content: str) -> None:
    begun = time.process_time()
    with suppress(LaunchError):
        read(tmp_path, content)
    assert time.process_time() - begun < 2, "its time must not grow with the square of the size"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r'"), max_size=30))
def test_everything_in_single_quotes_is_the_value(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    assert read(tmp_path_factory.getbasetemp(), f"A='{value}'\n") == {"A": value}
