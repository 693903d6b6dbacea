"""The spans of the values of certain keys in a YAML text, also in one with a syntax error."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
import yaml
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
"""A key that may be shown where values may not."""

_LIKE_A_VARIABLE = r"[A-Z_][A-Z0-9_]*"


def is_variable(name: str) -> bool:
    """Whether a name looks like that of an environment variable, and so is not a misplaced value."""
    return re.fullmatch(_LIKE_A_VARIABLE, name) is not None


class ValueSpans(msgspec.Struct, frozen=True):
    """Spans as character indexes, end exclusive.

    `broken_at` is where the parser stopped, None when it reached the end; `broken_within` whether that is under one of
    the keys.
    """

    spans: list[tuple[int, int]]
    broken_at: int | None = None
    broken_within: bool = False


def value_spans(
    text: str, wanted: Callable[[str, int], bool], shown: Callable[[str, str, str], bool] = lambda *_names: False
) -> ValueSpans:
    """Find every value under a key for which `wanted` is true, including aliases and their targets.

    `wanted` gets the name of a key and its index. A value is left out for which `shown` is true: it gets the name of
    the wanted key of its mapping, the name of its own key, and the value.
    """
    spans: list[tuple[int, int]] = []
    walk = _Walk(spans, wanted, shown)
    events = yaml.CSafeLoader(text)
    try:
        while events.check_event():
            walk.take(events.get_event())
    except yaml.MarkedYAMLError as error:
        return ValueSpans(spans, _start_of(error), walk.is_secret)
    return ValueSpans(spans)


def keys_of_mappings(text: str, keys: Mapping[str, Collection[str]]) -> frozenset[int]:
    """The indexes of the keys under a key of the root whose mapping has one of the `keys` for it."""
    found: set[int] = set()
    path: list[list[Any]] = []  # of each open mapping or list: whether it is a mapping, the current key, its index
    events = yaml.CSafeLoader(text)
    try:
        while events.check_event():
            event: Any = events.get_event()
            at = event.start_mark.index
            if isinstance(event, ScalarEvent) and path and path[-1][0] and path[-1][1] is None:
                path[-1][1:] = [event.value, at]
                if len(path) == 3 and event.value in keys.get(path[0][1], ()):
                    found.add(path[1][2])
                continue
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                path.append([isinstance(event, MappingStartEvent), None, -1])
                continue
            if isinstance(event, yaml.CollectionEndEvent):
                path.pop()
            if path and isinstance(event, ScalarEvent | AliasEvent | yaml.CollectionEndEvent):
                path[-1][1] = None
    except (yaml.YAMLError, IndexError):
        pass
    return frozenset(found)


def _start_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.context_mark or error.problem_mark
    return mark.index if mark else 0


class _Level:
    """An open mapping or list."""

    def __init__(self, event: Any, above: _Level | None) -> None:
        self.is_mapping = isinstance(event, MappingStartEvent)
        self.secret: bool = above is not None and above.value_is_secret
        self.name: str = above.name if above else ""
        self.is_wanted: bool = above is not None and above.is_wanted
        """Whether the key of that name is wanted."""
        self.owner: str = "" if above is None else above.name if self.is_mapping and above.is_wanted else above.owner
        """The wanted key that this mapping is a value of."""
        self.awaits_key = self.is_mapping
        self.value_is_secret: bool = self.secret
        self.anchor = event.anchor
        self.start = event.start_mark.index
        self.key = (0, 0)
        self.key_may_be_value = False


class _Walk:
    """Takes the parser's events one by one and keeps the open levels."""

    def __init__(
        self,
        spans: list[tuple[int, int]],
        wanted: Callable[[str, int], bool],
        shown: Callable[[str, str, str], bool],
    ) -> None:
        self._spans = spans
        self._wanted = wanted
        self._shown = shown
        self._levels: list[_Level] = []
        self._anchored: dict[str, tuple[int, int]] = {}

    @property
    def is_secret(self) -> bool:
        """Whether the next node may not be shown."""
        return bool(self._levels) and self._levels[-1].value_is_secret

    def take(self, event: Any) -> None:
        """Process one event."""
        at = event.start_mark.index
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._levels.append(_Level(event, self._levels[-1] if self._levels else None))
        elif isinstance(event, ScalarEvent):
            self._scalar(event)
            self._advance(event.value, at)
        elif isinstance(event, AliasEvent):
            if self.is_secret and event.start_mark and event.end_mark:
                span = event.start_mark.index, event.end_mark.index
                self._spans += [span, self._anchored.get(str(event.anchor), span)]
            self._advance("")
        elif isinstance(event, yaml.CollectionEndEvent):
            level = self._levels.pop()
            if level.anchor and event.end_mark:
                self._anchored[level.anchor] = level.start, event.end_mark.index
            self._advance("")

    def _scalar(self, event: Any) -> None:
        span = event.start_mark.index, event.end_mark.index
        if event.anchor:
            self._anchored[event.anchor] = span
        level = self._levels[-1] if self._levels else None
        if level is None or not (level.secret if level.awaits_key else level.value_is_secret):
            glued = re.match(r"([A-Za-z_][\w.-]*):\S", event.value) if level and level.awaits_key else None
            if glued and self._wanted(glued[1], span[0]):  # as in {token:"hunter2"}, which is a key
                self._spans.append((span[0] + glued.end() - 1, span[1]))
            return
        if level.awaits_key:
            level.key = span
            if re.fullmatch(NAME, event.value):
                level.key_may_be_value = not is_variable(event.value)
                return
        elif span[0] == span[1] and level.is_mapping and level.key_may_be_value:
            span = level.key  # as in {TOKEN, hunter2}
        if span[0] < span[1] and not self._shown(level.owner, level.name, event.value):
            self._spans.append(span)

    def _advance(self, key: str, at: int = -1) -> None:
        """A node is complete: next comes the value of the key, or the next key."""
        if not self._levels or not self._levels[-1].is_mapping:
            return
        level = self._levels[-1]
        if level.awaits_key:
            level.name, level.is_wanted = key, self._wanted(key, at)
            level.value_is_secret = level.secret or level.is_wanted
        level.awaits_key = not level.awaits_key
