"""The fields of a request over HTTP, read into the request of an operation: times as people type them, clear errors."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scheduler.api.service import Service
from scheduler.errors import UsageError
from scheduler.schedule import instant_of
from scheduler.web.form_times import typed_instant
from scheduler.wire.http_routes import HttpRoute

_UTC = ZoneInfo("UTC")
_EXPECTED = {
    "int": "a whole number such as 10",
    "float": "a number such as 2.5",
    "bool": "true or false",
    "str": "text",
    "array": "a list of texts",
    "object": "an object",
}
_PROBLEM = re.compile(r"(?s)(.*?) - at `\$\.(.*)`")


def read_request(route: HttpRoute, given: dict[str, Any], places: dict[str, str], service: Service) -> Any:
    """The request of the route's operation. `places` are the parts of the path.

    A time without a zone is in the time zone of the job. UsageError names the field that is unknown or not valid.
    """
    fields = route.fields()
    for name in given:
        if name not in fields:
            raise UsageError(f"unknown field {name!r}; known are: {', '.join(fields) or 'none'}")
    all_fields = {field.encode_name: field for field in msgspec.structs.fields(route.operation.ask)}
    lists = {name for name, field in all_fields.items() if "tuple" in str(field.type)}
    given = {name: _split(value) if name in lists else value for name, value in given.items()}
    given |= {name: [value] if name in lists else value for name, value in places.items()}
    for name, value in given.items():
        if isinstance(value, str) and "datetime" in str(all_fields[name].type):
            given[name] = _time(name, value, "Meta" in str(all_fields[name].type), _zone(given, service), service)
    if route.path in ("/pause", "/resume") and not given.get("jobs"):
        given["all"] = True
    try:
        return msgspec.convert(given, type=route.operation.ask, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(_in_words(str(error), given)) from None


def _split(value: Any) -> Any:
    return [each for each in value.split(",") if each] if isinstance(value, str) else value


def _zone(given: dict[str, Any], service: Service) -> ZoneInfo | None:
    """The time zone of the only job that the request names."""
    named = given.get("jobs", given.get("job"))
    names = named if isinstance(named, list) else [named]
    job = service.job(names[0]) if len(names) == 1 and isinstance(names[0], str) else None
    return None if job is None else job.timezone


def _time(name: str, text: str, is_instant: bool, zone: ZoneInfo | None, service: Service) -> datetime:
    """A time that was typed; an instant gets a zone."""
    try:
        found = typed_instant(text, service.now(), zone or _UTC)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    if not is_instant or found.tzinfo is not None:
        return found
    if zone is None:
        raise UsageError(f"{name}: {text!r} has no time zone; append Z, or an offset such as +02:00")
    try:
        return instant_of(found, zone)
    except OverflowError:
        raise UsageError(f"{name}: {text!r} is outside the calendar of {zone.key}") from None


def _in_words(problem: str, given: dict[str, Any]) -> str:
    """An error of msgspec with the name of the field, what it must be, and what was given."""
    match = _PROBLEM.fullmatch(problem)
    if match is None:
        return f"invalid request: {problem}"
    message, field = match.groups()
    value = given.get(field)
    shown = f", not {value!r}" if isinstance(value, str | int | float) else ""
    expected = re.match(r"Expected `(\w+)(?: \| null)?`(.*)", message)
    if expected is None or expected[1] not in _EXPECTED:
        return f"{field}: {message[:1].lower()}{message[1:]}"
    if bound := re.match(r" ([<>]=? ?-?[\d.]+)", expected[2]):
        return f"{field}: must be {_EXPECTED[expected[1]]}, {bound[1]}{shown}"
    return f"{field}: must be {_EXPECTED[expected[1]]}{shown}"
