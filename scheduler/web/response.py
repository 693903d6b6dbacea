"""Answers to HTTP requests: a status, headers, and a body that is whole or comes in pieces."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

import msgspec

from scheduler.engine.slices import Slices
from scheduler.text import as_json

Headers = tuple[tuple[str, str], ...]

SECURITY: Headers = (
    (
        "content-security-policy",
        (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ),
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
)
"""Headers of every answer."""

NO_STORE = ("cache-control", "no-store")
VARY = ("vary", "accept-encoding")
JSON: Headers = (("content-type", "application/json"), NO_STORE)

_LEVEL = 5
_SMALL = 1_000
"""Bytes below which compression does not pay."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. A body in pieces is sent as it comes, chunked."""

    status: int = 200
    headers: Headers = ()
    body: bytes | AsyncGenerator[bytes, None] = b""


def text(content: str, *, status: int = 200, kind: str = "text/plain; charset=utf-8", more: Headers = ()) -> Response:
    """A text."""
    return Response(status=status, headers=(("content-type", kind), NO_STORE, *more), body=content.encode())


def json(value: object, *, status: int = 200, more: Headers = ()) -> Response:
    """A value as JSON, spelled as on the socket."""
    return Response(status=status, headers=(*JSON, *more), body=as_json(value))


def problem(status: int, title: str, detail: str, *, code: str | None = None, more: Headers = ()) -> Response:
    """An error as RFC 9457 has it, with the `code` that it has on the socket."""
    about = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = as_json(about if code is None else about | {"code": code})
    kind = ("content-type", "application/problem+json")
    return Response(status=status, headers=(kind, NO_STORE, *more), body=body)


def redirect(path: str, *, more: Headers = ()) -> Response:
    """See the page at `path` instead."""
    return Response(status=303, headers=(("location", path), NO_STORE, *more))


def event_stream(events: AsyncGenerator[bytes, None]) -> Response:
    """Server-sent events."""
    headers = (("content-type", "text/event-stream"), NO_STORE, ("x-accel-buffering", "no"))
    return Response(headers=headers, body=events)


async def streamed(slices: Slices, pieces: Iterable[bytes], headers: Headers, *, zipped: bool) -> Response:
    """A body that is sent while it is made, in slices. What is made in one slice is sent whole.

    An error in the first slice is raised here.
    """
    headers = (*headers, ("content-encoding", "gzip")) if zipped else headers
    batches = slices.drive(_gzipped(pieces) if zipped else pieces)
    first = await anext(batches)
    second = await anext(batches, None)
    if second is None:
        return Response(headers=headers, body=b"".join(first))
    return Response(headers=headers, body=_joined([*first, *second], batches))


def compressed(answer: Response, accepted: str | None) -> Response:
    """The same answer with a whole body compressed, where the client takes that and it pays."""
    if not isinstance(answer.body, bytes) or len(answer.body) < _SMALL or not takes_gzip(accepted):
        return answer
    packed = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    body = packed.compress(answer.body) + packed.flush()
    headers = (*answer.headers, ("content-encoding", "gzip"), VARY)
    return Response(status=answer.status, headers=headers, body=body)


def takes_gzip(accepted: str | None) -> bool:
    """Whether Accept-Encoding names gzip."""
    names = [each.partition(";")[0].strip().lower() for each in (accepted or "").split(",")]
    return "gzip" in names and "gzip;q=0" not in (accepted or "").replace(" ", "")


def event(kind: str, data: bytes) -> bytes:
    """One server-sent event; `data` is one line."""
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


async def _joined(first: list[bytes], rest: AsyncGenerator[list[bytes], None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield b"".join(first)
        async for batch in rest:
            yield b"".join(batch)


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packed = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    for piece in pieces:
        yield packed.compress(piece)
    yield packed.flush()


def header_lines(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """As h11 takes them."""
    return [(name.encode("ascii"), value.encode("latin-1", errors="replace")) for name, value in headers]
