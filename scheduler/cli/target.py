"""Which schedule file a command is about, and who answers for it: the schedd that serves it, else the file itself."""

from __future__ import annotations

import os
from collections.abc import Coroutine
from typing import TypeVar

import msgspec

from scheduler.cli import DEFAULT_FILE, terminal
from scheduler.control import client
from scheduler.control.client import Client
from scheduler.errors import UnreachableError, UsageError

T = TypeVar("T")


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

    def needed_daemon(self) -> Client:
        """The schedd, for verbs that have no meaning without one."""
        daemon = self.daemon()
        if daemon is None:
            raise UnreachableError(f"no schedd serves {self.path}; start one with: schedd {self.path}")
        return daemon

    def source(self, alone: str = "this is what the file says") -> Client | FileAlone:
        """Whoever answers: the schedd or, having said so, the file `alone`. ConfigError when that is refused."""
        daemon = self.daemon()
        if daemon is not None:
            return daemon
        assert self.path is not None, "without a file there is a schedd, or an error"  # noqa: S101
        terminal.note(f"no schedd serves {self.path}: {alone}")
        return FileAlone(self.path)


class FileAlone:
    """The file as its own spokesman: the functions that a schedd would use, over what the file says."""

    def __init__(self, path: str) -> None:
        # Imported here: this loads the engine and yaml, which a schedd that answers has loaded before.
        from functools import partial  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        from scheduler.api.file_service import FileService  # noqa: PLC0415
        from scheduler.config.load import load  # noqa: PLC0415

        self.service = partial(FileService, load(Path(path)))
        """Made anew for each question: what is to come is told from that moment on."""

    def ask(self, verb: str, args: msgspec.Struct, reply: type[T]) -> T:
        """The reply to a verb that needs no daemon."""
        import asyncio  # noqa: PLC0415

        from scheduler.api.operations import OPERATIONS  # noqa: PLC0415

        answer = OPERATIONS[verb].answer(self.service(), args)
        return msgspec.convert(asyncio.run(answer) if isinstance(answer, Coroutine) else answer, type=reply)
