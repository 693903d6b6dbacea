"""The worker's Celery application: `celery -A scheduler.celery_app worker -Q schedd`, or `register(app)` in your own.

A worker reads the same schedule file as schedd: SCHEDD_CONFIG, or ./schedules.yaml. Each task runs one attempt.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
from celery import Celery
from celery.signals import celeryd_init

from scheduler import __version__
from scheduler.clock import SystemClock
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.errors import EXIT_BAD_FILE, SchedError, UsageError
from scheduler.launch.environment import Environment
from scheduler.launch.local import LocalLauncher
from scheduler.launch.remote.celery_mailbox import TASK
from scheduler.launch.remote.digest import file_digest
from scheduler.launch.remote.messages import Letter, WorkerInfo
from scheduler.launch.remote.redis_wire import RedisWire
from scheduler.launch.remote.wire import LOST_AFTER, SIGN_OF_LIFE, WireError
from scheduler.launch.remote.worker import Worker
from scheduler.launch.spawner import Spawner
from scheduler.model.workers import Workers
from scheduler.workers import resolved


def register(app: Any) -> Any:
    """Add the task that runs attempts to a Celery application; the task."""

    @app.task(name=TASK, ignore_result=True, acks_late=False, bind=True)  # type: ignore[untyped-decorator]
    def attempt(self: Any, letter: str) -> None:
        config = _file()
        asyncio.run(_carry_out(config, self.request.hostname or socket.gethostname(), letter))

    return attempt


def _file() -> Config:
    """The schedule file as it is now: a deploy that replaces it needs no restart of the worker."""
    return load(Path(os.environ.get("SCHEDD_CONFIG", "schedules.yaml")))


async def _carry_out(config: Config, name: str, text: str) -> None:
    assert config.workers is not None, "checked when the worker starts"  # noqa: S101
    wire = RedisWire(resolved(config.workers.store, os.environ), config.workers.space)
    spawner = Spawner()
    launcher = LocalLauncher(spawner, Environment(os.environ, config.withheld))
    worker = Worker(name, wire, launcher, SystemClock(), config.jobs.get)
    try:
        with spawner.in_charge():
            await worker.carry_out(msgspec.json.decode(text, type=Letter))
    finally:
        await wire.close()


def _announce(config: Config, workers: Workers, name: str) -> None:
    """Say that the worker is there, on a thread of its own, until the process ends."""
    info = WorkerInfo(
        name=name,
        version=__version__,
        file=str(config.path),
        digest=file_digest(config.jobs.values()),
        since=SystemClock().now(),
    )

    async def present() -> None:
        wire = RedisWire(resolved(workers.store, os.environ), workers.space)
        while True:
            with suppress(WireError):
                await wire.present(info, LOST_AFTER)
            await asyncio.sleep(SIGN_OF_LIFE)

    Thread(target=lambda: asyncio.run(present()), name="schedd-presence", daemon=True).start()


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _check_file(sender: str, **_unused: object) -> None:
    """One sentence and exit 78 when the file is not usable, rather than a failure for each run."""
    try:
        config = _file()
        if config.workers is None:
            raise UsageError(f'{config.path} has no top-level key "launcher": it names no workers')
        resolved(config.workers.store, os.environ)
    except SchedError as error:
        print(error, file=sys.stderr)  # noqa: T201 - before Celery's log exists
        os._exit(EXIT_BAD_FILE)
    _announce(config, config.workers, sender)


app = Celery("schedd")
app.conf.task_ignore_result = True
register(app)
with suppress(SchedError):  # said by _check_file
    if (named := _file().workers) is not None:
        app.conf.broker_url = resolved(named.broker, os.environ)
