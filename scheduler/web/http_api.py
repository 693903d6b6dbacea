"""The HTTP API: the operations under /api/v1, with the JSON of the socket and errors as RFC 9457 has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

import msgspec
from msgspec.structs import replace

from scheduler.api.handlers import answer
from scheduler.api.reply_text import pieces_of
from scheduler.api.service import Service
from scheduler.api.views import run_view
from scheduler.errors import (
    ConfigError,
    RefusedError,
    SchedError,
    TooManyWaitingError,
    UnknownNameError,
    UnreachableError,
    UsageError,
)
from scheduler.text import as_json
from scheduler.web import response
from scheduler.web.board import Board
from scheduler.web.live import Live
from scheduler.web.openapi import document
from scheduler.web.request import Request
from scheduler.web.request_fields import read_request
from scheduler.web.response import Response
from scheduler.wire.envelope import FAULTS
from scheduler.wire.http_routes import API, STANDBY_OF, HttpRoute
from scheduler.wire.operations import RESULT, RUN_NOW, WAIT
from scheduler.wire.runs import AskResult, Event, Finished, Left, Lost, Output, RunNow, RunResult, Started, Waiting

LONGEST_WAIT = 300.0
"""Seconds that `Prefer: wait` may ask for."""

_STATUS = (
    (TooManyWaitingError, 429, "Too many waiting runs"),
    (UnknownNameError, 404, "Not found"),
    (RefusedError, 409, "Refused"),
    (UsageError, 400, "Bad request"),
    (ConfigError, 422, "Invalid file"),
    (UnreachableError, 503, "Unavailable"),
)


def problem_of(error: SchedError) -> Response:
    """An error that a person can fix, with the `code` that it has on the socket."""
    status, title = next(
        ((status, title) for kind, status, title in _STATUS if isinstance(error, kind)), (500, "Failed")
    )
    code = next(code for code, kind in FAULTS.items() if isinstance(error, kind))
    return response.problem(status, title, str(error), code=code)


class HttpApi:
    """Answers requests by operations of a service."""

    def __init__(self, service: Service, board: Board, live: Live, token_needed: bool) -> None:
        self._service = service
        self._board = board
        self._live = live
        self._document = as_json(document(token_needed=token_needed))

    async def call(self, route: HttpRoute, request: Request, places: dict[str, str]) -> Response:
        """The answer to a request on one of HTTP_ROUTES. A standby's own answer names the active one in a header."""
        there = None if route.operation.of_active else self._service.elsewhere
        found = await self._answer(route, request, places)
        return found if there is None else replace(found, headers=(*found.headers, (STANDBY_OF, there.active)))

    async def _answer(self, route: HttpRoute, request: Request, places: dict[str, str]) -> Response:
        ask = self._ask(route, request, places)
        operation = route.operation
        if operation is RUN_NOW:
            return await self._run_now(request, ask)
        found = answer(self._service, operation, ask, request.by)
        if operation is WAIT:  # what happens may happen late: the answer begins at once
            return response.event_stream(self._live.guarded(_as_events(found)))
        if isinstance(found, AsyncGenerator):
            return await self._output(request, found)
        reply = await found if isawaitable(found) else found
        return await response.streamed(self._service.slices, pieces_of(reply), response.JSON, zipped=False)

    async def run(self, request: Request, run: str) -> Response:
        """One run, also while it waits. A standby asks the active scheduler for a run that it does not know."""
        found, live = self._board.run(run)
        if found is not None:
            return response.json(run_view(found))
        if live is not None and live.gate is not None:
            return response.json(Waiting(live.run_id, live.job, live.gate.waited_for))
        known = answer(self._service, RESULT, AskResult(run), request.by)
        result = await known if isawaitable(known) else known
        assert isinstance(result, RunResult), "the reply of the operation"  # noqa: S101
        return response.json(result if result.run is None else result.run)

    async def events(self, request: Request) -> Response:
        """Server-sent events that name the jobs that have changed."""
        del request
        if self._live.is_full:
            return too_many_streams()
        return response.event_stream(self._live.stream())

    async def openapi(self, request: Request) -> Response:
        """The description of this API."""
        found = Response(headers=(("content-type", "application/json"), response.NO_STORE), body=self._document)
        return response.compressed(found, request.header("accept-encoding"))

    def _ask(self, route: HttpRoute, request: Request, places: dict[str, str]) -> Any:
        """The request of the operation. UsageError when a field is unknown or not valid."""
        given: dict[str, Any] = {}
        if route.method == "GET":
            given = dict(request.query)
        elif request.query:
            raise UsageError("a POST request has no query string: its fields are members of a JSON object")
        elif request.body:
            given = _json_object(request)
        return read_request(route, given, places, self._service)

    async def _run_now(self, request: Request, ask: RunNow) -> Response:
        """202 once it has started or waits; with `Prefer: wait` the finished run, with Accept its events."""
        key = request.header("idempotency-key")
        if key is not None:
            ask = replace(ask, key=key)
        if _wants_events(request):
            return await self._events_of(answer(self._service, RUN_NOW, ask, request.by))
        wait = _seconds_to_wait(request)
        ask = replace(ask, detach=wait is None)
        events = answer(self._service, RUN_NOW, ask, request.by)
        assert isinstance(events, AsyncGenerator), "run-now streams"  # noqa: S101
        first: Started | Waiting | None = None
        until = None if wait is None else asyncio.get_running_loop().time() + wait
        async with aclosing(events):
            try:
                async with asyncio.timeout(None) as limit:
                    async for event in events:
                        if isinstance(event, Started | Waiting):
                            first = event
                            limit.reschedule(until)  # not earlier: the answer contains the id of the run
                        if isinstance(event, Left) and first is None:
                            first = Waiting(event.run_id, event.job, "worker")
                        if isinstance(event, Finished):
                            return response.json(event.run, more=(("preference-applied", f"wait={wait:g}"),))
            except TimeoutError:
                pass
        if first is None:
            raise RefusedError("the run ended before it began")
        run_id = first.run.id if isinstance(first, Started) else first.run_id
        return response.json(
            first.run if isinstance(first, Started) else first,
            status=202,
            more=(("location", f"{request.root}{API}/runs/{run_id}"),),
        )

    async def _output(self, request: Request, events: AsyncGenerator[Event, None]) -> Response:
        if _wants_events(request):
            return await self._events_of(events)
        headers = (("content-type", "text/plain; charset=utf-8"), response.NO_STORE)
        return Response(headers=headers, body=_as_text(events))

    async def _events_of(self, events: Any) -> Response:
        """Events as server-sent ones. The first is awaited, so that an error is an answer and no broken stream."""
        try:
            first = await anext(events, None)
        except BaseException:
            await events.aclose()
            raise
        return response.event_stream(self._live.guarded(_as_events(events, first)))


async def _as_events(events: Any, first: Event | None = None) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        if first is not None:
            yield _event(first)
        async for event in events:
            yield _event(event)
        yield response.event("end", b"{}")


def _event(event: Event) -> bytes:
    return response.event(str(event.__struct_config__.tag), as_json(event))


async def _as_text(events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Output):
                yield event.data
            elif isinstance(event, Lost):
                yield f"[{event.size} bytes are missing here]\n".encode()


def _json_object(request: Request) -> dict[str, Any]:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UsageError("the body must be JSON, with Content-Type: application/json")
    try:
        found = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the body is not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError("the body must be a JSON object")
    return found


def _wants_events(request: Request) -> bool:
    return "text/event-stream" in (request.header("accept") or "")


def _seconds_to_wait(request: Request) -> float | None:
    match = re.search(r"(?:^|,)\s*wait=(\d{1,6})", request.header("prefer") or "")
    return None if match is None else min(float(match[1]), LONGEST_WAIT)


def too_many_streams() -> Response:
    """The answer when all streams are taken; a page then asks again and again."""
    return response.problem(503, "Unavailable", "too many open streams", more=(("retry-after", "5"),))
