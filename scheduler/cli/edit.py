"""`schedctl edit`: edit the schedule file, check it, preview and apply the change."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from scheduler.cli import terminal
from scheduler.cli.answer_source import Target, note_standby_at_end
from scheduler.cli.check import check_file, print_checked
from scheduler.cli.reload import print_changes
from scheduler.cli.subcommand import subcommand
from scheduler.cli.zones import zone_for
from scheduler.control.client import Client
from scheduler.errors import EXIT_FAILURE, RefusedError, SchedError, UsageError
from scheduler.wire.daemon import Reload
from scheduler.wire.operations import RELOAD


@subcommand("edit", exit_status="0 when the change was applied, or there was none; 1 when it was discarded.")
@click.option("-y", "--yes", is_flag=True, help="Apply the change without asking")
@click.pass_obj
def edit(target: Target, yes: bool) -> int:
    """Edit the file, check it, preview and apply the change.

    Opens a copy of the file in $VISUAL or $EDITOR. The file is replaced only if the copy is valid; a running schedd
    then shows what changes, and reloads when you confirm, or at once where there is no terminal to ask on. A change
    that is not applied is kept in the copy.

    \b
    Examples:
      schedctl edit
      schedctl edit --yes
    """
    if target.url is not None:
        raise RefusedError("edit: not available over HTTP; run schedctl where schedd runs")
    path = Path(target.file())
    ask = sys.stdin.isatty() and not yes
    before = _read(path)
    with _copy(path, before) as copy:
        if not _edited(copy, path, before, ask=ask):
            return EXIT_FAILURE
        after = copy.read_bytes()
        if after == before:
            click.echo(f"{path}: no changes")
            return 0
        if _read(path) != before:
            raise RefusedError(f"{path} was changed by another program meanwhile; your copy is {copy}")
        _replace(path, after)
        if not _applied(target, ask=ask):
            _replace(path, before)
            terminal.note(f"discarded; your copy is {copy}", "care")
            return EXIT_FAILURE
        copy.unlink()
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"no file {path}; to create one: schedctl init") from None
    except OSError as error:
        raise SchedError(f"cannot read {path}: {error.strerror}") from None


@contextlib.contextmanager
def _copy(path: Path, text: bytes) -> Iterator[Path]:
    """A copy to edit, outside of the directory of the file, in which `include` may look for files."""
    directory = tempfile.mkdtemp(prefix="schedctl-edit-")
    copy = Path(directory, path.name)
    copy.write_bytes(text)
    try:
        yield copy
    finally:
        with contextlib.suppress(OSError):
            if copy.read_bytes() == text:
                copy.unlink()
        with contextlib.suppress(OSError):
            Path(directory).rmdir()  # fails when the copy is kept


def _edited(copy: Path, path: Path, before: bytes, *, ask: bool) -> bool:
    """Let the user edit the copy until it is valid. False: the user gave up."""
    while True:
        try:
            click.edit(filename=str(copy))
        except click.ClickException as error:
            editor = error.format_message().partition(":")[0]
            advice = "set $EDITOR to the editor that you use"
            raise SchedError(f"the editor {editor} failed, and {path} was not changed; {advice}") from None
        text = copy.read_bytes()
        if text == before or _is_valid(path, text):
            return True
        if not (ask and _confirmed("Edit again?")):
            terminal.note(f"{path} was not changed; your copy is {copy}", "care")
            return False


def _is_valid(path: Path, text: bytes) -> bool:
    """Check the text as if it were the file, next to which its paths begin. Prints what is wrong."""
    candidate = path.with_name(f".{path.name}.edited")
    try:
        candidate.write_bytes(text)
        checked = check_file(candidate, shown=path)
    except OSError as error:
        raise SchedError(f"cannot write {candidate}: {error.strerror}") from None
    finally:
        candidate.unlink(missing_ok=True)
    print_checked(checked)
    return checked.ok


def _replace(path: Path, text: bytes) -> None:
    """Write the file in one step. A link stays a link, and owner and mode stay."""
    real = path.resolve()
    try:
        about = real.stat()
        with tempfile.NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False) as file:
            file.write(text)
            os.fchmod(file.fileno(), about.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), about.st_uid, about.st_gid)
        Path(file.name).replace(real)
    except OSError as error:
        raise SchedError(f"cannot write {path}: {error.strerror}") from None


def _applied(target: Target, *, ask: bool) -> bool:
    """Have a running schedd reload the file. False: the user declined. Without a schedd, there is nothing to do."""
    daemon = target.daemon()
    if not isinstance(daemon, Client):
        click.echo("no schedd is running: the change applies when it is started")
        return True
    note_standby_at_end(daemon)
    zone = zone_for(None, daemon, ())
    if ask:
        plan = daemon.ask(RELOAD, Reload(plan=True))
        print_changes(plan, zone)
        if not _confirmed("Apply?"):
            return False
        print_changes(daemon.ask(RELOAD, Reload(digest=plan.digest)), zone)
    else:
        print_changes(daemon.ask(RELOAD, Reload()), zone)
    return True


def _confirmed(question: str) -> bool:
    return click.confirm(question, default=True, err=True)
