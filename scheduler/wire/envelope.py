"""What goes over the socket, for both ends to import; what only rare verbs ask and are told lies beside it.

A request is one line, `{"v": 1, "verb": "list", "args": {…}}`. The answer is any number of events, one a line, closed
by exactly one `{"ok": …}` or `{"error": {"code": …, "message": …}}`. The first event is `accepted`, at once: who does
not hear it within two seconds knows that nobody is at home. Unknown fields and events are ignored, so that either end
may be a little newer. Instants are RFC 3339 in UTC, durations seconds, bytes base64.

Kept free of the rest of the program: schedctl must start fast.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from scheduler.errors import RefusedError, SchedError, UnknownNameError, UnreachableError, UsageError

VERSION = 1
"""Raised when an older schedctl could misread a newer schedd, or the other way round."""

MAX_REQUEST = 1 << 20
"""Bytes of one request, its newline included."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""An argument that says which zone it means."""


# Views: what is told about things.


# Asks: the arguments of each verb.


# Events: what comes before the closing line.


class Accepted(msgspec.Struct, frozen=True, tag_field="event", tag="accepted"):
    """The request was read; the daemon is alive and at it."""

    v: int = VERSION


# The envelope.


class Request(msgspec.Struct, frozen=True):
    """One line from the client. `args` stays raw until the verb is known."""

    v: int
    op: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Fault(msgspec.Struct, frozen=True):
    """Why there is no `ok`: a word for programs, one message for people."""

    code: str
    message: str


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any line of an answer, before it is known which: an event, or one of the two that close it."""

    event: str | None = None
    ok: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Fault | msgspec.UnsetType = msgspec.UNSET


FAULTS: dict[str, type[SchedError]] = {
    "usage": UsageError,
    "unknown": UnknownNameError,
    "refused": RefusedError,
    "unreachable": UnreachableError,
    "failed": SchedError,
}
"""The code of each mistake on the wire. The first class an error is an instance of names it; a bad file and a bug
are `failed`, with which schedctl ends 1."""
