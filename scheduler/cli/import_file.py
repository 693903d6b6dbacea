"""`schedctl import`: a crontab as a schedule file."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import click

from scheduler.errors import EXIT_FAILURE, RefusedError, UsageError
from scheduler.translate.crontab import read_crontab
from scheduler.translate.writer import schedule_file


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--system/--user", default=None, help="Whether a column of users follows the times. Default: look.")
@click.option("--timezone", metavar="ZONE", help="The zone that cron goes by. Default: this machine's.")
@click.option("-o", "--output", metavar="PATH", help="Write there instead of printing; an existing file is left alone.")
def import_file(file: str, system: bool | None, timezone: str | None, output: str | None) -> int:
    """Translate a crontab.

    A user's, the system's, or one for supercronic; `-` reads standard input. The schedule file goes to standard output,
    what could not be carried over to standard error, each with its line. Ends with 1 when no job could be.

    \b
    Examples:
      crontab -l | schedctl import - > schedules.yaml
      schedctl import /etc/crontab -o schedules.yaml
    """
    source = "standard input" if file == "-" else file
    crontab = read_crontab(_text(file), _is_user, system=system)
    text = schedule_file(crontab, source=source, timezone=timezone or machine_zone(), home_of=_home)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(Path(output), text)
    for lost in crontab.lost:
        click.echo(f"{source}:{lost.line}: not carried over: {lost.text}\n  {lost.why}", err=True)
    return 0 if crontab.jobs or not crontab.lost else EXIT_FAILURE


def machine_zone() -> str:
    """The IANA name of the zone this machine is in, UTC when it does not say."""
    if zone := os.environ.get("TZ", "").lstrip(":"):
        return zone
    _, found, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return name if found else "UTC"


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    return data.decode(errors="replace")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError:
        raise RefusedError(f"{path} exists already, and is left as it is") from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be written: {error.strerror}") from None


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _home(user: str | None) -> str | None:
    """Where cron starts a job of this user; None for a user that this machine does not know."""
    try:
        return pwd.getpwnam(user).pw_dir if user is not None else pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return None
