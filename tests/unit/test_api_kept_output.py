"""Which of the kept output of runs a request for logs gets, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.api.kept_output import KeptRun, in_order, selected
from scheduler.launch.launcher import Stream
from scheduler.launch.output import Chunk
from scheduler.model.run import Attempt, Exit, Outcome, Run, Trigger
from scheduler.wire.runs import Finished, Logs, Output, Started

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def kept(*chunks: tuple[int, bytes], job: str = "a", run_id: str = "1", begun: int = 0, took: int = 100) -> KeptRun:
    """A run that began at a second after noon, with pieces of output written at such seconds."""
    run = Run(
        id=run_id,
        job=job,
        trigger=Trigger.SCHEDULE,
        scheduled_at=NOON,
        started_at=NOON + timedelta(seconds=begun),
        attempts=(Attempt(1, NOON, took, Outcome.SUCCEEDED, Exit(0)),),
        outcome=Outcome.SUCCEEDED,
        finished_at=NOON + timedelta(seconds=begun + took),
    )
    return KeptRun(run, tuple(Chunk(Stream.STDOUT, data, at=NOON + timedelta(seconds=at)) for at, data in chunks))


def text(runs: list[KeptRun]) -> list[bytes]:
    return [b"".join(chunk.data for chunk in each.chunks) for each in runs]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (0, [b""]),
        (1, [b"five\n"]),
        (2, [b"fourth\nfive\n"]),
        (3, [b"three\nfourth\nfive\n"]),
        (4, [b"two", b"three\nfourth\nfive\n"]),
        (5, [b"one\ntwo", b"three\nfourth\nfive\n"]),
        (9, [b"one\ntwo", b"three\nfourth\nfive\n"]),
    ],
)
def test_the_last_lines_may_span_pieces_of_output_and_runs(lines: int, expected: list[bytes]) -> None:
    """F6"""
    runs = [kept((1, b"one\n"), (2, b"two")), kept((200, b"three\nfou"), (201, b"rth\nfi"), (202, b"ve\n"))]
    assert text(selected(runs, Logs(lines=lines))) == expected


@given(st.lists(st.binary(max_size=6).map(lambda data: data.replace(b"\0", b"\n"))), st.integers(1, 9))
def test_the_last_lines_are_those_of_the_whole_output(pieces: list[bytes], lines: int) -> None:
    found = selected([kept(*((1, piece) for piece in pieces if piece))], Logs(lines=lines))
    whole = b"".join(pieces).split(b"\n")
    end = [b""] if whole[-1] == b"" else []
    expected = b"\n".join([*(whole[: len(whole) - len(end)])[-lines:], *end])
    assert text(found) == [expected]


def test_output_since_a_time_leaves_out_what_was_written_before() -> None:
    """F6"""
    runs = [kept((1, b"old")), kept((150, b"a"), (180, b"b"), begun=140), kept(begun=300, run_id="silent")]
    found = selected(runs, Logs(since=NOON + timedelta(seconds=160)))
    assert text(found) == [b"b", b""]
    assert found[1].run.id == "silent"


def test_several_jobs_come_in_the_order_of_their_times() -> None:
    """F6"""
    runs = [
        kept((1, b"a1"), (3, b"a3"), job="a", run_id="A", took=10),
        kept((2, b"b2"), (4, b"b4"), job="b", run_id="B", took=5),
    ]
    events = [
        event.data if isinstance(event, Output) else f"{type(event).__name__} {event.run.id}"
        for event in in_order(runs)
        if isinstance(event, Output | Started | Finished)
    ]
    assert events == ["Started A", "Started B", b"a1", b"b2", b"a3", b"b4", "Finished B", "Finished A"]
