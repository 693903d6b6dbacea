"""Nodes to values along the types of the spec. A mistake becomes a finding of the source, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_origin

import msgspec
import msgspec.inspect as types

from scheduler.config import values
from scheduler.config.field_types import Form
from scheduler.config.node_errors import (
    NotedError,
    Read,
    entries_of,
    has_place,
    mapping_of,
    no_list,
    nothing,
    refuse_comment_within_quotes,
    wrong_shape,
)
from scheduler.config.suggest import unknown_key, variables
from scheduler.config.values import Kind, Mistake
from scheduler.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source
from scheduler.document.value_spans import NAME, is_variable


@cache
def reader_of(form: type[Form]) -> Callable[[Node, Source, str], dict[str, Any]]:
    """Reads a mapping of a form's keys to the values of those that are given and good. Never raises."""
    read_mapping = _form(form)

    def read(node: Node, source: Source, where: str) -> dict[str, Any]:
        try:
            result: dict[str, Any] = read_mapping(node, source, where)
        except Mistake as mistake:
            _note(mistake, node, source, where)
            return {}
        except NotedError:
            return {}
        return result

    return read


def _reader(info: types.Type, example: str | None = None) -> Read:
    """The reader of one type; `example` is what to write where nothing better is known."""
    if isinstance(info, types.Metadata):
        reads = (info.extra or {}).get("reads")
        example = example or next(iter((info.extra_json_schema or {}).get("examples", ())), None)
        if reads in values.KINDS:
            return _scalar(values.KINDS[reads], example)
        return _reader(info.type, example)
    if isinstance(info, types.UnionType):
        return _union(info, example)
    if isinstance(info, types.StructType):
        return _form(info.cls)  # type: ignore[arg-type]
    if isinstance(info, types.ListType | types.VarTupleType):
        return _list(info)
    if isinstance(info, types.DictType):
        return _dict(info)
    return _scalar(_kind(info), example)


def _kind(info: types.Type) -> Kind:
    if isinstance(info, types.BoolType):
        return values.BOOLEAN
    if isinstance(info, types.IntType):
        return values.integer(info.ge, info.le)
    if isinstance(info, types.FloatType):
        return values.number(info.ge, info.le)
    if isinstance(info, types.EnumType):
        return values.choice(info.cls)  # type: ignore[arg-type]
    return values.TEXT


def _scalar(kind: Kind, example: str | None = None) -> Read:
    kind = kind._replace(example=str(example)) if isinstance(example, str | int) else kind
    read_text = kind.read

    def read(node: Node, source: Source, _where: str) -> Any:
        if type(node) is not Scalar:
            raise wrong_shape(node, source, kind)
        if node.plain and (not node.value or values.is_null(node.value)):
            raise nothing(node, source, kind)
        return read_text(node.value, node.plain)

    return read


def _union(info: types.UnionType, example: str | None) -> Read:
    """What stands there decides which of the types is meant: null, a scalar, a list or a mapping."""
    nullable = False
    by_shape: dict[type, Read] = {}
    for option in info.types:
        inner = option.type if isinstance(option, types.Metadata) else option
        if isinstance(inner, types.NoneType):
            nullable = True
        elif isinstance(inner, types.StructType | types.DictType):
            by_shape[Mapping] = _reader(option)
        elif isinstance(inner, types.ListType):
            by_shape[Sequence] = _reader(option)
        else:
            by_shape.setdefault(Scalar, _reader(option, example))
    fallback = by_shape.get(Scalar) or next(iter(by_shape.values()))

    def read(node: Node, source: Source, where: str) -> Any:
        if nullable and type(node) is Scalar and node.plain and values.is_null(node.value):
            return None
        return by_shape.get(type(node), fallback)(node, source, where)

    return read


def _list(info: types.ListType | types.VarTupleType) -> Read:
    item_reader = _reader(info.item_type)
    shortest = info.min_length or 0
    example = "[{…}]" if isinstance(info.item_type, types.StructType) else "[…]"

    def read(node: Node, source: Source, where: str) -> list[Any]:
        if isinstance(node, Scalar):
            raise no_list(item_reader, node, source, where)
        if not isinstance(node, Sequence):
            raise NotedError if isinstance(node, Broken) else Mistake("a list is needed here, not a mapping", example)
        if len(node.items) < shortest:
            raise Mistake("the list is empty", "[…]")
        items = [_child(item_reader, item, source, f"{where}[{place}]") for place, item in enumerate(node.items)]
        good = [item for item in items if item is not _NOTHING]
        if shortest and len(good) < len(items):
            raise NotedError  # without some of its words a command is another one
        return good

    return read


_NOTHING = object()


def _child(read: Read, node: Node, source: Source, where: str) -> Any:
    """The value, or _NOTHING once its mistake is noted."""
    try:
        return read(node, source, where)
    except Mistake as mistake:
        _note(mistake, node, source, where)
    except NotedError:
        pass
    return _NOTHING


def _note(mistake: Mistake, node: Node, source: Source, where: str, key: str = "") -> None:
    """A finding at the node; `key` goes before what is wrong and what to write."""
    message = f"{key}: {mistake.message}" if key else mistake.message
    help = f"{key}: {mistake.help}" if key and mistake.help is not None else mistake.help
    source.note(node.index, message, help, fill=mistake.fill, width=_width(node), key=where)


