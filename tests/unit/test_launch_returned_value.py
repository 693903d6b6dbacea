"""What a Python function returned is taken out of its stderr, however the line is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.launch.launcher import Stream
from scheduler.launch.returned_value import WithoutReturnedValue, returned


class Kept:
    """An output that keeps everything."""

    most = 1 << 16

    def __init__(self) -> None:
        self.data = b""

    def write(self, _stream: Stream, data: bytes) -> None:
        self.data += data

    def full(self) -> None:
        """It never is."""

    def close(self) -> None:
        """Nothing waits here."""


def passed_on(pieces: list[bytes]) -> bytes:
    kept = Kept()
    output = WithoutReturnedValue(kept)
    for piece in pieces:
        output.write(Stream.STDERR, piece)
    output.close()
    return kept.data


@given(
    before=st.binary(max_size=20).filter(lambda text: b"\x1e" not in text),
    after=st.binary(max_size=20).filter(lambda text: b"\x1e" not in text),
    cuts=st.sets(st.integers(0, 60)),
)
def test_only_the_marked_line_is_left_out(before: bytes, after: bytes, cuts: set[int]) -> None:
    text = before + b"\x1ereturned {'rows': 3}\n" + after
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[low:high] for low, high in pairwise(places)]
    assert passed_on(pieces) == before + after
    assert returned(text) == "returned {'rows': 3}"


@pytest.mark.parametrize(
    "pieces",
    [[b"returned 5\n"], [b"\x1eret", b"ry\n"], [b"\x1e"], [b"a\x1ereturned \xff\n"], [b"\x1ereturned " + b"x" * 9000]],
)
def test_every_other_output_is_passed_on_unchanged(pieces: list[bytes]) -> None:
    assert passed_on(pieces) == b"".join(pieces)
    assert returned(b"".join(pieces)) is None
