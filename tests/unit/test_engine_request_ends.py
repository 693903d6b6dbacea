"""Requests in, ends out: whatever happens meanwhile, each request has one end, and no id that was known disappears."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.api.run_result import result_of
from scheduler.engine.events import RunFinished, RunRequested, RunSkipped, RunStarted, RunWaiting
from scheduler.engine.following import RunStream
from scheduler.engine.history import RUNS_KEPT
from scheduler.errors import RefusedError
from scheduler.launch.simulated import Play
from scheduler.model.job import OnShutdown, Overlap, Retry
from scheduler.model.run import Reason, RunRequest, Trigger
from tests.unit.stage import Stage, job

jobs: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    schedule=st.sampled_from([None, None, "@every 3s", "@every 7s", "@after j0"]),
    overlap=st.sampled_from(Overlap),
    lock=st.sampled_from([None, "a"]),
    lock_slots=st.sampled_from([1, 2]),
    max_waiting=st.sampled_from([1, 3, 1000]),
    retry=st.builds(Retry, times=st.integers(0, 1), delay=st.sampled_from([0.5, 4.0])),
    start_deadline=st.sampled_from([1.0, 60.0]),
    on_shutdown=st.sampled_from(OnShutdown),
)
plays = st.builds(
    Play, seconds=st.sampled_from([0.0, 0.25, 2.0, 6.5]), code=st.sampled_from([0, 0, 1]), stubborn=st.booleans()
)
requests = st.fixed_dictionaries(
    {
        "force": st.booleans(),
        "key": st.sampled_from([None, None, "k", "l"]),
        "later": st.sampled_from([None, None, 0.0, 4.0, 30.0]),
        "from_a_run": st.booleans(),
        "repeat": st.integers(1, 4),
    }
)
moments = st.integers(0, 60).map(lambda half: half / 2 + 0.25)
happenings = st.one_of(
    st.tuples(moments, st.just("request"), requests),
    st.tuples(moments, st.just("request"), requests),
    st.tuples(moments, st.just("request"), requests),
    st.tuples(moments, st.just("leave"), st.none()),
    st.tuples(moments, st.just("pause"), st.none()),
    st.tuples(moments, st.just("stop a job"), st.booleans()),
    st.tuples(moments, st.just("stop a run"), st.integers(0, 20)),
    st.tuples(moments, st.just("limit"), st.sampled_from([None, 1, 2])),
    st.tuples(moments, st.just("remove"), st.none()),
    st.tuples(moments, st.just("disable"), st.none()),
    st.tuples(moments, st.just("bring back"), st.none()),
    st.tuples(moments, st.just("step"), st.sampled_from([-7200.0, -5.0, 10.0, 4000.0])),
)


class Life(Stage):
    """A stage with requests at random moments."""

    def __init__(
        self, definitions: list[dict[str, Any]], play: Play, steps: list[Any], shutdown_timeout: float
    ) -> None:
        first = {**definitions[0], "schedule": None}
        super().__init__(
            *[job(f"j{n}", **keys) for n, keys in enumerate([first, *definitions[1:]])], play=lambda _: play
        )
        self.steps = sorted(steps, key=lambda step: step[0])
        self.streams: list[RunStream] = []
        self.left: set[str] = set()
        self.shutdown_timeout = shutdown_timeout

    async def script(self, _stage: Stage) -> None:
        for number, (moment, what, detail) in enumerate(self.steps):
            if moment > self.clock.steady():
                await self.until(moment)
            self.happen(f"j{number % len(self.jobs)}", what, detail)
        stopping = asyncio.ensure_future(self.engine.shut_down(self.shutdown_timeout))
        await asyncio.sleep(0)
        for name in self.jobs:  # also while it shuts down
            self.happen(name, "request", {"force": True, "key": None, "later": None, "from_a_run": False, "repeat": 1})
        await stopping

    def happen(self, name: str, what: str, detail: Any) -> None:
        match what:
            case "request" if name in self.engine.timetable.names():
                self.request(name, detail)
            case "leave":
                for stream in self.streams[::2]:
                    self.left.add(stream.run_id)
                    stream.close()
            case "pause":
                self.engine.pause(name, until=None, note="")
            case "stop a job":
                self.engine.requests.cancel_all(name, Reason.STOPPED)
                self._soon(self.engine.stop(self.engine.live(name), kill=detail))
            case "stop a run" if self.streams:
                self.stop_run(self.streams[detail % len(self.streams)].run_id)
            case "step":
                self.clock.step(timedelta(seconds=detail))
            case _:
                self.reload(name, what, detail)

    def request(self, name: str, detail: dict[str, Any]) -> None:
        live = self.engine.live()
        at = None if detail["later"] is None else self.clock.now() + timedelta(seconds=detail["later"])
        caller = live[0].run_id if detail["from_a_run"] and live else None
        for _ in range(detail["repeat"]):
            request = RunRequest(force=detail["force"], key=detail["key"], at=at, caller=caller, stdin=b"x")
            with suppress(RefusedError):  # the run of this key waits for the caller
                self.streams.append(self.engine.run_now(self.jobs[name], request))

    def stop_run(self, run_id: str) -> None:
        if not self.engine.requests.cancel(run_id, Reason.STOPPED) and (state := self.engine.find_live(run_id)):
            self._soon(self.engine.stop([state]))

    def reload(self, name: str, what: str, detail: Any) -> None:
        present = self.engine.timetable.jobs()
        match what:
            case "limit":
                self.engine.load(present, max_running=detail)
            case "remove":
                present.pop(name, None)
                self.engine.load(present, max_running=None)
            case "disable":
                self.engine.load({**present, name: job(name, None, enabled=False)}, max_running=None)
            case "bring back":
                self.engine.load(self.jobs, max_running=None)

    def _soon(self, stopping: Any) -> None:
        asyncio.ensure_future(stopping).add_done_callback(lambda done: done.result())


@settings(max_examples=100)
@given(
    st.lists(jobs, min_size=1, max_size=3),
    plays,
    st.lists(happenings, max_size=14),
    st.sampled_from([0.5, 3.0, 25.0]),
)
def test_each_request_has_one_end(
    definitions: list[dict[str, Any]], play: Play, steps: list[Any], shutdown_timeout: float
) -> None:
    """B12"""
    life = Life(definitions, play, steps, shutdown_timeout)
    life.play(life.script)
    assert not [line for line in life.lines if "BUG" in line]
    ends = Counter(end_of(event) for event in life.events)
    known = {event.run_id for event in life.events if isinstance(event, (RunWaiting, RunRequested))}
    known |= {event.run.id for event in life.events if isinstance(event, RunStarted)}
    for stream in life.streams:
        run_id = stream.run_id
        if run_id not in life.left:
            assert stream.ended is not None, "whoever asked gets the end"
        assert ends[run_id] == (1 if run_id in known else 0), "what was known ends once; a refusal is no event"
    manual = {event.run_id for event in life.events if isinstance(event, RunRequested)}
    manual |= {e.run_id for e in life.events if isinstance(e, RunWaiting) and e.trigger is Trigger.MANUAL}
    manual |= {e.run.id for e in life.events if isinstance(e, RunStarted) and e.run.trigger is Trigger.MANUAL}
    assert manual <= {stream.run_id for stream in life.streams}, "no run that nobody asked for"
    assert not list(life.engine.runner.live_runs())
    assert not len(life.engine.timetable.later)
    assert_nothing_has_disappeared(life, known)


def end_of(event: object) -> str | None:
    match event:
        case RunFinished(run=run):
            return run.id
        case RunSkipped(decision=decision):
            return decision.run_id
        case _:
            return None


def assert_nothing_has_disappeared(life: Life, known: set[str]) -> None:
    """While a job is there and its history has room, each of its known runs has a result."""
    if any(what == "remove" for _, what, _ in life.steps):
        return
    started = Counter(event.run.job for event in life.events if isinstance(event, RunStarted))
    for stream in life.streams:
        if stream.run_id in known and stream.ended is not None and started[stream.ended.job] <= RUNS_KEPT:
            found = result_of(life.engine, stream.run_id)
            assert found is not None
            left = any(
                isinstance(event, RunFinished) and event.run.id == stream.run_id and event.run.elsewhere
                for event in life.events
            )
            assert found.state in (("running",) if left else ("finished", "skipped"))
