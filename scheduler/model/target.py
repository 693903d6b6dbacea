"""What a job starts, and where the values of its environment come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

DEFAULT_SHELL = ("/bin/sh", "-c")


class ShellCommand(msgspec.Struct, frozen=True, gc=False):
    """Text that a shell runs; `args` are its `"$@"`. `shell` are the words before the text."""

    text: str
    args: tuple[str, ...] = ()
    shell: tuple[str, ...] = DEFAULT_SHELL


class Argv(msgspec.Struct, frozen=True, gc=False):
    """A program and its arguments, run without a shell."""

    words: tuple[str, ...]


class Entrypoint(msgspec.Struct, frozen=True):
    """A Python function or coroutine function, `package.module:function`, called in a fresh interpreter.

    `args` and `kwargs` hold what JSON can; `interpreter` is schedd's own when None. `setup` is called before it.
    """

    reference: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    interpreter: str | None = None
    setup: str | None = None


Target = ShellCommand | Argv | Entrypoint


def with_arguments(target: Target, args: tuple[str, ...], kwargs: Mapping[str, Any]) -> Target:
    """The target with further arguments; `kwargs` only make sense for a function, whose own they replace."""
    match target:
        case ShellCommand():
            return msgspec.structs.replace(target, args=args)
        case Argv(words):
            return Argv((*words, *args))
        case Entrypoint():
            return msgspec.structs.replace(target, args=(*target.args, *args), kwargs={**target.kwargs, **kwargs})


class FromEnv(msgspec.Struct, frozen=True):
    """The value that schedd's own environment has for `variable`."""

    variable: str


class FromFile(msgspec.Struct, frozen=True):
    """The content of a file, read at each launch, without its final newline. `path` is absolute."""

    path: str


Value = str | FromEnv | FromFile
"""A text written in the file, or a reference to where a secret is kept."""


EnvValue = Value | None
"""None removes a variable that an earlier layer set."""


class EnvLayer(msgspec.Struct, frozen=True):
    """One place of the file that sets variables: an `env` map, or an `env_file` (absolute path) read at each launch.

    `origin` is how it is shown: `defaults.env_file`, `defaults.env`, `env_file` or `env`.
    """

    origin: str
    values: dict[str, EnvValue] = {}
    file: str | None = None
