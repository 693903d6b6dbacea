"""The arguments of a request, as they are shown."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec


class ArgumentsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was requested with; secrets are `•••`. `stdin` is how many bytes it reads on stdin, or null."""

    args: tuple[str, ...] = ()
    kwargs: dict[str, Any] = {}
    stdin: int | None = None

    @property
    def text(self) -> str:
        """For people, as on the command line: `/uploads/a.csv --dry-run`."""
        words = [shlex.quote(word) for word in self.args]
        words += [f"{name}={_value(value)}" for name, value in self.kwargs.items()]
        if self.stdin is not None:
            words.append(f"({self.stdin} bytes on stdin)")
        return " ".join(words)


def _value(value: object) -> str:
    return shlex.quote(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
