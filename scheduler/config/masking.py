"""What may be secret in a text, and so must not be shown: the values below `env`, `args`, `kwargs`, however spelled.

Only computed when there is something to quote. Where the text is no YAML any more, the lines themselves have to tell.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import yaml
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

from scheduler.config.syntax import CONTROL

_SECRET_KEYS = frozenset(
    {"env", "args", "kwargs", "environment", "environ", "envs", "variables", "vars", "arguments", "params", "secrets"}
)
_LIKE_A_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
"""A key that is shown even where values are not."""

_KEY_IN_LINE = re.compile(r"(?:^|[\s{,\[\"'-])([A-Za-z_]\w*)[\"']?\s*:")


@lru_cache(maxsize=4096)
def is_secret_key(name: str) -> bool:
    """Whether what stands below a key of this name is not to be shown; misspellings and names of variables count."""
    lower = name.lower()
    if lower in _SECRET_KEYS or _LIKE_A_VARIABLE.fullmatch(name):
        return True
    return bool(get_close_matches(lower, ("env", "args", "kwargs", "environment"), 1, 0.7))


class Mask:
    """The spans of a text that are not to be shown."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: list[tuple[int, int]] = []
        self._tail: tuple[int, bool] | None = None
        """From where on the text is no YAML, and whether that is within something secret."""
        self._find()
        self._spans.sort()

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """What is hidden of the line from `start` to `end`."""
        found = [(max(start, low), min(end, high)) for low, high in self._spans if low < end and high > start]
        if self._tail and end >= self._tail[0]:
            found += self._of_unread_line(start, end, self._tail[1])
        return found

    def hides(self, index: int, spans: list[tuple[int, int]]) -> bool:
        """Whether the character at `index` is in one of the spans of its line."""
        return any(low <= index < max(high, low + 1) for low, high in spans)

    def _find(self) -> None:
        walk = _Walk(self._spans)
        events = yaml.CSafeLoader(CONTROL.sub("?", self._text))
        try:
            while events.check_event():
                walk.take(events.get_event())
        except yaml.MarkedYAMLError as error:
            self._tail = _start_of(error), walk.is_secret

    def _of_unread_line(self, start: int, end: int, within: bool) -> list[tuple[int, int]]:
        line = self._text[start:end]
        keys = list(_KEY_IN_LINE.finditer(line))
        for key in keys:
            if is_secret_key(key[1]):
                return [(start + key.end(), end)] if line[key.end() :].strip() else []
        if within or self._is_below_secret(start):
            return [(start + keys[0].end() if keys else start + len(line) - len(line.lstrip()), end)]
        return []

    def _is_below_secret(self, start: int) -> bool:
        """Whether a line above that is less indented, or one above that in turn, has a secret key."""
        line = self._text[start : self._text.find("\n", start) % (len(self._text) + 1)]
        indent = len(line) - len(line.lstrip())
        while start > 0 and indent > 0:
            end = start - 1
            start = self._text.rfind("\n", 0, end) + 1
            line = self._text[start:end]
            depth = len(line) - len(line.lstrip())
            if line.strip() and depth < indent:
                indent = depth
                if any(is_secret_key(key[1]) for key in _KEY_IN_LINE.finditer(line)):
                    return True
        return False


def _start_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.context_mark or error.problem_mark
    return mark.index if mark else 0


class _Level:
    """A mapping or list that is open."""

    def __init__(self, event: Any, secret: bool) -> None:
        self.is_mapping = isinstance(event, MappingStartEvent)
        self.secret = secret
        self.awaits_key = self.is_mapping
        self.value_is_secret = secret
        self.anchor = event.anchor
        self.start = event.start_mark.index


class _Walk:
    """The parser's events one by one, with the levels that are open."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._levels: list[_Level] = []
        self._anchored: dict[str, tuple[int, int]] = {}

    @property
    def is_secret(self) -> bool:
        """Whether what comes next is not to be shown."""
        return bool(self._levels) and self._levels[-1].value_is_secret

    def take(self, event: Any) -> None:
        """Note what the event says, and hides."""
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            secret = self.is_secret
            self._levels.append(_Level(event, secret))
        elif isinstance(event, ScalarEvent):
            self._scalar(event)
            self._advance(event.value)
        elif isinstance(event, AliasEvent):
            if self.is_secret and event.anchor in self._anchored:
                self._spans.append(self._anchored[event.anchor])
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
        is_name = level is not None and level.awaits_key and NAME.fullmatch(event.value)
        if (
            level
            and (level.secret if level.awaits_key else level.value_is_secret)
            and span[0] < span[1]
            and not is_name
        ):
            self._spans.append(span)

    def _advance(self, key: str) -> None:
        """A node is complete: after a key comes its value, and then the next key."""
        if not self._levels or not self._levels[-1].is_mapping:
            return
        level = self._levels[-1]
        if level.awaits_key:
            level.value_is_secret = level.secret or is_secret_key(key)
        level.awaits_key = not level.awaits_key
