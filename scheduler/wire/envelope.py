"""The envelope of the Unix socket: one request, events, and the line that closes the answer.

A request is one line, `{"v": 1, "op": "list", "args": {…}}`. The answer is any number of events, one a line, closed by
exactly one `{"ok": …}` or `{"error": {"code": …, "message": …}}`. The first event, `accepted`, is sent before anything
else is done: a client that gets none within two seconds treats the daemon as dead and closes the connection, and then
the request is not carried out. Unknown fields and events are ignored, so that either end may be newer than the other.
Instants are RFC 3339 in UTC, durations are seconds, bytes are base64.

The room `wire` imports nothing from the rest of the program: schedctl must start fast.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from scheduler.errors import (
    RefusedError,
    SchedError,
    TooManyWaitingError,
    UnansweredError,
    UnknownNameError,
    UnreachableError,
    UsageError,
)

VERSION = 1
"""Raised when an older schedctl could misread a newer schedd, or a newer schedctl an older schedd."""

MAX_REQUEST = 1 << 21
"""Bytes of one request, its newline included: room for 1 MiB of stdin in base64."""

BETWEEN_ITEMS = b",\t"
"""Between the items of a list that is the whole reply. No tab occurs elsewhere in a reply, so that a client can take
the list apart while it arrives."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""An instant with its offset from UTC."""


class Accepted(msgspec.Struct, frozen=True, tag_field="event", tag="accepted"):
    """The request has been read and the daemon is answering. `standby_of`: this one is a standby of that scheduler."""

    v: int = VERSION
    standby_of: str | msgspec.UnsetType = msgspec.UNSET


class Request(msgspec.Struct, frozen=True):
    """One line from the client. `args` stays raw until the operation is known."""

    v: int
    op: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Fault(msgspec.Struct, frozen=True):
    """Why there is no `ok`: a code for programs, a message for people."""

    code: str
    message: str


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any line of an answer before its kind is known: an event, or one of the two that close it."""

    event: str | None = None
    standby_of: str | None = None
    ok: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Fault | msgspec.UnsetType = msgspec.UNSET


FAULTS: dict[str, type[SchedError]] = {
    "usage": UsageError,
    "unknown": UnknownNameError,
    "too-many-waiting": TooManyWaitingError,
    "refused": RefusedError,
    "unanswered": UnansweredError,
    "unreachable": UnreachableError,
    "failed": SchedError,
}
"""The class of error for each code. An error has the code of the first class that it is an instance of; an invalid file
and an internal error are `failed`, for which schedctl exits with 1."""
