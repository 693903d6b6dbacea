"""A client for programs: request runs of schedd's jobs, and wait for their results. Standard library only.

    from scheduler.client import Client

    result = Client().run("import", "/uploads/a.csv", wait=30)

`scheduler.client.aio` has the same for asyncio. Importing this takes a few milliseconds.
"""

from scheduler.client.errors import (
    Error,
    RefusedError,
    TooManyWaitingError,
    UnknownError,
    UnreachableError,
    UsageError,
    WaitTimeoutError,
)
from scheduler.client.sync import Client
from scheduler.client.values import Ended, Event, Job, Lost, Output, Retrying, RunResult, Started, Waiting

__all__ = [
    "Client",
    "Ended",
    "Error",
    "Event",
    "Job",
    "Lost",
    "Output",
    "RefusedError",
    "Retrying",
    "RunResult",
    "Started",
    "TooManyWaitingError",
    "UnknownError",
    "UnreachableError",
    "UsageError",
    "WaitTimeoutError",
    "Waiting",
]
