"""The errors about nodes of a wrong shape: a list instead of text, a missing value, a comment in a command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scheduler.config.recipients import LISTS
from scheduler.config.scalars import InvalidValueError, Kind, is_null
from scheduler.document.line_context import quote
from scheduler.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source

Read = Callable[[Node, Source, str], Any]
"""Takes a node, its source and the dotted path of its key. Raises InvalidValueError or AlreadyReportedError."""


class AlreadyReportedError(Exception):
    """There is no value, and the source has the findings that say why."""


def wrong_shape(node: Node, source: Source, kind: Kind) -> InvalidValueError | AlreadyReportedError:
    """The error about a list or a mapping in the place of a scalar."""
    if isinstance(node, Sequence):
        return InvalidValueError(f"must be {kind.name}, not a list", kind="only-item")
    if isinstance(node, Mapping):
        if source.text.startswith("{{", node.index):
            return AlreadyReportedError()
        return InvalidValueError(f"must be {kind.name}, not a mapping")
    return AlreadyReportedError()


def nothing(node: Scalar, source: Source, kind: Kind) -> InvalidValueError:
    """The error about a missing value, or a null that the key does not accept."""
    if comment := re.compile(r"[ \t]*(#.*)").match(source.text, node.index):
        text = comment[1].rstrip()
        message = "missing value: # starts a comment; use quotes"
        return InvalidValueError(message, candidate=quote(text), end=comment.start(1) + len(text))
    return InvalidValueError(f"must be {kind.name}, not null" if node.value else "missing value")


def no_list(read_item: Read, node: Node, where: str) -> InvalidValueError | AlreadyReportedError:
    """The error about a node that is not a list; it may be the only item of one."""
    if isinstance(node, Broken):
        return AlreadyReportedError()
    message = "must be a list, not a mapping" if isinstance(node, Mapping) else "must be a list"
    if isinstance(node, Scalar) and node.plain and (not node.value or is_null(node.value)):
        return InvalidValueError(message)
    kind, item = "item", Source("", Path(), "")
    try:
        read_item(node, item, where)
    except InvalidValueError as error:
        kind = error.kind
    except AlreadyReportedError:
        kind = ""
    if (kind != "item" or item.findings) and where.rpartition(".")[2] in LISTS:  # else the item is offered in brackets
        message += "; for example [{mail: ops@example.com}]"
    return InvalidValueError(message, kind=kind, in_list=True)


def entries_of(node: Node) -> list[tuple[Scalar, Node]]:
    """The keys and values of a mapping; none of another node."""
    return node.entries if isinstance(node, Mapping) else []


def mapping_of(node: Node, kind: str = "") -> Mapping:
    """The node if it is a mapping; `kind` names the suggestions for another one."""
    message = "must be a mapping of names and values"
    if isinstance(node, Mapping):
        return node
    if isinstance(node, Broken):
        raise AlreadyReportedError
    if isinstance(node, Sequence):
        raise InvalidValueError(f"{message}, not a list", kind=kind)
    match = re.fullmatch(r"([\w.-]+):([^\s/].*)", node.value)
    if node.plain and match:
        candidate = f"{{{match[1]}: {match[2]}}}"
        raise InvalidValueError(f"{message}; missing space after the colon", candidate=candidate)
    raise InvalidValueError(message if node.value else f"missing value: {message}", kind=kind)


def has_place(node: Node) -> bool:
    """Whether the node has text to point at; for an empty one the key is shown instead."""
    return not (isinstance(node, Scalar) and node.plain and not node.value)


def refuse_comment_within_quotes(node: Scalar, source: Source) -> None:
    """Raise the error about a `#` inside the quotes of a shell command, where YAML starts a comment."""
    comment = re.compile(r"[ \t]+#.*").match(source.text, node.index + len(node.value))
    if not comment or not source.text.startswith(node.value, node.index):
        return
    try:
        shlex.split(node.value)
    except ValueError:
        text = node.value + comment[0].rstrip()
        message = "a # after a space starts a comment, here inside the quotes of a command; quote the whole command"
        raise InvalidValueError(message, candidate=quote(text), end=node.index + len(text)) from None


def places_within(root: Node, outer_keys: set[str]) -> dict[str, int]:
    """The positions of the keys of two levels within these keys: `web.token`, `launcher.celery.broker`."""
    found = {}
    for outer, node in entries_of(root):
        for key, value in entries_of(node) if outer.value in outer_keys else ():
            path = f"{outer.value}.{key.value}"
            found[path] = key.index
            found |= {f"{path}.{inner.value}": inner.index for inner, _ in entries_of(value)}
    return found
