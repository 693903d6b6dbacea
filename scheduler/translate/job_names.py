"""Names for imported jobs: valid, unique, and taken from the command where the source has none."""

from __future__ import annotations

import re
from posixpath import splitext

_WRAPPER = re.compile(
    r"bash|cd|chronic|command|docker|env|exec|flock|if|ionice|nice|node|nohup|perl|php|python[\d.]*|ruby|run-parts|sh"
    r"|sleep|sudo|test|then|time|timeout|\[|\{"
)
"""Programs and words of the shell that do not describe a job, only what they start does."""

_GUARD = re.compile(r"(?:test|\[)\s[^|&;]*(?:\|\||&&|;\s*then)")
"""`test -x /usr/sbin/anacron ||`: a condition does not describe the job either."""

_OPERAND = re.compile(r"""\s-[eu]\s+(?:'[^']*'|"[^"]*"|\S+)|\$\(\([^)]*\)\)""")
"""`perl -e 'sleep 5'`, `sudo -u www-data`, `sleep $((RANDOM % 60))`: nor does the operand of a wrapper."""

_ASSIGNMENT = re.compile(r"\w+=.*")
_SCRIPTS = {".sh", ".py", ".php", ".rb", ".pl", ".js"}
_LONGEST_NAME = 50
_LONGEST_COMMAND = 1000


class JobNames:
    """The names given so far. Each name is given once."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def of_command(self, command: str) -> str:
        """A name for a job that runs this command: the first word that describes it."""
        bare = _OPERAND.sub("", _GUARD.sub("", command[:_LONGEST_COMMAND]))
        return self._unique(next(filter(None, map(_described_by, re.split(r"[\s;&|()]+", bare))), "job"))

    def of(self, wish: str) -> str:
        """The name that the source gives, changed where it is not valid or already taken."""
        return self._unique(valid(wish) or "job")

    def _unique(self, base: str) -> str:
        name = base
        while name in self._last:
            self._last[base] += 1
            name = f"{base}-{self._last[base]}"
        self._last[name] = 1
        return name


def valid(text: str) -> str:
    """The text as a job's name: letters, digits, dots, dashes and underscores; empty when nothing is left."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:_LONGEST_NAME].rstrip("-._")


def _described_by(word: str) -> str | None:
    """The name that a word of a command suggests."""
    word = word.strip("\"'`")
    if not word or word.startswith(("-", "$", "<", ">", "!")) or _ASSIGNMENT.fullmatch(word):
        return None
    file = word.rstrip("/").rpartition("/")[2]
    stem, suffix = splitext(file)
    if suffix in {".lock", ".pid"}:
        return None
    name = valid(stem if suffix in _SCRIPTS else file)
    return None if not name or _WRAPPER.fullmatch(name) or name.isdigit() else name
