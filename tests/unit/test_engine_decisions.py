"""Every scheduled time ends in exactly one decision, also during reloads, pauses, clock steps and shutdowns."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scheduler.engine.events import RunFinished, RunSkipped, RunStarted, RunWaiting
from scheduler.launch.simulated import Play
from scheduler.model.job import Job, OnShutdown, Overlap, Retry
from scheduler.model.run import RAN, Launch, RunRequest, Trigger
from tests.unit.stage import NOON, Stage, job


def test_a_day_of_1440_scheduled_times_for_ten_jobs_is_14400_decisions() -> None:
    stage = Stage(*[job(f"job{n}", "* * * * *") for n in range(10)], play=lambda _: Play(1.0))
    stage.play(86_400 + 30.0)
    assert stage.engine.history.decided == {RAN: 14_400}
    assert not any("BUG" in line for line in stage.lines)


AT = NOON + timedelta(seconds=5)

# A random life: jobs with random keys, and a list of things that happen at random moments.

schedules = st.sampled_from(
    [
        "@every 1s",
        "@every 3s",
        "@every 7s",
        "* * * * *",
        "0,1 12 * * *",
        "@at 2026-06-01T12:00:05Z",
        ["@at 2026-06-01T12:00:05Z", "@every 7s"],
    ]
)
jobs: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    schedule=schedules,
    overlap=st.sampled_from(Overlap),
    start_deadline=st.sampled_from([1.0, 4.0, 60.0]),
    retry=st.builds(Retry, times=st.integers(0, 2), delay=st.sampled_from([0.5, 4.0])),
    lock=st.sampled_from([None, None, "a"]),
    timeout=st.sampled_from([None, 2.5]),
    on_shutdown=st.sampled_from(OnShutdown),
    stop_grace=st.sampled_from([0.5, 3.0]),
)
plays = st.builds(
    Play,
    seconds=st.sampled_from([0.0, 0.25, 1.0, 2.0, 6.5]),
    code=st.sampled_from([0, 0, 0, 1]),
    stubborn=st.booleans(),
)
moments = st.integers(1, 119).map(lambda half: half / 2 + 0.25)
happenings = st.one_of(
    st.tuples(moments, st.just("run now"), st.booleans()),
    st.tuples(moments, st.just("pause"), st.sampled_from([None, 5.0])),
    st.tuples(moments, st.just("resume"), st.none()),
    st.tuples(moments, st.just("stop"), st.booleans()),
    st.tuples(moments, st.just("edit"), st.none()),
    st.tuples(moments, st.just("disable"), st.none()),
    st.tuples(moments, st.just("enable"), st.none()),
    st.tuples(moments, st.just("step"), st.sampled_from([-7200.0, -40.0, -5.0, -0.3, 10.0, 4000.0])),
    st.tuples(moments, st.just("freeze"), st.sampled_from([3.0, 90.0])),
)


class Life(Stage):
    """A stage that also counts what the timetable hands out and what is live at once."""

    def __init__(
        self, definitions: list[dict[str, Any]], play: Play, steps: list[Any], max_running: int | None
    ) -> None:
        super().__init__(*[job(f"j{n}", **keys) for n, keys in enumerate(definitions)], play=lambda _: play)
        self._max_running = max_running
        self.steps = sorted(steps, key=lambda step: step[0])
        self.due: Counter[str] = Counter()
        self.taken: defaultdict[str, list[tuple[datetime, datetime] | None]] = defaultdict(list)
        """The first and the last scheduled time of each take; None where the clock was set back."""
        self.current = dict(self.jobs)
        self.forced = False

    async def script(self, _stage: Stage) -> None:
        self._count_what_falls_due()
        for moment, what, detail in self.steps:
            if moment > self.clock.steady():
                await self.until(moment)
            for name in self.jobs:
                self.happen(name, what, detail)
        if self.clock.steady() < 60:
            await self.until(60)

    def happen(self, name: str, what: str, detail: Any) -> None:
        engine, running = self.engine, self.current[name]
        match what:
            case "run now":
                self.forced |= detail
                engine.run_now(running, RunRequest(force=detail))
            case "pause":
                until = None if detail is None else self.clock.now() + timedelta(seconds=detail)
                engine.pause(name, until=until, note="")
            case "resume":
                engine.timetable.pauses.end((name,), self.clock.now())
            case "stop":
                task = asyncio.ensure_future(engine.runner.stop(list(engine.runner.live_runs(name)), kill=detail))
                task.add_done_callback(lambda done: done.result())
            case "edit":
                self.reload(name, replace(running, description=running.description + "."))
            case "disable" | "enable":
                self.reload(name, replace(running, enabled=what == "enable"))
            case "step" if name == "j0":
                self.clock.step(timedelta(seconds=detail))
            case "freeze" if name == "j0":
                self.clock.advance(detail)

    def reload(self, name: str, new: Job) -> None:
        self.current[name] = new
        self.engine.load(dict(self.current), max_running=self._max_running)

    def _count_what_falls_due(self) -> None:
        timetable = self.engine.timetable
        take, set_back = timetable.take, timetable.set_back

        def counting(now: datetime) -> Any:
            taken = take(now)
            for due in taken:
                self.due[due.job.name] += 1 + (due.missed.count if due.missed else 0)
                self.taken[due.job.name].append(
                    (due.missed.first if due.missed else due.scheduled_at, due.scheduled_at)
                )
            return taken

        def noting(now: datetime, *, by: timedelta) -> None:
            set_back(now, by=by)
            for spans in self.taken.values():
                spans.append(None)

        timetable.take = counting  # type: ignore[method-assign]
        timetable.set_back = noting  # type: ignore[method-assign]


@settings(max_examples=150)
@given(st.lists(jobs, min_size=1, max_size=4), plays, st.lists(happenings, max_size=8), st.sampled_from([None, 1, 2]))
def test_every_scheduled_time_becomes_one_decision(
    definitions: list[dict[str, Any]], play: Play, steps: list[Any], max_running: int | None
) -> None:
    """P8"""
    life = Life(definitions, play, steps, max_running)
    life.play(life.script)
    assert not [line for line in life.lines if "BUG" in line]
    for name in life.jobs:
        assert decisions(life, name) == life.due[name], name
    assert_each_accepted_request_ends_once(life)
    assert_never_two_at_once(life)
    assert_slots_rise_between_steps_back(life)
    assert_a_taken_at_stays_taken(life)
    assert not list(life.engine.runner.live_runs())


def decisions(life: Life, name: str) -> int:
    skipped = sum(
        e.decision.count
        for e in life.events
        if isinstance(e, RunSkipped) and e.decision.job == name and e.decision.run_id is None
    )
    ran = sum(
        isinstance(e, RunStarted) and e.run.job == name and e.run.trigger is Trigger.SCHEDULE for e in life.events
    )
    return skipped + ran


def assert_each_accepted_request_ends_once(life: Life) -> None:
    """B12"""
    accepted = {e.run_id for e in life.events if isinstance(e, RunWaiting) and e.trigger is Trigger.MANUAL}
    accepted |= {e.run.id for e in life.events if isinstance(e, RunStarted) and e.run.trigger is Trigger.MANUAL}
    ended = [e.run.id for e in life.events if isinstance(e, RunFinished) and e.run.trigger is Trigger.MANUAL]
    ended += [e.decision.run_id or "" for e in life.events if isinstance(e, RunSkipped) and e.decision.run_id]
    assert sorted(ended) == sorted(accepted)


def assert_never_two_at_once(life: Life) -> None:
    """Unless `allow` or --force says so; and a lock is held by one."""
    live: Counter[str] = Counter()
    locks: Counter[str] = Counter()
    for event in life.events:
        if isinstance(event, (RunStarted, RunFinished)):
            change = 1 if isinstance(event, RunStarted) else -1
            definition = life.jobs[event.run.job]
            live[event.run.job] += change
            if definition.lock:
                locks[definition.lock] += change
                assert locks[definition.lock] <= 1
            if definition.overlap is not Overlap.ALLOW and not life.forced:
                assert live[event.run.job] <= 1


def assert_slots_rise_between_steps_back(life: Life) -> None:
    for spans in life.taken.values():
        for earlier, later in pairwise(spans):
            if earlier is not None and later is not None:
                assert earlier[1] < later[0]


def assert_a_taken_at_stays_taken(life: Life) -> None:
    """Unless the job was disabled meanwhile: enabled again, it is a new one."""
    if not any(what == "disable" for _, what, _ in life.steps):
        for name, spans in life.taken.items():
            if "@at" in str(life.jobs[name].schedule):
                assert sum(span is not None and span[1] == AT for span in spans) <= 1


def test_a_thousand_races_of_schedule_finish_manual_run_stop_reload_and_retry_never_run_two_at_once() -> None:
    """P8"""

    def play(launch: Launch) -> Play:
        return Play(0.25 * (launch.scheduled_at.second % 5), code=launch.scheduled_at.second % 3)

    async def script(stage: Stage) -> None:
        for tick in range(1000):
            await stage.until(tick / 4)
            name = f"j{tick % 3}"
            stage.engine.run_now(stage.jobs[name])
            if tick % 7 == 0:
                await stage.engine.runner.stop(list(stage.engine.runner.live_runs(name)))
            if tick % 11 == 0:
                stage.jobs[name] = replace(stage.jobs[name], description=str(tick))
                stage.engine.load(stage.jobs, max_running=1 + tick % 3)

    policies = (Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE)
    stage = Stage(
        *[job(f"j{n}", "@every 1s", overlap=each, retry=Retry(1, delay=0.25)) for n, each in enumerate(policies)],
        play=play,
    )
    stage.play(script)
    live: Counter[str] = Counter()
    for event in stage.events:
        if isinstance(event, (RunStarted, RunFinished)):
            live[event.run.job] += 1 if isinstance(event, RunStarted) else -1
            assert live[event.run.job] <= 1
    assert not [line for line in stage.lines if "BUG" in line]
