"""The words that people bring along from other schedulers, answered with ours."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

COMMANDS = frozenset({"cmd", "script", "run", "exec", "shell"})
"""Keys by which others name what a job runs."""

_JOB = {
    "cron": "schedule",
    "cmd": "command",
}


def unknown_key(form: type, name: str, value: Any, known: list[str]) -> tuple[str, str | None]:
    """What to say about a key that a form does not have."""
    near = _JOB.get(name) or next(iter(get_close_matches(name, known, 1)), None)
    return f"{name} is unknown here", near and f"{near}: …"
