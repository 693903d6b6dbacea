"""The operations, events and types of docs/protocol.md, from the structs in scheduler/wire/."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from scheduler.text import as_json
from scheduler.wire.http_routes import HTTP_ROUTES
from scheduler.wire.operations import OPERATIONS, Operation
from scheduler.wire.runs import Event

INTRODUCTION = """
## Operations

Each request names one of these operations in `op`, with the fields of its table in `args`. `schedctl COMMAND --json`
prints the `ok` of its operation, except for `run-now`, `wait` and `logs` (see the [command reference](commands.md)).

- A field without a default is required in a request. A field with one may be left out.
- *time* is RFC 3339, with any offset in a request, in UTC in an answer. Durations are numbers of seconds. *base64* is
  bytes in base64.
- Events, where an operation has any, come before its `ok`.\
"""

TYPES = {
    "StrType": "string",
    "IntType": "integer",
    "FloatType": "number",
    "BoolType": "boolean",
    "DateTimeType": "time",
    "BytesType": "base64",
    "NoneType": "null",
    "AnyType": "any value",
}
"""What the page calls the types of the JSON."""


def text() -> str:
    """Each operation, each event, and then each type that these name, in the order in which they are named."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    types: list[Any] = []
    yield INTRODUCTION
    for operation in OPERATIONS.values():
        yield from _operation(operation, types)
    yield "\n## Events"
    for event in get_args(Event):
        yield from _struct(event, event.__struct_config__.tag, types)
    yield "\n## Types"
    for struct in types:  # the list grows in the loop
        yield from _struct(struct, struct.__name__, types)
    yield ""


def _operation(operation: Operation[Any, Any], types: list[Any]) -> Iterator[str]:
    yield from _struct(operation.ask, operation.name, types, defaults=True)
    answer = (
        "null, after the events" if operation.streams else _json_type(msgspec.inspect.type_info(operation.reply), types)
    )
    yield f"\n`ok`: {answer}.{_not_over_http(operation)}"


def _not_over_http(operation: Operation[Any, Any]) -> str:
    if all(route.operation is not operation for route in HTTP_ROUTES):
        return " This operation is not available over HTTP."
    fields = ", ".join(f"`{name}`" for name in sorted(operation.local_only))
    return f" Not available over HTTP: {fields}." if fields else ""


def _struct(struct: Any, title: str, types: list[Any], *, defaults: bool = False) -> Iterator[str]:
    """A section: what it is, and a table of its fields."""
    text = (struct.__doc__ or "").removeprefix(f"`{title}`: ")
    yield f"\n### {title}\n"
    yield "\n\n".join(" ".join(part.split()) for part in (text[:1].upper() + text[1:]).split("\n\n"))
    if fields := msgspec.inspect.type_info(struct).fields:
        yield "\n| field | type | default |\n|---|---|---|" if defaults else "\n| field | type |\n|---|---|"
    for field in fields:
        cells = [f"`{field.encode_name}`", _json_type(field.type, types)]
        if defaults:
            cells.append("" if field.required else f"`{as_json(_default(field)).decode()}`")
        yield f"| {' | '.join(cells)} |"


def _default(field: Any) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _json_type(info: Any, types: list[Any]) -> str:
    """A type in words, with a link to the section of a struct, which is added to `types`."""
    match info:
        case msgspec.inspect.StructType(cls=struct):
            if struct not in types:
                types.append(struct)
            return f"[{struct.__name__}](#{struct.__name__.lower()})"
        case msgspec.inspect.UnionType():
            return " or ".join(_json_type(each, types) for each in info.types)
        case msgspec.inspect.LiteralType():
            return " or ".join(f"`{value}`" for value in info.values)
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return f"array of {_json_type(info.item_type, types)}"
        case msgspec.inspect.DictType():
            return f"object of {_json_type(info.value_type, types)}"
        case msgspec.inspect.EnumType(cls=enum):
            return " or ".join(f"`{each.value}`" for each in enum)
    return TYPES[type(info).__name__]
