"""The Service that an engine gives: its jobs, its past, and its verbs. The daemon adds what concerns the daemon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import datetime

from scheduler.api.follow import job_logs
from scheduler.api.follow_run import follow_firing
from scheduler.api.service import JobState, Stopped
from scheduler.api.views import run_view
from scheduler.engine.engine import Engine
from scheduler.engine.live_run import LiveRun, Phase
from scheduler.errors import RefusedError, UnknownNameError
from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason, Run
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, Finished, Logs, RunNow, Started, Waiting

NOT_STARTED = {
    Reason.OVERLAP: "it is running (run {runs}); --force starts it all the same",
    Reason.COALESCED: "a newer run took its place in the queue",
    Reason.STOPPED: "somebody stopped it while it waited",
    Reason.REMOVED: "a reload removed or disabled the job while it waited",
    Reason.SHUTDOWN: "schedd is shutting down",
}


class EngineService:
    """Answers from an engine. Copies leave, never the engine's own state."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return self._engine.clock.now()

    def names(self) -> Sequence[str]:
        """The names of all jobs, in the order of the file."""
        return tuple(self._engine.timetable.names())

    def job(self, name: str) -> JobState | None:
        """One job; None when there is none of that name."""
        job = self._engine.timetable.job(name)
        return None if job is None else self._state(job, self.now())

    def decisions(self, job: str) -> Sequence[Decision]:
        """The kept decisions about one job, in the order in which they were made."""
        return tuple(self._engine.history.of(job).decisions)

    def runs(self, job: str) -> Sequence[Run]:
        """The kept finished runs of one job, oldest first, then its live ones."""
        return (*self._engine.history.of(job).runs, *_runs(self._engine.runner.live_runs(job)))

    def run(self, run_id: str) -> Run | None:
        """The live or kept finished run with that id."""
        live = (firing.run for firing in self._engine.runner.live_runs() if firing.run_id == run_id)
        return next(live, None) or self._engine.history.run(run_id)

    async def run_now(self, ask: RunNow, by: Requester | None) -> AsyncGenerator[Event, None]:
        """Run a job on request and stream what happens; see Service."""
        job = self._job(ask.job)
        firing = self._engine.run_now(
            job, force=ask.force, as_of=ask.as_of, extra_env=ask.env, by=by, requested_by=ask.caller
        )
        moved = firing.observer = asyncio.Event()
        told_gate = None
        while firing.run is None:
            if firing.phase is Phase.DONE:
                raise RefusedError(f"{job.name}: {self._why_not(firing)}")
            if firing.gate is not None and firing.gate is not told_gate:
                told_gate = firing.gate
                yield Waiting(firing.run_id, job.name, told_gate.value)
                if ask.detach:
                    return
            await moved.wait()
            moved.clear()
        yield Started(run_view(firing.run))
        if not ask.detach:
            async for event in follow_firing(firing, moved):
                yield event
            yield Finished(run_view(firing.run))

    async def stop(self, target: str, *, kill: bool) -> Stopped:
        """End a job's runs, also of one that a reload removed, or one run; returns when they are gone."""
        runner = self._engine.runner
        chosen = list(runner.live_runs(target))
        if not chosen and self._engine.timetable.job(target) is None:
            chosen = [firing for firing in runner.live_runs() if firing.run_id == target]
            if not chosen and self._engine.history.run(target) is None:
                raise UnknownNameError(f"no job or run {target!r}")
        await runner.stop(chosen, kill=kill)
        runs = tuple(firing.run for firing in chosen if firing.run is not None)
        return Stopped(runs=runs, waiting=len(chosen) - len(runs))

    def pause(self, names: Sequence[str], *, until: datetime | None, note: str, by: Requester | None) -> None:
        """Skip the scheduled runs of these jobs from now on."""
        for name in names:
            self._engine.pause(name, until=until, note=note, by=by)

    def resume(self, names: Sequence[str], by: Requester | None) -> None:
        """Resume these jobs."""
        for name in names:
            self._engine.resume(name, by=by)

    async def notify_test(self, ask: NotifyTest) -> list[RecipientView]:
        """Send a test notification to a job's recipients for an event, and wait for their answers."""
        # Imported here: few schedules tell anybody, and nobody else's daemon should pay for it.
        from scheduler.report.notify.notification import Topic  # noqa: PLC0415
        from scheduler.report.notify.sample import send_sample  # noqa: PLC0415
        from scheduler.report.notify.sender import SenderContext  # noqa: PLC0415

        context = SenderContext(os.environ, self._engine.launchers.local, self._engine.log)
        answers = await send_sample(self._job(ask.job), Topic(ask.event), self.now(), context)
        return [RecipientView(to=each.to, delivered=each.delivered, answer=each.answer) for each in answers]

    def logs(self, ask: Logs) -> AsyncGenerator[Event, None]:
        """Kept output, then live; see Service."""
        return job_logs(self._engine, ask)

    def _state(self, job: Job, now: datetime) -> JobState:
        firings = list(self._engine.runner.live_runs(job.name))
        history = self._engine.history.of(job.name)
        live = _runs(firings)
        retries = [firing.retry_at for firing in firings if firing.retry_at is not None]
        resting = retries and not any(firing.phase is Phase.RUNNING for firing in firings)
        return JobState(
            job=job,
            next_at=self._engine.timetable.next_of(job.name),
            live=live,
            retry_at=min(retries) if resting else None,
            waiting=next((firing.gate for firing in firings if firing.gate is not None), None),
            paused=self._engine.timetable.pause_of(job.name, now),
            last=history.last,
            usual_duration=history.usual_duration,
            consecutive_failures=history.failures,
            failing_since=history.failing_since,
        )

    def _job(self, name: str) -> Job:
        job = self._engine.timetable.job(name)
        if job is None:
            raise UnknownNameError(f"no job {name!r}")
        return job

    def _why_not(self, firing: LiveRun) -> str:
        if firing.skipped is None:
            return "schedd stumbled over it; its log says where"
        if firing.refusal is not None:
            return firing.refusal
        runs = ", ".join(run.id for run in _runs(self._engine.runner.live_runs(firing.job.name)))
        return NOT_STARTED[firing.skipped].format(runs=runs or "about to start")


def _runs(firings: Iterable[LiveRun]) -> tuple[Run, ...]:
    return tuple(firing.run for firing in firings if firing.run is not None)
