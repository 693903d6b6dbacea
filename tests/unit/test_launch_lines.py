"""Cutting any bytes into lines, and making lines safe to show."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.launch.launcher import Stream
from scheduler.launch.lines import LONGEST_LINE, SPLIT_MARK, Lines
from scheduler.report.log import prefixed
from scheduler.text import printable_bytes

chunks = st.lists(
    st.binary(max_size=8) | st.sampled_from([b"\r", b"\n", b"\r\n", b"ab", b"\xc3", b"\xa4"]), max_size=12
)


def cut(*pieces: bytes) -> bytes:
    lines = Lines()
    return b"".join([lines.feed(piece) for piece in pieces]) + lines.end()


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b""], b""),
        ([b"a"], b"a\n"),
        ([b"a\n"], b"a\n"),
        ([b"a", b"b", b"\n", b"c"], b"ab\nc\n"),
        ([b"\n\n"], b"\n\n"),
        ([b"a\r\n\r\nb\r\n"], b"a\n\nb\n"),
        ([b"a\r", b"\n", b"b"], b"a\nb\n"),
        ([b"a\r", b"\r\n", b"b"], b"a\nb\n"),
        ([b"a\r", b"\n", b"\n"], b"a\n\n"),
        ([b"a\r", b"\r", b"\n", b"\r", b"b\r"], b"a\nb\n"),
        ([b"a\n\r", b"\nb"], b"a\n\nb\n"),
        ([b"1%\r2%\r3%\r\n"], b"1%\n2%\n3%\n"),
        ([b"\r1%", b"\r2%", b"\r"], b"1%\n2%\n"),
        ([b"a\r\r\r\nb"], b"a\nb\n"),
        ([b"\n\r\ra"], b"\na\n"),
        ([b"\r"], b""),
    ],
)
def test_lf_crlf_and_the_cr_of_a_progress_bar_end_lines(pieces: list[bytes], lines: bytes) -> None:
    """P4"""
    assert cut(*pieces) == lines


def test_a_progress_bar_is_seen_when_it_is_drawn() -> None:
    lines = Lines()
    assert [lines.feed(piece) for piece in (b"10%\r", b"20%\r", b"\nend\n")] == [b"10%\n", b"20%\n", b"end\n"]


@given(chunks)
def test_the_division_of_bytes_into_reads_makes_no_difference(pieces: list[bytes]) -> None:
    """P4"""
    assert cut(*pieces) == cut(b"".join(pieces))


@given(chunks)
def test_lines_hold_every_byte_but_line_ends(pieces: list[bytes]) -> None:
    """P4"""
    result = cut(*pieces)
    assert result == b"" or result.endswith(b"\n")
    assert b"\r" not in result
    assert result.replace(b"\n", b"") == re.sub(rb"[\r\n]", b"", b"".join(pieces))


@given(
    st.lists(
        st.tuples(st.sampled_from([b"x", b"\n", "€".encode(), b"\r"]), st.integers(1, 3 * LONGEST_LINE)), max_size=5
    )
)
def test_lines_of_any_length_come_in_marked_pieces(parts: list[tuple[bytes, int]]) -> None:
    """P5"""
    sent = b"".join(text * (times if text in (b"x", "€".encode()) else 1) for text, times in parts)
    result = cut(sent)
    assert max(map(len, result.split(b"\n"))) <= LONGEST_LINE + 3 + len(SPLIT_MARK)
    assert result.replace(SPLIT_MARK + b"\n", b"") == cut_without_limit(sent)
    for line in result.splitlines():
        line.decode()  # no character is torn apart


def cut_without_limit(sent: bytes) -> bytes:
    lines = re.sub(rb"\r+\n", b"\n", sent)
    lines = re.sub(rb"(\A|\n)\r+", rb"\1", lines)
    lines = re.sub(rb"\r+", b"\n", lines)
    return lines if lines.endswith(b"\n") or not lines else lines + b"\n"


def test_a_new_attempt_begins_on_a_fresh_line() -> None:
    lines = Lines()
    assert lines.feed(b"half\r") + lines.end() + lines.feed(b"\nnext\n") == b"half\n\nnext\n"


@given(st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=8))
def test_every_line_has_one_prefix(lines: list[bytes]) -> None:
    """L1, L3"""
    shown = prefixed("mail", Stream.STDERR, b"".join(line + b"\n" for line in lines))
    assert shown == b"".join(b"[mail err] " + printable_bytes(line) + b"\n" for line in lines)
    assert prefixed("mail", Stream.STDOUT, b"a\n\nb\n") == b"[mail] a\n[mail] \n[mail] b\n"
