"""A stage for the real engine: jobs on the virtual clock, simulated children, and what happened as a list of lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.engine.engine import Engine
from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    RunFinished,
    RunSkipped,
    RunStarted,
    Stopping,
)
from scheduler.engine.following import RunStream
from scheduler.launch.launcher import Launcher
from scheduler.launch.launchers import Launchers
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import Job
from scheduler.model.run import Launch, Reason, Trigger
from scheduler.model.target import ShellCommand
from scheduler.schedule import parse_schedule
from scheduler.virtual_clock import VirtualClock

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def job(name: str = "j", schedule: object = "@every 1s", **keys: Any) -> Job:
    """A job of the test; durations in seconds."""
    parsed = None if schedule is None else parse_schedule(schedule, ZoneInfo("UTC"), job_name=name)
    return Job(name=name, target=ShellCommand("true"), cwd="/", schedule=parsed, **keys)


Script = Callable[["Stage"], Awaitable[None]]
"""What happens on a stage besides the schedule."""


class Stage:
    """Runs jobs on the virtual clock and records what happens.

    `lines` are written like `12:00:01 started j 12:00:01`: the wall clock, the event, the job, the scheduled time.
    Microseconds are left out where there are none.
    """

    def __init__(
        self,
        *jobs: Job,
        play: Callable[[Launch], Play] | None = None,
        start: datetime = NOON,
        max_running: int | None = None,
        launcher: Launcher | None = None,
        paused: bool = False,
    ) -> None:
        self.jobs = {each.name: each for each in jobs}
        self.clock = VirtualClock(start)
        self.events: list[Event] = []
        self.lines: list[str] = []
        self.launcher: Launcher = launcher or SimulatedLauncher(play or (lambda _launch: Play()))
        self._max_running = max_running
        self._paused = paused
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine while the stage plays, and after."""
        assert self._engine is not None
        return self._engine

    def play(self, script: Script | float, *, shutdown_timeout: float = 25.0) -> list[str]:
        """Run a script (a number: let so many seconds pass), then shut down; returns the lines."""
        self.clock.run(self._perform(script, shutdown_timeout))
        return self.lines

    async def until(self, seconds: float) -> None:
        """Let time pass until so many seconds after the start of the stage, by steady time."""
        await asyncio.sleep(seconds - self.clock.steady())

    async def _perform(self, script: Script | float, shutdown_timeout: float) -> None:
        ids = iter(range(1, 10_000_000))
        self._engine = Engine(
            self.clock,
            Launchers(self.launcher),
            log=NoLog(),
            listeners=[self._hear],
            new_id=lambda: f"run{next(ids):05d}",
        )
        asyncio.get_running_loop().set_exception_handler(self._bug)
        self.engine.load(self.jobs, max_running=self._max_running)
        ticking = asyncio.create_task(self.engine.run())
        for name in self.jobs if self._paused else ():
            self.engine.pause(name, until=None, note="")
        self.engine.start()
        if isinstance(script, (int, float)):
            await asyncio.sleep(script)
        else:
            await script(self)
        await self.engine.shut_down(shutdown_timeout)
        ticking.cancel()

    def gate_of(self, stream: RunStream) -> Reason | None:
        """The gate at which a requested run waits now."""
        live = self.engine.find_live(stream.run_id)
        return None if live is None else live.gate

    def _bug(self, _loop: object, context: dict[str, object]) -> None:
        self.lines.append(f"BUG {context}")

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        line = text_of(event)
        if line:
            self.lines.append(f"{clock_face(self.clock.now())} {line}")


def text_of(event: Event) -> str | None:
    """An event in a few words."""
    match event:
        case RunStarted(run=run):
            how = "" if run.trigger is Trigger.SCHEDULE else f" by {run.trigger.value}"
            return f"started {run.job} {clock_face(run.scheduled_at)}{how}"
        case AttemptFinished(run=run, attempt=attempt, retry_in=float() as delay):
            return f"attempt {attempt.number} {attempt.outcome.value} {run.job}, again in {delay:g}s"
        case RunFinished(run=run):
            return f"{run.outcome and run.outcome.value} {run.job} {clock_face(run.scheduled_at)}"
        case RunSkipped(decision=decision):
            span = clock_face(decision.first)
            if decision.count > 1:
                more = "more than " if decision.more else ""
                span = f"{more}{decision.count} of {span}..{clock_face(decision.last)}"
            return f"skipped {decision.job} {span} {decision.word}"
        case ClockJumped(by=by):
            return (
                f"clock jumped {timedelta(seconds=round(by))!s}"
                if by > 0
                else f"clock jumped -{timedelta(seconds=round(-by))!s}"
            )
        case Stopping():
            return "stopping"
    return None


def clock_face(moment: datetime) -> str:
    """Only the time of day."""
    return moment.strftime("%H:%M:%S") + (f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else "")


def lines(text: str) -> list[str]:
    """What a test expects of a stage, written as a block."""
    return [line.strip() for line in text.strip().splitlines()]
