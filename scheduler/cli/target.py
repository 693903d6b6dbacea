"""Which schedule file a command is about, and who answers for it: the schedd that serves it, else the file itself."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import msgspec

from scheduler.cli import DEFAULT_FILE, terminal
from scheduler.control import client
from scheduler.control.client import Client
from scheduler.errors import UnreachableError, UsageError
from scheduler.wire.operations import Operation
from scheduler.wire.runs import Event

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")


class Target:
    """What `-c`, the environment and the current directory name."""

    def __init__(self, option: str | None) -> None:
        """UsageError for an empty option: a script whose variable is not set means no other schedd."""
        if option == "":
            raise UsageError("-c names no file, it is empty; write one, or leave -c out")
        self.command = f"schedctl -c {option}" if option else "schedctl"
        """How a further command about the same file begins."""
        named = option or os.environ.get("SCHEDD_CONFIG") or None
        if named is None and os.path.exists(DEFAULT_FILE):  # noqa: PTH110 - pathlib costs 5 ms
            named = DEFAULT_FILE
        self.path = None if named is None else os.path.abspath(named)  # noqa: PTH100
        """Absolute, symlinks kept; None when nothing names a file."""

    def daemon(self) -> Client | None:
        """The schedd that serves the file, or the only one there is when no file is named. None: nobody serves it.

        UnreachableError when it cannot be asked; UsageError when nothing says which file is meant.
        """
        if self.path is not None:
            return client.find(self.path)
        found = client.live()
        if len(found) == 1:
            return found[0][0]
        if found:
            files = "\n".join(f"  -c {status.file}" for _, status in found)
            raise UsageError(f"several schedd run here; say which one is meant:\n{files}")
        raise UsageError(f"there is no ./{DEFAULT_FILE}, and no schedd runs here; name the file with -c FILE")

    def source(self, operation: Operation[Any, Any], alone: str = "this is what the file says") -> Client | FileAlone:
        """What answers the operation: the schedd or, where none is running, the file, after a note that ends `alone`.

        UnreachableError for an operation that needs a schedd; ConfigError for an invalid file.
        """
        daemon = self.daemon()
        if daemon is not None:
            return daemon
        assert self.path is not None, "without a file there is a schedd, or an error"  # noqa: S101
        if not operation.from_file:
            raise UnreachableError(f"no schedd serves {self.path}; start one with: schedd {self.path}")
        terminal.note(f"no schedd serves {self.path}: {alone}")
        return FileAlone(self.path)

    def ask(self, operation: Operation[A, R], request: A, alone: str = "this is what the file says") -> R:
        """The reply to one request, from whatever answers it; see `source`."""
        return self.source(operation, alone).ask(operation, request)

    def stream(self, operation: Operation[A, None], request: A) -> Iterator[Event]:
        """The events of an operation that needs a schedd."""
        daemon = self.source(operation)
        assert isinstance(daemon, Client), "answered from a file, it would not stream"  # noqa: S101
        return daemon.stream(operation, request)


class FileAlone:
    """Answers from the file, with the functions that a schedd would use."""

    def __init__(self, path: str) -> None:
        # Imported here: this loads the engine and yaml, which a schedd that answers has loaded before.
        from functools import partial  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        from scheduler.api.file_service import FileService  # noqa: PLC0415
        from scheduler.config.load import load  # noqa: PLC0415

        self.service = partial(FileService, load(Path(path)))
        """Made anew for each request, so that coming times are computed from then on."""

    def ask(self, operation: Operation[A, R], request: A) -> R:
        """The reply to an operation that needs no daemon."""
        import asyncio  # noqa: PLC0415

        from scheduler.api.operations import answer  # noqa: PLC0415

        reply = answer(self.service(), operation, request)
        return msgspec.convert(asyncio.run(reply) if isinstance(reply, Coroutine) else reply, type=operation.reply)
