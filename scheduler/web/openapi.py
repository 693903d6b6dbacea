"""The OpenAPI 3.1 document, generated from the operations and their routes."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import msgspec

from scheduler import __version__
from scheduler.config.field_types import JOB_NAME
from scheduler.web.routes import RUN_ID
from scheduler.wire.http_routes import API, HTTP_ROUTES, HttpRoute
from scheduler.wire.operations import LOGS, RUN_NOW, WAIT
from scheduler.wire.runs import RunView, Waiting

_REF = "#/components/schemas/{name}"
_CONTROL = frozenset({"POST"})

_EVENTS: dict[str, Any] = {"text/event-stream": {}}
"""Server-sent events. OpenAPI 3.1 has no way to describe one; docs/http.md does."""

_ERRORS = {
    "400": "Bad request",
    "401": "A token is missing or wrong",
    "403": "The token is read-only, or the request came from another site",
    "404": "No such job or run",
    "409": "Refused by a rule such as the overlap policy, by a shutdown, or by a standby without an active scheduler",
    "413": "The request is too large",
    "421": "The Host header is not a name of this server",
    "422": "The schedule file is invalid",
    "429": "Too many waiting runs, or too many wrong tokens",
    "503": "Too many streams, or a standby cannot reach its store or has lost the active scheduler",
}


@cache
def document(*, token_needed: bool) -> dict[str, Any]:
    """The whole document; not to be changed."""
    types = _types()
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = dict(zip(map(str, types), schemas, strict=True))
    for schema in components.values():  # a docstring loses its indentation by itself from Python 3.13 on
        schema["description"] = inspect.cleandoc(schema["description"])
    paths: dict[str, dict[str, Any]] = {}
    for route in HTTP_ROUTES:
        path = re.sub(r"\{(jobs|runs|target)\}", _place(route), route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schema_of)
    paths |= _beside(schema_of)
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "schedd", "version": __version__, "description": "Query and control a running schedd."},
        "servers": [{"url": API}],
        "paths": paths,
        "components": {
            "schemas": components | {"Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    if token_needed:
        found["security"] = [{"token": []}]
    return found


def _place(route: HttpRoute) -> str:
    return "{run}" if route.path.startswith("/runs/") else "{job}"


def _types() -> list[Any]:
    found: list[Any] = [RunView, Waiting]
    for route in HTTP_ROUTES:
        for each in (route.operation.ask, route.operation.reply, *(field.type for field in route.fields().values())):
            if each is not type(None) and str(each) not in map(str, found):
                found.append(each)
    return found


def _operation(route: HttpRoute, schema_of: dict[str, Any]) -> dict[str, Any]:
    operation = route.operation
    described = " ".join((operation.ask.__doc__ or "").split())
    summary = described.partition(": ")[2] or described
    parts = [each for each in route.path.split("/") if each and "{" not in each]
    found: dict[str, Any] = {
        "operationId": f"{operation.name}-{'-'.join(parts)}",
        "summary": summary[:1].upper() + summary[1:],
        "parameters": [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", _shown_path(route))],
        "responses": _responses(route, schema_of),
    }
    fields = route.fields()
    if route.method == "GET":
        found["parameters"] += [_query_parameter(name, field, schema_of) for name, field in fields.items()]
    elif fields:
        properties = {name: schema_of[str(field.type)] for name, field in fields.items()}
        body = {"type": "object", "properties": properties, "additionalProperties": False}
        found["requestBody"] = {"content": {"application/json": {"schema": body}}}
    if operation is RUN_NOW:
        found["parameters"] += _RUN_HEADERS
    return found


def _shown_path(route: HttpRoute) -> str:
    return re.sub(r"\{(jobs|runs|target)\}", _place(route), route.path)


def _either(schema_of: dict[str, Any]) -> dict[str, Any]:
    """A run, or what it waits for."""
    return {"oneOf": [schema_of[str(RunView)], schema_of[str(Waiting)]]}


def _path_parameter(name: str) -> dict[str, Any]:
    pattern = RUN_ID if name == "run" else JOB_NAME
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{pattern}$"}}


def _query_parameter(name: str, field: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    schema = schema_of[str(field.type)]
    found = {"name": name, "in": "query", "schema": schema}
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
    if field.required:
        found["required"] = True
    return found


def _responses(route: HttpRoute, schema_of: dict[str, Any]) -> dict[str, Any]:
    operation = route.operation
    run_or_waiting = _either(schema_of)
    if operation is RUN_NOW:
        found: dict[str, Any] = {
            "200": _content("The finished run, with Prefer: wait", schema_of[str(RunView)]),
            "202": _content("It has started, or waits", run_or_waiting)
            | {"headers": {"Location": {"schema": {"type": "string"}}}},
        }
        found["200"]["content"] |= _EVENTS
    elif operation is WAIT:
        found = {"200": {"description": "Events, until each run has ended", "content": _EVENTS}}
    elif operation is LOGS:
        found = {"200": {"description": "Output", "content": {"text/plain": {"schema": {"type": "string"}}, **_EVENTS}}}
    else:
        found = {"200": _content("The answer", schema_of[str(operation.reply)])}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return found | {status: {"description": text, "content": problem} for status, text in _ERRORS.items()}


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _beside(schema_of: dict[str, Any]) -> dict[str, Any]:
    """Paths that are not operations: one run, the stream of changes, and this document."""
    run = {
        "operationId": "run",
        "summary": "One run, also while it waits",
        "parameters": [_path_parameter("run")],
        "responses": {
            "200": _content("The run", _either(schema_of)),
            "404": {"description": "No such run"},
        },
    }
    events = {
        "operationId": "events",
        "summary": "Server-sent events that name the jobs that have changed, at most one a second",
        "responses": {"200": {"description": "A stream", "content": _EVENTS}},
    }
    itself = {
        "operationId": "openapi",
        "summary": "This document",
        "responses": {"200": _content("OpenAPI 3.1", {"type": "object"})},
    }
    return {"/runs/{run}": {"get": run}, "/events": {"get": events}, "/openapi.json": {"get": itself}}


_RUN_HEADERS = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "While a run with this key waits, runs or is kept, it is the answer and nothing new starts.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "wait=30: answer when the run has finished, or after so many seconds.",
        "schema": {"type": "string", "pattern": r"^wait=\d{1,6}$"},
    },
]

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
    "required": ["title", "status", "detail"],
}
