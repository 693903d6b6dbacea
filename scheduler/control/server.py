"""The daemon's end of the socket: one request a connection, answered by an operation. Owns the connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator
from inspect import isawaitable
from typing import Any

import msgspec

from scheduler import __version__
from scheduler.api.handlers import answer
from scheduler.api.reply_text import pieces_of
from scheduler.api.service import Service
from scheduler.control.peer import peer
from scheduler.control.peer_names import requester
from scheduler.engine.events import report_bug
from scheduler.engine.slices import Slices
from scheduler.errors import SchedError, UnreachableError, UsageError
from scheduler.text import as_json
from scheduler.wire.envelope import FAULTS, MAX_REQUEST, VERSION, Accepted, Fault, Reply, Request
from scheduler.wire.operations import LOGS, OPERATIONS, Operation
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event

MOST_CONNECTIONS = 200
"""Further connections are refused, so that leaked ones cannot use up the descriptors that jobs need."""

ACCEPT_AGAIN = 0.2
"""Seconds before the next attempt after a connection could not be accepted."""

REQUEST_TIMEOUT = 10.0
"""Seconds in which a request must have arrived."""

REPLY_TIMEOUT = 30.0
"""Seconds in which the client must have read a piece of the closing line."""

CLOSING = 0.5
"""Seconds that connections have to end when the server is closed."""

BUFFER = 1 << 18
"""Bytes that are buffered for a slow reader before the operation waits for it."""


class ControlServer:
    """Answers requests on a listening socket until closed.

    It accepts connections itself: asyncio's server loses connections that it accepted just before it is closed, and in
    Python 3.11 it reports a cancelled one as an error.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._listener: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], socket.socket] = {}
        self._endless: set[asyncio.Task[None]] = set()

    async def start(self, listener: socket.socket) -> None:
        """Begin to accept connections, on this socket only. It is non-blocking and remains the caller's."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
        self._listener = listener
        self._listen()

    async def close(self) -> None:
        """Accept no more connections and close all.

        Answers that are about to end have CLOSING seconds: a client that follows a run gets its end. `logs` has no end.
        """
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener = None
        if ending := self._connections.keys() - self._endless:
            await asyncio.wait(ending, timeout=CLOSING)
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _listen(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no descriptor is left: the connection waits in the kernel's queue
            loop.remove_reader(listener)
            loop.call_later(ACCEPT_AGAIN, self._listen)
            return
        # Decided here, not in the task: before that runs others may have connected, and all would be refused.
        too_many = len(self._connections) >= MOST_CONNECTIONS
        task = loop.create_task(self._converse(sock, too_many))
        self._connections[task] = sock
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        # Usually the transport has closed it, but a task that was cancelled before it began never had one.
        self._connections.pop(task).close()
        self._endless.discard(task)

    async def _converse(self, sock: socket.socket, too_many: bool) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=sock, limit=MAX_REQUEST)
        try:
            await self._serve(reader, writer, too_many)
        except (ConnectionError, TimeoutError):
            pass  # the client has gone, or does not read
        except Exception as bug:
            report_bug("a request over the socket failed", bug)
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, too_many: bool) -> None:
        writer.transport.set_write_buffer_limits(high=BUFFER)
        try:
            by = _admit(writer, too_many)
            line = await _read_request(reader)
            if not line:
                return
            operation, ask = _understood(line)
            if operation is LOGS and (task := asyncio.current_task()) is not None:
                self._endless.add(task)
            there = None if operation.of_active else self._service.elsewhere
            writer.write(_line(Accepted() if there is None else Accepted(standby_of=there.active)))
            if writer.transport.is_closing():  # the write failed: the client did not wait, and believes nothing is done
                raise ConnectionResetError
            reply = answer(self._service, operation, ask, by)
            if isinstance(reply, AsyncGenerator):
                await _stream(reply, reader, writer)
                reply = None
            elif isawaitable(reply):
                reply = await reply
            await _send(writer, reply, self._service.slices)
            return
        except SchedError as mistake:
            closing = Reply(error=_fault(mistake))
        except (ConnectionError, TimeoutError):
            raise
        except Exception as bug:
            report_bug("a request over the socket failed", bug)
            closing = Reply(error=Fault("failed", "internal error; see schedd's log"))
        await _sent(writer, _line(closing))


async def _send(writer: asyncio.StreamWriter, reply: object, slices: Slices) -> None:
    """Close the answer with `ok`. A bug in the middle of that ends the connection: no error can be sent any more."""
    head = b'{"ok":'
    try:
        async with contextlib.aclosing(slices.drive(pieces_of(reply))) as batches:
            async for batch in batches:
                await _sent(writer, head + b"".join(batch))
                head = b""
    except (ConnectionError, TimeoutError):
        raise
    except Exception as bug:
        if head:
            raise
        report_bug("a request over the socket failed", bug)
        raise ConnectionAbortedError from None
    await _sent(writer, b"}\n")


async def _sent(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Returns when the kernel has all of it. TimeoutError when the client does not read."""
    writer.transport.set_write_buffer_limits(high=0)
    writer.write(data)
    async with asyncio.timeout(REPLY_TIMEOUT):
        await writer.drain()


def _admit(writer: asyncio.StreamWriter, too_many: bool) -> Requester:
    pid, uid = peer(writer.get_extra_info("socket"))
    if uid not in (0, os.geteuid()):
        raise UnreachableError(f"this schedd answers only uid {os.geteuid()} and root")
    if too_many:
        raise UnreachableError(f"schedd already has {MOST_CONNECTIONS} connections")
    return requester(pid, uid)


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """One line; empty when the client left without a request, or sends it too slowly."""
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT):
            return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except TimeoutError:
        return b""
    except asyncio.LimitOverrunError:
        raise UsageError(f"a request must not be longer than {MAX_REQUEST} bytes") from None


def _understood(line: bytes) -> tuple[Operation[Any, Any], msgspec.Struct]:
    try:
        request = msgspec.json.decode(line, type=Request)
        if request.v != VERSION:
            raise UnreachableError(
                f"this client uses version {request.v} of the protocol, schedd {__version__} uses {VERSION}; "
                "use the schedctl of the same version, or restart schedd after an upgrade"
            )
        operation = OPERATIONS.get(request.op)
        if operation is None:
            raise UsageError(
                f"schedd {__version__} has no operation {request.op!r}; it has {', '.join(OPERATIONS)}. "
                "After an upgrade, restart schedd"
            )
        return operation, msgspec.json.decode(request.args, type=operation.ask)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"not a valid request: {error}") from None


async def _stream(
    events: AsyncGenerator[Event, None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send events until there are no more, or until the client leaves (ConnectionResetError)."""

    async def pump() -> None:
        async with contextlib.aclosing(events):
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
    return as_json(message) + b"\n"


def _fault(mistake: SchedError) -> Fault:
    return Fault(next(code for code, kind in FAULTS.items() if isinstance(mistake, kind)), str(mistake))
