"""The connections of schedd with its workers and with other schedulers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping

from scheduler.active_standby import ActiveStandby
from scheduler.api.service import Service
from scheduler.clock import Clock
from scheduler.engine.engine import Engine
from scheduler.engine.live_run import LiveState, Phase
from scheduler.errors import ConfigError, RefusedError, SchedError, UsageError
from scheduler.launch.envfile import read_small_file
from scheduler.launch.launcher import LaunchError
from scheduler.launch.remote.digest import file_digest
from scheduler.launch.remote.remote_launcher import RemoteLauncher
from scheduler.launch.remote.wire import WireError
from scheduler.model.job import Job
from scheduler.model.target import FromEnv, FromFile, Value
from scheduler.model.workers import Workers, store_problem
from scheduler.package import missing_package
from scheduler.passing_on import PassingOn
from scheduler.report.log import Log
from scheduler.wire.daemon import WorkerView


class Link:
    """The connections, and what uses them."""

    def __init__(self, workers: Workers, clock: Clock, log: Log) -> None:
        """UsageError when a library is missing, ConfigError when an address is; nothing is connected yet."""
        try:
            from scheduler.launch.remote.celery_mailbox import CeleryMailbox  # noqa: PLC0415 - an extra
            from scheduler.launch.remote.redis_log import RedisLog  # noqa: PLC0415
            from scheduler.launch.remote.redis_space import RedisSpace  # noqa: PLC0415
            from scheduler.launch.remote.redis_wire import RedisWire  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(f"launcher: {missing_package(str(error.name), 'celery')}") from None
        address = store_of(workers, os.environ)
        try:
            self._redis = RedisLog(address, workers.space)
        except WireError as error:
            raise _error(workers, "broker" if workers.store is None else "store", str(error)) from None
        self._space, self._wire = RedisSpace(self._redis), RedisWire(self._redis)
        self._mailbox = CeleryMailbox(broker_of(workers, os.environ), workers.queue)
        self.launcher = RemoteLauncher(self._wire, self._space, self._mailbox, clock)
        self._standing = ActiveStandby(f"{socket.gethostname()}:{os.getpid()}", self._space, self.launcher, log)

    async def connect(self, engine: Engine, service: Service) -> None:
        """Reach the store and the broker, and become a standby. SchedError when one of them does not answer."""
        self._passing_on = PassingOn(service, self._standing, self._wire, self._space)
        engine.announce.add(self._passing_on.on_event)
        try:
            await self._redis.check()
            await self._standing.connect(engine)
            await self._mailbox.check()
        except WireError as error:  # at the start that is most likely a wrong address, later an outage
            raise SchedError(str(error)) from None

    async def join(self) -> None:
        """Become the active scheduler, unless there is one."""
        await self._standing.join()

    @property
    def store_up(self) -> bool | None:
        """Whether the store has answered the latest request for the lease."""
        return self._standing.lease.answered

    async def views(self, jobs: Iterable[Job], live: Iterable[LiveState]) -> list[WorkerView]:
        """The present workers. RefusedError when the store cannot be reached."""
        try:
            workers = await self._space.workers()
        except WireError as error:
            raise RefusedError(str(error)) from None
        digest = file_digest(jobs)
        had = {state.run.id: state.run.worker for state in live if state.run and state.phase is Phase.RUNNING}
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
        """Close the connections."""
        self._passing_on.close()
        await self._standing.close()
        self._mailbox.close()
        await self._redis.close()


def broker_of(workers: Workers, environ: Mapping[str, str]) -> str:
    """The address of the broker. ConfigError, naming the variable or file and never its value, when it is missing."""
    return _resolved(workers, "broker", workers.broker, environ)


def store_of(workers: Workers, environ: Mapping[str, str]) -> str:
    """The address of the store. ConfigError, which never shows it, when it is missing or not that of a Redis."""
    key = "broker" if workers.store is None else "store"
    address = _resolved(workers, key, workers.store or workers.broker, environ)
    if problem := store_problem(address, is_broker=key == "broker"):
        raise _error(workers, key, problem)
    return address


def _resolved(workers: Workers, key: str, value: Value, environ: Mapping[str, str]) -> str:
    match value:
        case FromEnv(variable):
            if not environ.get(variable):
                raise _error(workers, key, f"the variable {variable} is not set in this environment, or empty")
            return environ[variable]
        case FromFile(path):
            try:
                return read_small_file(path).decode().strip()
            except (LaunchError, UnicodeDecodeError) as error:
                raise _error(workers, key, str(error)) from None
        case _:
            return value


def _error(workers: Workers, key: str, problem: str) -> ConfigError:
    return ConfigError(f"{workers.places.get(key, 'launcher')}: error: {key}: {problem}", ())
