"""What may be secret in a text, and so must not be shown: the values below `env`, `args`, `kwargs`, however spelled,
and where notifiers send to.

Only computed when there is something to quote. Where the text is no YAML any more, the lines themselves have to tell.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

import yaml
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

from scheduler.config.foreign import FOREIGN, plain
from scheduler.config.syntax import CONTROL
from scheduler.errors import nearest

_SECRET = (
    "env", "args", "kwargs", "on_failure", "on_success", "on_recovery", "on_skip", "webhook", "headers", "secret",
    "apprise", "ping",
)  # fmt: skip
_SECRET_KEYS = frozenset(map(plain, (*_SECRET, "url", "secrets", "sentry", "dotenv"))).union(
    *(FOREIGN[key].split() for key in _SECRET if key in FOREIGN)
)
_MISSPELLED = (*_SECRET, "environment")
_LIKE_A_VARIABLE = r"[A-Z_][A-Z0-9_]*"
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
"""A key that is shown even where values are not."""

CONFIDENTIAL = (
    r"(?i)(?:^|[_-])"
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?|dsn|smtp[_-]?url)$"
)
"""The name of a variable or key whose value most likely is a secret."""

_INDENTED = r"(?m)^([ \t]*)(\S.*)$"
_KEY_IN_LINE = r"\b([A-Za-z_]\w*)[\"']?\s*[:=]\s*"
_NO_KEY = r"\s*"


def is_variable(name: str) -> bool:
    """Whether a name looks like a variable's, and so is not a value that has lost its place."""
    return re.fullmatch(_LIKE_A_VARIABLE, name) is not None


@lru_cache(maxsize=4096)
def is_secret_key(name: str) -> bool:
    """Whether what stands below a key of this name is not to be shown; misspellings and names of variables count."""
    if name == "<<":
        return False  # what it brings in has keys of its own
    if plain(name) in _SECRET_KEYS or is_variable(name) or not re.fullmatch(NAME, name):
        return True
    if re.search(CONFIDENTIAL, name):
        return True
    return nearest(name.lower(), _MISSPELLED, 0.7) is not None


class Mask:
    """The spans of a text that are not to be shown."""

    def __init__(self, text: str, readable: str) -> None:
        """`readable` is the text where it had to be mended to be YAML, and so may be meant otherwise than it reads."""
        self._text = text
        self._readable = readable
        self._spans: list[tuple[int, int]] = []
        self._tail: tuple[int, bool] | None = None
        """From which line on the text is no YAML, and whether that is within something secret."""
        self._find()
        self._spans.sort()

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """What is hidden of the line from `start` to `end`."""
        found = [(max(start, low), min(end, high)) for low, high in self._spans if low < end and high > start]
        # A comment is no part of the tree, and old values are what comments are full of.
        if self._tail or self._readable is not self._text or "#" in self._text[start:end]:
            within = self._tail is not None and end >= self._tail[0] and self._tail[1]
            found += self._by_the_look(start, end, within)
        return found

    def _find(self) -> None:
        walk = _Walk(self._spans)
        events = yaml.CSafeLoader(re.sub(CONTROL, "?", self._readable))
        try:
            while events.check_event():
                walk.take(events.get_event())
        except yaml.MarkedYAMLError as error:
            self._tail = self._text.rfind("\n", 0, _start_of(error)) + 1, walk.is_secret

    def _by_the_look(self, start: int, end: int, within: bool) -> list[tuple[int, int]]:
        line = self._text[start:end]
        keys = list(re.finditer(_KEY_IN_LINE, line))
        secret = next((key for key in keys if is_secret_key(key[1])), None)
        if secret is None and (within or start in self._below_secret):
            secret = keys[0] if keys and is_variable(keys[0][1]) else re.match(_NO_KEY, line)
        if secret is None or not line[secret.end() :].strip():
            return []
        return [(start + secret.end(), end)]

    @cached_property
    def _below_secret(self) -> frozenset[int]:
        """Where the lines begin that are indented below a secret key, or that follow one where the text is no YAML."""
        starts = set()
        open_lines: list[tuple[int, bool]] = []
        line_above = False
        for match in re.finditer(_INDENTED, self._text):
            depth = 2 * len(match[1]) + match[2].startswith("-")  # a list may stand as far left as its key
            while open_lines and open_lines[-1][0] >= depth:
                open_lines.pop()
            secret = bool(open_lines) and open_lines[-1][1]
            if secret or (line_above and self._tail and match.start() >= self._tail[0]):
                starts.add(match.start())
            line_above = secret or any(is_secret_key(key[1]) for key in re.finditer(_KEY_IN_LINE, match[2]))
            open_lines.append((depth, line_above))
        return frozenset(starts)


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
        self.key = (0, 0)
        self.key_may_be_value = False


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
            return
        if level.awaits_key:
            level.key = span
            if re.fullmatch(NAME, event.value):
                level.key_may_be_value = not is_variable(event.value)
                return
        elif span[0] == span[1] and level.is_mapping and level.key_may_be_value:
            span = level.key  # as in {TOKEN, hunter2}
        if span[0] < span[1]:
            self._spans.append(span)

    def _advance(self, key: str) -> None:
        """A node is complete: after a key comes its value, and then the next key."""
        if not self._levels or not self._levels[-1].is_mapping:
            return
        level = self._levels[-1]
        if level.awaits_key:
            level.value_is_secret = level.secret or is_secret_key(key)
        level.awaits_key = not level.awaits_key
