"""The arguments that `schedctl run-now` passes to a job: words, --kwarg, --stdin, --env."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from scheduler.errors import UsageError

MOST_STDIN = 1 << 20
"""Bytes that schedd accepts as the stdin of a run."""


def variables(assignments: Sequence[str]) -> dict[str, str]:
    """The values of --env."""
    # A wrong text is not repeated: it may be a secret.
    return dict(_pairs(assignments, "--env", "KEY=VALUE"))


def kwargs(assignments: Sequence[str]) -> dict[str, Any]:
    """The values of --kwarg: JSON where they are valid JSON, text otherwise."""
    return {name: _json_or_text(value) for name, value in _pairs(assignments, "--kwarg", "NAME=VALUE")}


def stdin(file: str | None) -> bytes | None:
    """The content of a file, of our own stdin for `-`. UsageError when it is longer than schedd accepts."""
    if file is None:
        return None
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MOST_STDIN + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(MOST_STDIN + 1)
    except OSError as error:
        raise UsageError(f"--stdin {file}: {error.strerror}") from None
    if len(content) > MOST_STDIN:
        raise UsageError(f"--stdin {file}: longer than 1 MiB; pass the path of a file as an argument instead")
    return content


def _pairs(assignments: Sequence[str], option: str, form: str) -> list[tuple[str, str]]:
    pairs = []
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"use {form}", param_hint=option)
        pairs.append((name, value))
    return pairs


def _json_or_text(value: str) -> object:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return value
