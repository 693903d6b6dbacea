"""What connects schedulers and workers."""

from __future__ import annotations

import msgspec

from scheduler.model.target import Value
from scheduler.server_url import redis_url_problem

DAYS_OF_LAST_RUNS = 400
"""Days for which the store keeps the last run and the last success of each job, also of one that runs once a year."""


class Workers(msgspec.Struct, frozen=True, kw_only=True):
    """Celery workers: addresses of their broker and of the store, the queue, and the name that schedules share.

    `store` None: the broker is the store, too. `places` has the file and line of each address, by its key.
    """

    broker: Value
    store: Value | None = None
    queue: str
    space: str
    places: dict[str, str] = {}


def store_problem(address: str, *, is_broker: bool) -> str:
    """Why no store can have this address, without showing it; empty when one can."""
    if address.startswith(("redis://", "rediss://", "unix://")):
        problem = redis_url_problem(address)
        return problem and f"the address is not valid: {problem}"
    if is_broker:
        return 'the broker is not a Redis; add "store: redis://…", the address of a Redis'
    return "not the address of a Redis, which starts with redis://"
