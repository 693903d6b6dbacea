"""`schedctl import`: convert a crontab to a schedule file."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import sys
from pathlib import Path

import click

from scheduler.cli.new_file import write_file
from scheduler.cli.subcommand import subcommand
from scheduler.errors import EXIT_FAILURE, UsageError
from scheduler.schedule import find_zone
from scheduler.translate.crontab import read_crontab
from scheduler.translate.writer import schedule_file

_LARGEST = 1024 * 1024
"""Bytes of a crontab that are read at most: the input may be endless."""

_OF_SYSTEM = re.compile(r"/etc/(?:crontab|cron\.d/.*)")


@subcommand("import", exit_status="1 when every line was refused; otherwise 0, also for an empty crontab.")
@click.argument("file", metavar="FILE")
@click.option(
    "--system",
    is_flag=True,
    help="The lines have a user column after the times [default: for files in /etc, or detected]",
)
@click.option("--user", "of_user", is_flag=True, help="The lines have no user column")
@click.option("--timezone", metavar="NAME", help="Time zone of the crontab [default: that of this machine]")
@click.option("-o", "--output", metavar="PATH", help="Write to this file instead of standard output")
@click.option("--force", is_flag=True, help="Overwrite an existing file")
def import_file(file: str, system: bool, of_user: bool, timezone: str | None, output: str | None, force: bool) -> int:
    """Convert a crontab to a schedule file.

    Reads a user's crontab, a system crontab, or one for supercronic. FILE may be `-` for standard input. The schedule
    file goes to standard output; what could not be converted goes to standard error, with its line number.

    \b
    Examples:
      crontab -l | schedctl import - > schedules.yaml
      schedctl import /etc/crontab -o schedules.yaml
    """
    source = "standard input" if file == "-" else file
    if system and of_user:
        raise UsageError("--system and --user exclude each other")
    known = system or of_user or _OF_SYSTEM.fullmatch(str(Path(file).absolute()))
    crontab = read_crontab(_text(file), _is_user, system=not of_user if known else None)
    text = schedule_file(crontab, source=source, timezone=_zone(timezone), home_of=_home)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text, force=force)
    if crontab.guessed:
        click.echo(f"{source}: read with a user column; if it has none, use --user", err=True)
    for remark in crontab.remarks:
        fate = "converted, please review" if remark.carried else "not converted"
        click.echo(f"{source}:{remark.line}: {fate}: {remark.text}\n  {remark.why}", err=True)
    return 0 if crontab.jobs or not crontab.remarks else EXIT_FAILURE


def machine_zone() -> str:
    """The IANA name of the time zone of this machine; UTC when it is unknown."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    for zone in (os.environ.get("TZ", "").lstrip(":"), name if found else ""):
        if zone and find_zone(zone) is not None:
            return zone
    return "UTC"


def _zone(asked: str | None) -> str:
    if asked is not None and find_zone(asked) is None:
        raise UsageError(f"--timezone: unknown time zone {asked!r}; use an IANA name such as Europe/Berlin")
    return asked or machine_zone()


def _text(file: str) -> str:
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{file}: larger than {_LARGEST // 1024**2} MiB; not a crontab")
    if b"\0" in data:
        raise UsageError(f"{file}: binary data; not a crontab")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _is_user(name: str) -> bool:
    """Whether this is a user of this machine, and not also the name of a program, as `mail` is."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return shutil.which(name) is None


def _home(user: str | None) -> str | None:
    """The directory in which cron starts jobs of this user; None for a user who does not exist on this machine."""
    try:
        return pwd.getpwnam(user).pw_dir if user is not None else pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None
