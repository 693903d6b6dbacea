"""A workshop for launches: real children of the real launcher, and a log that keeps what it is given."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from scheduler.launch.launcher import Stream
from scheduler.launch.local import LocalLauncher
from scheduler.launch.output import RunOutput
from scheduler.launch.process import Process
from scheduler.launch.spawner import Spawner
from scheduler.model.job import Job, OutputMode, ProcessSettings
from scheduler.model.run import Exit, Launch, Trigger
from scheduler.model.target import ShellCommand, Target

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds after which a test has failed, whatever it was waiting for."""


class Log:
    """A LineSink that keeps everything, and is full on request."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, Stream, bytes]] = []
        self.raw = b""
        self.takes_raw = True
        self.obstacle: asyncio.Future[None] | None = None

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        self.blocks.append((job, stream, block))

    def write_raw(self, block: bytes) -> None:
        self.raw += block

    def full(self) -> asyncio.Future[None] | None:
        return self.obstacle

    def lines(self, stream: Stream = Stream.STDOUT) -> list[bytes]:
        return b"".join(block for _, of, block in self.blocks if of is stream).splitlines()


until_the_end = contextlib.ExitStack()
"""What the workshops of a story need is given back with it."""


class Workshop:
    """Starts jobs; every child writes to the same log. Opened in a story that is played."""

    def __init__(self, log: Log | None = None) -> None:
        self.log = log or Log()
        self.processes = Spawner()
        self.launcher = LocalLauncher(self.processes)
        until_the_end.enter_context(self.processes.in_charge())

    async def start(self, target: Target | str, *, mode: OutputMode = OutputMode.LOG, **keys: Any) -> Process:
        """A text is a shell command; `keys` are those of Job and ProcessSettings, `extra_env` and `run_id`."""
        extra_env, run_id = keys.pop("extra_env", {}), keys.pop("run_id", "abcd1234")
        settings = {key: keys.pop(key) for key in ProcessSettings.__struct_fields__ if key in keys}
        target = ShellCommand(target) if isinstance(target, str) else target
        job = Job(**{"name": "j", "cwd": "/", "target": target, "process": ProcessSettings(**settings), **keys})
        launch = Launch(
            job=job,
            run_id=run_id,
            attempt=1,
            trigger=Trigger.MANUAL,
            scheduled_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
            extra_env=extra_env,
        )
        return self.launcher.launch(launch, RunOutput(job.name, launch.run_id, mode, self.log))

    async def run(self, target: Target | str, **keys: Any) -> Exit:
        """Start it and wait for its end."""
        child = await self.start(target, **keys)
        return await asyncio.shield(child.ended)


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run a test's story under the deadline."""

    async def under_deadline() -> T:
        with until_the_end:
            async with asyncio.timeout(DEADLINE):
                return await story

    return asyncio.run(under_deadline())


def run(target: Target | str, **keys: Any) -> tuple[Exit, Log]:
    """One run from start to end."""

    async def story() -> tuple[Exit, Log]:
        workshop = Workshop()
        return await workshop.run(target, **keys), workshop.log

    return play(story())


def descriptors() -> list[int]:
    """Those that are open, less the one that this look needs."""
    return sorted(int(link.name) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())


async def until(log: Log, line: bytes) -> None:
    """Wait until a job has printed a line."""
    while line not in log.lines():  # noqa: ASYNC110  the log is plain, like the sinks of the product
        await asyncio.sleep(0.005)
