"""schedctl's end of the HTTP API: the same requests and answers as over the socket, for a schedd elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, TypeVar, get_args
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from scheduler.control.client import CUT_OFF, Client
from scheduler.errors import RefusedError, SchedError, UnansweredError, UnreachableError, UsageError
from scheduler.server_url import url_problem, without_login
from scheduler.wire.envelope import FAULTS
from scheduler.wire.http_routes import API, HTTP_ROUTES, STANDBY_OF, HttpRoute
from scheduler.wire.operations import RUN_NOW, Operation
from scheduler.wire.runs import Event, RunView, Started, Waiting

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")

PATIENCE = 30.0
"""Seconds for which a silent schedd or proxy is waited for; a stream has a comment every 15 s."""

_OF_GATEWAYS = (502, 504)
"""Statuses of a proxy that may have passed the request on."""

_PIECE = 1 << 18
_EVENTS: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Event)}
_HEADERS = {"key": "Idempotency-Key"}
"""Fields of a request that HTTP expresses by a header."""


class HttpClient(Client):
    """A schedd at an address such as https://jobs.example.com. Each request has its own connection."""

    def __init__(self, url: str, token: str | None) -> None:
        """UsageError for an address that is not http:// or https://. A user and password in it are not used."""
        if problem := url_problem(url):
            raise UsageError(f"the address is not valid: {problem}")
        url = without_login(url)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url!r} is not an address like https://jobs.example.com")
        if parts.path.rstrip("/").endswith(API):
            raise UsageError(f"leave out {API} at the end of {url!r}")
        self.url = url.rstrip("/")
        self._parts = parts
        self._root = parts.path.rstrip("/")
        self._token = token
        self.standby_of = None

    def ask(self, operation: Operation[A, R], request: A) -> R:
        """The reply. An error of the daemon is raised here as the same exception."""
        with self._sent(operation, request, "application/json") as answer:
            return self._decoded(self._body(answer), operation.reply)

    def ask_text(self, operation: Operation[A, Any], request: A) -> Iterator[bytes]:
        """The JSON of the reply, in pieces, as they arrive. Errors as for `ask`."""
        with self._sent(operation, request, "application/json") as answer:
            while piece := self._body(answer, _PIECE):
                yield piece

    def stream(self, operation: Operation[A, None], request: A) -> Iterator[Event]:
        """The events of an operation that streams, until it is done. Close the iterator to leave earlier."""
        if operation is RUN_NOW and getattr(request, "detach", False):
            with self._sent(operation, request, "application/json") as answer:
                yield self._accepted(self._body(answer))
            return
        with self._sent(operation, request, "text/event-stream") as answer:
            name = ""
            for line in self._lines(answer):
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: ") and name in _EVENTS:
                    yield self._decoded(line[6:].encode(), _EVENTS[name])
                elif line.startswith("data: ") and name == "end":
                    return
        raise UnansweredError(CUT_OFF)

    def _sent(self, operation: Operation[A, Any], request: A, accept: str) -> HTTPResponse:
        route, path = _route(operation, request)
        given = _given(route, request)
        headers = {"Accept": accept}
        body = None
        if route.method == "GET":
            path += f"?{urlencode(_as_query(given))}" if given else ""
        else:
            headers["Content-Type"] = "application/json"
            body = msgspec.json.encode(given)
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        headers |= {name: key for field, name in _HEADERS.items() if (key := getattr(request, field, None)) is not None}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise UsageError("over HTTP a key and a token must consist of printable ASCII characters")
        kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=PATIENCE)
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            raise UnreachableError(f"{self.url} cannot be reached: {_cause(error)}") from None
        try:
            connection.request(route.method, f"{self._root}{API}{path}", body, headers)
            answer = connection.getresponse()
        except (OSError, HTTPException) as error:
            raise self._unanswered(error) from None
        if answer.status >= 300:
            raise self._error(answer.status, self._body(answer))
        self.standby_of = answer.getheader(STANDBY_OF) or self.standby_of
        return answer

    def _body(self, answer: HTTPResponse, most: int | None = None) -> bytes:
        try:
            return answer.read(most)
        except (OSError, HTTPException) as error:
            raise self._unanswered(error) from None

    def _lines(self, answer: HTTPResponse) -> Iterator[str]:
        try:
            for line in answer:
                yield line.decode().rstrip("\n")
        except (OSError, HTTPException) as error:
            raise self._unanswered(error) from None

    def _accepted(self, body: bytes) -> Event:
        """The answer to a detached run: the run, or for what it waits."""
        if self._decoded(body, dict[str, Any]).get("event") == "waiting":
            return self._decoded(body, Waiting)
        return Started(self._decoded(body, RunView))

    def _decoded(self, body: bytes, kind: type[R]) -> R:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError:
            raise UnreachableError(f"{self.url} does not answer as schedd does") from None

    def _error(self, status: int, body: bytes) -> SchedError:
        try:
            about = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.MsgspecError:
            kind = UnansweredError if status in _OF_GATEWAYS else UnreachableError
            return kind(f"{self.url} does not answer as schedd does (HTTP status {status})")
        detail = str(about.get("detail", about.get("title", status)))
        if "code" in about:
            return FAULTS.get(str(about["code"]), SchedError)(detail)
        help = "; set SCHEDD_TOKEN to the value of `web.token` in the file of that schedd" if status == 401 else ""
        return UnreachableError(f"{self.url}: {detail}{help}")

    def _unanswered(self, error: Exception) -> UnansweredError:
        return UnansweredError(f"no answer from {self.url}: {_cause(error)}")


def _cause(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def from_environment(url: str) -> HttpClient:
    """A client with the token of $SCHEDD_TOKEN."""
    return HttpClient(url, os.environ.get("SCHEDD_TOKEN") or None)


def _route(operation: Operation[A, Any], request: A) -> tuple[HttpRoute, str]:
    """The first way to the operation whose path the request can fill, and that path."""
    for route in HTTP_ROUTES:
        if route.operation.name != operation.name:
            continue
        path = route.path
        for name in re.findall(r"\{(\w+)\}", route.path):
            value = getattr(request, name)
            value = value[0] if isinstance(value, tuple) and len(value) == 1 else value
            if not isinstance(value, str) or not value:
                break
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            return route, path
    raise RefusedError(f"{operation.name}: not available over HTTP; run schedctl where schedd runs")


def _given(route: HttpRoute, request: msgspec.Struct) -> dict[str, Any]:
    """The fields that differ from their defaults. RefusedError for one that only the socket accepts."""
    fields = route.fields()
    given = {}
    for field in msgspec.structs.fields(type(request)):
        value = getattr(request, field.name)
        default = None if field.default_factory is not msgspec.NODEFAULT else field.default
        if value == default or (field.default_factory is not msgspec.NODEFAULT and not value):
            continue
        if field.encode_name in fields:
            given[field.encode_name] = value
        elif field.encode_name in route.operation.local_only:
            raise RefusedError(f"{route.operation.name}: {field.encode_name!r} is accepted over the Unix socket only")
    return given


def _as_query(given: dict[str, Any]) -> dict[str, str]:
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (list, tuple)):
            return ",".join(map(str, value))
        return str(msgspec.to_builtins(value))

    return {name: text(value) for name, value in given.items()}
