"""Where a node ends in its text. Computed only for the text of an error."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent

from scheduler.document.nodes import Node, Scalar
from scheduler.document.source import Source


def end_of(node: Node, source: Source) -> int | None:
    """The index after the node; None when it cannot be found, as that of a value with a tag."""
    if isinstance(node, Scalar) and node.plain and node.value and source.text.startswith(node.value, node.index):
        return node.index + len(node.value)
    if source.ends is None:
        source.ends = _ends(source.readable)
    end = source.ends.get(node.index)
    return None if end is None else node.index + len(source.text[node.index : end].rstrip())


def _ends(text: str) -> dict[int, int]:
    ends: dict[int, int] = {}
    open_at: list[int] = []
    events: Any = yaml.CSafeLoader(text)
    try:
        while events.check_event():
            event = events.get_event()
            start, end = event.start_mark.index, event.end_mark.index
            kind = type(event)
            if kind is ScalarEvent:
                ends[start] = end
            elif issubclass(kind, CollectionStartEvent):
                open_at.append(start)
            elif issubclass(kind, CollectionEndEvent):
                ends[open_at.pop()] = end
    except yaml.YAMLError:
        pass
    return ends