def _width(node: Node) -> int:
    return max(1, len(node.value)) if isinstance(node, Scalar) and "\n" not in node.value else 1


def _form(form: type[Form]) -> Read:
    hints = {field.encode_name: field.type for field in msgspec.structs.fields(form)}
    readers: dict[str, Read] = {}  # made when a key is first met: files have few of them, and all would take 10 ms

    def read(node: Node, source: Source, where: str) -> dict[str, Any]:
        given = {}
        entries = mapping_of(node).entries
        flaw = form.flaw({key.value for key, _ in entries})
        if flaw is not None:
            raise Mistake(*flaw)
        for key, value in entries:
            name = key.value
            path = f"{where}.{name}" if where else name
            if name not in hints:
                answer = unknown_key(form, name, value, hints)
                source.note(key.index, answer.message, answer.help, fill=answer.fill, width=len(name), key=path)
                continue
            if name not in readers:
                readers[name] = _key(hints[name])
            try:
                given[name] = readers[name](value, source, path)
            except Mistake as mistake:
                _note(mistake, value if has_place(value) else key, source, path, name)
            except NotedError:
                pass
        return given

    return read


def _key(hint: Any) -> Read:
    """The reader of a key, by its type as it is annotated: msgspec would describe each key of a form that it names."""
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
    value_reader = _reader(info.value_type, '""')

    def read(node: Node, source: Source, where: str) -> dict[str, Any]:
        if isinstance(node, Sequence):
            raise Mistake("a mapping of names and values is needed here, not a list", variables(node))
        given = {}
        for key, value in mapping_of(node).entries:
            name = key.value
            if pattern and not pattern.search(name):
                message = "a variable's name is letters, digits and _, the first no digit"
                mended = re.sub(r"^(?=\d)|\W", "_", name, flags=re.ASCII) or "NAME"
                help = f"{mended}: …" if re.fullmatch(NAME, name) and has_place(value) else None
                source.note(key.index, message, help, width=max(1, len(name)), key=where)
                continue
            if pattern and name.startswith("SCHED_"):
                message = "variables that begin with SCHED_ are schedd's own, and set by it for each run"
                source.note(key.index, message, "another name, or nothing", width=len(name), key=where)
                continue
            try:
                given[name] = value_reader(value, source, f"{where}.{name}")
            except Mistake as mistake:
                shown = name if has_place(value) or is_variable(name) else "…"
                _note(mistake, value if has_place(value) else key, source, f"{where}.{shown}", shown)
            except NotedError:
                pass
        return given

    return read


def _command(hint: Any) -> Read:
    example = "echo hello"
    read_words = _reader(types.type_info(hint), example)

    def read(node: Node, source: Source, where: str) -> Any:
        command = read_words(node, source, where)
        program = command if isinstance(command, str) else command[0]
        if not program.strip():
            raise Mistake("the command is empty", example)
        if type(node) is Scalar and node.plain:
            refuse_comment_within_quotes(node, source)
        return command

    return read


def _json(hint: Any) -> Read:
    shape = Sequence if get_origin(hint) is list else Mapping

    def read(node: Node, source: Source, where: str) -> Any:
        if isinstance(node, Broken):
            raise NotedError
        if type(node) is not shape:
            needs = "a list of arguments by place" if shape is Sequence else "a mapping of arguments by name"
            raise Mistake(f"{needs} is needed here", "[…]" if shape is Sequence else "{NAME: …}")
        return _plain_json(node, source, where)

    return read


def _plain_json(node: Node, source: Source, where: str) -> Any:
    if isinstance(node, Mapping):
        return {key.value: _plain_json(value, source, f"{where}.{key.value}") for key, value in node.entries}
    if isinstance(node, Sequence):
        return [_plain_json(item, source, f"{where}[{place}]") for place, item in enumerate(node.items)]
    if isinstance(node, Scalar):
        try:
            return values.json_value(node.value, node.plain)
        except Mistake as mistake:
            _note(mistake, node, source, where)
    return None


def _schedule(_hint: Any) -> Read:
    """Left as it is to `parse_schedule`, which needs the job's name and its time zone."""

    def read(node: Node, _source: Source, _where: str) -> Node:
        inner = node.items if isinstance(node, Sequence) else [value for _, value in entries_of(node)]
        if any(isinstance(one, Broken) for one in (node, *inner)):
            raise NotedError
        return node

    return read


def _jobs(_hint: Any) -> Read:
    """Left as they are: a job has more than its own keys to go by."""
    return lambda node, _source, _where: node


def _placed(_hint: Any) -> Read:
    """Paths, one or a list, each with the node that names it."""
    read_path = _scalar(values.KINDS["path"])

    def read(node: Node, source: Source, where: str) -> list[tuple[str, Node]]:
        if not isinstance(node, Sequence):
            return [(read_path(node, source, where), node)]
        paths = [(_child(read_path, item, source, where), item) for item in node.items]
        return [(path, item) for path, item in paths if path is not _NOTHING]

    return read


_SPECIAL = {"placed": _placed, "command": _command, "json": _json, "schedule": _schedule, "jobs": _jobs}
