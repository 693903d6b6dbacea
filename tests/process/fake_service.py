"""A Service that answers from memory, and a real ControlServer around it on a loop of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scheduler.api.service import Elsewhere, JobState, Stopped
from scheduler.api.views import run_view
from scheduler.control.server import ControlServer
from scheduler.control.socket_path import open_socket
from scheduler.engine.slices import Slices
from scheduler.errors import RefusedError
from scheduler.launch.environment import Environment
from scheduler.model.job import Job
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Pause, Run, RunRequest, Trigger
from scheduler.model.target import ShellCommand
from scheduler.report.metrics import Metrics
from scheduler.wire.daemon import ReloadView, StatusView, WorkerView
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, Finished, Logs, Output, RunResult, Started

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def job(name: str) -> Job:
    return Job(name=name, target=ShellCommand("true"), cwd="/")


def finished_run(job_name: str, code: int = 0, run_id: str = "aaaa1111") -> Run:
    outcome = Outcome.FAILED if code else Outcome.SUCCEEDED
    attempt = Attempt(1, NOON, 0.5, outcome, Exit(code))
    return Run(run_id, job_name, Trigger.MANUAL, NOON, NOON, (attempt,), outcome, NOON)


class FakeService:
    """`events` is what a run-now or a log yields; the job named `endless` never ends; `boom` is a bug."""

    def __init__(self, *names: str) -> None:
        self.states = [JobState(job=job(name)) for name in names or ("alpha", "beta", "endless", "boom", "busy")]
        self.elsewhere: Elsewhere | None = None
        self.events: list[Event] = []
        self.finished: list[Run] = [finished_run("alpha")]
        self.paused: dict[str, Pause] = {}
        self.requests: list[RunRequest] = []
        self.left = threading.Event()
        self.yielded = 0
        self.reload_error: str | None = None
        self.expected_bugs: list[str] = []
        self.environment = Environment({})
        self.slices = Slices(time.monotonic, lambda: False)

    def now(self) -> datetime:
        return NOON

    def names(self) -> Sequence[str]:
        return [state.job.name for state in self.states]

    def job(self, name: str) -> Job | None:
        state = self.state(name)
        return None if state is None else state.job

    def state(self, name: str) -> JobState | None:
        return next((state for state in self.states if state.job.name == name), None)

    def status(self) -> StatusView:
        return StatusView(
            version="0.0",
            pid=4711,
            started_at=NOON,
            uptime=60.0,
            file="/fake/schedules.yaml",
            loaded_at=NOON,
            reload_error=self.reload_error,
            ticking=True,
            jobs=len(self.states),
            disabled=0,
            paused=len(self.paused),
            running=0,
            waiting=0,
            next_at=None,
            next_job=None,
            decisions={},
        )

    def decisions(self, job: str) -> Sequence[Decision]:
        return []

    def runs(self, job: str) -> Sequence[Run]:
        return [run for run in self.finished if run.job == job]

    def run(self, run_id: str) -> Run | None:
        return next((run for run in self.finished if run.id == run_id), None)

    def result(self, run_id: str) -> RunResult | None:
        run = self.run(run_id)
        return None if run is None else RunResult(run_id=run.id, job=run.job, state="finished", run=run_view(run))

    async def wait(
        self, run_ids: Sequence[str], *, output: bool = False, caller: str | None = None
    ) -> AsyncGenerator[Event, None]:
        for run_id in run_ids:
            run = self.run(run_id)
            assert run is not None
            yield Finished(run_view(run))

    async def run_now(self, job: str, request: RunRequest, *, detach: bool) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        if job == "busy":
            raise RefusedError("busy is running")
        if job == "boom":
            raise ZeroDivisionError
        run = finished_run(job, 7)
        yield Started(run_view(run))
        for event in self.events:
            yield event
        try:
            while job == "endless":
                yield Output(run.id, job, "stdout", b"x" * 60_000)
                self.yielded += 1
                await asyncio.sleep(0)
        finally:
            self.left.set()
        yield Finished(run_view(run))

    async def stop(self, target: str, *, kill: bool, by: Requester | None) -> Stopped:
        await asyncio.sleep(0)
        return Stopped(runs=(finished_run("alpha"),), waiting=1)

    async def pause(
        self, names: Sequence[str], *, until: datetime | None, note: str, by: Requester | None, of_all: bool = False
    ) -> None:
        self.paused |= {name: Pause(since=NOON, until=until, note=note, by=by, of_all=of_all) for name in names}

    async def resume(self, names: Sequence[str], by: Requester | None, *, of_all: bool = False) -> None:
        for name in names:
            self.paused.pop(name, None)

    @property
    def metrics(self) -> Metrics:
        return Metrics()

    async def reload(self, *, plan: bool, digest: str | None = None, by: Requester | None = None) -> ReloadView:
        return ReloadView(applied=not plan)

    async def workers(self) -> list[WorkerView]:
        return []

    async def notify_test(self, ask: NotifyTest) -> list[RecipientView]:
        return []

    def logs(self, ask: Logs) -> AsyncGenerator[Event, None]:
        return self.run_now("alpha", RunRequest(), detach=False)


@contextmanager
def served(file: Path, service: FakeService) -> Iterator[list[str]]:
    """Serve until the block ends; yields the bugs the loop was told of."""
    bugs: list[str] = []
    ready = threading.Event()
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def live() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(lambda _loop, context: bugs.append(repr(context.get("exception"))))
        ends.append((loop, end))
        control = open_socket(str(file))
        server = ControlServer(service)
        await server.start(control.listener)
        ready.set()
        await end.wait()
        await server.close()
        control.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(5)
    try:
        yield bugs
    finally:
        loop, end = ends[0]
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        assert not thread.is_alive()
