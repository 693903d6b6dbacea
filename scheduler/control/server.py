"""The daemon's end of the socket: one request a connection, answered by a verb. Owns the connections."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

import msgspec

from scheduler import __version__
from scheduler.control import rendezvous
from scheduler.control.protocol import FAULTS, MAX_REQUEST, VERSION, Accepted, Event, Fault, Reply, Request
from scheduler.control.service import Service
from scheduler.control.verbs import VERBS, Verb
from scheduler.engine.events import report_bug
from scheduler.errors import SchedError, UnreachableError, UsageError

MOST_CONNECTIONS = 200
"""Beyond it newcomers are sent away, so that leaked connections cannot use up the descriptors that jobs need."""

TO_ASK = 10.0
"""Seconds in which a request must have arrived."""

TO_LISTEN = 30.0
"""Seconds in which a closing line must have been taken."""

BUFFER = 1 << 18
"""Bytes that wait for a slow reader before the verb is made to wait too."""


class ControlServer:
    """Answers on a listening socket until closed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self, listener: socket.socket) -> None:
        """Begin to accept on the socket, which closes with this server."""
        self._server = await asyncio.start_unix_server(
            self._accept, sock=listener, limit=MAX_REQUEST, backlog=MOST_CONNECTIONS
        )

    async def close(self) -> None:
        """Accept no more and leave every connection; runs that were followed go on."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio.streams runs this in a task"  # noqa: S101
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            # It left, it neither asks nor listens, or we close; Python 3.11's streams take a cancelled task for a bug.
            pass
        except Exception as bug:
            report_bug("a request over the socket failed", bug)
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=BUFFER)
        try:
            self._admit(writer)
            line = await _read_request(reader)
            if not line:
                return
            verb, ask = _understood(line)
            writer.write(_line(Accepted()))
            closing = Reply(ok=msgspec.Raw(msgspec.json.encode(await self._answer(verb, ask, reader, writer))))
        except SchedError as mistake:
            closing = Reply(error=_fault(mistake))
        except ConnectionError:
            raise
        except Exception as bug:
            report_bug("a request over the socket failed", bug)
            closing = Reply(error=Fault("failed", "schedd stumbled over this request; its log says where"))
        writer.transport.set_write_buffer_limits(high=0)  # so that drain means: all of it
        writer.write(_line(closing))
        async with asyncio.timeout(TO_LISTEN):
            await writer.drain()

    def _admit(self, writer: asyncio.StreamWriter) -> None:
        _pid, uid = rendezvous.peer(writer.get_extra_info("socket"))
        if uid not in (0, os.geteuid()):
            raise UnreachableError(f"this schedd answers uid {os.geteuid()} and root only")
        if len(self._connections) > MOST_CONNECTIONS:
            raise UnreachableError(f"schedd already has {MOST_CONNECTIONS} connections")

    async def _answer(
        self, verb: Verb[Any], ask: msgspec.Struct, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> object:
        answer = verb.answer(self._service, ask)
        if isinstance(answer, AsyncGenerator):
            await _stream(answer, reader, writer)
            return None
        return await answer if isawaitable(answer) else answer


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """One line; empty when the client left without asking anything, or asks too slowly."""
    try:
        async with asyncio.timeout(TO_ASK):
            return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except TimeoutError:
        return b""
    except asyncio.LimitOverrunError:
        raise UsageError(f"a request has at most {MAX_REQUEST} bytes") from None


def _understood(line: bytes) -> tuple[Verb[Any], msgspec.Struct]:
    try:
        request = msgspec.json.decode(line, type=Request)
        if request.v != VERSION:
            raise UnreachableError(
                f"this schedctl speaks version {request.v} of the protocol, schedd {__version__} speaks {VERSION}; "
                "use the schedctl that came with it, or restart schedd after an upgrade"
            )
        verb = VERBS.get(request.verb)
        if verb is None:
            raise UsageError(f"schedd {__version__} has no verb {request.verb!r}; it has {', '.join(VERBS)}")
        return verb, msgspec.json.decode(request.args, type=verb.ask)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"not a request: {error}") from None


async def _stream(
    events: AsyncGenerator[Event, None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send events until there are no more, or until the client leaves (ConnectionResetError)."""

    async def pump() -> None:
        async with aclosing(events):
            async for event in events:
                writer.write(_line(event))
                await writer.drain()

    async def left() -> None:
        while await reader.read(BUFFER):
            pass

    pumping, leaving = asyncio.create_task(pump()), asyncio.create_task(left())
    try:
        await asyncio.wait({pumping, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not pumping.done():
            raise ConnectionResetError
        pumping.result()
    finally:
        pumping.cancel()
        leaving.cancel()
        await asyncio.gather(pumping, leaving, return_exceptions=True)


def _line(message: msgspec.Struct) -> bytes:
    return msgspec.json.encode(message) + b"\n"


def _fault(mistake: SchedError) -> Fault:
    return Fault(next(code for code, kind in FAULTS.items() if isinstance(mistake, kind)), str(mistake))
