"""What to say of a node that has another shape than its key needs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from scheduler.config import values
from scheduler.config.values import Kind, Mistake
from scheduler.document.line_context import quote
from scheduler.document.nodes import Broken, Digest, Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source
from scheduler.errors import MASK

Read = Callable[[Node, Source, str], Any]
"""A node, its source, and the dotted path of its key, which findings name. Raises Mistake, or NotedError."""


class NotedError(Exception):
    """There is no value, and the source has the findings that say why."""


def wrong_shape(node: Node, source: Source, kind: Kind) -> Mistake | NotedError:
    """What to say of a list or a mapping in the place of a scalar."""
    if isinstance(node, Sequence):
        only = node.items[0] if len(node.items) == 1 else None
        fill = only.value if isinstance(only, Scalar) else kind.example
        return Mistake(f"{kind.needs} is needed here, not a list", MASK, fill=fill)
    if isinstance(node, Mapping):
        if source.text.startswith("{{", node.index):
            return NotedError()
        return Mistake(f"{kind.needs} is needed here, not a mapping", kind.example)
    return NotedError()


def nothing(node: Scalar, source: Source, kind: Kind) -> Mistake:
    """What to say where nothing stands, or a null that the key does not take."""
    if comment := re.compile(r"[ \t]*(#.*)").match(source.text, node.index):
        text = comment[1].rstrip()
        return Mistake(
            "# begins a comment, so nothing stands here; as part of a text it needs quotes", MASK, fill=quote(text)
        )
    return Mistake(f"{node.value or 'nothing'} stands here; {kind.needs} is needed", kind.example)


def no_list(read_item: Read, node: Scalar, source: Source, where: str) -> Mistake:
    """What to say of a scalar in the place of a list, which is most likely its only entry."""
    message = "a list is needed here"
    if node.plain and (not node.value or values.is_null(node.value)):
        return Mistake(message, "[…]")
    try:
        read_item(node, source, where)
    except Mistake as mistake:
        return Mistake(message, f"[{mistake.help or '…'}]", fill=mistake.fill)
    return Mistake(message, f"[{MASK}]", fill=node.value)


def entries_of(node: Node) -> list[tuple[Scalar, Node]]:
    """The keys and values of a mapping; none of another node."""
    return node.entries if isinstance(node, Mapping) else []


def mapping_of(node: Node) -> Mapping:
    """The node, which has to be a mapping."""
    needs, example = "a mapping of names and values", "{NAME: …}"
    if isinstance(node, Mapping):
        return node
    if isinstance(node, Broken | Digest):
        raise NotedError
    if isinstance(node, Sequence):
        raise Mistake(f"{needs} is needed here, not a list", example)
    match = re.fullmatch(r"([\w.-]+):(\S.*)", node.value)
    if node.plain and match:
        message = f"{needs} is needed here; a space is missing after the colon"
        raise Mistake(message, "{" + MASK + "}", fill=f"{match[1]}: {match[2]}")
    raise Mistake(f"{needs} is needed here" if node.value else f"nothing stands below; {needs} is needed", example)


def has_place(node: Node) -> bool:
    """Whether the node can be pointed at; an empty one stands nowhere in particular, so its key is shown."""
    return not (isinstance(node, Scalar) and node.plain and not node.value)


def refuse_comment_within_quotes(node: Scalar, source: Source) -> None:
    """A shell would refuse what is left of such a command anyhow."""
    comment = re.compile(r"[ \t]+#.*").match(source.text, node.index + len(node.value))
    if not comment or not source.text.startswith(node.value, node.index):
        return
    try:
        shlex.split(node.value)
    except ValueError:
        message = "# behind a blank begins a comment, here within the quotes of a shell; quotes around it all keep it"
        raise Mistake(message, MASK, fill=quote(node.value + comment[0].rstrip())) from None
