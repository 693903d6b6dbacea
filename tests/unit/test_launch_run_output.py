"""A run's output: to the log by its mode, to a bounded tail, to followers who may be slow."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.launch.launcher import Stream
from scheduler.launch.output import FOLLOWER_LAG, TAIL, Chunk, Follower, RunOutput
from scheduler.model.job import OutputMode
from scheduler.virtual_clock import VirtualClock

OUT, ERR = Stream.STDOUT, Stream.STDERR


class Log:
    """A LineSink that keeps everything."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, str, Stream, bytes]] = []
        self.raw: list[bytes] = []
        self.takes_raw = True
        self.obstacle: asyncio.Future[None] | None = None

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        self.blocks.append((job, run_id, stream, block))

    def write_raw(self, block: bytes) -> None:
        self.raw.append(block)

    def full(self) -> asyncio.Future[None] | None:
        return self.obstacle


def output(mode: OutputMode = OutputMode.LOG, log: Log | None = None) -> RunOutput:
    return RunOutput("mail", "abcd1234", mode, log or Log())


def play(story: Any) -> None:
    VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)).run(story)


def follow(run: RunOutput) -> Follower[Never]:
    """A follower of the run's output, from the kept tail on."""
    follower: Follower[Never] = Follower()
    run.attach(follower)
    return follower


def test_the_log_gets_whole_lines_of_each_stream() -> None:
    log = Log()
    run = output(log=log)
    run.write(OUT, b"one\ntw")
    run.write(ERR, b"warn")
    run.write(OUT, b"o\n")
    run.close()
    run.write(OUT, b"second attempt")
    run.close()
    assert log.blocks == [
        ("mail", "abcd1234", OUT, b"one\n"),
        ("mail", "abcd1234", OUT, b"two\n"),
        ("mail", "abcd1234", ERR, b"warn\n"),
        ("mail", "abcd1234", OUT, b"second attempt\n"),
    ]


@pytest.mark.parametrize(("mode", "raw"), [(OutputMode.RAW, [b"a\r\x1b"]), (OutputMode.DISCARD, [])])
def test_other_modes_bypass_the_lines_and_keep_the_tail(mode: OutputMode, raw: list[bytes]) -> None:
    log = Log()
    run = output(mode, log)
    run.write(OUT, b"a\r\x1b")
    run.close()
    assert (log.blocks, log.raw) == ([], raw)
    assert run.tail() == (Chunk(OUT, b"a\r\x1b"),)


def test_raw_output_becomes_records_in_a_log_that_takes_nothing_else() -> None:
    """C9"""
    log = Log()
    log.takes_raw = False
    run = output(OutputMode.RAW, log)
    run.write(OUT, b"one\ntw")
    run.close()
    assert log.raw == []
    assert [block for _, _, _, block in log.blocks] == [b"one\n", b"tw\n"]


def test_only_a_run_that_writes_to_the_log_waits_for_it() -> None:
    async def story() -> None:
        log = Log()
        log.obstacle = asyncio.get_running_loop().create_future()
        assert output(OutputMode.LOG, log).full() is log.obstacle
        assert output(OutputMode.RAW, log).full() is log.obstacle
        assert output(OutputMode.DISCARD, log).full() is None

    play(story())


@given(st.lists(st.tuples(st.sampled_from(Stream), st.integers(1, TAIL + TAIL // 2)), max_size=8))
def test_the_tail_is_the_latest_output_in_order(writes: list[tuple[Stream, int]]) -> None:
    run = output(OutputMode.DISCARD)
    sent = b""
    for number, (stream, size) in enumerate(writes):
        data = bytes([number]) * size
        run.write(stream, data)
        sent += data
    tail = run.tail()
    kept = b"".join(chunk.data for chunk in tail)
    assert sent.endswith(kept)
    assert min(len(sent), TAIL - 64 * len(writes)) <= len(kept) <= TAIL
    assert [chunk.missed for chunk in tail] == [len(sent) - len(kept), *[0] * len(tail[1:])][: len(tail)]
    assert [(writes[chunk.data[0]][0]) for chunk in tail if len(set(chunk.data)) == 1] == [
        chunk.stream for chunk in tail if len(set(chunk.data)) == 1
    ]


def test_a_late_follower_gets_the_size_of_the_earlier_output() -> None:
    async def story() -> None:
        run = output(OutputMode.DISCARD)
        run.write(OUT, b"a" * 100 + b"b" * TAIL)
        follower = follow(run)
        run.write(ERR, b"c")
        follower.end()
        assert [(chunk.data[:1], chunk.missed) async for chunk in follower] == [(b"b", 100), (b"c", 0)]

    play(story())


def test_a_million_tiny_writes_keep_within_the_bound_too() -> None:
    """M1: what keeping a chunk costs counts as well."""
    run = output(OutputMode.DISCARD)
    for number in range(20_000):
        run.write(OUT if number % 2 else ERR, b"x")
    tail = run.tail()
    assert sum(len(chunk.data) + 64 for chunk in tail) <= TAIL + 65
    merged = output(OutputMode.DISCARD)
    for _ in range(TAIL):
        merged.write(OUT, b"x")
    assert len(merged.tail()) < 20
    assert sum(len(chunk.data) for chunk in merged.tail()) > TAIL - 2048


def test_a_follower_sees_what_was_what_comes_and_the_end() -> None:
    async def story() -> None:
        run = output()
        run.write(OUT, b"before")
        follower = follow(run)
        run.write(ERR, b"after")
        run.finish()
        late = follow(run)
        for each in (follower, late):
            each.end()
            assert [chunk async for chunk in each] == [Chunk(OUT, b"before"), Chunk(ERR, b"after")]

    play(story())


def test_a_follower_waits_for_news() -> None:
    async def story() -> None:
        run = output()
        follower = follow(run)
        asyncio.get_running_loop().call_later(60, run.write, OUT, b"late")
        asyncio.get_running_loop().call_later(120, follower.end)
        assert [chunk async for chunk in follower] == [Chunk(OUT, b"late")]

    play(story())


def test_a_slow_follower_gets_the_size_of_what_it_missed_and_delays_no_run() -> None:
    """M1"""

    async def story() -> None:
        run = output(OutputMode.DISCARD)
        follower, quick = follow(run), follow(run)
        block = b"x" * 65536
        for _ in range(100):
            run.write(OUT, block)
            assert (await anext(quick)).missed == 0
        received: list[Chunk] = []
        while sum(chunk.missed + len(chunk.data) for chunk in received) < 15 * 65536:
            received.append(await anext(follower))
        assert {chunk.missed for chunk in received} == {0}
        run.write(OUT, b"again")
        assert await anext(follower) == Chunk(OUT, b"again", missed=85 * 65536)
        for _ in range(100):
            run.write(OUT, block)
        follower.end()
        rest = [chunk async for chunk in follower]
        assert rest[-1] == Chunk(OUT, b"", missed=85 * 65536)
        assert sum(len(chunk.data) for chunk in rest) <= FOLLOWER_LAG

    play(story())


def test_a_follower_that_leaves_is_forgotten() -> None:
    async def story() -> None:
        run = output()
        follower = follow(run)
        run.write(OUT, b"unread")
        follower.close()
        follower.close()
        run.write(OUT, b"more")
        assert [chunk async for chunk in follower] == []

    play(story())
