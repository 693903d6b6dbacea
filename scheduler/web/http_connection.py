"""One HTTP/1.1 connection: whole requests in, answers out, with a limit on every size and every wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import cast

import h11

from scheduler.engine.events import report_bug
from scheduler.web.request import Request
from scheduler.web.response import SECURITY, Response, header_lines, problem

MOST_CONNECTIONS = 200
MOST_BODY = 64 * 1024
"""Bytes of a request's body, unless `most_body` allows this request more."""

MOST_HEAD = 16 * 1024
"""Bytes of a request's first line and headers."""

TO_ASK = 10.0
"""Seconds in which a whole request must arrive."""

KEEP_ALIVE = 15.0
"""Seconds between two requests."""

TO_TAKE = 30.0
"""Seconds for which a client may read nothing of an answer."""

TO_CLOSE = 5.0
"""Seconds for which a client may take the end of the last answer."""

Handler = Callable[[Request], Awaitable[Response]]

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"


class Connection(asyncio.Protocol):
    """Reads a request, has `handler` answer it in a task, sends the answer; then the next request."""

    def __init__(
        self,
        handler: Handler,
        connections: set[Connection],
        date: Callable[[], float],
        most_body: Callable[[Request], int],
    ) -> None:
        """`connections` are all that there are; `date` is the wall clock in seconds since the epoch.

        `most_body` says how many bytes a large body may have, by what comes before it.
        """
        self._most_body_of = most_body
        self._most_body = MOST_BODY
        self._handler = handler
        self._connections = connections
        self._date = date
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self._early = 0
        self._idle = False
        self._streaming = False
        self._closing = False

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if len(self._connections) >= MOST_CONNECTIONS:
            self._transport.write(_BUSY)
            self._transport.close()
            return
        self._connections.add(self)
        self._wait(TO_ASK)

    def data_received(self, data: bytes) -> None:
        if self not in self._connections:
            return
        if self._idle:
            self._idle = False
            self._wait(TO_ASK)
        if self.task is not None:  # the next request, before this one is answered
            self._early += len(data)
            if self._early > MOST_HEAD + MOST_BODY:
                self.abort()
                return
        self._http.receive_data(data)
        self._read()

    def eof_received(self) -> bool:
        # A client may close its side and read the answer; one that follows a stream has left.
        if self.task is None or self._streaming:
            return False
        self._http.receive_data(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._connections.discard(self)
        self._unset_timer()
        self._writable.set()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # Ours.

    def close(self) -> None:
        """Finish the answer that is being sent, and take no further request."""
        self._closing = True
        if self.task is None:
            self._end()

    def abort(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()

    def _read(self) -> None:
        while self.task is None:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint or 400, "the request is not valid HTTP")
                return
            match event:
                case h11.Request():
                    if not self._begun(event):
                        return
                case h11.Data():
                    self._body += event.data
                    if len(self._body) > self._most_body:
                        self._refuse(413, f"a request has at most {self._most_body} bytes")
                        return
                case h11.EndOfMessage():
                    self._unset_timer()
                    self.task = asyncio.get_running_loop().create_task(self._answer())
                case h11.ConnectionClosed():
                    self._end()
                    return
                case _:  # NEED_DATA, PAUSED
                    return

    def _begun(self, head: h11.Request) -> bool:
        """Begin a request, of which the body may follow. False: it is refused."""
        if _size(head) > MOST_HEAD:  # h11 limits only what arrives in pieces
            self._refuse(431, f"the first line and the headers have at most {MOST_HEAD} bytes")
            return False
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in head.headers}:
            self._refuse(400, "a request has either Content-Length or Transfer-Encoding")
            return False
        self._head, self._most_body = head, MOST_BODY
        if _declared(head) > MOST_BODY:
            self._most_body = self._most_body_of(self._request())
        if self._http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))
        return True

    async def _answer(self) -> None:
        request = self._request()
        try:
            try:
                answer = await self._handler(request)
            except Exception as bug:
                report_bug("an HTTP request failed", bug)
                answer = problem(500, "Internal error", "internal error; see schedd's log")
            await self._respond(answer, request.method)
        except (ConnectionError, TimeoutError, h11.LocalProtocolError):
            self.abort()
        except Exception as bug:
            report_bug("sending an HTTP answer failed", bug)
            self.abort()
        else:
            self._next()

    def _request(self) -> Request:
        assert self._head is not None and self._transport is not None, "a request was read"  # noqa: S101
        peer, server = self._transport.get_extra_info("peername"), self._transport.get_extra_info("sockname")
        return Request(
            self._head.method.decode("ascii"),
            self._head.target.decode("latin-1"),
            self._head.headers,
            bytes(self._body),
            str(peer[0]) if isinstance(peer, tuple) else "",
            str(server[0]) if isinstance(server, tuple) else "",
        )

    async def _respond(self, answer: Response, method: str) -> None:
        headers = [*answer.headers, *SECURITY, ("date", formatdate(self._date(), usegmt=True))]
        whole = answer.body if isinstance(answer.body, bytes) else None
        if whole is not None:
            headers.append(("content-length", str(len(whole))))
        if self._closing:
            headers.append(("connection", "close"))
        self._send(h11.Response(status_code=answer.status, headers=header_lines(headers)))
        if method != "HEAD":
            if isinstance(answer.body, bytes):
                await self._write(answer.body)
            else:
                self._streaming = True
                async with contextlib.aclosing(answer.body) as pieces:
                    async for piece in pieces:
                        await self._write(piece)
        self._send(h11.EndOfMessage())
        await self._taken()

    async def _write(self, data: bytes) -> None:
        if data:
            self._send(h11.Data(data=data))
            await self._taken()

    async def _taken(self) -> None:
        """ConnectionError when the client has left, TimeoutError when it reads nothing."""
        if not self._writable.is_set():
            async with asyncio.timeout(TO_TAKE):
                await self._writable.wait()
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError

    def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data and self._transport is not None:
            self._transport.write(data)

    def _next(self) -> None:
        self.task, self._head, self._streaming, self._early = None, None, False, 0
        self._body.clear()
        if self._closing or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            self._end()
            return
        self._http.start_next_cycle()
        self._wait(KEEP_ALIVE)
        self._idle = True
        self._read()

    def _refuse(self, status: int, detail: str) -> None:
        """Answer a request that cannot be read to its end, and close."""
        answer = problem(status, "Bad request", detail, code="usage", more=(("connection", "close"),))
        body = cast("bytes", answer.body)
        headers = [*answer.headers, *SECURITY, ("content-length", str(len(body)))]
        with contextlib.suppress(h11.LocalProtocolError):
            self._send(h11.Response(status_code=status, headers=header_lines(headers)))
            self._send(h11.Data(data=body))
            self._send(h11.EndOfMessage())
        self._end()

    def _end(self) -> None:
        self._unset_timer()
        self._connections.discard(self)
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(TO_CLOSE, self._transport.abort)

    def _wait(self, seconds: float) -> None:
        """End the connection when no whole request has arrived by then."""
        self._unset_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.abort)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _size(request: h11.Request) -> int:
    """Bytes of the first line and the headers."""
    return (
        len(request.method) + len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)
    )


def _declared(request: h11.Request) -> int:
    """Bytes of the body as announced; 0 when they are not."""
    return next((int(value) for name, value in request.headers if name == b"content-length"), 0)
