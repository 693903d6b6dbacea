"""Output of a job that `schedctl logs` prints: unchanged in a pipe, safe to print on a terminal."""

from __future__ import annotations

import io
import sys
from datetime import UTC

import pytest

from scheduler.cli.log_printer import RawPrinter
from scheduler.wire.runs import Output


class Terminal(io.TextIOWrapper):
    """A stdout that is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(stdout: io.TextIOWrapper, *blocks: bytes) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        printer = RawPrinter(UTC)
        for block in blocks:
            printer.see(Output("abcd2345", "job", "stdout", block))
    written = stdout.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue()


def test_a_terminal_gets_the_output_escaped_wherever_it_is_cut() -> None:
    """L3, D10"""
    whole = "grün \x1b[31m\u202e\n".encode() + b"\xff"
    for cut in range(len(whole)):
        shown = printed(Terminal(io.BytesIO()), whole[:cut], whole[cut:])
        assert shown == "grün \\x1b[31m\\u202e\n\\xff".encode()


def test_a_pipe_gets_the_bytes() -> None:
    assert printed(io.TextIOWrapper(io.BytesIO()), b"\x1b[31m", b"\xff\0") == b"\x1b[31m\xff\0"
