"""Workers and other schedulers, for the daemon: unless the file names any, none of their code is imported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scheduler.api.service import Service
from scheduler.clock import Clock
from scheduler.engine.engine import Engine
from scheduler.engine.live_run import LiveState
from scheduler.errors import RefusedError
from scheduler.launch.launcher import Launcher
from scheduler.model.job import Job
from scheduler.model.workers import Workers
from scheduler.report.log import Log
from scheduler.wire.daemon import WorkerView


class LazyWorkers:
    """Does nothing unless the file names workers."""

    def __init__(self, workers: Workers | None, clock: Clock, log: Log) -> None:
        """UsageError when a library is missing, ConfigError when an address is; nothing is connected yet."""
        self._link: Any = None
        self.launcher: Launcher | None = None
        if workers is not None:
            from scheduler.workers import Link  # noqa: PLC0415 - an extra

            self._link = Link(workers, clock, log)
            self.launcher = self._link.launcher

    async def connect(self, engine: Engine, service: Service) -> None:
        """Reach the store and the broker, and become a standby. SchedError when one of them does not answer."""
        if self._link is not None:
            await self._link.connect(engine, service)

    async def join(self) -> None:
        """Become the active scheduler, unless there is one."""
        if self._link is not None:
            await self._link.join()

    @property
    def store_up(self) -> bool | None:
        """Whether the store has answered the latest request for the lease; None when the file names none."""
        return None if self._link is None else self._link.store_up

    async def views(self, jobs: Iterable[Job], live: Iterable[LiveState]) -> list[WorkerView]:
        """The present workers. RefusedError when the file names none, or the store cannot be reached."""
        if self._link is None:
            raise RefusedError('the file has no top-level key "launcher": jobs run on this machine')
        found: list[WorkerView] = await self._link.views(jobs, live)
        return found

    async def close(self) -> None:
        """Close the connections."""
        if self._link is not None:
            await self._link.close()
