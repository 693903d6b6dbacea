"""One request and its answer without a connection: the bytes to send, and the messages in the lines that come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from scheduler.client.errors import BY_CODE, Error, UnreachableError, UsageError

Message = dict[str, Any]

GONE = "schedd closed the connection without an answer; it has exited or is about to"

API = "/api/v1"

MAX_REQUEST = 1 << 21
"""Bytes of a request."""

ROUTES = {
    "list": ("GET", "/jobs"),
    "show": ("GET", "/jobs/{job}"),
    "explain": ("GET", "/jobs/{job}/explain"),
    "why": ("GET", "/jobs/{job}/why"),
    "run-now": ("POST", "/jobs/{job}/runs"),
    "notify-test": ("POST", "/jobs/{job}/notify-test"),
    "stop": ("POST", "/jobs/{target}/stop"),
    "wait": ("GET", "/runs/{runs}/wait"),
    "result": ("GET", "/runs/{run}/result"),
    "next": ("GET", "/next"),
    "history": ("GET", "/history"),
    "pause": ("POST", "/pause"),
    "resume": ("POST", "/resume"),
    "reload": ("POST", "/reload"),
    "status": ("GET", "/status"),
    "workers": ("GET", "/workers"),
}
"""Where operations are found over HTTP: `wire.http_routes`, as far as a program that has no msgspec needs it."""


class Exchange(Protocol):
    """A request, and what its answer was so far. The answer is whole once `done`; then `reply` is the result."""

    request: bytes
    patience: float
    """Seconds that the first line of the answer may take."""
    silence: float | None
    """Seconds that any further line may take; None where the end of the other side is noticed at once."""
    done: bool
    reply: Any

    def read(self, line: bytes) -> Message | None:
        """The event in a line, if there is one; b"" is the end. An error is raised by its kind."""
        ...


class SocketExchange:
    """The protocol of the Unix socket: one line of JSON each."""

    patience = 2.0
    silence: float | None = None

    def __init__(self, operation: str, args: Mapping[str, object]) -> None:
        self.request = _json({"v": 1, "op": operation, "args": args}) + b"\n"
        self.done = False
        self.reply: Any = None

    def read(self, line: bytes) -> Message | None:
        if not line:
            raise UnreachableError(GONE)
        message = _object(line, "the answer is not in the protocol of schedd")
        if "error" in message:
            raise _error(message["error"]["code"], message["error"]["message"])
        if "ok" in message:
            self.done, self.reply = True, message["ok"]
            return None
        return None if message.get("event") == "accepted" else message


class HttpExchange:
    """The HTTP API. HTTP/1.0, whose answers end with the connection and are not in chunks."""

    patience = 30.0
    silence: float | None = 30.0

    def __init__(
        self, url: str, host: str, root: str, token: str | None, operation: str, args: Mapping[str, object]
    ) -> None:
        """UsageError for an operation that HTTP does not have, and for arguments that it cannot send."""
        if operation not in ROUTES:
            raise UsageError(f"{operation}: not available over HTTP")
        self.done = False
        self.reply: Any = None
        self._url = url
        self._status = 0
        self._in_head = True
        self._streams = False
        self._body = b""
        self._detached = operation == "run-now" and bool(args.get("detach"))
        self.request = self._request(host, root, token, operation, args)

    def _request(self, host: str, root: str, token: str | None, operation: str, args: Mapping[str, object]) -> bytes:
        method, path = ROUTES[operation]
        fields = {name: value for name, value in args.items() if value not in (None, False, "", (), [], {})}
        for name in [name for name in args if f"{{{name}}}" in path]:
            path = path.replace(f"{{{name}}}", quote(_text(fields.pop(name, "")), safe=""))
        streams = operation in ("run-now", "wait") and not self._detached
        headers = {"Host": host, "Accept": "text/event-stream" if streams else "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = b""
        if method == "GET":
            path += f"?{urlencode({name: _text(value) for name, value in fields.items()})}" if fields else ""
        else:
            if operation == "run-now":
                fields = {name: value for name, value in fields.items() if name not in ("detach", "key")}
                headers |= {"Idempotency-Key": str(args["key"])} if "key" in args else {}
            body = _json(fields)
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise UsageError("over HTTP a key and a token must consist of printable ASCII characters")
        lines = [f"{method} {root}{API}{path} HTTP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def read(self, line: bytes) -> Message | None:
        if self._in_head:
            self._read_head(line)
            return None
        if self._streams:
            return self._read_event(line)
        self._body += line
        return None if line else self._end()

    def _read_head(self, line: bytes) -> None:
        if not line:
            raise UnreachableError(GONE)
        text = line.decode("latin-1").rstrip("\r\n")
        if not self._status:
            words = text.split()
            if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
                raise self._strange()
            self._status = int(words[1])
        elif not text:
            self._in_head = False
        elif text.lower().startswith("content-type: text/event-stream"):
            self._streams = True

    def _read_event(self, line: bytes) -> Message | None:
        if not line:
            raise UnreachableError(GONE)
        if line.startswith(b"event: end"):
            self.done = True
        if self.done or not line.startswith(b"data: "):
            return None
        return _object(line[6:], str(self._strange()))

    def _end(self) -> Message | None:
        """The body is whole."""
        if self._status >= 300:
            raise self._problem()
        try:
            self.reply = json.loads(self._body)
        except ValueError:
            raise self._strange() from None
        self.done = True
        if not self._detached:
            return None
        found: Message = self.reply
        return found if found.get("event") == "waiting" else {"event": "started", "run": found}

    def _problem(self) -> Error:
        try:
            about = json.loads(self._body)
            detail, code = str(about["detail"]), about.get("code")
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._strange(f" (HTTP status {self._status})")
        if code is not None:
            return _error(code, detail)
        help = (
            "; set SCHEDD_TOKEN to the value of `web.token` in the file of that schedd" if self._status == 401 else ""
        )
        return UnreachableError(f"{self._url}: {detail}{help}")

    def _strange(self, more: str = "") -> UnreachableError:
        return UnreachableError(f"{self._url} does not answer as schedd does{more}")


def _json(value: object) -> bytes:
    """UsageError when it cannot be written as JSON, or is longer than schedd accepts."""
    try:
        text = json.dumps(value).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"the arguments cannot be written as JSON: {error}") from None
    if len(text) >= MAX_REQUEST:
        raise UsageError(f"a request must not be longer than {MAX_REQUEST} bytes")
    return text


def _object(text: bytes, error: str) -> Message:
    try:
        found: Message = json.loads(text)
    except ValueError:
        raise UnreachableError(error) from None
    return found


def _error(code: str, message: str) -> Error:
    return BY_CODE.get(code, Error)(message)


def _text(value: object) -> str:
    """A parameter of an address."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
