"""Bytes in, lines out: a run's output on its way to the log, to the tail that is kept of it, and to who follows it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from scheduler.launch.launcher import Stream
from scheduler.launch.lines import Lines
from scheduler.model.job import OutputMode

TAIL = 64 * 1024
"""Bytes of a run's latest output that are kept."""

FOLLOWER_LAG = 1024 * 1024
"""Bytes that may wait for one follower before it loses some."""

HELD_BACK = FOLLOWER_LAG // 2
"""Bytes that may wait for a follower whom the run waits for, before it does."""

LINES = 64 * 1024
"""Bytes taken at once when they become lines of the log: empty ones grow two-hundredfold."""

BULK = 256 * 1024
"""Bytes taken at once when they go through as they are."""

PATIENCE = 5.0
"""Seconds that a run waits for a follower who takes nothing at all."""

_ENTRY = 64
"""Bytes that a chunk costs besides its content, so that a million writes of one byte stay within the bounds too."""

_MERGED = 4096
"""Bytes up to which small chunks of one stream are kept as one."""


class LineSink(Protocol):
    """The log, as a run sees it."""

    takes_raw: bool
    """Whether bytes may go out unchanged; a JSON log consists of records only."""

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        """Take whole lines of any bytes, each ending in a newline."""
        ...

    def write_raw(self, block: bytes) -> None:
        """Take bytes that go out untouched."""
        ...

    def full(self) -> asyncio.Future[None] | None:
        """None: go on. Otherwise the log cannot take more until the future is done."""
        ...


class Chunk(msgspec.Struct, frozen=True):
    """Output as it was read, and when. `missed` bytes before it were lost to a follower that fell behind."""

    stream: Stream
    data: bytes
    missed: int = 0
    at: datetime | None = None


Chunks = tuple[Chunk, ...]


class RunOutput:
    """Where the bytes of one run go, over all its attempts. Implements `Output`."""

    def __init__(
        self, job: str, run_id: str, mode: OutputMode, sink: LineSink, now: Callable[[], datetime | None] = lambda: None
    ) -> None:
        """`now` is the clock that output is marked with."""
        if mode is OutputMode.RAW and not sink.takes_raw:
            mode = OutputMode.LOG
        self.most = LINES if mode is OutputMode.LOG else BULK
        self._job = job
        self._run_id = run_id
        self._mode = mode
        self._sink = sink
        self._now = now
        self._lines: dict[Stream, Lines] = {}
        self._tail = _Tail()
        self._followers: list[Follower] = []
        self._finished = False

    def write(self, stream: Stream, data: bytes) -> None:
        at = self._now()
        self._tail.add(stream, data, at)
        for follower in self._followers:
            follower.feed(stream, data, at)
        if self._mode is OutputMode.LOG:
            self._log(stream, self._lines.setdefault(stream, Lines()).feed(data))
        elif self._mode is OutputMode.RAW:
            self._sink.write_raw(data)

    def full(self) -> asyncio.Future[None] | None:
        for follower in self._followers:
            if held := follower.full():
                return held
        return None if self._mode is OutputMode.DISCARD else self._sink.full()

    def close(self) -> None:
        """End the attempt's last lines; a further attempt begins on fresh ones."""
        for stream, lines in self._lines.items():
            self._log(stream, lines.end())

    def finish(self) -> None:
        """The run is over: followers get what waits for them, and end."""
        self._finished = True
        for follower in self._followers:
            follower.end()
        self._followers.clear()

    def tail(self) -> tuple[Chunk, ...]:
        """The latest output, oldest first."""
        return self._tail.chunks()

    def follow(self, *, holding: bool = False, select: Callable[[Chunks], Chunks] = lambda kept: kept) -> Follower:
        """Begin with the kept tail, go on with what comes, end with the run. Close it when nobody listens any more.

        `holding`: the run waits for this follower rather than that it loses something, unless it takes nothing.
        `select` reduces the kept tail.
        """
        kept = select(self._tail.chunks())
        follower = Follower(self._unfollow, holding=holding, missed=kept[0].missed if kept else 0)
        for chunk in kept:
            follower.feed(chunk.stream, chunk.data, chunk.at)
        if self._finished:
            follower.end()
        else:
            self._followers.append(follower)
        return follower

    def _log(self, stream: Stream, block: bytes) -> None:
        if block:
            self._sink.write_lines(self._job, self._run_id, stream, block)

    def _unfollow(self, follower: Follower) -> None:
        if follower in self._followers:
            self._followers.remove(follower)


