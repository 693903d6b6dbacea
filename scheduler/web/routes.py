"""Which handler answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from scheduler.config.field_types import JOB_NAME
from scheduler.web.access import Scope
from scheduler.web.request import Request
from scheduler.web.response import Response, problem
from scheduler.wire.http_routes import API

RUN_ID = "[a-z0-9]{1,16}"
"""What is asked for by this is a known run, or none: it is never a path of a file."""

Endpoint = Callable[..., Awaitable[Response]]

_HEALTH = {"/health", "/livez", "/live", "/ready", "/healthcheck", "/ping", "/-/healthy", "/-/ready"}
_PLACES = {"job": JOB_NAME, "run": RUN_ID, "file": r"[a-z.]{1,40}"}


class Route:
    """A method and a path with places like `{job}`, which become arguments of the endpoint."""

    def __init__(self, method: str, path: str, scope: Scope, endpoint: Endpoint) -> None:
        """A request needs at least `scope`."""
        self.method = method
        self.path = path
        self.scope = scope
        self.endpoint = endpoint
        self._pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", _place, re.escape(path)), re.ASCII)

    def match(self, path: str) -> dict[str, str] | None:
        """The arguments, when the path is of this route."""
        found = self._pattern.fullmatch(path)
        return None if found is None else found.groupdict()


def _place(match: re.Match[str]) -> str:
    return f"(?P<{match[1]}>{_PLACES[match[1]]})"


class Routes:
    """The table of all routes."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = routes

    def find(self, request: Request) -> tuple[Route, dict[str, str]] | Response:
        """The route of a request and its arguments; else the answer 404 or 405."""
        method = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for route in self._routes:
            arguments = route.match(request.path)
            if arguments is None:
                continue
            if route.method == method:
                return route, arguments
            allowed.append(route.method)
        if allowed:
            names = sorted({*allowed, *(["HEAD"] if "GET" in allowed else [])})
            more = (("allow", ", ".join(names)),)
            return problem(405, "Method not allowed", f"use {' or '.join(names)}", more=more)
        return problem(404, "Not found", f"no page {request.path!r}{_instead(request.path)}")


def _instead(path: str) -> str:
    """What to ask for, in place of the usual names of health checks and the root of the API."""
    asked = path.rstrip("/")
    if asked in _HEALTH:
        return "; use /healthz, or /readyz for readiness"
    if asked in ("/api", API):
        return f"; the API begins with {API}/jobs, and {API}/openapi.json describes it"
    return ""
