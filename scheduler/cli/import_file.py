"""`schedctl import`: a crontab as a schedule file."""

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
from scheduler.errors import EXIT_FAILURE, UsageError
from scheduler.schedule import find_zone
from scheduler.translate.crontab import read_crontab
from scheduler.translate.writer import schedule_file

_LARGEST = 1024 * 1024
"""Bytes of a crontab. Whatever is read here need not have an end."""

_OF_SYSTEM = re.compile(r"/etc/(?:crontab|cron\.d/.*)")


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--system", is_flag=True, help="A column of users follows the times. Default: in /etc, or by its look.")
@click.option("--user", "of_user", is_flag=True, help="The command follows the times.")
@click.option("--timezone", metavar="ZONE", help="The zone that cron goes by. Default: this machine's.")
@click.option("-o", "--output", metavar="PATH", help="Write there instead of printing; an existing file is left alone.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def import_file(file: str, system: bool, of_user: bool, timezone: str | None, output: str | None, force: bool) -> int:
    """Translate a crontab.

    A user's, the system's, or one for supercronic; `-` reads standard input. The schedule file goes to standard output,
    what could not be carried over to standard error, each with its line. Ends with 1 when all of it
    went there; a crontab that is empty makes a file without jobs.

    \b
    Examples:
      crontab -l | schedctl import - > schedules.yaml
      schedctl import /etc/crontab -o schedules.yaml
    """
    source = "standard input" if file == "-" else file
    if system and of_user:
        raise UsageError("--system and --user contradict each other; write one of them")
    said = system or of_user or _OF_SYSTEM.fullmatch(str(Path(file).absolute()))
    crontab = read_crontab(_text(file), _is_user, system=not of_user if said else None)
    text = schedule_file(crontab, source=source, timezone=_zone(timezone), home_of=_home)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text, force=force)
    if crontab.guessed:
        click.echo(f"{source}: read with a column of users; if those are commands, say --user", err=True)
    for remark in crontab.remarks:
        fate = "carried over, but look at it" if remark.carried else "not carried over"
        click.echo(f"{source}:{remark.line}: {fate}: {remark.text}\n  {remark.why}", err=True)
    return 0 if crontab.jobs or not crontab.remarks else EXIT_FAILURE


def machine_zone() -> str:
    """The IANA name of the zone this machine is in, UTC when it does not say."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    for zone in (os.environ.get("TZ", "").lstrip(":"), name if found else ""):
        if zone and find_zone(zone) is not None:
            return zone
    return "UTC"


def _zone(asked: str | None) -> str:
    if asked is not None and find_zone(asked) is None:
        raise UsageError(f"--timezone: there is no time zone {asked}; write one like Europe/Berlin")
    return asked or machine_zone()


def _text(file: str) -> str:
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{file}: larger than {_LARGEST // 1024**2} MiB, and so no crontab")
    if b"\0" in data:
        raise UsageError(f"{file}: this is no text, and so no crontab")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _is_user(name: str) -> bool:
    """Whether this is a user here and not as well a program, as `mail` is."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return shutil.which(name) is None


def _home(user: str | None) -> str | None:
    """Where cron starts a job of this user; None for a user that this machine does not know."""
    try:
        return pwd.getpwnam(user).pw_dir if user is not None else pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None
