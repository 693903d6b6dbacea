"""What schedulers and workers need of a store: a mailbox for messages, a wire for attempts, a space for the rest."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from scheduler.launch.remote.messages import Message, Report, Request, StopRequest, WorkerInfo

HEARTBEAT = 2.0
"""Seconds between two heartbeats of an attempt, and of a worker."""

LOST_AFTER = 10.0
"""Seconds without a heartbeat after which an attempt counts as lost."""

KEPT_FOR = LOST_AFTER - 2 * HEARTBEAT
"""Seconds for which the store keeps a heartbeat. After a restart of the store, which has none, two more may come."""

T_co = TypeVar("T_co", covariant=True)

UNREAD = 1024 * 1024
"""Bytes of output that may wait for the scheduler before the worker stops reading the attempt's pipes."""


class WireError(Exception):
    """The store or the broker cannot be reached, or refuses. The text says why and never contains a password."""


class UnreachableError(WireError):
    """The broker does not answer, which may end by itself; other errors need somebody to change something."""


def plain_cause(text: str) -> str:
    """The text of a library's error without the number of the error and Python's notation of the address."""
    match = re.match(r"(?:Error|\[Errno) (\d+)(?: connecting to (\S+)\.|\])(?: \[SSL: \w+\] ([^(]+))?", text)
    if match is None:
        return text
    cause = match[3].strip() if match[3] else os.strerror(int(match[1]))
    return f"{match[2]}: {cause}" if match[2] else cause


class Mailbox(Protocol):
    """Hands messages to workers. A message may arrive late, twice, or never."""

    async def send(self, message: Message, expires: datetime | None) -> None:
        """Send it; after `expires` it need not be delivered. WireError when the broker does not take it."""
        ...


class Reader(Protocol[T_co]):
    """What is written to a log, from its start."""

    async def next(self, seconds: float) -> Sequence[tuple[str, T_co]]:
        """Further entries, with their positions; waits so long when there is none. May raise WireError."""
        ...

    def close(self) -> None:
        """Read no further."""
        ...


class Wire(Protocol):
    """The attempts of a space: between the scheduler that follows one and the worker that makes it.

    Every method that is awaited may raise WireError. `is_new`: nothing can have been written to the log yet.
    """

    async def hand_out(self, message: Message) -> None:
        """Remember the attempt as the live one of its run, so that another scheduler can adopt it."""
        ...

    async def handed_out(self) -> list[Message]:
        """The live attempts, as far as is known."""
        ...

    async def settle(self, run_id: str) -> None:
        """Forget the live attempt of a run."""
        ...

    async def take(self, attempt: str, owner: str, seconds: float, alive: float) -> bool:
        """Claim an attempt for so long unless somebody has it; once it is claimed, it is alive for a while."""
        ...

    async def report(self, attempt: str, report: Report) -> None:
        """Append to what is known of an attempt; nothing for a chunk of output that is known already."""
        ...

    def reports(self, attempt: str, *, is_new: bool = False) -> Reader[Report]:
        """What is known of an attempt, and what will be."""
        ...

    async def have_read(self, attempt: str, size: int, old: Sequence[str]) -> None:
        """So many further bytes of the attempt's output have been read, and output at `old` positions may go."""
        ...

    async def unread(self, attempt: str) -> int:
        """Bytes of the attempt's output that have been reported and not yet read."""
        ...

    async def request_stop(self, attempt: str, stop: StopRequest) -> None:
        """Leave a request to stop for the worker that has the attempt."""
        ...

    def stop_requests(self, attempt: str, *, is_new: bool = False) -> Reader[StopRequest]:
        """Orders for an attempt."""
        ...

    async def beat(self, attempt: str, seconds: float) -> None:
        """Say that the attempt is alive, which holds for so long."""
        ...

    async def alive(self, attempt: str) -> bool:
        """Whether the attempt has been alive lately."""
        ...


class Space(Protocol):
    """What the schedulers and workers of one schedule share besides attempts. What is awaited may raise WireError."""

    name: str

    async def claim(self, key: str, owner: str, seconds: float) -> str:
        """Take a key for so long unless somebody has it; the owner that has it now."""
        ...

    async def holder(self, key: str) -> str | None:
        """The owner of a key."""
        ...

    async def renew(self, key: str, owner: str, seconds: float) -> bool:
        """Keep a key for so long from now. False when `owner` does not have it (any more)."""
        ...

    async def release(self, key: str, owner: str) -> None:
        """Give a key back, if `owner` has it."""
        ...

    async def present(self, worker: WorkerInfo, seconds: float) -> None:
        """Say that a worker is there, which holds for so long."""
        ...

    async def workers(self) -> list[WorkerInfo]:
        """The workers that are there."""
        ...

    async def keep(self, run_id: str, job: str, attempts: Sequence[str], finished: bytes, *, succeeded: bool) -> None:
        """Keep a finished run, newest last, within a bound; nothing when it is kept already.

        The last run and the last success of each job are kept beyond the bound. In the same step the run is no longer
        live, and what was reported of its attempts may go.
        """
        ...

    async def kept(self) -> list[bytes]:
        """The finished runs that are kept, those of a job oldest first."""
        ...

    async def ask(self, request: Request) -> None:
        """Leave a request for the active scheduler."""
        ...

    def asked(self) -> Reader[Request]:
        """Requests for the active scheduler."""
        ...