class Follower:
    """Output for one listener, who may be slow: beyond FOLLOWER_LAG it misses some, and is told how many bytes."""

    def __init__(self, on_close: Callable[[Follower], None], *, holding: bool, missed: int) -> None:
        """`missed` is how many bytes went before the first that it will be fed."""
        self._on_close = on_close
        self._holding = holding
        self._chunks: deque[Chunk] = deque()
        self._size = 0
        self._missed = missed
        self._ended = False
        self._news = asyncio.Event()
        self._room: asyncio.Future[None] | None = None
        self._taken_at = 0.0

    def full(self) -> asyncio.Future[None] | None:
        """None: go on. Otherwise the run waits until the future is done."""
        if not self._holding or self._size <= HELD_BACK:
            return None
        if self._room is None:
            loop = asyncio.get_running_loop()
            self._room, self._taken_at = loop.create_future(), loop.time()
            loop.call_later(PATIENCE, self._lose_patience, self._room)
        return self._room

    def feed(self, stream: Stream, data: bytes, at: datetime | None = None) -> None:
        size = len(data) + _ENTRY
        if self._size + size > FOLLOWER_LAG:
            self._missed += len(data)
            return
        self._chunks.append(Chunk(stream, data, self._missed, at))
        self._size += size
        self._missed = 0
        self._news.set()

    def end(self) -> None:
        """Nothing more comes; what waits is still handed out."""
        self._ended = True
        self._news.set()

    def close(self) -> None:
        """The listener has gone."""
        self._on_close(self)
        self._chunks.clear()
        self._missed = 0
        self._go_on()
        self.end()

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> Chunk:
        while not self._chunks:
            if self._ended:
                return self._last_gap()
            self._news.clear()
            await self._news.wait()
        chunk = self._chunks.popleft()
        self._size -= len(chunk.data) + _ENTRY
        if self._room is not None:
            self._taken_at = asyncio.get_running_loop().time()
            if self._size <= HELD_BACK:
                self._go_on()
        return chunk

    def _go_on(self) -> None:
        if self._room is not None:
            self._room.set_result(None)
            self._room = None

    def _lose_patience(self, room: asyncio.Future[None]) -> None:
        if room is not self._room:
            return
        loop = asyncio.get_running_loop()
        left = self._taken_at + PATIENCE - loop.time()
        if left > 0:
            loop.call_later(left, self._lose_patience, room)
        else:
            self._holding = False
            self._go_on()

    def _last_gap(self) -> Chunk:
        if not self._missed:
            raise StopAsyncIteration
        missed, self._missed = self._missed, 0
        return Chunk(Stream.STDOUT, b"", missed)


class _Tail:
    """The latest output of both streams in the order of its arrival.

    Of TAIL bytes, what it costs to keep many small chunks is taken off; the oldest chunk goes when it is not needed.
    """

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self._size = 0
        self._written = 0

    def add(self, stream: Stream, data: bytes, at: datetime | None) -> None:
        self._written += len(data)
        last = self._chunks[-1] if self._chunks else None
        if last and last.stream is stream and len(last.data) + len(data) <= _MERGED and _same_second(last.at, at):
            self._chunks[-1] = Chunk(stream, last.data + data, at=last.at)
            self._size += len(data)
        else:
            self._chunks.append(Chunk(stream, data[-TAIL:], at=at))
            self._size += _cost(self._chunks[-1])
        while self._size - _cost(self._chunks[0]) >= TAIL:
            self._size -= _cost(self._chunks.popleft())

    def chunks(self) -> tuple[Chunk, ...]:
        """At most TAIL bytes: the oldest chunk is cut where it reaches beyond, and says how much went before."""
        size = sum(len(chunk.data) for chunk in self._chunks)
        excess = max(0, size - TAIL)
        missed = self._written - (size - excess)
        if not missed:
            return tuple(self._chunks)
        first, *rest = self._chunks
        return (Chunk(first.stream, first.data[excess:], missed, first.at), *rest)


def _same_second(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.replace(microsecond=0) == other.replace(microsecond=0)


def _cost(chunk: Chunk) -> int:
    return len(chunk.data) + _ENTRY
