"""What schedulers and workers say to each other. Times are aware UTC; everything is JSON.

A message carries no secret and no definition: a worker reads the same schedule file and resolves its own environment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from scheduler.model.run import Exit
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester

VERSION = 1
"""Changed when an older worker could misread a newer scheduler, or the other way round."""


def attempt_key(run_id: str, attempt: int) -> str:
    """Identifies an attempt among all of a store."""
    return f"{run_id}.{attempt}"


def claim_of(attempt: str) -> str:
    """The key that the taker of an attempt claims."""
    return f"run:{attempt}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt that a worker should make.

    `digest` identifies the job's definition. `start_by` is when the attempt is no longer wanted; None is never. `space`
    is that of the scheduler, which workers of another one must not serve. `run_started_at` is when the run's first
    attempt was started; None for that attempt. `by`, `arguments` and `request_key` are those of the request, for a
    scheduler that takes over the run.
    """

    run_id: str
    job: str
    digest: str
    attempt: int
    trigger: str
    scheduled_at: datetime
    previous_at: datetime | None = None
    start_by: datetime | None = None
    extra_env: dict[str, str] = {}
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    stdin: bytes = b""
    run_started_at: datetime | None = None
    by: Requester | None = None
    arguments: ArgumentsView | None = None
    request_key: str | None = None
    space: str = ""
    v: int = VERSION

    @property
    def key(self) -> str:
        """Identifies the attempt among all of a store."""
        return attempt_key(self.run_id, self.attempt)


class AnyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What messages of all versions have."""

    run_id: str
    attempt: int
    space: str = ""

    @property
    def unreadable(self) -> Message:
        """A message that can only be refused."""
        never = datetime.max.replace(tzinfo=UTC)
        return Message(
            run_id=self.run_id,
            job="",
            digest="",
            attempt=self.attempt,
            trigger="",
            scheduled_at=never,
            space=self.space,
        )


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """A worker started the attempt, in `place` of its machine, `at` by its clock. `note` is a sentence, or empty."""

    worker: str
    place: str
    note: str = ""
    at: datetime | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """A worker could not start the attempt: the cause as a sentence, and the exit code that a shell would give."""

    cause: str
    code: int


class Chunk(msgspec.Struct, frozen=True, tag="output"):
    """Bytes that the attempt wrote, to stdout or stderr. `number` counts the chunks of an attempt from 1.

    The store keeps each number once, so that a chunk can be reported again when the answer was lost.
    """

    stream: str
    data: bytes
    number: int = 0


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The attempt is over. Nothing about it follows."""

    exit: Exit


Report = Taken | Refused | Chunk | Ended


class StopRequest(msgspec.Struct, frozen=True):
    """What a scheduler asks of a worker about a running attempt: SIGTERM and SIGKILL after `grace` seconds.

    `grace` None is SIGKILL at once.
    """

    grace: float | None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An operation of the API that a standby asks the active scheduler to carry out, with who asks."""

    id: str
    operation: str
    args: msgspec.Raw
    by: Requester | None = None

    @property
    def key(self) -> str:
        """Identifies its answers, which are reported like an attempt's output, among all of a store."""
        return f"ask.{self.id}"


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that is alive: its name, version of schedd, schedule file and the digest of its jobs."""

    name: str
    version: str
    file: str
    digest: str
    since: datetime
