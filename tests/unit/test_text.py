"""Text that is safe to print: nothing in it acts on a terminal, reorders a line or starts a new one."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.text import plural, printable, printable_bytes, printable_line, shift

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def reorders(text: str) -> bool:
    """Whether a character of the text changes the direction in which a terminal shows what follows."""
    marks = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return any(unicodedata.bidirectional(letter) in marks for letter in text)


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (b"plain\ttext\n", b"plain\ttext\n"),
        ("grün €, 漢字 🎉, 👩\u200d🚀\n".encode(), "grün €, 漢字 🎉, 👩\u200d🚀\n".encode()),
        (b"\x1b[31mred\x1b[0m\n", rb"\x1b[31mred\x1b[0m" + b"\n"),
        (b"bell\x07 back\x08 nul\x00 del\x7f\n", rb"bell\x07 back\x08 nul\x00 del\x7f" + b"\n"),
        (b"c1 \xc2\x9b31m \xc2\x80\n", rb"c1 \x9b31m \x80" + b"\n"),
        (b"\xff\xfe \xed\xa0\x80 \xc3\n", rb"\xff\xfe \xed\xa0\x80 \xc3" + b"\n"),
        ("ä\x1b \xa0\n".encode(), rb"".join(["ä".encode(), rb"\x1b", " \xa0\n".encode()])),
    ],
)
def test_control_characters_and_invalid_bytes_are_escaped(block: bytes, shown: bytes) -> None:
    """L3"""
    assert printable_bytes(block) == shown


@pytest.mark.parametrize(
    "letter", list("\u061c\u200e\u200f\u2028\u2029\u202a\u202d\u202e\u2066\u2068\u2069\ufff9\ufffb")
)
def test_marks_that_reorder_or_break_a_line_are_escaped(letter: str) -> None:
    """D10"""
    escaped = f"pay \\u{ord(letter):04x}001$"
    assert printable_bytes(f"pay {letter}001$\n".encode()) == f"{escaped}\n".encode()
    assert printable_line(f"pay {letter}001$") == escaped
    assert printable(f"pay {letter}001$", "�") == "pay �001$"


@given(st.binary(max_size=64))
def test_any_output_of_a_job_is_safe_to_show(block: bytes) -> None:
    """L3, D10"""
    text = printable_bytes(block).decode()
    assert not UNSAFE.search(text)
    assert printable_bytes(text.encode()) == text.encode()


@given(st.text(st.characters(codec=None)))
def test_text_and_bytes_have_the_same_rule(text: str) -> None:
    """L3, D10"""
    shown = printable(text)
    assert not UNSAFE.search(shown)
    assert not reorders(shown)
    if shown == text:
        assert printable_bytes(text.encode()) == text.encode()
    else:
        assert printable_bytes(text.encode(errors="backslashreplace")) != text.encode(errors="surrogatepass")


def test_a_single_line_has_no_newline_and_no_tab() -> None:
    """L3"""
    assert printable_line("a\x1b[31mb\r\n\t\x07\u202e\udcff") == r"a\x1b[31mb\r\n\t\x07\u202e\xff"
    assert printable_line("naïve 日本 👩\u200d🚀") == "naïve 日本 👩\u200d🚀"


@pytest.mark.parametrize(("count", "words"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs"), (12_000, "12,000 jobs")])
def test_only_one_has_no_plural(count: int, words: str) -> None:
    assert plural(count, "job") == words


@pytest.mark.parametrize(("seconds", "words"), [(5.0, "+5s"), (-0.25, "-0.25s"), (-3720.0, "-1h 2m")])
def test_a_jump_of_the_clock_has_a_sign(seconds: float, words: str) -> None:
    assert shift(seconds) == words
