"""Where each operation is found over HTTP: method, path and request fields, for the server, OpenAPI and clients."""

from __future__ import annotations

from typing import Any

import msgspec

from scheduler.wire.operations import (
    EXPLAIN,
    HISTORY,
    LIST,
    LOGS,
    METRICS,
    NEXT,
    NOTIFY_TEST,
    PAUSE,
    RELOAD,
    RESULT,
    RESUME,
    RUN_NOW,
    SHOW,
    STATUS,
    STOP,
    WAIT,
    WHY,
    WORKERS,
    Operation,
)

API = "/api/v1"

STANDBY_OF = "schedd-standby-of"
"""The header of an answer by a standby itself. Its value is the active scheduler."""


class HttpRoute(msgspec.Struct, frozen=True):
    """A way to an operation. A place of the path like `{job}` is the field of that name; a list gets it as its only
    member. The other fields are parameters of the address for GET, members of a JSON object for POST.
    """

    method: str
    path: str
    operation: Operation[Any, Any]

    def fields(self) -> dict[str, Any]:
        """The fields that are not part of the path, with their types, without those that need the Unix socket."""
        hidden = {*self.operation.local_only, *HIDDEN.get(self.operation.name, ())}
        return {
            field.encode_name: field
            for field in msgspec.structs.fields(self.operation.ask)
            if field.encode_name not in hidden and f"{{{field.encode_name}}}" not in self.path
        }


HIDDEN = {"run-now": ("detach", "key")}
"""Fields that HTTP expresses by its headers."""

HTTP_ROUTES = (
    HttpRoute("GET", "/jobs", LIST),
    HttpRoute("GET", "/jobs/{job}", SHOW),
    HttpRoute("GET", "/jobs/{jobs}/next", NEXT),
    HttpRoute("GET", "/jobs/{job}/explain", EXPLAIN),
    HttpRoute("GET", "/jobs/{job}/why", WHY),
    HttpRoute("GET", "/jobs/{jobs}/history", HISTORY),
    HttpRoute("GET", "/jobs/{jobs}/logs", LOGS),
    HttpRoute("POST", "/jobs/{job}/runs", RUN_NOW),
    HttpRoute("POST", "/jobs/{target}/stop", STOP),
    HttpRoute("POST", "/jobs/{jobs}/pause", PAUSE),
    HttpRoute("POST", "/jobs/{jobs}/resume", RESUME),
    HttpRoute("POST", "/jobs/{job}/notify-test", NOTIFY_TEST),
    HttpRoute("GET", "/runs/{run}/output", LOGS),
    HttpRoute("GET", "/runs/{run}/result", RESULT),
    HttpRoute("GET", "/runs/{runs}/wait", WAIT),
    HttpRoute("GET", "/wait", WAIT),
    HttpRoute("POST", "/runs/{target}/stop", STOP),
    HttpRoute("GET", "/next", NEXT),
    HttpRoute("GET", "/history", HISTORY),
    HttpRoute("GET", "/logs", LOGS),
    HttpRoute("POST", "/pause", PAUSE),
    HttpRoute("POST", "/resume", RESUME),
    HttpRoute("POST", "/reload", RELOAD),
    HttpRoute("GET", "/status", STATUS),
    HttpRoute("GET", "/metrics", METRICS),
    HttpRoute("GET", "/workers", WORKERS),
)
"""All ways, the more special of two for one operation first."""
