"""Following runs: a run as a stream of values, from its request or its start to its end."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from scheduler.engine.events import (
    AttemptFinished,
    Event,
    RunFinished,
    RunRequested,
    RunSkipped,
    RunStarted,
    RunWaiting,
)
from scheduler.engine.history import History
from scheduler.engine.later import LaterRun
from scheduler.engine.live_run import LiveRun
from scheduler.errors import RefusedError
from scheduler.launch.output import Chunk, Chunks, Follower, RunOutput
from scheduler.model.run import Decision, Run

Mark = RunRequested | RunWaiting | Run | AttemptFinished | Decision
Value = Chunk | Mark
"""What happens to a run. `RunRequested` when it is to start later. `RunWaiting` at each gate that holds it. `Run` when
it has started, with the outcome None, and when it has finished. `AttemptFinished` when another attempt follows.
`Decision` when it was skipped."""


Select = Callable[[Chunks], Chunks]
"""Reduces the kept output of a run."""


def all_of(kept: Chunks) -> Chunks:
    """The whole of it."""
    return kept


class RunStream:
    """What happens to one run, as values; ends after the finished `Run` or the `Decision`. Iterate over it."""

    def __init__(
        self, run_id: str, on_close: Callable[[RunStream], None], *, holding: bool, reader: LiveRun | None = None
    ) -> None:
        """`reader` is a live run that waits for the end of this stream."""
        self.run_id = run_id
        self.reader = reader
        self.follower: Follower[Mark] = Follower(holding=holding)
        self.ended: Run | Decision | None = None
        """The last value, whether or not it has been read."""
        self.requested_before = False
        """Whether the run is that of an earlier request with the same key."""
        self._started = False
        self._on_close = on_close

    def __aiter__(self) -> Follower[Mark]:
        return self.follower

    def start(self, run: Run, output: RunOutput | None, select: Select = all_of) -> None:
        """Hand out the started run, its kept output and what follows. Nothing when that was done before."""
        if not self._started:
            self._started = True
            self.follower.mark(run)
            if output is not None:
                output.attach(self.follower, select)

    def finish(self, value: Run | Decision) -> None:
        """Hand out the last value and end."""
        self.ended = value
        self.follower.mark(value)
        self.follower.end()

    def close(self) -> None:
        """Leave; the run goes on. Nothing when it has ended."""
        self._on_close(self)
        self.follower.close()


class Following:
    """The streams of single runs. A listener of the engine that passes events on to them."""

    def __init__(
        self, find: Callable[[str], LiveRun | None], find_later: Callable[[str], LaterRun | None], history: History
    ) -> None:
        self._find = find
        self._find_later = find_later
        self._history = history
        self._streams: dict[str, list[RunStream]] = {}

    def on_event(self, event: Event) -> None:
        """Pass an event about a run on to those that follow it."""
        if not self._streams:
            return
        match event:
            case RunWaiting(run_id=run_id) | RunRequested(run_id=run_id):
                self._mark(run_id, event)
            case RunStarted(run=run) if (live_run := self._find(run.id)) is not None:
                for stream in self._streams.get(run.id, ()):
                    stream.start(run, live_run.output)
            case AttemptFinished(run=run, retry_in=float()):
                self._mark(run.id, event)
            case RunFinished(run=run):
                self._finish(run.id, run)
            case RunSkipped(decision=decision, run_id=str(run_id)):
                self._finish(run_id, decision)
            case _:
                pass

    def of(self, run_id: str, select: Select = all_of, *, caller: str | None = None) -> RunStream | None:
        """A live or kept run: its start, its kept output reduced by `select`, and what follows.

        None for an unknown run. `caller`: see `of_live`.
        """
        live_run = self._find(run_id)
        if live_run is not None:
            return self.of_live(live_run, select, caller=caller)
        later = self._find_later(run_id)
        if later is not None:
            stream = self._open(run_id, reader=self._reader(caller))
            stream.follower.mark(RunRequested(run_id, later.job, later.at, later.request))
            return stream
        run = self._history.run(run_id)
        if run is None:
            return None
        stream = RunStream(run_id, self._closed, holding=False)
        stream.start(replace(run, attempts=(), outcome=None, finished_at=None, duration=None), None)
        stream.follower.feed_tail(select(self._history.tails.of(run_id)))
        stream.finish(run)
        return stream

    def of_live(
        self, live_run: LiveRun, select: Select = all_of, *, holding: bool = False, caller: str | None = None
    ) -> RunStream:
        """A run that is not over, from its current state on.

        `holding`: the run waits for the reader rather than that output is dropped, unless the reader stops reading.
        `caller` is the id of a run that waits for the end of this one. RefusedError if neither could ever end.
        """
        reader = self._reader(caller)
        if reader is live_run:
            raise RefusedError(f"run {live_run.run_id} cannot wait for its own end")
        if reader is not None and live_run.waits_for(reader):
            what = f"run {live_run.run_id} of {live_run.job.name}"
            raise RefusedError(f"{what} waits for run {reader.run_id} of {reader.job.name}, which would wait for it")
        stream = self._open(live_run.run_id, holding=holding, reader=reader)
        live_run.awaited_by = self.readers(live_run.run_id)
        if live_run.run is not None:
            stream.start(live_run.run, live_run.output, select)
        elif live_run.gate is not None:
            stream.follower.mark(live_run.waiting_at(live_run.gate))
        return stream

    def readers(self, run_id: str) -> tuple[LiveRun, ...]:
        """The runs that wait for the end of this one."""
        return tuple(stream.reader for stream in self._streams.get(run_id, ()) if stream.reader is not None)

    def _reader(self, caller: str | None) -> LiveRun | None:
        return None if caller is None else self._find(caller)

    def _open(self, run_id: str, *, holding: bool = False, reader: LiveRun | None = None) -> RunStream:
        stream = RunStream(run_id, self._closed, holding=holding, reader=reader)
        self._streams.setdefault(run_id, []).append(stream)
        return stream

    def refuse(self, run_id: str, decision: Decision) -> None:
        """A requested run was skipped without having waited, which no event reports."""
        self._finish(run_id, decision)

    def _mark(self, run_id: str, value: Mark) -> None:
        for stream in self._streams.get(run_id, ()):
            stream.follower.mark(value)

    def _finish(self, run_id: str, value: Run | Decision) -> None:
        for stream in self._streams.pop(run_id, ()):
            stream.finish(value)

    def _closed(self, stream: RunStream) -> None:
        streams = self._streams.get(stream.run_id, [])
        if stream in streams:
            streams.remove(stream)
            if not streams:
                del self._streams[stream.run_id]
        live_run = self._find(stream.run_id)
        if live_run is not None:
            live_run.awaited_by = self.readers(live_run.run_id)
            if live_run.output is not None:
                live_run.output.detach(stream.follower)
