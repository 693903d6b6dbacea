"""Connections of the client without asyncio."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import TypeVar

from scheduler.client.address import Address, Place, SocketAddress, check_directory, check_peer, find
from scheduler.client.calls import Call, event_of
from scheduler.client.errors import UnreachableError, WaitTimeoutError
from scheduler.client.exchange import GONE, Exchange, Message
from scheduler.client.values import Ended, Event

T = TypeVar("T")


def result(place: Place, call: Call[T], seconds: float | None = None) -> T:
    """The result of a call. WaitTimeoutError when it is not there after so many seconds."""
    address = find(*place)
    exchange = address.exchange(call.operation, call.args)
    end = None if seconds is None else time.monotonic() + seconds
    try:
        for message in _messages(address, exchange, end):
            if call.add(message):
                break
    except TimeoutError:
        raise WaitTimeoutError(call.run_id) from None
    return call.result(exchange.reply)


def events(place: Place, call: Call[None]) -> Iterator[Event]:
    """The events of a run to its end."""
    address = find(*place)
    for message in _messages(address, address.exchange(call.operation, call.args), None):
        event = event_of(message)
        if event is not None:
            yield event
        if isinstance(event, Ended):
            return


def _messages(address: Address, exchange: Exchange, end: float | None) -> Iterator[Message]:
    """The messages of an answer, until it is whole. TimeoutError at `end`, a time of time.monotonic."""
    if isinstance(address, SocketAddress) and address.file is not None:
        status = address.exchange("status", {})
        for _ in _messages(SocketAddress(address.paths), status, end):
            pass
        address.check(status)
    with _connected(address, exchange.patience) as sock, sock.makefile("rb") as lines:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # rejected: the answer says why
            sock.sendall(exchange.request)
        limit: float | None = exchange.patience
        while not exchange.done:
            left = None if end is None else end - time.monotonic()
            limited = left is not None and (limit is None or left < limit)
            sock.settimeout(max(left or 0.0, 0.001) if limited else limit)
            try:
                message = exchange.read(lines.readline())
            except TimeoutError:
                if limited:
                    raise
                raise UnreachableError(f"schedd has not answered for {limit:g}s") from None
            except ConnectionError:
                raise UnreachableError(GONE) from None
            limit = exchange.silence
            if message is not None:
                yield message


def _connected(address: Address, patience: float) -> socket.socket:
    if isinstance(address, SocketAddress):
        return _at_socket(address, patience)
    try:
        sock = socket.create_connection((address.host, address.port), patience)
        if not address.secure:
            return sock
        import ssl  # noqa: PLC0415 - it takes 10 ms

        return ssl.create_default_context().wrap_socket(sock, server_hostname=address.host)
    except OSError as error:
        raise address.unreachable(error) from None


def _at_socket(address: SocketAddress, patience: float) -> socket.socket:
    for path in address.paths:
        sock = socket.socket(socket.AF_UNIX)
        try:
            check_directory(path)
            sock.settimeout(patience)
            sock.connect(path)
            check_peer(path, sock)
        except OSError:
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise address.unreachable()
