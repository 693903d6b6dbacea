"""Real recipients of notifications: an HTTP server, a mail server, and a socket that never answers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope


class Received(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HttpServer:
    """Keeps every request, and answers as `answer` says: a status, and headers with it."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answer: Callable[[Received], tuple[int, dict[str, str]]] = lambda _request: (200, {})
        self.port = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def http_server(tls: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """An HTTP or HTTPS server on a port of its own."""
    kept = HttpServer()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received = Received(self.command, self.path, dict(self.headers), body)
            status, headers = kept.answer(received)
            kept.requests.append(received)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        kept.scheme = "https"
    kept.port = server.server_port
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def black_hole() -> Iterator[int]:
    """The port of a server that accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


class MailServer:
    """Keeps every mail; only `user` with `password` may send."""

    def __init__(self, user: str, password: str) -> None:
        self.mails: list[Envelope] = []
        self.port = 0
        self.user = user
        self.password = password
        self.refuses = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses:
            return "554 no, canary"
        self.mails.append(envelope)
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (self.user, self.password), handled=False)


@contextmanager
def mail_server(
    user: str = "", password: str = "", tls: ssl.SSLContext | None = None, *, offers_login: bool = True
) -> Iterator[MailServer]:
    """An SMTP server on a port of its own; with `tls` it takes mails only after STARTTLS."""
    server = MailServer(user, password)
    with socket.create_server(("127.0.0.1", 0)) as free:
        server.port = free.getsockname()[1]
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        authenticator=server.authenticate if user else None,
        auth_require_tls=not offers_login,
        tls_context=tls,
        require_starttls=tls is not None,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def endless(first: bytes, then: bytes) -> Iterator[tuple[int, threading.Event]]:
    """A server that sends `first`, and `then` again and again. The event is set when a client has left."""
    over, has_left = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(0.02)
                connection.sendall(first)
                while not over.is_set():
                    try:
                        connection.sendall(then)
                        if not connection.recv(65536):
                            break
                    except TimeoutError:
                        continue
        has_left.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        try:
            yield listener.getsockname()[1], has_left
        finally:
            over.set()
            server.join(10)
