"""A stage for two schedulers, two workers and the store that they share, on one virtual clock and with faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from scheduler.active_standby import ActiveStandby
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, RunFinished, RunSkipped, RunStarted
from scheduler.launch.launcher import NotTakenError
from scheduler.launch.launchers import Launchers
from scheduler.launch.remote.messages import Message
from scheduler.launch.remote.remote_launcher import RemoteLauncher
from scheduler.launch.remote.wire import WireError
from scheduler.launch.remote.worker import Worker
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import Job, LauncherName
from scheduler.model.run import Launch, Run, Trigger
from scheduler.virtual_clock import VirtualClock
from tests.memory_store import MemoryConnection, MemoryMailbox, MemoryReader, MemorySpace, MemoryStore, MemoryWire
from tests.unit.stage import NOON

_whose: ContextVar[str] = ContextVar("whose", default="")
_owners: WeakKeyDictionary[asyncio.Future[Any], str] = WeakKeyDictionary()
"""The member that has created a task; `Task.get_context` came with Python 3.12."""


def _task(loop: asyncio.AbstractEventLoop, work: Any, **how: Any) -> asyncio.Future[Any]:
    task = asyncio.Task(work, loop=loop, **how)
    context = how.get("context")
    _owners[task] = _whose.get() if context is None else context.get(_whose, "")
    return task


def _own(name: str) -> None:
    """From now on this task, and all that it creates, are a member's."""
    _whose.set(name)
    task = asyncio.current_task()
    assert task is not None
    _owners[task] = name


class _Deaf:
    """A wire or space whose answers may be lost after what was asked has been done."""

    def __init__(self, inner: Any, member: Member) -> None:
        self._inner = inner
        self._member = member
        self.name = "memory"

    def __getattr__(self, method: str) -> Any:
        if method in {"reports", "stop_requests", "asked"}:
            return lambda *args, **words: _DeafReader(getattr(self._inner, method)(*args, **words), self._member)

        async def call(*args: Any, **words: Any) -> Any:
            answer = await getattr(self._inner, method)(*args, **words)
            if self._member.deaf:
                raise WireError("the answer was lost")
            return answer

        return call


class _DeafReader:
    """A reader whose answers may be lost, so that it is given them again."""

    def __init__(self, inner: MemoryReader[Any], member: Member) -> None:
        self._inner = inner
        self._member = member
        self.close = inner.close

    async def next(self, seconds: float) -> list[tuple[str, Any]]:
        position = self._inner.position
        found = await self._inner.next(seconds)
        if self._member.deaf:
            self._inner.position = position
            raise WireError("the answer was lost")
        return found


class SkewedClock:
    """The stage's clock as a machine has it whose wall clock is `by` ahead."""

    def __init__(self, clock: VirtualClock, by: timedelta) -> None:
        self._clock = clock
        self._by = by

    def now(self) -> datetime:
        return self._clock.now() + self._by

    def steady(self) -> float:
        return self._clock.steady()

    async def sleep_until(self, moment: datetime | None, wake: asyncio.Event) -> None:
        await self._clock.sleep_until(None if moment is None else moment - self._by, wake)


class Member:
    """A scheduler or worker: `broken`, it reaches neither store nor broker; `deaf`, it gets no answers."""

    def __init__(self, name: str, store: MemoryStore) -> None:
        self.name = name
        self.deaf = False
        self.connection = MemoryConnection(store)
        self.wire: Any = _Deaf(MemoryWire(self.connection), self)
        self.space: Any = _Deaf(MemorySpace(self.connection), self)

    def kill(self) -> None:
        """As SIGKILL: from now on nothing that it does reaches anybody."""
        self.connection.broken = True
        for task in asyncio.all_tasks():
            if _owners.get(task) == self.name:
                task.cancel()


