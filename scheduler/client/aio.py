"""The client for programs with asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any

from scheduler.client.errors import UnreachableError, WaitTimeoutError
from scheduler.client.place import check_directory, check_peer, nobody, sockets
from scheduler.client.protocol import (
    ANSWER_WITHIN,
    GONE,
    Answer,
    Collected,
    event_of,
    job_of,
    request_line,
    result_of,
    run_request,
)
from scheduler.client.values import Ended, Event, Job, RunResult

LIMIT = 1 << 22
"""Bytes of one line of an answer."""


class AsyncClient:
    """As `Client`, with coroutines. Cancelling one leaves the run, which goes on."""

    def __init__(
        self, file: str | os.PathLike[str] | None = None, *, socket: str | os.PathLike[str] | None = None
    ) -> None:
        """The schedd that manages `file`, or listens on `socket`; see `Client`."""
        self._file = file
        self._socket = socket

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
        return await self._ended("run-now", request, wait)

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
        async with aclosing(self._events("run-now", request)) as events:
            async for event in events:
                return event.run_id
        raise UnreachableError(GONE)

    async def wait(self, run_id: str, timeout: float | None = None) -> RunResult:  # noqa: ASYNC109 - as in Client
        """Wait for the end of a run. WaitTimeoutError after `timeout` seconds."""
        return await self._ended("wait", {"runs": [run_id]}, timeout, run_id)

    def follow(self, run_id: str) -> AsyncGenerator[Event, None]:
        """What happens to a run, from its kept output on, to its end."""
        return self._events("wait", {"runs": [run_id], "output": True})

    async def result(self, run_id: str) -> RunResult:
        """What became of a run, without waiting."""
        return result_of(await self.ask("result", {"run": run_id}))

    async def stop(self, job_or_run: str, *, kill: bool = False) -> None:
        """Stop a run, also one that waits, or all runs of a job. Returns when they have ended."""
        await self.ask("stop", {"target": job_or_run, "kill": kill})

    async def jobs(self) -> list[Job]:
        """All jobs, in the order of the file."""
        return [job_of(raw) for raw in await self.ask("list", {})]

    async def ask(self, operation: str, args: Mapping[str, object]) -> Any:
        """The reply of any operation of the protocol, as JSON."""
        answer = Answer()
        async with aclosing(self._messages(answer, operation, args)) as messages:
            async for _ in messages:
                pass
        return answer.reply

    async def _ended(
        self, operation: str, args: Mapping[str, object], seconds: float | None, run_id: str | None = None
    ) -> RunResult:
        collected = Collected(run_id)
        try:
            async with asyncio.timeout(seconds), aclosing(self._events(operation, args)) as events:
                async for event in events:
                    collected.add(event)
        except TimeoutError:
            raise WaitTimeoutError(collected.run_id) from None
        if collected.result is None:
            raise UnreachableError(GONE)
        return collected.result

    async def _events(self, operation: str, args: Mapping[str, object]) -> AsyncGenerator[Event, None]:
        async with aclosing(self._messages(Answer(), operation, args)) as messages:
            async for raw in messages:
                event = event_of(raw)
                if event is not None:
                    yield event
                if isinstance(event, Ended):
                    return

    async def _messages(
        self, answer: Answer, operation: str, args: Mapping[str, object]
    ) -> AsyncGenerator[dict[str, Any], None]:
        line = request_line(operation, args)
        reader, writer = await self._connected()
        try:
            writer.write(line)
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    answer.read(await reader.readline())
            except TimeoutError:
                raise UnreachableError(f"schedd has not answered for {ANSWER_WITHIN:g} s") from None
            while not answer.done:
                message = answer.read(await reader.readline())
                if message is not None:
                    yield message
        except ConnectionError:
            raise UnreachableError(GONE) from None
        finally:
            writer.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        paths = sockets(self._file, self._socket)
        for path in paths:
            try:
                check_directory(path)
                reader, writer = await asyncio.open_unix_connection(path, limit=LIMIT)
            except OSError:
                continue
            try:
                sock = writer.get_extra_info("socket")
                check_peer(path, sock)
            except BaseException:
                writer.transport.abort()
                raise
            return reader, writer
        raise nobody(paths)
