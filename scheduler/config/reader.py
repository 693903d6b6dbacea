"""Reads nodes as the values that the spec describes. An error becomes a finding of the source, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_origin

import msgspec.inspect as types

from scheduler.config import scalars
from scheduler.config.exclusion_reader import read_exclusion
from scheduler.config.field_types import Form
from scheduler.config.header_reader import headers_reader
from scheduler.config.json_values import json_reader
from scheduler.config.node_errors import (
    AlreadyReportedError,
    Read,
    entries_of,
    has_place,
    mapping_of,
    no_list,
    nothing,
    refuse_comment_within_quotes,
    wrong_shape,
)
from scheduler.config.scalars import NULLS, InvalidValueError, Kind
from scheduler.config.unknown_key import UnknownKey
from scheduler.config.value_errors import MOST_FIXES, report, report_variable
from scheduler.config.value_formats import KINDS
from scheduler.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source
from scheduler.document.value_spans import is_variable
from scheduler.schedule import Exclusion


@cache
def reader_of(form: type[Form]) -> Callable[[Node, Source, str], dict[str, Any]]:
    """Reads a mapping with the keys of a form. Returns the values of the valid ones by key. Never raises."""
    read_mapping = _form(form)

    def read(node: Node, source: Source, where: str) -> dict[str, Any]:
        try:
            result: dict[str, Any] = read_mapping(node, source, where)
        except InvalidValueError as error:
            report(error, node, source, where, read_mapping)
            return {}
        except AlreadyReportedError:
            return {}
        return result

    return read


def _reader(info: types.Type) -> Read:
    """The reader of one type."""
    if isinstance(info, types.Metadata):
        reads = (info.extra or {}).get("reads")
        return _scalar(KINDS[reads]) if reads in KINDS else _reader(info.type)
    if isinstance(info, types.UnionType):
        return _union(info)
    if isinstance(info, types.StructType):
        return _form(info.cls)  # type: ignore[arg-type]
    if isinstance(info, types.ListType | types.VarTupleType):
        return _list(info)
    if isinstance(info, types.DictType):
        return _dict(info)
    return _scalar(_kind(info))


def _kind(info: types.Type) -> Kind:
    if isinstance(info, types.BoolType):
        return scalars.BOOLEAN
    if isinstance(info, types.IntType):
        return scalars.integer(info.ge, info.le)
    if isinstance(info, types.FloatType):
        return scalars.number(info.ge, info.le)
    if isinstance(info, types.EnumType):
        return scalars.choice(info.cls)  # type: ignore[arg-type]
    return scalars.TEXT


def _scalar(kind: Kind) -> Read:
    read_text = kind.read

    def read(node: Node, source: Source, _where: str) -> Any:
        if type(node) is not Scalar:
            raise wrong_shape(node, source, kind)
        text, plain = node.value, node.plain
        if plain and (not text or text in NULLS):
            raise nothing(node, source, kind)
        return read_text(text, plain)

    return read


def _union(info: types.UnionType) -> Read:
    """The shape of the node selects one of the types: null, a scalar, a list or a mapping."""
    nullable = is_path = False
    by_shape: dict[type, Read] = {}
    for option in info.types:
        inner = option.type if isinstance(option, types.Metadata) else option
        if isinstance(inner, types.NoneType):
            nullable = True
            continue
        is_path |= isinstance(option, types.Metadata) and (option.extra or {}).get("reads") == "path"
        if isinstance(inner, types.StructType | types.DictType):
            by_shape[Mapping] = _reader(option)
        elif isinstance(inner, types.ListType):
            by_shape[Sequence] = _reader(option)
        else:
            by_shape.setdefault(Scalar, _reader(option))
    fallback = by_shape.get(Scalar) or next(iter(by_shape.values()))

    def read(node: Node, source: Source, where: str) -> Any:
        if nullable and type(node) is Scalar and node.plain and node.value in NULLS:
            if is_path and node.value == "~":
                raise InvalidValueError("~ is null in YAML, not the home directory; write a path, or null")
            return None
        return by_shape.get(type(node), fallback)(node, source, where)

    return read


def _list(info: types.ListType | types.VarTupleType) -> Read:
    item_reader = _reader(info.item_type)
    shortest = info.min_length or 0

    def read(node: Node, source: Source, where: str) -> list[Any]:
        if not isinstance(node, Sequence):
            raise no_list(item_reader, node, where)
        if len(node.items) < shortest:
            raise InvalidValueError("must not be an empty list")
        items = [_child(item_reader, item, source, f"{where}[{place}]") for place, item in enumerate(node.items)]
        good = [item for item in items if item is not _NOTHING]
        if shortest and len(good) < len(items):
            raise AlreadyReportedError  # a command without some of its words is a different command
        return good

    return read


_NOTHING = object()


def _child(read: Read, node: Node, source: Source, where: str) -> Any:
    """The value, or _NOTHING when its error has been reported."""
    try:
        return read(node, source, where)
    except InvalidValueError as error:
        report(error, node, source, where, read)
    except AlreadyReportedError:
        pass
    return _NOTHING


def _form(form: type[Form]) -> Read:
    kind = form.kind
    fields = dict(zip(form.__struct_encode_fields__, form.__struct_fields__, strict=True))
    readers: dict[str, Read] = {}  # made on the first use of a key: files use few of them, and all would take 10 ms
    has_conflicts = any("conflict" in vars(one) for one in form.__mro__ if one is not Form)

    def reader(name: str) -> Read:
        if name not in readers:
            readers[name] = _key(form.type_of(fields[name]))
        return readers[name]

    def read(node: Node, source: Source, where: str) -> dict[str, Any]:
        given, entries = {}, mapping_of(node, kind).entries
        if has_conflicts and (conflict := form.conflict({key.value for key, _ in entries})):
            raise InvalidValueError(conflict, kind=kind)
        for key, value in entries:
            name = key.value
            path = f"{where}.{name}" if where else name
            if name not in fields:
                if form.ignores(name):
                    continue
                present = frozenset(key.value for key, _ in entries)
                _report_unknown(UnknownKey(form, key, value, source, present, where, reader), path)
                continue
            read_value = readers.get(name) or reader(name)
            try:
                given[name] = read_value(value, source, path)
            except InvalidValueError as error:
                report(error, value, source, path, read_value, key)
            except AlreadyReportedError:
                pass
        return given

    return read


def _report_unknown(unknown: UnknownKey, path: str) -> None:
    from scheduler.config.suggest import not_known, unknown_key  # noqa: PLC0415 - only for errors

    found = unknown_key(unknown) if len(unknown.source.findings) < MOST_FIXES else not_known(unknown)
    at, width, path = unknown.key.index, len(unknown.name), path.partition(":")[0]  # a key may be `token:"s3cret"`
    unknown.source.error(at, found.message, found.help, fixes=found.fixes, width=width, key=path)


def _key(hint: Any) -> Read:
    """The reader of a key, from its annotation: msgspec would describe every key of every form that it refers to."""
    annotated = get_origin(hint) is Annotated
    bare = hint.__origin__ if annotated else hint
    for meta in hint.__metadata__ if annotated else ():
        if meta.extra and meta.extra["reads"] in _SPECIAL:
            return _SPECIAL[meta.extra["reads"]](bare)
    if isinstance(bare, type) and issubclass(bare, Form):
        return _form(bare)
    return _reader(types.type_info(hint))


def _dict(info: types.DictType) -> Read:
    key_info = info.key_type.type if isinstance(info.key_type, types.Metadata) else info.key_type
    pattern = re.compile(key_info.pattern) if isinstance(key_info, types.StrType) and key_info.pattern else None
    value_reader = _reader(info.value_type)

    def read(node: Node, source: Source, where: str) -> dict[str, Any]:
        given = {}
        node = mapping_of(node, "variables")
        for key, value in node.entries:
            name = key.value
            if pattern and not pattern.search(name):
                report_variable(key, value, node, source, where, value_reader)
                continue
            if pattern and name.startswith("SCHED_"):
                message = "variables that start with SCHED_ are set by schedd"
                source.error(key.index, message, width=len(name), key=where)
                continue
            try:
                given[name] = value_reader(value, source, f"{where}.{name}")
            except InvalidValueError as error:
                # A name that is not one of a variable may be a value in a wrong place.
                shown = key if has_place(value) or is_variable(name) else None
                report(error, value, source, f"{where}.{name if shown else '…'}", value_reader, shown)
            except AlreadyReportedError:
                pass
        return given

    return read


def _command(hint: Any) -> Read:
    read_words = _reader(types.type_info(hint))

    def read(node: Node, source: Source, where: str) -> Any:
        command = read_words(node, source, where)
        if command is None:
            return None
        if not (command if isinstance(command, str) else command[0]).strip():
            raise InvalidValueError("must not be empty")
        if type(node) is Scalar and node.plain:
            refuse_comment_within_quotes(node, source)
        return command

    return read


def _schedule(_hint: Any) -> Read:
    """Returns the node: `parse_schedule` also needs the job's name and time zone."""

    def read(node: Node, _source: Source, _where: str) -> Node:
        if type(node) is Scalar:
            return node
        inner = node.items if isinstance(node, Sequence) else [value for _, value in entries_of(node)]
        if any(isinstance(one, Broken) for one in (node, *inner)):
            raise AlreadyReportedError
        return node

    return read


