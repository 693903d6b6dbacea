"""Decides which replacements for a key or a value may be offered: those that the same reader accepts in that place.

Imported only when something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from scheduler.config.node_errors import AlreadyReportedError, Read
from scheduler.config.scalars import InvalidValueError
from scheduler.document.compose import compose
from scheduler.document.finding import Fix
from scheduler.document.flow import in_flow
from scheduler.document.node_end import end_of
from scheduler.document.nodes import Mapping, Node, Scalar
from scheduler.document.source import Source
from scheduler.errors import MASK
from scheduler.suggestion import Replacement, checked, keeps

_LONGEST = 160
"""Characters of a replacement that is shown."""

_LONGEST_ORIGINAL = 300
"""Characters of a value for which one is looked for. A number with more digits is not one for arithmetic either."""


def value_fixes(  # noqa: PLR0913 - what a replacement is checked with
    candidates: Iterable[Replacement],
    node: Node,
    source: Source,
    read: Read,
    key: Scalar | None,
    *,
    name: str = "",
    end: int | None = None,
    shown: re.Pattern[str] | None = None,
) -> tuple[Fix, ...]:
    """Fixes that replace the value at `node`, up to `end` if that is given; with `key`, the whole entry.

    `read` is the reader of the value. `name` replaces the name of the key. Entries that match `shown` as `key: value`
    are not secret.
    """
    end = end if end is not None else end_of(node, source) if _has_text(node) else None
    if end is None or (isinstance(node, Scalar) and len(node.value) > _LONGEST_ORIGINAL):
        return ()
    original = source.text[node.index : end]
    good = checked(original, candidates, lambda one: len(one.text) <= _LONGEST and _is_read(read, one.text))
    start = node.index if key is None else key.index
    entry = MASK if key is None else f"{name or key.value}: {MASK}"
    return tuple(Fix(start, end, (entry,), one.text, one.reading, masked=_masked(one.text, shown)) for one in good)


def key_fix(key: Scalar, name: str, value: Node, source: Source, read: Read) -> Fix | None:
    """The fix that only renames a key; None when `read`, the reader of the key `name`, does not accept its value."""
    if not accepts(read, value):
        return None
    text = in_flow(value)
    end = end_of(value, source) if _has_text(value) else None
    if text is None or end is None or len(text) > _LONGEST or "\n" in source.text[key.index : end]:
        key_end = end_of(key, source)
        if key_end is None:
            return None
        colon = source.text[key_end : key_end + 1].removesuffix("\n").strip()
        return Fix(key.index, key_end + len(colon), (f"{name}{colon}",))
    if not keeps(source.text[value.index : end], Replacement(text)):
        return None  # a part of the value is not valid YAML and was left out
    return Fix(key.index, end, (f"{name}: {MASK}",), text, masked=_masked(text))


def _masked(text: str, shown: re.Pattern[str] | None = None) -> str:
    node = node_of(text)
    masked = node and (in_flow(node, mask=True, shown=shown) if shown else in_flow(node, mask=True))
    return masked or MASK


def _has_text(node: Node) -> bool:
    return not (isinstance(node, Scalar) and node.plain and not node.value)


def node_of(text: str) -> Node | None:
    """The node of a text in the flow style; None when it is not valid there."""
    scratch = Source("", Path(), "{k: " + text + "}")
    root = compose(scratch)
    if scratch.findings or not isinstance(root, Mapping) or len(root.entries) != 1:
        return None
    return root.entries[0][1]


def _is_read(read: Read, text: str) -> bool:
    node = node_of(text)
    return node is not None and accepts(read, node)


def accepts(read: Read, node: Node) -> bool:
    """Whether the reader accepts the node without a finding."""
    scratch = Source("", Path(), "")
    try:
        read(node, scratch, "")
    except (InvalidValueError, AlreadyReportedError):
        return False
    return not scratch.findings
