"""Documents that commands print for programs."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.api.reply_text import LongText, pieces_of
from scheduler.cli.output_format import indented, unquoted
from scheduler.errors import UnreachableError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6), st.lists(st.integers(0, 200), max_size=8))
def test_a_list_that_arrives_in_pieces_is_printed_as_if_it_were_whole(values: list[object], cuts: list[int]) -> None:
    text = b"".join(pieces_of(values))
    assert b"".join(pieces_of(iter(values))) == text
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert b"".join(indented(pieces)) == msgspec.json.format(msgspec.json.encode(values), indent=2)


@given(st.lists(VALUES, max_size=6))
def test_a_list_from_a_server_that_writes_it_in_its_own_way_is_printed_too(values: list[object]) -> None:
    text = msgspec.json.format(msgspec.json.encode(values), indent=1)
    assert b"".join(indented([text])) == msgspec.json.format(text, indent=2)


@pytest.mark.parametrize("text", [b"", b"[1,\t", b"<html>", b"[1,\t}2]"])
def test_an_answer_that_is_not_valid_json_is_an_error(text: bytes) -> None:
    with pytest.raises(UnreachableError, match="protocol"):
        list(indented([text]))


@given(st.lists(st.text(max_size=5)))
def test_a_long_text_is_one_string(parts: list[str]) -> None:
    assert msgspec.json.decode(b"".join(pieces_of(LongText(parts)))) == "".join(parts)


@given(st.lists(st.text(alphabet='a\\n"é\n\U0001f600 ', max_size=8), max_size=6), st.sets(st.integers(0, 90)))
def test_a_text_arrives_whole_wherever_it_is_cut(lines: list[str], cuts: set[int]) -> None:
    text = "\n".join(lines)
    sent = msgspec.json.encode(text)
    ends = [*sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
    pieces = [sent[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert "".join(unquoted(pieces)) == text


def test_lines_are_printed_before_the_last_has_arrived() -> None:
    assert next(unquoted(iter([b'"one\\ntw', b'o\\nthree"']))) == "one\n"


@pytest.mark.parametrize("sent", [b"", b'"no end', b"[1]", b'"a\\n\xff"'])
def test_an_answer_that_is_no_text_is_one_message(sent: bytes) -> None:
    with pytest.raises(UnreachableError, match="not in the protocol"):
        list(unquoted([sent]))
