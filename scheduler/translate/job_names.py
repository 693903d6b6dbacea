"""Names for jobs that had none: after the program that a command runs, or what that program is told to run."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_CARRIER = re.compile(
    r"bash|cd|chronic|command|env|exec|flock|if|ionice|nice|node|nohup|perl|php|python[\d.]*|ruby|run-parts|sh|sleep"
    r"|sudo|test|then|time|timeout|\[|\{"
)
"""Programs that do not say what a job is about."""

_GUARD = re.compile(r"(?:test|\[)\s[^|&;]*(?:\|\||&&|;\s*then)")
"""`test -x /usr/sbin/anacron ||`: a condition is not what a job is about."""

_OPERAND = re.compile(r"""\s-[eu]\s+(?:'[^']*'|"[^"]*"|\S+)""")
"""`perl -e 'sleep 5'`, `sudo -u www-data`: nor is what a carrier is told first."""

_ASSIGNMENT = re.compile(r"\w+=.*")
_LONGEST = 50


def name_for(command: str, taken: set[str]) -> str:
    """A name for the job of this command that is not in `taken`, and is from then on."""
    words = re.split(r"[\s;&|()]+", _OPERAND.sub("", _GUARD.sub("", command)))
    base = next(filter(None, map(_about, words)), "job")
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _about(word: str) -> str | None:
    """What a word of a command says about it, as letters, digits, dots, dashes and underscores."""
    word = word.strip("\"'`")
    if not word or word.startswith(("-", "$", "<", ">", "!")) or _ASSIGNMENT.fullmatch(word):
        return None
    path = PurePosixPath(word)
    if path.suffix in {".lock", ".pid"}:
        return None
    stem = path.stem if path.suffix in {".sh", ".py", ".php", ".rb", ".pl", ".js"} else path.name
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:_LONGEST]
    return None if not name or _CARRIER.fullmatch(name) or name.isdigit() else name
