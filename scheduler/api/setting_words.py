"""The values of a job's keys, as `definition` gives them, in lines for people."""

from __future__ import annotations

import shlex
from typing import Any

from scheduler.text import printable_line


def in_words(key: str, value: Any) -> list[str]:
    """A value in lines that are safe to print; one at least."""
    match value:
        case str():
            return [printable_line(line) for line in value.rstrip("\n").splitlines()] or [""]
        case list() if key == "env":
            return [_env_layer(layer) for layer in value]
        case list() if key == "command":
            return [printable_line(shlex.join(value))]
        case list():
            return [printable_line(", ".join(_scalar(item) for item in value))]
        case dict():
            return [printable_line(", ".join(f"{name}: {_scalar(item)}" for name, item in value.items()))]
        case _:
            return [_scalar(value)]


def _env_layer(layer: dict[str, Any]) -> str:
    """`API_TOKEN, LANG` and where they are set; a variable that is removed is marked."""
    names = [name if value is not None else f"{name} (removed)" for name, value in layer.get("sets", {}).items()]
    what = ", ".join(names) or f"variables of {layer.get('file', '?')}"
    return printable_line(f"{what}  ({layer['from']})")


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_scalar(item)}" for name, item in value.items()) + "}"
    return str(value)
