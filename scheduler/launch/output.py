"""The output of a run: to the log, to the tail that is kept of it, and to those that follow it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from scheduler.launch.launcher import Stream
from scheduler.launch.lines import Lines
from scheduler.model.job import OutputMode

M = TypeVar("M")

TAIL = 64 * 1024
"""Bytes of a run's latest output that are kept."""

FOLLOWER_LAG = 1024 * 1024
"""Bytes that may wait for the reader of one follower before some are dropped."""

HELD_BACK = FOLLOWER_LAG // 2
"""Bytes that may wait for the reader of a holding follower before the run waits."""

LINES = 64 * 1024
"""Bytes taken at once when they become lines of the log: empty ones grow two-hundredfold."""

BULK = 256 * 1024
"""Bytes taken at once when they are passed on unchanged."""

PATIENCE = 5.0
"""Seconds that a run waits for a reader that reads nothing at all."""

_ENTRY = 64
"""Bytes that a chunk takes besides its content, so that a million writes of one byte stay within the bounds too."""

_MERGED = 4096
"""Bytes up to which small chunks of one stream are kept as one."""

_LOG, _RAW = OutputMode.LOG, OutputMode.RAW


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
        if mode is _RAW and not sink.takes_raw:
            mode = _LOG
        self.most = LINES if mode is _LOG else BULK
        self._job = job
        self._run_id = run_id
        self._mode = mode
        self._sink = sink
        self._now = now
        self._lines: dict[Stream, Lines] = {}
        self._tail: _Tail | None = None
        self._followers: list[Follower[Any]] = []
        self._finished = False

    def write(self, stream: Stream, data: bytes) -> None:
        at = self._now()
        if self._tail is None:
            self._tail = _Tail()
        self._tail.add(stream, data, at)
        for follower in self._followers:
            follower.feed(stream, data, at)
        if self._mode is _LOG:
            self._log(stream, self._lines.setdefault(stream, Lines()).feed(data))
        elif self._mode is _RAW:
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
        """The run is over: nothing more is fed to followers."""
        self._finished = True
        self._followers.clear()

    def tail(self) -> Chunks:
        """The latest output, oldest first."""
        return () if self._tail is None else self._tail.chunks()

    def attach(self, follower: Follower[Any], select: Callable[[Chunks], Chunks] = lambda kept: kept) -> None:
        """Feed a follower with the kept tail, reduced by `select`, and with what follows until `finish` or `detach`."""
        follower.feed_tail(select(self.tail()))
        if not self._finished:
            self._followers.append(follower)

    def detach(self, follower: Follower[Any]) -> None:
        """Feed it no longer; nothing when it is not attached."""
        if follower in self._followers:
            self._followers.remove(follower)

    def _log(self, stream: Stream, block: bytes) -> None:
        if block:
            self._sink.write_lines(self._job, self._run_id, stream, block)


class Follower(Generic[M]):
    """The output of one run for one reader, which may be slow, with marks between: iterate over it.

    Beyond FOLLOWER_LAG output is dropped, and the next chunk says how many bytes are missing. `holding`: the run waits
    for the reader instead, unless it reads nothing for PATIENCE.
    """

    def __init__(self, *, holding: bool = False) -> None:
        self._holding = holding
        self._items: deque[Chunk | M] = deque()
        self._size = 0
        self._missed = 0
        self._ended = False
        self._news = asyncio.Event()
        self._room: asyncio.Future[None] | None = None
        self._taken_at = 0.0

    def full(self) -> asyncio.Future[None] | None:
        """None: the run goes on. Otherwise it waits until the future is done."""
        if not self._holding or self._size <= HELD_BACK:
            return None
        if self._room is None:
            loop = asyncio.get_running_loop()
            self._room, self._taken_at = loop.create_future(), loop.time()
            loop.call_later(PATIENCE, self._lose_patience, self._room)
        return self._room

    def feed(self, stream: Stream, data: bytes, at: datetime | None = None) -> None:
        if self._ended:
            return
        size = len(data) + _ENTRY
        if self._size + size > FOLLOWER_LAG:
            self._missed += len(data)
            return
        self._items.append(Chunk(stream, data, self._missed, at))
        self._size += size
        self._missed = 0
        self._news.set()

    def feed_tail(self, tail: Iterable[Chunk]) -> None:
        """Feed what was kept, the bytes missing before it included."""
        for chunk in tail:
            self._missed += chunk.missed
            self.feed(chunk.stream, chunk.data, chunk.at)

    def mark(self, value: M) -> None:
        """Hand out a value after the output so far."""
        self._close_gap()
        self._items.append(value)
        self._news.set()

    def end(self) -> None:
        """Nothing more comes; what waits is still handed out."""
        self._close_gap()
        self._ended = True
        self._news.set()

    def close(self) -> None:
        """The reader has gone."""
        self._holding = False
        self._items.clear()
        self._missed = 0
        self._go_on()
        self.end()

    def __aiter__(self) -> Follower[M]:
        return self

    async def __anext__(self) -> Chunk | M:
        while not self._items:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        item = self._items.popleft()
        if isinstance(item, Chunk):
            self._size -= len(item.data) + _ENTRY
        if self._room is not None:
            self._taken_at = asyncio.get_running_loop().time()
            if self._size <= HELD_BACK:
                self._go_on()
        return item

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

    def _close_gap(self) -> None:
        if self._missed:
            self._items.append(Chunk(Stream.STDOUT, b"", self._missed))
            self._size += _ENTRY
            self._missed = 0


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

    def chunks(self) -> Chunks:
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
