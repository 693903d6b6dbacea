"""The client for programs with asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import TypeVar

from scheduler.client.address import Address, SocketAddress, check_directory, check_peer, find
from scheduler.client.calls import (
    Call,
    FirstId,
    UntilEnd,
    ask_call,
    event_of,
    follow_call,
    jobs_call,
    result_call,
    run_request,
    stop_call,
    wait_call,
)
from scheduler.client.errors import UnreachableError, WaitTimeoutError
from scheduler.client.exchange import GONE, Exchange, Message
from scheduler.client.values import Ended, Event, Job, RunResult

T = TypeVar("T")

LIMIT = 1 << 22
"""Bytes of one line of an answer."""


class AsyncClient:
    """As `Client`, with coroutines. Cancelling one leaves the run, which goes on."""

    def __init__(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        socket: str | os.PathLike[str] | None = None,
        url: str | None = None,
        token: str | None = None,
    ) -> None:
        """The schedd that manages `file`, or listens on `socket`, or serves HTTP at `url`; see `Client`."""
        self._place = (file, socket, url, token)

    async def run(
        self,
        job: str,
        *args: object,
        wait: float | None = None,
        key: str | None = None,
        at: datetime | None = None,
        stdin: bytes | str | None = None,
        force: bool = False,
        **kwargs: object,
    ) -> RunResult:
        """Run a job and wait for its end, at most `wait` seconds; see `Client.run`."""
        request = run_request(job, args, kwargs, stdin, key, at, force, wait=True)
        return await self._result(UntilEnd("run-now", request), wait)

    async def enqueue(
        self,
        job: str,
        *args: object,
        key: str | None = None,
        at: datetime | None = None,
        stdin: bytes | str | None = None,
        force: bool = False,
        **kwargs: object,
    ) -> str:
        """Request a run and return its id at once."""
        request = run_request(job, args, kwargs, stdin, key, at, force, wait=False)
        return await self._result(FirstId("run-now", request, str))

    async def wait(self, run_id: str, timeout: float | None = None) -> RunResult:  # noqa: ASYNC109 - as in Client
        """Wait for the end of a run, with its kept output. WaitTimeoutError after `timeout` seconds."""
        return await self._result(wait_call(run_id), timeout)

    async def follow(self, run_id: str) -> AsyncGenerator[Event, None]:
        """What happens to a run, from its kept output on, to its end."""
        call, address = follow_call(run_id), find(*self._place)
        async with aclosing(_messages(address, address.exchange(call.operation, call.args))) as messages:
            async for message in messages:
                event = event_of(message)
                if event is not None:
                    yield event
                if isinstance(event, Ended):
                    return

    async def result(self, run_id: str) -> RunResult:
        """What became of a run, without waiting."""
        return await self._result(result_call(run_id))

    async def stop(self, job_or_run: str, *, kill: bool = False) -> None:
        """Stop a run, also one that waits, or all runs of a job. Returns when they have ended."""
        await self._result(stop_call(job_or_run, kill=kill))

    async def jobs(self) -> list[Job]:
        """All jobs, in the order of the file."""
        return await self._result(jobs_call())

    async def ask(self, operation: str, args: Mapping[str, object]) -> object:
        """The reply of any operation of the protocol, as JSON."""
        return await self._result(ask_call(operation, args))

    async def _result(self, call: Call[T], seconds: float | None = None) -> T:
        address = find(*self._place)
        exchange = address.exchange(call.operation, call.args)
        try:
            async with asyncio.timeout(seconds), aclosing(_messages(address, exchange)) as messages:
                async for message in messages:
                    if call.add(message):
                        break
        except TimeoutError:
            raise WaitTimeoutError(call.run_id) from None
        return call.result(exchange.reply)


async def _messages(address: Address, exchange: Exchange) -> AsyncGenerator[Message, None]:
    """The messages of an answer, until it is whole."""
    if isinstance(address, SocketAddress) and address.file is not None:
        status = address.exchange("status", {})
        async for _ in _messages(SocketAddress(address.paths), status):
            pass
        address.check(status)
    reader, writer = await _connected(address, exchange.patience)
    limit: float | None = exchange.patience
    try:
        writer.write(exchange.request)
        while not exchange.done:
            try:
                async with asyncio.timeout(limit):
                    line = await reader.readline()
            except TimeoutError:
                raise UnreachableError(f"schedd has not answered for {limit:g}s") from None
            message = exchange.read(line)
            limit = exchange.silence
            if message is not None:
                yield message
    except ConnectionError:
        raise UnreachableError(GONE) from None
    finally:
        writer.transport.abort()


async def _connected(address: Address, patience: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, SocketAddress):
        return await _at_socket(address)
    try:
        async with asyncio.timeout(patience):
            secure = True if address.secure else None
            return await asyncio.open_connection(address.host, address.port, ssl=secure, limit=LIMIT)
    except OSError as error:  # TimeoutError included
        raise address.unreachable(error) from None


async def _at_socket(address: SocketAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for path in address.paths:
        try:
            check_directory(path)
            reader, writer = await asyncio.open_unix_connection(path, limit=LIMIT)
        except OSError:
            continue
        try:
            check_peer(path, writer.get_extra_info("socket"))
        except OSError:
            writer.transport.abort()
            continue
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer
    raise address.unreachable()
