"""The Service of an engine: its jobs, their history, and requests. The daemon adds what concerns the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from datetime import datetime

from scheduler.api.follow import job_logs, run_events
from scheduler.api.run_result import refusal_of, result_of, wait_for
from scheduler.api.service import Elsewhere, JobState, Stopped
from scheduler.api.views import waiting_on
from scheduler.engine.engine import Engine
from scheduler.engine.live_run import LiveState, Phase
from scheduler.engine.slices import Slices
from scheduler.errors import UnknownNameError
from scheduler.launch.environment import Environment
from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason, Run, RunRequest
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, Logs, RunResult


class EngineService:
    """Answers from an engine. Copies leave, never the engine's own state."""

    def __init__(self, engine: Engine, environment: Environment) -> None:
        self._engine = engine
        self.environment = environment
        self.slices = Slices(engine.clock.steady, lambda: engine.runner.throttle.is_busy)
        self.elsewhere: Elsewhere | None = None
        self._announcing = asyncio.Lock()

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return self._engine.clock.now()

    def names(self) -> Sequence[str]:
        """The names of all jobs, in the order of the file."""
        return tuple(self._engine.timetable.names())

    def job(self, name: str) -> Job | None:
        """One job as it was loaded; None when there is none of that name."""
        return self._engine.timetable.job(name)

    def state(self, name: str) -> JobState | None:
        """One job with its state; None when there is none of that name."""
        job = self.job(name)
        return None if job is None else self._state(job, self.now())

    def decisions(self, job: str) -> Sequence[Decision]:
        """The kept decisions about one job, in the order in which they were made."""
        return tuple(self._engine.history.of(job).decisions)

    def runs(self, job: str) -> Sequence[Run]:
        """The kept finished runs of one job, oldest first, then its live ones."""
        return (*self._engine.history.of(job).runs, *_runs(self._engine.live(job)))

    def run(self, run_id: str) -> Run | None:
        """The live or kept finished run with that id."""
        live = self._engine.find_live(run_id)
        return self._engine.history.run(run_id) if live is None else live.run

    def result(self, run_id: str) -> RunResult | None:
        """The state of a run; see Service."""
        return result_of(self._engine, run_id)

    def wait(
        self, run_ids: Sequence[str], *, output: bool = False, caller: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """Follow runs until each has ended; see Service."""
        return wait_for(self._engine, run_ids, output=output, caller=caller)

    async def run_now(self, job: str, request: RunRequest, *, detach: bool) -> AsyncGenerator[Event, None]:
        """Run a job on request and stream what happens; see Service."""
        stream = self._engine.run_now(self._job(job), request, holding=not detach)
        async with contextlib.aclosing(run_events(stream, detach=detach)) as events:
            async for event in events:
                if isinstance(event, Decision):
                    raise refusal_of(self._engine, event)
                yield event

    async def stop(self, target: str, *, kill: bool, by: Requester | None) -> Stopped:
        """Stop a job's runs, also of one that a reload removed, or one run; returns when they have ended."""
        engine = self._engine
        chosen, requested = engine.live(target), engine.timetable.later.of(target)
        if not chosen and not requested and engine.timetable.job(target) is None:
            if engine.requests.cancel(target, Reason.STOPPED, by):
                return Stopped(waiting=1)
            state = engine.find_live(target)
            if state is None and engine.history.run(target) is None:
                raise UnknownNameError(f"no job or run {target!r}")
            chosen = () if state is None else (state,)
        engine.requests.cancel_all(target, Reason.STOPPED, by)
        runs = await engine.stop(chosen, kill=kill, by=by)
        return Stopped(runs=runs, waiting=len(chosen) - len(runs) + len(requested))

    async def pause(
        self, names: Sequence[str], *, until: datetime | None, note: str, by: Requester | None, of_all: bool = False
    ) -> None:
        """Skip the scheduled runs of these jobs from now on."""
        await self._announce(self._engine.pause_jobs(names, until=until, note=note, by=by, of_all=of_all))

    async def resume(self, names: Sequence[str], by: Requester | None, *, of_all: bool = False) -> None:
        """Resume these jobs."""
        await self._announce(self._engine.resume_jobs(names, by=by, of_all=of_all))

    async def _announce(self, steps: Iterator[None]) -> None:
        """Go through all steps in slices, one request after the other; also when the client has gone meanwhile."""

        async def announce() -> None:
            async with self._announcing:
                await self.slices.run(steps)

        await asyncio.shield(asyncio.create_task(announce()))

    async def notify_test(self, ask: NotifyTest) -> list[RecipientView]:
        """Send a test notification to a job's recipients for an event, and wait for their answers."""
        # Imported here: most schedules have no recipients, and need not load this.
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
        live, history = self._engine.live(job.name), self._engine.history.of(job.name)
        requested = self._engine.timetable.later.of(job.name)
        retries = [state.retry_at for state in live if state.retry_at is not None]
        queued = tuple(state for state in live if state.phase is Phase.WAITING)
        held = next((state for state in live if state.gate is not None), None)
        resting = retries and not any(state.phase is Phase.RUNNING for state in live)
        return JobState(
            job=job,
            next_at=self._engine.timetable.next_of(job.name),
            live=_runs(live),
            retry_at=min(retries) if resting else None,
            waiting=None if held is None else held.gate,
            waiting_on=None if held is None or held.gate is None else waiting_on(held.gate, held.lock, held.held_by),
            paused=self._engine.timetable.pauses.of(job.name, now),
            last=history.last,
            usual_duration=history.usual_duration,
            consecutive_failures=history.failures,
            failing_since=history.failing_since,
            last_success=history.last_success,
            waiting_runs=len(queued) + len(requested),
            requested=requested,
            queued=queued,
            notification_errors=self.notification_errors(job.name),
        )

    def notification_errors(self, job: str) -> tuple[str, ...]:  # noqa: ARG002 - the daemon has notifications
        """The recipients of a job whose latest notification was not delivered, each with the cause."""
        return ()

    def _job(self, name: str) -> Job:
        job = self.job(name)
        if job is None:
            raise UnknownNameError(f"no job {name!r}")
        return job


def _runs(live: Iterable[LiveState]) -> tuple[Run, ...]:
    return tuple(state.run for state in live if state.run is not None)
