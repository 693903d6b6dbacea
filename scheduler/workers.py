"""Connects schedd with its workers and with other schedulers: one is active, the others stand by."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from scheduler.clock import Clock
from scheduler.engine.claims import ClaimGate
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, RunFinished
from scheduler.engine.gates import SkipError
from scheduler.engine.live_run import LiveState
from scheduler.errors import RefusedError, SchedError, UsageError
from scheduler.launch.envfile import read_small_file
from scheduler.launch.launcher import LaunchError
from scheduler.launch.remote.digest import file_digest
from scheduler.launch.remote.lease import Lease
from scheduler.launch.remote.remote_launcher import CLAIM, RemoteLauncher
from scheduler.launch.remote.wire import Wire, WireError
from scheduler.model.job import Job
from scheduler.model.run import Reason, Run
from scheduler.model.target import FromEnv, FromFile, Value
from scheduler.model.workers import Workers
from scheduler.report.log import Log
from scheduler.wire.daemon import WorkerView


class LazyWorkers:
    """Nothing, and no library loaded, unless the file names workers."""

    def __init__(self, workers: Workers | None, clock: Clock, log: Log) -> None:
        """UsageError when an address or a library is missing; nothing is connected yet."""
        self._link = None if workers is None else _Link(workers, clock, log)
        self.launcher = None if self._link is None else self._link.launcher

    async def start(self, engine: Engine) -> None:
        """Connect, and stand by until the lease is ours. SchedError when the store does not answer."""
        if self._link is not None:
            await self._link.start(engine)

    async def views(self, jobs: Iterable[Job], live: Iterable[LiveState]) -> list[WorkerView]:
        """The present workers. RefusedError when the file names none, or the store cannot be reached."""
        if self._link is None:
            raise RefusedError('the file has no top-level key "launcher": jobs run on this machine')
        try:
            workers = await self._link.wire.workers()
        except WireError as error:
            raise RefusedError(str(error)) from None
        digest = file_digest(jobs)
        had = {state.run.id: state.run.worker for state in live if state.run is not None}
        return [
            WorkerView(
                name=worker.name,
                version=worker.version,
                file=worker.file,
                same_file=worker.digest == digest,
                since=worker.since,
                runs=tuple(run for run, name in had.items() if name == worker.name),
            )
            for worker in workers
        ]

    async def close(self) -> None:
        """Release the lease to a standby scheduler, and close the connections."""
        if self._link is not None:
            await self._link.close()


class _Link:
    """The wire, the launcher, and the lease that makes this scheduler the active one."""

    def __init__(self, workers: Workers, clock: Clock, log: Log) -> None:
        try:
            from scheduler.launch.remote.celery_mailbox import CeleryMailbox  # noqa: PLC0415 - an extra
            from scheduler.launch.remote.redis_wire import RedisWire  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(f"launcher: celery needs the extra `celery`: {error.name} is not installed") from None
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        try:
            self.wire: Wire = RedisWire(resolved(workers.store, os.environ), workers.space)
        except WireError as error:
            raise UsageError(f"launcher: {error}") from None
        self._mailbox = CeleryMailbox(resolved(workers.broker, os.environ), workers.queue)
        self.launcher = RemoteLauncher(self.wire, self._mailbox, clock)
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, engine: Engine) -> None:
        try:
            await self.wire.workers()
        except WireError as error:  # at the start that is most likely a wrong address, later an outage
            raise SchedError(str(error)) from None
        self._engine = engine
        for run in await self._kept():
            engine.history.restore(run)
        engine.runner.add_gate(ClaimGate(self._claim))
        engine.stand_by(True)
        engine.announce.add(self._on_event)
        self._lease = Lease(self.wire, self._name, self._changed)
        self._holding = asyncio.create_task(self._lease.hold())

    async def close(self) -> None:
        self._holding.cancel()
        await asyncio.wait((self._holding,))
        self._mailbox.close()
        await self.wire.close()

    def _changed(self, active: bool) -> None:
        if active:
            self._log.info("active", scheduler=self._name)
        else:
            self._log.warning("standing by", active=self._lease.holder or "unknown")
        self._engine.stand_by(not active)
        if active:
            self._do(self._adopt())

    async def _adopt(self) -> None:
        """Follow the runs that other schedulers have handed out and may not live to see the end of."""
        for earlier in await self.launcher.adoptable():
            if self._engine.find_live(earlier.run_id) is None:
                self._log.info("run taken over", job=earlier.job, run=earlier.run_id)
                self._engine.take_over(earlier)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunFinished) and self._lease.active:
            self._do(self.wire.keep(msgspec.json.encode(event.run)))

    async def _kept(self) -> list[Run]:
        try:
            return [msgspec.json.decode(run, type=Run) for run in await self.wire.kept()]
        except msgspec.MsgspecError:  # of another version
            return []

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something with the store that is not worth waiting for; while it is away, it is left undone."""

        async def attempt() -> None:
            with suppress(WireError):
                await work

        task = asyncio.create_task(attempt())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _claim(self, key: str) -> bool:
        try:
            return await self.wire.claim(key, self._name, CLAIM) == self._name
        except WireError as error:
            raise SkipError(Reason.NO_STORE, str(error)) from error


def resolved(value: Value, environ: Mapping[str, str]) -> str:
    """The address itself. UsageError, naming the variable or file and never its value, when it is missing."""
    match value:
        case FromEnv(variable):
            if not environ.get(variable):
                raise UsageError(f"launcher: the variable {variable} is not set")
            return environ[variable]
        case FromFile(path):
            try:
                return read_small_file(path).decode().strip()
            except (LaunchError, UnicodeDecodeError) as error:
                raise UsageError(f"launcher: {error}") from None
        case _:
            return value
