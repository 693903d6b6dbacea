"""The interface between the engine and what runs a job: a launcher starts an attempt, a child is what it started."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from scheduler.model.run import Exit, Launch, Reason, RunRequest, Trigger

NOT_RUNNABLE = 126
NOT_FOUND = 127


class Stream(StrEnum):
    """Which of a child's two outputs."""

    STDOUT = "stdout"
    STDERR = "stderr"


class LaunchError(Exception):
    """An attempt that could not be started. The text is the cause, in words for the person who reads the log.

    `code` is what a shell would have answered: 127 when the command was not found, else 126.
    """

    def __init__(self, cause: str, code: int = NOT_RUNNABLE) -> None:
        super().__init__(cause)
        self.code = code


class NotTakenError(LaunchError):
    """No worker took the attempt, and none will: the run is skipped for this reason."""

    def __init__(self, reason: Reason, cause: str) -> None:
        super().__init__(cause)
        self.reason = reason


class Output(Protocol):
    """Where the bytes of one run go."""

    most: int
    """Bytes that it takes at once at most; 64 KiB or more."""

    def write(self, stream: Stream, data: bytes) -> None:
        """Take what was read, of any content."""
        ...

    def full(self) -> asyncio.Future[None] | None:
        """None: go on reading. Otherwise stop reading this run's pipes until the future is done."""
        ...

    def close(self) -> None:
        """The attempt's pipes are closed: flush what has no newline yet."""
        ...


class Child(Protocol):
    """A started attempt."""

    place: str
    """Where it runs, for people: `pid 5968`, or `worker-3 pid 12`."""
    worker: str | None
    """The name of the worker that has it; None on this machine."""
    exited: asyncio.Future[None]
    """Done when the process itself has exited: in time, even if it has left processes behind. Never cancel it."""
    ended: asyncio.Future[Exit]
    """Done, after `exited`, when its output has been read too. Never cancel it; it never fails."""

    async def stop(self, grace: float) -> None:
        """SIGTERM to everything it started, SIGKILL after `grace` seconds. Returns when nothing of it is left."""
        ...

    def kill(self) -> None:
        """SIGKILL to everything it started, now; cuts a `stop` under way short."""
        ...


class Launcher(Protocol):
    """Starts attempts."""

    def launch(self, launch: Launch, output: Output) -> Child | Awaitable[Child]:
        """Start it: the child, or an awaitable of it where that takes time.

        LaunchError, also from the awaitable, when it cannot be started; any other exception is a bug. When the
        awaitable is cancelled, nothing may be left running; a child that it returns all the same is stopped.
        """
        ...


class Earlier(Protocol):
    """A run that another schedd has started and that still lives, here or on a worker."""

    @property
    def job(self) -> str:
        """Its name."""
        ...

    @property
    def run_id(self) -> str: ...

    @property
    def trigger(self) -> Trigger: ...

    @property
    def attempt(self) -> int: ...

    @property
    def scheduled_at(self) -> datetime: ...

    @property
    def previous_at(self) -> datetime | None: ...

    @property
    def request(self) -> RunRequest:
        """What a manual run was requested with, as far as that is known."""
        ...

    @property
    def is_retried(self) -> bool:
        """Whether its end will be known, so that a further attempt may follow."""
        ...

    @property
    def run_started_at(self) -> datetime | None:
        """When its first attempt was started, where this is another one and that is known."""
        ...

    def age(self) -> timedelta:
        """How long ago this attempt was started, once the launch of it is over."""
        ...

    def launcher(self) -> Launcher:
        """A launcher whose child is this run."""
        ...


async def launched(answer: Child | Awaitable[Child]) -> Child:
    """The child that a launcher's answer is, or will be."""
    return await answer if isinstance(answer, Awaitable) else answer
