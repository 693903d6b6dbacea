"""The worker's Celery application: `celery -A scheduler.celery_app worker -Q schedd`, or `register(app)` in your own.

A worker reads the same schedule file as schedd: SCHEDD_CONFIG, or ./schedules.yaml. Each task runs one attempt.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Thread, local
from typing import Any

import msgspec
from celery import Celery
from celery.signals import celeryd_init
from celery.utils.log import get_logger
from kombu.serialization import prepare_accept_content

from scheduler import __version__
from scheduler.clock import SystemClock
from scheduler.config.file_watch import fingerprint
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.errors import EXIT_BAD_FILE, EXIT_FAILURE, EXIT_USAGE, SchedError, UsageError
from scheduler.launch.environment import Environment
from scheduler.launch.local import LocalLauncher
from scheduler.launch.remote.celery_mailbox import TASK, CeleryMailbox
from scheduler.launch.remote.digest import file_digest
from scheduler.launch.remote.messages import VERSION, AnyMessage, Message, WorkerInfo
from scheduler.launch.remote.redis_log import RedisLog
from scheduler.launch.remote.redis_space import RedisSpace
from scheduler.launch.remote.redis_wire import RedisWire
from scheduler.launch.remote.wire import HEARTBEAT, LOST_AFTER, UnreachableError, WireError
from scheduler.launch.remote.worker import Worker
from scheduler.launch.spawner import Spawner
from scheduler.model.workers import Workers
from scheduler.workers import broker_of, store_of


def register(app: Any) -> Any:
    """Add the task that runs attempts to a Celery application; the task."""

    kept = local()

    # 0: a `task_default_rate_limit` of the application would hold back the runs of all jobs together.
    @app.task(name=TASK, ignore_result=True, acks_late=False, rate_limit=0, bind=True, shared=False)  # type: ignore[untyped-decorator]
    def attempt(self: Any, message: str) -> None:
        if not hasattr(kept, "side"):  # not before: it must not be inherited by a fork
            kept.side = _Side()
        kept.side.carry_out(self.request.hostname or socket.gethostname(), message)

    return attempt


class _Side:
    """What a process of the pool keeps from one attempt to the next, since connecting takes longer than the rest."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._spawner = Spawner()
        self._launcher: LocalLauncher | None = None
        self._config: Config | None = None
        self._log: RedisLog | None = None
        self._place = ("", "")

    def carry_out(self, name: str, text: str) -> None:
        """Carry out the message, or refuse it with the cause."""
        self._runner.run(self._carry_out(_FILE.config(), name, text))

    async def _carry_out(self, config: Config, name: str, text: str) -> None:
        assert config.workers is not None, "checked when the worker starts"  # noqa: S101
        message, problem = _understood(text, name, config.workers.space)
        log = await self._connected(store_of(config.workers, os.environ), message.space)
        if self._launcher is None or self._config is not config:
            self._launcher = LocalLauncher(self._spawner, Environment(os.environ, config.withheld, owner=name))
            self._config = config
        worker = Worker(name, RedisWire(log), self._launcher, SystemClock(), config.jobs.get)
        if problem:
            await worker.refuse(message, problem)
            return
        with self._spawner.in_charge(of_many=False):
            await worker.carry_out(message)

    async def _connected(self, url: str, space: str) -> RedisLog:
        if self._log is None or self._place != (url, space):
            if self._log is not None:
                await self._log.close()
            self._log, self._place = RedisLog(url, space), (url, space)
        return self._log


class _ScheduleFile:
    """The schedule file as it is now: a deploy that replaces it needs no restart of the worker."""

    def __init__(self) -> None:
        self._config: Config | None = None
        self._seen: object = None

    def config(self) -> Config:
        """Read when it has changed. While it is invalid, the previous one is used; ConfigError if there is none."""
        if self._config is None:
            self._config = self._read()
            return self._config
        seen = fingerprint(self._config.files)
        if seen != self._seen:
            try:
                self._config = self._read()
            except SchedError as error:
                _LOG.error("%s\nThe previous version of the file stays in use.", error)
            self._seen = seen
        return self._config

    def _read(self) -> Config:
        return load(Path(os.environ.get("SCHEDD_CONFIG", "schedules.yaml")))


