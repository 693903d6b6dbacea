"""What may be secret in a text, and so must not be shown: the values below `env`, `args`, `kwargs`, however spelled,
and where notifiers send to.

Only computed when there is something to quote. Where the text is no YAML any more, the lines themselves have to tell.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from scheduler.config.foreign_keys import FOREIGN, plain
from scheduler.document.syntax import CONTROL
from scheduler.document.value_spans import NAME, is_variable, value_spans
from scheduler.text import nearest

_SECRET = (
    "env", "args", "kwargs", "on_failure", "on_success", "on_recovery", "on_skip", "webhook", "headers", "secret",
    "apprise", "ping",
)  # fmt: skip
_SECRET_KEYS = frozenset(map(plain, (*_SECRET, "url", "secrets", "sentry", "dotenv"))).union(
    *(FOREIGN[key].split() for key in _SECRET if key in FOREIGN)
)
_MISSPELLED = (*_SECRET, "environment")

CONFIDENTIAL = (
    r"(?i)(?:^|[_-])"
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?|dsn|smtp[_-]?url)$"
)
"""The name of a variable or key whose value most likely is a secret."""

_INDENTED = r"(?m)^([ \t]*)(\S.*)$"
_KEY_IN_LINE = r"\b([A-Za-z_]\w*)[\"']?\s*[:=]\s*"
_NO_KEY = r"\s*"


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
        found = value_spans(re.sub(CONTROL, "?", self._readable), is_secret_key)
        self._spans += found.spans
        if found.broken_at is not None:
            self._tail = self._text.rfind("\n", 0, found.broken_at) + 1, found.broken_within

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
