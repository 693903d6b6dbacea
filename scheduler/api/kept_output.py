"""Kept output of runs: the runs, times and lines of it that a request for logs selects."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from scheduler.api.views import output_events, run_view
from scheduler.launch.output import Chunk
from scheduler.model.run import Run
from scheduler.wire.runs import Event, Finished, Logs, Started


class KeptRun(msgspec.Struct, frozen=True):
    """A run and its kept output."""

    run: Run
    chunks: tuple[Chunk, ...]


def selected(runs: Sequence[KeptRun], ask: Logs) -> list[KeptRun]:
    """Of the runs of one job, oldest first, the output that a request asks for."""
    if ask.since is not None:
        runs = [_since(kept, ask.since) for kept in runs]
        runs = [
            kept for kept in runs if kept.chunks or kept.run.finished_at is None or kept.run.finished_at >= ask.since
        ]
    return list(runs) if ask.lines is None else _last_lines(runs, ask.lines)


def _since(kept: KeptRun, moment: datetime) -> KeptRun:
    return KeptRun(kept.run, tuple(chunk for chunk in kept.chunks if chunk.at is None or chunk.at >= moment))


def _last_lines(runs: Sequence[KeptRun], count: int) -> list[KeptRun]:
    """The last lines of the output of several runs; a run without any of them is left out, unless it is the last."""
    found: list[KeptRun] = []
    for kept in reversed(runs):
        chunks, lines = _end_of(kept.chunks, count)
        count -= lines
        if chunks or not found:
            found.append(KeptRun(kept.run, chunks))
    return found[::-1]


def _end_of(chunks: Sequence[Chunk], count: int) -> tuple[tuple[Chunk, ...], int]:
    """The last `count` lines, and how many they are. A line without its newline counts, and may span chunks."""
    found: list[Chunk] = []
    lines = 0
    for chunk in reversed(chunks if count > 0 else ()):
        end = len(chunk.data)
        if not found:
            lines, end = 1, end - chunk.data.endswith(b"\n")
        while (newline := chunk.data.rfind(b"\n", 0, end)) >= 0:
            if lines == count:
                rest = chunk.data[newline + 1 :]
                found += [msgspec.structs.replace(chunk, data=rest, missed=0)] if rest else []
                return tuple(reversed(found)), lines
            lines, end = lines + 1, newline
        found.append(chunk)
    return tuple(reversed(found)), lines


def in_order(runs: Iterable[KeptRun]) -> Iterator[Event]:
    """The events of several runs in the order of their times. That of a live run ends with its latest output."""
    merged = heapq.merge(*(_timed(kept, order) for order, kept in enumerate(runs)), key=lambda item: item[:3])
    return (event for *_, event in merged)


def _timed(kept: KeptRun, order: int) -> Iterator[tuple[datetime, int, int, Event]]:
    """The events of one run with their times, which never go back even if the clock did."""
    run, at, number = kept.run, kept.run.started_at, 0
    yield at, order, number, Started(run_view(run))
    for chunk in kept.chunks:
        at = max(at, chunk.at or at)
        for event in output_events(run, chunk):
            number += 1
            yield at, order, number, event
    if run.finished_at is not None:
        yield max(at, run.finished_at), order, number + 1, Finished(run_view(run))
