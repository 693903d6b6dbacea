"""Writes a node on one line, in the flow style of YAML."""

from __future__ import annotations

import re

from scheduler.document.line_context import masked, quote
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.document.value_spans import NAME

_PLAIN = re.compile(r"[\w./+~-](?:[^\s,\[\]{}:#'\"\\]|:(?=[^\s,\[\]{}])|(?<=\S)#| (?=[^\s#]))*")


_NEVER_SECRET = re.compile(r"format: .*", re.DOTALL)


def in_flow(node: Node, *, mask: bool = False, shown: re.Pattern[str] = _NEVER_SECRET) -> str | None:
    """The node as text that can be put into any place; None for one that is not valid or has several lines.

    With `mask`, scalars are masked, and so are keys that do not look like names; but not entries that match `shown`
    as `key: value`.
    """
    if isinstance(node, Scalar):
        if "\n" in node.value or not node.value.isprintable():
            return None
        text = node.value if node.plain and _PLAIN.fullmatch(node.value) else quote(node.value)
        return masked(text) if mask else text
    if isinstance(node, Sequence):
        items = [in_flow(item, mask=mask, shown=shown) for item in node.items]
        return None if None in items else f"[{', '.join(map(str, items))}]"
    if isinstance(node, Mapping):
        entries = [
            (
                in_flow(key, mask=mask and not re.fullmatch(NAME, key.value)),
                in_flow(value, mask=mask and not _is_shown(key, value, shown), shown=shown),
            )
            for key, value in node.entries
        ]
        if any(None in entry for entry in entries):
            return None
        return "{" + ", ".join(f"{key}: {value}" for key, value in entries) + "}"
    return None


def _is_shown(key: Scalar, value: Node, shown: re.Pattern[str]) -> bool:
    if isinstance(value, Sequence):
        return all(_is_shown(key, item, shown) for item in value.items)
    return isinstance(value, Scalar) and shown.fullmatch(f"{key.value}: {value.value}") is not None
