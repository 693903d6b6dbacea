"""Sends letters as Celery tasks. With `scheduler.celery_app` the only user of the celery library, which is an extra."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from scheduler.launch.remote.messages import Letter
from scheduler.launch.remote.wire import WireError

TASK = "schedd.attempt"
"""The name of the task that workers register."""

TIMEOUT = 4.0
"""Seconds that connecting to the broker may take."""


class CeleryMailbox:
    """Implements `Mailbox`. Celery only carries letters: no results, no retries, acknowledged before the run."""

    def __init__(self, broker: str, queue: str) -> None:
        self._queue = queue
        self._shown = urlsplit(broker).hostname or "?"
        self._app: Any = Celery("schedd", broker=broker, set_as_current=False)
        self._app.conf.update(broker_connection_timeout=TIMEOUT, broker_transport_options={"socket_timeout": TIMEOUT})
        self._thread = ThreadPoolExecutor(1, "schedd-mailbox")

    async def send(self, letter: Letter, expires: datetime | None) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._send, letter, expires)

    def close(self) -> None:
        """End the connection."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._app.close()

    def _send(self, letter: Letter, expires: datetime | None) -> None:
        text = msgspec.json.encode(letter).decode()
        try:
            self._app.send_task(TASK, args=[text], queue=self._queue, expires=expires, ignore_result=True, retry=False)
        except (OperationalError, KombuError, OSError) as error:
            # The library's texts may repeat the address with its password.
            raise WireError(f"the broker at {self._shown} cannot be reached: {type(error).__name__}") from error
