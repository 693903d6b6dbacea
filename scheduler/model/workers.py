"""What connects schedulers and workers."""

from __future__ import annotations

import msgspec

from scheduler.model.target import Value


class Workers(msgspec.Struct, frozen=True, kw_only=True):
    """Celery workers: addresses of their broker and of the store, the queue, and the name that schedules share."""

    broker: Value
    store: Value
    queue: str
    space: str
