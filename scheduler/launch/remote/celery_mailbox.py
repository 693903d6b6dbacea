"""Sends messages as Celery tasks. With `scheduler.celery_app` the only user of the celery library, an extra."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from celery import Celery
from kombu.exceptions import KombuError, OperationalError
from kombu.utils.uuid import uuid

from scheduler.launch.remote.broker import broker_problem
from scheduler.launch.remote.messages import Message
from scheduler.launch.remote.wire import UnreachableError, WireError, plain_cause
from scheduler.server_url import host_of

TASK = "schedd.attempt"
"""The name of the task that workers register."""

TIMEOUT = 4.0
"""Seconds that connecting to the broker may take."""

NO_LIMIT = 10 * 365 * 86400
"""Seconds that Celery gives an attempt. Without a value in the message the limits of the worker apply, and kill it."""


class CeleryMailbox:
    """Implements `Mailbox`. Celery only carries messages: no results, no retries, acknowledged before the run."""

    def __init__(self, broker: str, queue: str) -> None:
        self._queue = queue
        self._line: _Line | None = None
        self._address = broker
        self._shown = host_of(broker)
        self._app: Any = Celery("schedd", broker=broker, set_as_current=False)
        self._app.conf.update(broker_connection_timeout=TIMEOUT, broker_transport_options={"socket_timeout": TIMEOUT})
        self._thread = ThreadPoolExecutor(1, "schedd-mailbox")

    async def send(self, message: Message, expires: datetime | None) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._send, message, expires)

    async def check(self) -> None:
        """WireError when the broker cannot be used, UnreachableError when it does not answer."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._check)

    def close(self) -> None:
        """End the connection."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._line is not None:
            self._line.close()
        self._app.close()

    def _send(self, message: Message, expires: datetime | None) -> None:
        text = msgspec.json.encode(message).decode()
        with self._errors():
            if self._line is not None:
                try:
                    self._line.send(text, expires)
                except OperationalError:  # a broker closes connections that are idle, and when it restarts
                    self._line.close()
                    self._line = None
                else:
                    return
            self._line = _Line(self._app, self._queue)
            self._line.send(text, expires)

    def _check(self) -> None:
        if problem := broker_problem(self._address):
            raise WireError(problem)
        with self._errors(), self._app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=TIMEOUT, reraise_as_library_errors=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """The library's texts may repeat the address with its password."""
        try:
            yield
        except (OperationalError, KombuError, OSError) as error:
            causes = f"{error} {error.__cause__}".lower()
            refused = any(word in causes for word in ("auth", "password", "access_refused", "wrongpass"))
            if refused:
                what = "refuses the user or the password of its address; check it under `launcher`"
                raise WireError(f"the broker at {self._shown} {what}") from error
            cause = self._without_password(error.__cause__ or error)
            raise UnreachableError(f"the broker at {self._shown} cannot be reached: {cause}") from error
        except (ValueError, TypeError) as error:  # a parameter that Celery reads when it connects
            raise WireError(f"the address of the broker at {self._shown} has a part that is not valid") from error

    def _without_password(self, error: BaseException) -> str:
        password = urlsplit(self._address).password or ""
        text = str(error)
        is_shown = text and not (password and (password in text or unquote(password) in text))
        return plain_cause(text) if is_shown else type(error).__name__


class _Line:
    """A connection to the broker, with what a message needs of it: `Celery.send_task` takes twice as long."""

    def __init__(self, app: Any, queue: str) -> None:
        self._app = app
        self._connection = app.connection_for_write()
        self._connection.ensure_connection(max_retries=0, timeout=TIMEOUT, reraise_as_library_errors=True)
        self._producer = app.amqp.Producer(self._connection, auto_declare=False)
        self._queue = app.amqp.queues[queue](self._producer.channel)

    def send(self, text: str, expires: datetime | None) -> None:
        """As `Celery.send_task` does. OperationalError when the broker does not take it."""
        amqp = self._app.amqp
        limits = {"time_limit": NO_LIMIT, "soft_time_limit": NO_LIMIT}
        message = amqp.create_task_message(uuid(), TASK, args=[text], expires=expires, ignore_result=True, **limits)
        # Workers look at `expires`; a broker of AMQP looks at `expiration`, in seconds.
        seconds = None if expires is None else max(0.0, (expires - self._app.now()).total_seconds())
        try:
            amqp.send_task_message(self._producer, TASK, message, queue=self._queue, retry=False, expiration=seconds)
        except self._connection.recoverable_connection_errors + self._connection.recoverable_channel_errors as error:
            raise OperationalError(str(error)) from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