def _placed(_hint: Any) -> Read:
    """One path or a list of them, each with the node that names it."""
    return lambda node, source, where: _one_or_more(_scalar(KINDS["path"]), node, source, where)


def _exclusions(_hint: Any) -> Read:
    """One entry of `except` or a list of them; each may have several dates."""

    def read(node: Node, source: Source, where: str) -> tuple[Exclusion, ...]:
        if isinstance(node, Scalar) and node.plain and scalars.is_null(node.value):
            return ()
        return tuple(one for entry, _ in _one_or_more(read_exclusion, node, source, where) for one in entry)

    return read


def _one_or_more(read: Read, node: Node, source: Source, where: str) -> list[tuple[Any, Node]]:
    """The value of a node, or of each item of a list, each with its node."""
    if not isinstance(node, Sequence):
        return [(read(node, source, where), node)]
    found = [(_child(read, item, source, f"{where}[{place}]"), item) for place, item in enumerate(node.items)]
    return [(value, item) for value, item in found if value is not _NOTHING]


_SPECIAL = {"placed": _placed, "command": _command, "json": json_reader, "schedule": _schedule}
_SPECIAL |= {"exclusions": _exclusions, "jobs": lambda _hint: lambda node, _source, _where: node}
_SPECIAL |= {"headers": lambda hint: headers_reader(_reader(types.type_info(hint)))}
