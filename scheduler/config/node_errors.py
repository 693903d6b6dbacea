"""Reports errors about nodes, and names those about a wrong shape: a list instead of text, a missing value."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from scheduler.config.values import InvalidValueError, Kind, is_null
from scheduler.document.line_context import quote
from scheduler.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source
from scheduler.errors import MASK

Read = Callable[[Node, Source, str], Any]
"""Takes a node, its source and the dotted path of its key. Raises InvalidValueError or AlreadyReportedError."""


class AlreadyReportedError(Exception):
    """There is no value, and the source has the findings that say why."""


def wrong_shape(node: Node, source: Source, kind: Kind) -> InvalidValueError | AlreadyReportedError:
    """The error about a list or a mapping in the place of a scalar."""
    if isinstance(node, Sequence):
        only = node.items[0] if len(node.items) == 1 else None
        message = f"must be {kind.name}, not a list"
        return (
            InvalidValueError(message, MASK, fill=only.value)
            if isinstance(only, Scalar)
            else InvalidValueError(message)
        )
    if isinstance(node, Mapping):
        if source.text.startswith("{{", node.index):
            return AlreadyReportedError()
        return InvalidValueError(f"must be {kind.name}, not a mapping")
    return AlreadyReportedError()


def nothing(node: Scalar, source: Source, kind: Kind) -> InvalidValueError:
    """The error about a missing value, or a null that the key does not accept."""
    if comment := re.compile(r"[ \t]*(#.*)").match(source.text, node.index):
        text = comment[1].rstrip()
        return InvalidValueError("missing value: # starts a comment; use quotes", MASK, fill=quote(text))
    return InvalidValueError(f"must be {kind.name}, not null" if node.value else "missing value")


def no_list(read_item: Read, node: Scalar, source: Source, where: str) -> InvalidValueError:
    """The error about a scalar in the place of a list, which is most likely its only entry."""
    message = "must be a list"
    if node.plain and (not node.value or is_null(node.value)):
        return InvalidValueError(message)
    try:
        read_item(node, source, where)
    except InvalidValueError as error:
        return InvalidValueError(message, f"[{error.help}]" if error.help else None, fill=error.fill)
    return InvalidValueError(message, f"[{MASK}]", fill=node.value)


def report(error: InvalidValueError, node: Node, source: Source, where: str, key: str = "") -> None:
    """Report an error at the node; `key` is put before the message and the help."""
    message = f"{key}: {error.message}" if key else error.message
    help = f"{key}: {error.help}" if key and error.help is not None else error.help
    source.error(node.index, message, help, fill=error.fill, width=_width(node), key=where)


def _width(node: Node) -> int:
    return max(1, len(node.value)) if isinstance(node, Scalar) and "\n" not in node.value else 1


def entries_of(node: Node) -> list[tuple[Scalar, Node]]:
    """The keys and values of a mapping; none of another node."""
    return node.entries if isinstance(node, Mapping) else []


def mapping_of(node: Node) -> Mapping:
    """The node if it is a mapping."""
    message = "must be a mapping of names and values"
    if isinstance(node, Mapping):
        return node
    if isinstance(node, Broken):
        raise AlreadyReportedError
    if isinstance(node, Sequence):
        raise InvalidValueError(f"{message}, not a list")
    match = re.fullmatch(r"([\w.-]+):(\S.*)", node.value)
    if node.plain and match:
        raise InvalidValueError(
            f"{message}; missing space after the colon", "{" + MASK + "}", fill=f"{match[1]}: {match[2]}"
        )
    raise InvalidValueError(message if node.value else f"missing value: {message}")


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
        message = (
            "# after a space starts a comment, here inside the quotes of a command; put the whole command in quotes"
        )
        raise InvalidValueError(message, MASK, fill=quote(node.value + comment[0].rstrip())) from None
