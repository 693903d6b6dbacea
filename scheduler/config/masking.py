"""Finds what may be secret in a file: values of `env`, `args`, `kwargs`, `launcher`, however spelled, and recipients.

It is only computed when a line is quoted. Where the text is not valid YAML, the lines themselves are searched.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from scheduler.config.foreign_keys import FOREIGN, normalized
from scheduler.document.syntax import CONTROL
from scheduler.document.value_spans import NAME, is_variable, keys_of_mappings, value_spans
from scheduler.text import nearest

_SECRET = (
    "env", "args", "kwargs", "on_failure", "on_success", "on_recovery", "on_skip", "on_slow", "webhook", "headers",
    "secret", "apprise", "ping", "broker", "store",
)  # fmt: skip
_SECRET_KEYS = frozenset(map(normalized, (*_SECRET, "url", "secrets", "sentry", "dotenv"))).union(
    *(FOREIGN[key].split() for key in _SECRET if key in FOREIGN)
)
_MISSPELLED = (*_SECRET, "environment")

CONFIDENTIAL = (
    r"(?i)(?:^|[_-])"
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?|dsn|smtp[_-]?url)$"
)
"""Matches the names of variables and keys whose value is most likely a secret."""

_ORDINARY = r"(?ai)true|false|yes|no|on|off|null|~|-?\d{1,3}"
"""Values that are too short to be secrets."""

_OF_CRON = frozenset(("MAILTO", "MAILFROM", "SHELL", "PATH", "CRON_TZ", "TZ", "HOME", "LOGNAME", "RANDOM_DELAY"))
"""Variables of a crontab; none has a secret."""

_RECIPIENTS = frozenset(("on_failure", "on_success", "on_recovery", "on_skip", "on_slow"))
_PUBLIC = frozenset(("mail", "format", "timeout"))
_ADDRESS = r"(?a)[\w.+@-]{1,80}"
"""An address, or a part of one; not an address of the web, which may contain a secret."""

_KEY_BEFORE = r"([A-Za-z_][\w.-]*)[\"']?\s*:\s*$"

_INDENTED = r"(?m)^([ \t]*)(\S.*)$"
_KEY_IN_LINE = r"\b([A-Za-z_]\w*)[\"']?\s*[:=]\s*"
_NO_KEY = r"\s*"
_COMMENT = r"(?:^|\s)#"
"""What begins a comment, at the earliest."""


@lru_cache(maxsize=4096)
def is_secret_key(name: str) -> bool:
    """Whether the value of a key of this name must be masked; misspelled keys and names of variables are included."""
    if name == "<<" or name in _OF_CRON:  # what is merged by `<<` has keys of its own
        return False
    if normalized(name) in _SECRET_KEYS or is_variable(name) or not re.fullmatch(NAME, name):
        return True
    if re.search(CONFIDENTIAL, name):
        return True
    return nearest(name.lower(), _MISSPELLED, 0.7) is not None


def _is_public(owner: str, key: str, value: str) -> bool:
    """Whether a value is not secret: the name of a variable, or of a recipient the address, the format, the timeout."""
    if key == "from_env" and is_variable(value):
        return True
    return owner in _RECIPIENTS and key in _PUBLIC and re.fullmatch(_ADDRESS, value) is not None


class Mask:
    """The spans of a text that must be masked."""

    def __init__(self, text: str, readable: str) -> None:
        """`readable` is the text with its syntax errors replaced; where the two differ, the meaning is uncertain."""
        self._text = text
        self._readable = readable
        self._spans: list[tuple[int, int]] = []
        self._names: frozenset[int] = frozenset()
        """The names of jobs, which say nothing about their values."""
        self._tail: tuple[int, bool] | None = None
        """The start of the first line that cannot be parsed, and whether it is within a secret value."""
        self._find()
        self._spans.sort()

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """The masked spans of the line from `start` to `end`."""
        found = [(max(start, low), min(end, high)) for low, high in self._spans if low < end and high > start]
        if self._tail or self._readable is not self._text:
            within = self._tail is not None and end >= self._tail[0] and self._tail[1]
            found += self._by_line(start, end, within)
        elif comment := re.search(_COMMENT, self._text[start:end]):
            # Comments are not in the tree, and often contain old values.
            found += [(max(low, start + comment.end()), high) for low, high in self._by_line(start, end, False)]
        return found

    def covers(self, start: int, end: int) -> bool:
        """Whether a part of the text from `start` to `end` must be masked."""
        first = self._text.rfind("\n", 0, start) + 1
        for line in re.compile(r"[^\n]*").finditer(self._text, first, end):
            stop = self._text.find("\n", line.start())
            spans = self.spans(line.start(), len(self._text) if stop < 0 else stop)
            if any(low < end and high > start for low, high in spans):
                return True
        return False

    def _find(self) -> None:
        text = re.sub(CONTROL, "?", self._readable)
        of_jobs = ("command", "python", "schedule")
        self._names = keys_of_mappings(text, {"jobs": of_jobs, "overrides": (*of_jobs, "enabled", "timezone")})
        found = value_spans(text, lambda name, at: at not in self._names and is_secret_key(name), _is_public)
        self._spans += [span for span in found.spans if not self._is_ordinary(*span)]
        if found.broken_at is not None:
            self._tail = self._text.rfind("\n", 0, found.broken_at) + 1, found.broken_within

    def _is_ordinary(self, start: int, end: int) -> bool:
        """Whether the value is a switch or a small number, and its key is not the name of a secret."""
        if not re.fullmatch(_ORDINARY, self._text[start:end]):
            return False
        key = re.compile(_KEY_BEFORE).search(self._text, self._text.rfind("\n", 0, start) + 1, start)
        return key is None or not re.search(CONFIDENTIAL, key[1])

    def _by_line(self, start: int, end: int, within: bool) -> list[tuple[int, int]]:
        line = self._text[start:end]
        keys = list(re.finditer(_KEY_IN_LINE, line))
        secret = next((key for key in keys if self._is_secret(key, start)), None)
        if secret is None and (within or start in self._below_secret):
            secret = keys[0] if keys and is_variable(keys[0][1]) else re.match(_NO_KEY, line)
        if secret is None or not line[secret.end() :].strip():
            return []
        return [(start + secret.end(), end)]

    def _is_secret(self, key: re.Match[str], offset: int) -> bool:
        return offset + key.start(1) not in self._names and is_secret_key(key[1])

    @cached_property
    def _below_secret(self) -> frozenset[int]:
        """Starts of the lines indented under a secret key, or following one where the text cannot be parsed."""
        starts = set()
        open_lines: list[tuple[int, bool]] = []
        line_above = False
        for match in re.finditer(_INDENTED, self._text):
            depth = 2 * len(match[1]) + match[2].startswith("-")  # a list may be indented like its key
            while open_lines and open_lines[-1][0] >= depth:
                open_lines.pop()
            secret = bool(open_lines) and open_lines[-1][1]
            if secret or (line_above and self._tail and match.start() >= self._tail[0]):
                starts.add(match.start())
            has_secret = secret or any(
                self._is_secret(key, match.start(2)) for key in re.finditer(_KEY_IN_LINE, match[2])
            )
            line_above = has_secret and not _is_closed(match[2])
            open_lines.append((depth, has_secret))
        return frozenset(starts)


def _is_closed(line: str) -> bool:
    """Whether a line ends with the bracket that closes the first one in it, so that no value goes on below."""
    line = line.rstrip()
    is_balanced = line.count("{") == line.count("}") and line.count("[") == line.count("]")
    return line.endswith(("}", "]")) and is_balanced and not (line.count('"') % 2 or line.count("'") % 2)
