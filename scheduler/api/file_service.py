"""The Service of a schedule file without a daemon: the real engine, which never ticks."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator

from msgspec.structs import replace

from scheduler.api.engine_service import EngineService
from scheduler.clock import SystemClock
from scheduler.config.loading import Config
from scheduler.engine.engine import Engine
from scheduler.errors import RefusedError
from scheduler.launch.environment import Environment
from scheduler.launch.launcher import Stream
from scheduler.launch.launchers import Launchers
from scheduler.launch.local import LocalLauncher
from scheduler.launch.spawner import Spawner
from scheduler.model.job import Job, OutputMode
from scheduler.model.run import RunRequest
from scheduler.report.metrics import Metrics
from scheduler.wire.daemon import ReloadView, StatusView, WorkerView
from scheduler.wire.notify import NotifyTest, RecipientView
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event, Output, Started

MOST_UNREAD = 1 << 17
"""Bytes of output that may be unread before the run waits: here nothing is dropped."""


class FileService(EngineService):
    """Jobs as the file defines them, and manual runs in this process.

    Its methods about a daemon raise RefusedError; the history is empty.
    """

    def __init__(self, config: Config) -> None:
        self._pace = _Pace()
        self._processes = Spawner()
        environment = Environment(os.environ, config.withheld)
        engine = Engine(SystemClock(), Launchers(LocalLauncher(self._processes, environment)), log=self._pace)
        super().__init__(engine, environment)
        engine.load(config.jobs, max_running=None)

    async def run_now(self, job: str, request: RunRequest, *, detach: bool) -> AsyncGenerator[Event, None]:
        """Run a job in this process. Closing the generator stops the run: SIGTERM, grace, SIGKILL."""
        if detach:
            raise RefusedError("--detach needs a running schedd, and none manages this file")
        if request.at is not None:
            raise RefusedError("a run for later needs a running schedd, and none manages this file")
        with self._processes.in_charge():
            try:
                async with contextlib.aclosing(super().run_now(job, request, detach=False)) as events:
                    async for event in events:
                        if isinstance(event, Started):
                            self._pace.begin()
                        yield event
                        if isinstance(event, Output):
                            self._pace.taken(len(event.data))
            finally:
                self._pace.let_go()
                await self._engine.stop(self._engine.live())

    async def notify_test(self, ask: NotifyTest) -> list[RecipientView]:
        """Send a test notification from this process."""
        with self._processes.in_charge():
            return await super().notify_test(ask)

    def status(self) -> StatusView:
        """RefusedError: no daemon is running."""
        raise RefusedError("no schedd manages this file")

    async def workers(self) -> list[WorkerView]:
        """RefusedError: no daemon is running."""
        raise RefusedError("no schedd manages this file")

    @property
    def metrics(self) -> Metrics:
        """RefusedError: no daemon is running."""
        raise RefusedError("no schedd manages this file")

    async def reload(self, *, plan: bool, digest: str | None = None, by: Requester | None = None) -> ReloadView:  # noqa: ARG002 - the Service's
        """RefusedError: no daemon is running."""
        raise RefusedError("no schedd manages this file")

    def _job(self, name: str) -> Job:
        # The output goes to the terminal of the person who started the run, with any `output` of the job.
        return replace(super()._job(name), output=OutputMode.RAW)


class _Pace:
    """A log that keeps nothing, and makes the run wait until its output has been read. Implements `LineSink`."""

    def __init__(self) -> None:
        self.takes_raw = True
        self._unread = 0
        self._reader_left = False
        self._caught_up: asyncio.Future[None] | None = None

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        """Runs here are raw."""

    def write_raw(self, block: bytes) -> None:
        self._unread += len(block)

    def full(self) -> asyncio.Future[None] | None:
        if self._unread <= MOST_UNREAD or self._reader_left:
            return None
        self._caught_up = self._caught_up or asyncio.get_running_loop().create_future()
        return self._caught_up

    def begin(self) -> None:
        """From now on every byte is read; of what was written before only the kept tail is."""
        self.taken(self._unread)

    def taken(self, size: int) -> None:
        """`size` bytes have been passed on."""
        self._unread -= size
        if self._caught_up is not None and self._unread <= MOST_UNREAD:
            self._caught_up.set_result(None)
            self._caught_up = None

    def let_go(self) -> None:
        """The reader has gone: further output must not keep the run from ending."""
        self._reader_left = True
        self.begin()
