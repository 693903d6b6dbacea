"""The connection to Redis 6.2 or newer. The only user of the redis library, which is an extra."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import redis.asyncio as redis
from redis.exceptions import AuthenticationError, ConnectionError, RedisError, ResponseError  # noqa: A004

from scheduler.fast_start import give_asyncio_tls
from scheduler.launch.remote.wire import WireError, plain_cause

TIMEOUT = 5.0
"""Seconds for the answers of the store to one batch."""

BATCH = 32
"""Commands that are sent together at most; one with output has up to 90 kB."""

_NO_ANSWER = f"the store cannot be reached: no answer within {TIMEOUT:g} s"

Value = str | bytes | int

_NAMED_BY_CELERY = re.compile(r"(\bssl_cert_reqs=)CERT_(NONE|OPTIONAL|REQUIRED)\b")
"""Celery takes these names and those of the redis library, in lower case; the address is usually that of both."""


class RedisConnection:
    """Sends commands; those of all callers of a moment are sent together, which costs a fraction of sending each.

    A caller that is cancelled does not disturb the others: its command is carried out, and its answer is dropped.
    """

    def __init__(self, url: str) -> None:
        """WireError for an address that is not Redis's; nothing is connected yet."""
        if url.startswith("rediss://"):
            give_asyncio_tls()
        try:
            # Not the timeout of the library: it costs a task a command, and on Python 3.11 swallows cancellations.
            self._redis: Any = redis.Redis.from_url(
                _NAMED_BY_CELERY.sub(lambda found: found[1] + found[2].lower(), url),
                socket_timeout=None,
                socket_connect_timeout=TIMEOUT,
            )
            pool: Any = self._redis.connection_pool
            self._connection = pool.make_connection()
        except (ValueError, TypeError, RedisError):
            raise WireError("the store's address is not a valid redis:// address") from None
        self._waiting: list[tuple[tuple[Value, ...], asyncio.Future[Any]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End the connections."""
        if self._sending is not None:
            self._sending.cancel()
        with suppress(RedisError, OSError):
            await self._connection.disconnect()
            await self._redis.aclose()

    async def do(self, *command: Value) -> Any:
        """The answer to a command. WireError when there is none within a few seconds."""
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return await answer

    async def script(self, text: str, keys: list[str], *args: Value) -> Any:
        """The answer of a Lua script, which is carried out as one step."""
        return await self.do("EVAL", text, len(keys), *keys, *args)

    async def subscribe(self, channel: str, heard: Callable[[bytes | None], None]) -> None:
        """Call `heard` with None once it is subscribed, then with each message. WireError when the connection ends."""
        with _errors():
            async with self._redis.pubsub() as subscription:
                await subscription.subscribe(channel)
                async for message in subscription.listen():
                    if message["type"] in {"subscribe", "message"}:
                        heard(message["data"] if message["type"] == "message" else None)

    async def hear_once(self, channel: str) -> None:
        """Subscribe for a moment. WireError when the store does not allow it."""
        subscribed = asyncio.Event()
        listening = asyncio.create_task(self.subscribe(channel, lambda _: subscribed.set()))
        waiting = asyncio.create_task(subscribed.wait())
        done, pending = await asyncio.wait((listening, waiting), timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if listening in done:
            listening.result()
        if not done:
            raise WireError(_NO_ANSWER)

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                with _errors():
                    async with asyncio.timeout(TIMEOUT):
                        await self._send_batch(batch)
            except WireError as error:
                # Also of those that would be next: a store that is away must not cost each batch its timeout.
                batch, self._waiting = [*batch, *self._waiting], []
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(WireError(str(error)))

    async def _send_batch(self, batch: list[tuple[tuple[Value, ...], asyncio.Future[Any]]]) -> None:
        was_connected = self._connection.is_connected
        try:
            await self._exchange(batch)
        except ConnectionError:
            if not was_connected or batch[0][1].done():
                raise
            await self._exchange(batch)  # the store closes connections that are idle, and when it restarts

    async def _exchange(self, batch: list[tuple[tuple[Value, ...], asyncio.Future[Any]]]) -> None:
        connection = self._connection
        await connection.send_packed_command(connection.pack_commands([command for command, _ in batch]))
        for _, answer in batch:
            try:
                value = await connection.read_response()
            except ResponseError as error:
                if not answer.done():
                    answer.set_exception(WireError(_refusal(error)))
            else:
                if not answer.done():
                    answer.set_result(value)


@contextmanager
def _errors() -> Iterator[None]:
    """Errors of the library as WireError. Its texts name the host, never the password."""
    try:
        yield
    except AuthenticationError as error:
        raise WireError(
            "the store refuses the user or the password of its address; check it under `launcher`"
        ) from error
    except ResponseError as error:
        raise WireError(_refusal(error)) from error
    except TimeoutError as error:
        raise WireError(_NO_ANSWER) from error
    except (RedisError, OSError) as error:
        raise WireError(f"the store cannot be reached: {plain_cause(str(error)) or type(error).__name__}") from error


def _refusal(error: ResponseError) -> str:
    return f"the store refuses a command: {str(error).partition(' script: ')[0]}"


def decoded(decoder: msgspec.json.Decoder[Any], entry: bytes) -> Any:
    """An entry of the store. WireError for one of another version of schedd."""
    try:
        return decoder.decode(entry)
    except msgspec.MsgspecError as error:
        raise WireError(f"the store has an entry of another version of schedd: {error}") from error