_IN_ONE_PROCESS = ("concurrency.thread", "concurrency.gevent", "concurrency.eventlet")
"""Pools that run several tasks in one process, whose directory, umask and limits a job's process starts with."""

_LOG = get_logger(__name__)
_FILE = _ScheduleFile()


def _understood(text: str, name: str, space: str) -> tuple[Message, str]:
    """The message, and why this worker must not carry it out."""
    try:
        message = msgspec.json.decode(text, type=Message)
    except msgspec.MsgspecError as error:
        unreadable = msgspec.json.decode(text, type=AnyMessage).unreadable
        return unreadable, f"{name} cannot read it: {error}; deploy schedd and workers together"
    if message.v != VERSION:
        return message, f"{name} runs schedd {__version__}, too old or too new; deploy schedd and workers together"
    if message.space != space:
        return message, f"{name} serves the space {space}, not {message.space}; give each space a queue of its own"
    return message, ""


@asynccontextmanager
async def _connected(workers: Workers, space: str) -> AsyncIterator[RedisLog]:
    log = RedisLog(store_of(workers, os.environ), space)
    try:
        yield log
    finally:
        await log.close()


async def _check_broker(workers: Workers, address: str) -> None:
    """WireError when the broker cannot be used. One that does not answer yet is left to Celery, which waits for it."""
    mailbox = CeleryMailbox(address, workers.queue)
    try:
        with suppress(UnreachableError):
            await mailbox.check()
    finally:
        mailbox.close()


async def _check_store(workers: Workers) -> None:
    async with _connected(workers, workers.space) as log:
        await log.check()
        await RedisSpace(log).workers()


def _announce(workers: Workers, name: str) -> None:
    """Say that the worker is there, on a thread of its own, until the process ends."""
    since = SystemClock().now()

    async def present() -> None:
        config, info = None, None
        async with _connected(workers, workers.space) as log:
            space = RedisSpace(log)
            while True:
                if info is None or config is not _FILE.config():
                    config = _FILE.config()
                    digest = file_digest(config.jobs.values())
                    info = WorkerInfo(name=name, version=__version__, file=str(config.path), digest=digest, since=since)
                with suppress(WireError):
                    await space.present(info, LOST_AFTER)
                await asyncio.sleep(HEARTBEAT)

    Thread(target=lambda: asyncio.run(present()), name="schedd-presence", daemon=True).start()


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _check(sender: str, conf: Any, options: dict[str, Any], **_unused: object) -> None:
    """One message at the start, not a failure for each run: exit 78 for the file, 1 for the broker or the store."""
    if any(name in str(options.get("pool")) for name in _IN_ONE_PROCESS):
        _end("the jobs of schedd need a worker with --pool prefork or solo", EXIT_USAGE)
    if "application/json" not in prepare_accept_content(conf.accept_content):  # type: ignore[no-untyped-call]
        _end('the messages of schedd are JSON: add "json" to accept_content of your Celery application', EXIT_USAGE)
    try:
        config = _FILE.config()
        if config.workers is None:
            raise UsageError(f'{config.path} has no top-level key "launcher": it names no workers')
        asyncio.run(_check_broker(config.workers, broker_of(config.workers, os.environ)))
        asyncio.run(_check_store(config.workers))
    except SchedError as error:
        _end(str(error), EXIT_BAD_FILE)
    except WireError as error:
        _end(str(error), EXIT_FAILURE)
    else:
        _announce(config.workers, sender)


def _end(message: str, code: int) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - before Celery's log exists
    os._exit(code)


app = Celery("schedd")
app.conf.task_ignore_result = True
register(app)
with suppress(SchedError):  # said by _check
    if (named := _FILE.config().workers) is not None:
        app.conf.broker_url = broker_of(named, os.environ)
