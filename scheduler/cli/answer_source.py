"""The schedule file of a command, and what answers it: the running schedd, or else the file."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import click
import msgspec

from scheduler.absolute_path import absolute
from scheduler.cli import DEFAULT_FILE, near_name, terminal
from scheduler.control import client
from scheduler.control.client import Client
from scheduler.errors import UnreachableError, UsageError
from scheduler.path_owner import ALLOW
from scheduler.text import printable_line
from scheduler.wire.daemon import StatusView
from scheduler.wire.operations import Operation
from scheduler.wire.runs import Event

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")


class Target:
    """The file named by `-c`, $SCHEDD_CONFIG or the current directory."""

    def __init__(self, option: str | None, url: str | None = None) -> None:
        """A file, or the address of a schedd elsewhere, which is read from $SCHEDD_URL when no file is given.

        UsageError for an empty option: a script whose variable is unset must not reach another schedd.
        """
        self.option, self.url_option = option, url
        if url is not None and option:
            raise UsageError("-c and --url exclude each other")
        self.url = url if url is not None or option else os.environ.get("SCHEDD_URL") or None
        if option == "":
            raise UsageError("-c: the file name is empty")
        self.command = f"schedctl -c {option}" if option else "schedctl"
        """The beginning of further commands about the same file."""
        named = option or os.environ.get("SCHEDD_CONFIG") or None
        if named is None and os.path.exists(DEFAULT_FILE):  # noqa: PTH110 - pathlib costs 5 ms
            named = DEFAULT_FILE
        self.path = None if named is None else absolute(named)
        """Absolute, with symlinks kept; None when no file is named."""

    def daemon(self) -> Client | None:
        """The schedd of the file, or the only running one when no file is named; None when none is running.

        UnreachableError when it does not answer; UsageError when no file is named and no single schedd is running, and
        when -c names a file and $SCHEDD_SOCKET the schedd of another one.
        """
        if self.url is not None:
            return self._elsewhere(self.url)
        if self.path is not None:
            return client.find(self.path, named=bool(self.option))
        return self._only_running()[0]

    def _elsewhere(self, url: str) -> Client:
        from scheduler.control.http_client import from_environment  # noqa: PLC0415 - http.client costs 15 ms

        try:
            return from_environment(url)
        except UsageError as error:
            raise UsageError(f"{'SCHEDD_URL' if self.url_option is None else '--url'}: {error}") from None

    def _only_running(self) -> tuple[Client, str]:
        """The only schedd that this user runs, and its file."""
        found = client.live()
        if len(found) == 1:
            return found[0][0], found[0][1].file
        if found:
            raise UsageError(f"several schedd are running; choose one with -c:\n{_choices(found)}")
        raise UsageError(f"no ./{DEFAULT_FILE} and no running schedd found; {_how_to_name()}")

    def file(self) -> str:
        """The path of the file, for a command that needs no schedd. UsageError when none is named and none is here."""
        if self.path is None:
            os.getcwd()  # noqa: PTH109 - where the directory has been deleted, that is the error
            raise UsageError(f"no ./{DEFAULT_FILE}; {_how_to_name()}")
        return self.path

    def require_file(self) -> None:
        """UsageError unless a file is named: what changes or starts something must not reach another application."""
        if self.path is None and self.url is None:
            running = _choices(client.live())
            found = f"name the file with -c FILE; files of running schedd:\n{running}" if running else _how_to_name()
            raise UsageError(f"no ./{DEFAULT_FILE}; {found}")

    def source(
        self, operation: Operation[Any, Any], alone: str = "answering from the file", *, runs: bool = False
    ) -> Client | FileAlone:
        """What answers the operation: the schedd or, if none is running, the file, after a note that ends in `alone`.

        `runs`: what the file says will be run here. UnreachableError for an operation that needs a schedd; ConfigError
        for an invalid file, and for one that others can change where root would run what it says.

        When the command has ended, a note says so if it was a standby that has answered.
        """
        found = self._source(operation, alone, runs=runs)
        if isinstance(found, Client) and not operation.of_active:
            note_standby_at_end(found)
        return found

    def _source(self, operation: Operation[Any, Any], alone: str, *, runs: bool) -> Client | FileAlone:
        if self.url is not None:
            return self._elsewhere(self.url)
        runs = runs or operation.writes
        if runs:
            self.require_file()
        if self.path is None:
            only, file = self._only_running()
            terminal.note(f"no ./{DEFAULT_FILE}: answering for the only running schedd, {printable_line(file)}")
            return only
        daemon = self.daemon()
        if daemon is not None:
            return daemon
        if not operation.from_file:
            raise UnreachableError(f"no schedd is running for {self.path}; to start it: schedd {self.path}")
        if os.path.exists(self.path):  # noqa: PTH110 - pathlib costs 5 ms; else the error about the file says enough
            terminal.note(f"no schedd is running for {self.path}: {alone}")
        return FileAlone(self.path, trusted=runs and not os.environ.get(ALLOW))

    def ask(self, operation: Operation[A, R], request: A, alone: str = "answering from the file") -> R:
        """The reply to one request; see `source` for what answers it."""
        return self.source(operation, alone).ask(operation, request)

    def ask_text(self, operation: Operation[A, Any], request: A) -> Iterator[bytes]:
        """The JSON of the reply to an operation that needs a schedd, in pieces, as they arrive."""
        daemon = self.source(operation)
        assert isinstance(daemon, Client), "answered from a file, it would be no text"  # noqa: S101
        return daemon.ask_text(operation, request)

    def stream(self, operation: Operation[A, None], request: A) -> Iterator[Event]:
        """The events of an operation that needs a schedd."""
        daemon = self.source(operation)
        assert isinstance(daemon, Client), "answered from a file, it would not stream"  # noqa: S101
        return daemon.stream(operation, request)


def note_standby_at_end(daemon: Client) -> None:
    """Print a note when the command has ended, if a standby has answered it."""

    def note() -> None:
        if daemon.standby_of is not None:
            terminal.note(f"this schedd is a standby; the active scheduler is {printable_line(daemon.standby_of)}")

    click.get_current_context().call_on_close(note)


def _how_to_name() -> str:
    near = near_name()
    return f"name the file with -c {near}" if near else "name the file with -c FILE, or create one: schedctl init"


def _choices(found: Sequence[tuple[Client, StatusView]]) -> str:
    return "\n".join(f"  -c {printable_line(status.file)}" for _, status in found)


class FileAlone:
    """Answers from the file, with the functions that schedd uses."""

    def __init__(self, path: str, *, trusted: bool) -> None:
        # Imported here: this loads the engine and yaml, which are not needed when a schedd answers.
        from functools import partial  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        from scheduler.api.file_service import FileService  # noqa: PLC0415
        from scheduler.cli.progress import Progress  # noqa: PLC0415
        from scheduler.config.load import load  # noqa: PLC0415
        from scheduler.config.trusted_files import load_trusted  # noqa: PLC0415

        with Progress(f"reading {os.path.basename(path)}") as progress:  # noqa: PTH119 - pathlib costs 5 ms
            config = (load_trusted if trusted else load)(Path(path), progress.reached)
        self.timezone = config.timezone
        """That of `defaults`."""
        self.service = partial(FileService, config)
        """Creates the service for one request: its next runs are those after that moment."""

    def ask(self, operation: Operation[A, R], request: A) -> R:
        """The reply to an operation that needs no daemon."""
        import asyncio  # noqa: PLC0415

        from scheduler.api.handlers import answer  # noqa: PLC0415

        reply = answer(self.service(), operation, request)
        reply = asyncio.run(reply) if isinstance(reply, Coroutine) else reply
        return msgspec.convert(list(reply) if isinstance(reply, Iterator) else reply, type=operation.reply)