class Scheduler(Member):
    """One schedd, from its start to its end."""

    def __init__(self, name: str, stage: StageOfTwo) -> None:
        super().__init__(name, stage.store)
        self._stage = stage
        self.dead = False
        clock = SkewedClock(stage.clock, stage.skews.get(name[0], timedelta()))
        launcher = RemoteLauncher(self.wire, self.space, self, clock)
        self.lines: list[str] = []
        self.standing = ActiveStandby(name, self.space, launcher, self)
        local = SimulatedLauncher(stage.play)
        self.engine = Engine(
            clock,
            Launchers(local, launcher),
            log=NoLog(),
            listeners=[self._hear],
            new_id=lambda: f"{name}-{next(stage.ids)}",
        )
        self._life = asyncio.create_task(self._live())

    @property
    def active(self) -> bool:
        """Whether it decides scheduled times."""
        return not self.dead and self.standing.lease.active and not self.engine.standing_by

    def kill(self) -> None:
        self.dead = True
        super().kill()

    async def stop(self) -> None:
        """As SIGTERM."""
        if not self.dead:
            await self.engine.shut_down(10.0)
            await self.standing.close()
            self.kill()

    async def send(self, message: Message, expires: datetime | None) -> None:
        """Implements `Mailbox`."""
        if self.connection.broken:
            raise WireError("the broker cannot be reached")
        await self._stage.mailbox.send(message, expires)

    def info(self, event: str, **fields: object) -> None:
        """Implements `Records`."""
        self.lines.append(" ".join([event, *(f"{name}={value}" for name, value in fields.items())]))

    def warning(self, event: str, **fields: object) -> None:
        """Implements `Records`."""
        self.info(f"warning: {event}", **fields)

    async def _live(self) -> None:
        _own(self.name)
        while True:
            try:
                await self.standing.connect(self.engine)
                break
            except WireError:  # schedd exits with 1, and the platform starts it again
                await asyncio.sleep(1)
        self.engine.load(self._stage.jobs, max_running=None)
        await self.standing.join()
        self.engine.start()
        await self.engine.run()

    def _hear(self, event: Event) -> None:
        if not self.dead:
            self._stage.hear(self, event)


class StageOfTwo:
    """Plays a story, and keeps what happened."""

    def __init__(
        self, *jobs: Job, play: Callable[[Launch], Play] = lambda _: Play(1.0), skews: dict[str, float] | None = None
    ) -> None:
        self.jobs = {each.name: msgspec.structs.replace(each, launcher=LauncherName.CELERY) for each in jobs}
        self.clock = VirtualClock(NOON)
        self.store, self.mailbox = MemoryStore(), MemoryMailbox()
        self.skews = {name: timedelta(seconds=by) for name, by in (skews or {}).items()}
        self.ids = iter(range(1, 1_000_000))
        self.started: Counter[str] = Counter()
        """Processes by job and scheduled time, or by run where nothing scheduled it; attempts by run and number."""
        self.events: list[tuple[float, str, Event]] = []
        self.bugs: list[str] = []
        self.schedulers: dict[str, Scheduler] = {}
        self.workers: dict[str, Member] = {}
        self._play = play

    def run(self, story: Callable[[StageOfTwo], Coroutine[Any, Any, None]]) -> None:
        """With both schedulers started, and two workers."""

        async def main() -> None:
            asyncio.get_running_loop().set_task_factory(_task)
            asyncio.get_running_loop().set_exception_handler(self._bug)
            for name in ("w1", "w2"):
                self.start_worker(name)
            for name in "ab":
                self.start(name)
            await story(self)
            assert not self.bugs, self.bugs

        self.clock.run(main())

    def _bug(self, _loop: object, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), NotTakenError):  # nobody awaits the launches of a killed scheduler
            self.bugs.append(str(context))

    def start(self, name: str) -> Scheduler:
        """Start a scheduler on machine `a` or `b`, unless it runs; each start has a name of its own."""
        if name in self.schedulers and not self.schedulers[name].dead:
            return self.schedulers[name]
        found = self.schedulers[name] = Scheduler(f"{name}{next(self.ids)}", self)
        return found

    def start_worker(self, name: str) -> None:
        """Start a worker that takes its turn with the other."""
        worker = self.workers[name] = Member(name, self.store)
        launcher = SimulatedLauncher(self._started)
        side = Worker(name, worker.wire, launcher, self.clock, self.jobs.get)

        async def take(message: Message) -> None:
            _own(name)
            with suppress(asyncio.CancelledError):
                await side.carry_out(message)

        if len(self.mailbox.workers) < 2:
            self.mailbox.workers.append(take)
        else:
            self.mailbox.workers[int(name[1]) - 1] = take

    @property
    def active(self) -> Scheduler | None:
        """The scheduler that decides scheduled times."""
        found = [each for each in self.schedulers.values() if each.active]
        assert len(found) <= 1, "two are active"
        return found[0] if found else None

    @property
    def kept(self) -> list[Run]:
        """The finished runs in the store."""
        return [msgspec.json.decode(text, type=Run) for text in self.store.kept]

    def hear(self, scheduler: Scheduler, event: Event) -> None:
        """Keep an event of a live scheduler."""
        self.events.append((self.clock.steady(), scheduler.name, event))

    def of(self, kind: type[RunStarted | RunFinished | RunSkipped]) -> list[Any]:
        """The events of a kind."""
        return [event for _, _, event in self.events if isinstance(event, kind)]

    def play(self, launch: Launch) -> Play:
        """What a process does."""
        return self._play(launch)

    def _started(self, launch: Launch) -> Play:
        self.started[f"{launch.run_id}.{launch.attempt}"] += 1
        if launch.trigger is Trigger.SCHEDULE and launch.attempt == 1:
            self.started[f"{launch.job.name} {launch.scheduled_at:%H:%M:%S}"] += 1
        return self._play(launch)
