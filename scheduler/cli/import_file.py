"""`schedctl import`: convert files of other schedulers to a schedule file."""

from __future__ import annotations

import contextlib
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from scheduler.cli.new_file import write_files
from scheduler.cli.subcommand import subcommand
from scheduler.cli.times import zone_names
from scheduler.errors import EXIT_FAILURE, SchedError, UsageError
from scheduler.schedule import find_zone
from scheduler.text import plural
from scheduler.translate.formats import FORMATS, format_of
from scheduler.translate.importers.source_file import LARGEST, Dialect, Request, SourceFile, decode
from scheduler.translate.job_names import JobNames
from scheduler.translate.machine import LocalMachine
from scheduler.translate.translation import Fate, Remark, Translation, combine, layered
from scheduler.translate.writer import schedule_file

_STDIN = "standard input"
_NAME_IN_DIRECTORY = re.compile(r"[\w-]+(?:\.(?:ya?ml|json|ini|cron|crontab))?", re.ASCII)
"""Other names are those of backups and of files that are not schedules."""

_NAMES_IN_CRON_D = {
    Dialect.DEBIAN: ("Debian's cron", re.compile(r"[\w-]+", re.ASCII)),
    Dialect.CRONIE: ("cronie", re.compile(r"(?![.#]).+(?<!~)(?<!\.rpmsave)(?<!\.rpmorig)(?<!\.rpmnew)")),
}
"""The files of /etc/cron.d that a cron reads; what cronie leaves out is in `not_a_crontab` of its database.c."""


@subcommand("import", exit_status="1 when every job was refused, or anything was refused and --strict is given.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--from", "format_name", type=click.Choice(list(FORMATS)), help="Format [default: detected]")
@click.option(
    "--system",
    is_flag=True,
    help="The crontab has a user column after the times [default: for /etc/crontab and cron.d, or detected]",
)
@click.option("--user", "of_user", is_flag=True, help="The crontab has no user column")
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in Dialect]),
    help="The cron of the crontab [default: debian, or detected]",
)
@click.option("--busybox", is_flag=True, help="Short for --dialect busybox")
@click.option(
    "--timezone",
    metavar="NAME",
    shell_complete=zone_names,
    help="Time zone of schedules that name none [default: UTC for kubernetes and app-json, else this machine's]",
)
@click.option("--strict", is_flag=True, help="Fail when anything was refused")
@click.option("-o", "--output", metavar="PATH", type=click.Path(), help="Write to this file instead of standard output")
@click.option("--force", is_flag=True, help="Overwrite an existing file")
def import_file(
    files: tuple[str, ...], format_name: str | None, strict: bool, output: str | None, force: bool, **reading: Any
) -> int:
    """Convert another scheduler's file.

    Converts crontabs of every dialect, systemd timers with their services, Kubernetes CronJobs, and the files of
    yacron, ofelia, sidekiq-cron, sidekiq-scheduler, Solid Queue and Dokku (app.json) into one schedule file. The format
    is detected; `-` is standard input. Of a directory, the timers are read, or if it has none, the crontabs or
    manifests. The schedule file goes to standard output. What is carried over with a difference (noted) or not at all
    (refused) goes to standard error, with file and line.

    \b
    Examples:
      crontab -l | schedctl import - > schedules.yaml
      schedctl import /etc/crontab /etc/cron.d -o schedules.yaml
      schedctl import /etc/systemd/system/backup.timer
    """
    request = _request(**reading)
    names, translations, unread = [], [], []
    paths: list[str] = []
    for file in files:
        read, left = _files_of(file, request.dialect)
        paths += read
        unread += left
    for source in _sources(paths):
        try:
            found = format_of(source, format_name)
        except SchedError as error:
            if source.name in files:
                raise
            translations.append(Translation(remarks=(source.refuse(0, "file", str(error)),)))
            continue
        names.append(found.name)
        translations.append(found.read(source, request))
    translation = combine(translations)
    translation = structs.replace(translation, remarks=(*unread, *translation.remarks))
    sources = ", ".join(_STDIN if file == "-" else file for file in files)
    text = schedule_file(translation, f"Imported from {sources} by `schedctl import`.")
    if output is None:
        click.echo(text, nl=False)
    else:
        write_files({output: text}, force=force)
    _report(translation, sources, ", ".join(dict.fromkeys(names)) or "unknown")
    refused = translation.count(Fate.REFUSED)
    return EXIT_FAILURE if refused and (strict or not translation.jobs) else 0


def _request(*, system: bool, of_user: bool, dialect: str | None, busybox: bool, timezone: str | None) -> Request:
    """The values of the options. UsageError when they contradict each other."""
    if system and of_user:
        raise UsageError("--system and --user exclude each other")
    if busybox and dialect not in {None, Dialect.BUSYBOX}:
        raise UsageError(f"--busybox and --dialect {dialect} exclude each other")
    supercronic = dialect == Dialect.SUPERCRONIC
    if system and supercronic:
        raise UsageError("--system and --dialect supercronic exclude each other: supercronic has no user column")
    if timezone is not None and find_zone(timezone) is None:
        raise UsageError(f"--timezone: unknown time zone {timezone!r}; use an IANA name such as Europe/Berlin")
    return Request(
        machine=LocalMachine(),
        names=JobNames(),
        timezone=timezone,
        user_column=system if system or of_user or supercronic else None,
        dialect=Dialect.BUSYBOX if busybox else Dialect(dialect) if dialect else None,
    )


def _report(translation: Translation, sources: str, formats: str) -> None:
    """Print each remark, and a summary as the last line."""
    for remark in translation.remarks:
        place = f"{remark.file}:{remark.line}" if remark.line else remark.file
        click.echo(f"{place}: {remark.fate}: {remark.text}\n  {remark.why}", err=True)
    if users := sum("user" in layered(translation.defaults, job.keys) for job in translation.jobs):
        have = "has" if users == 1 else "have"
        why = "only a schedd that runs as root can start jobs as other users"
        click.echo(f"{plural(users, 'job')} {have} the key `user`: {why}", err=True)
    counts = f"{translation.count(Fate.NOTED)} noted, {translation.count(Fate.REFUSED)} refused"
    jobs = plural(len(translation.jobs), "job")
    click.echo(f"imported {jobs} from {sources} (format: {formats}): {counts}", err=True)


def _files_of(name: str, dialect: Dialect | None) -> tuple[list[str], list[Remark]]:
    """The files that a directory has for its scheduler: its timers, else crontabs and manifests. A file is itself.

    A remark about each file that is left out because of its name follows, except about hidden files.
    """
    if not Path(name).is_dir():
        return [name], []
    try:
        found = sorted(str(path) for path in Path(name).iterdir() if path.is_file())
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    if timers := [file for file in found if file.endswith(".timer")]:
        return timers, []
    cron, readable = "", _NAME_IN_DIRECTORY
    if Path(name).absolute().name == "cron.d":
        cron, readable = _NAMES_IN_CRON_D.get(dialect or Dialect.DEBIAN, (cron, readable))
    files = [file for file in found if readable.fullmatch(Path(file).name)]
    if not files:
        raise UsageError(f"{name}: this directory has no timers, crontabs or manifests")
    why = f"{cron} ignores a file with this name" if cron else "a file with this name is left out"
    why = f"not read: {why}; to import it, give its path"
    left = [file for file in found if file not in files and not Path(file).name.startswith(".")]
    return files, [Remark(file, 0, "file", why, Fate.NOTED) for file in left]


def _sources(files: list[str]) -> list[SourceFile]:
    """The files, each of which can look for another one by name: among them, else in its directory."""
    texts = {file: _text(file) for file in files}
    given = {Path(file).name: text for file, text in texts.items()}

    def beside(directory: Path, name: str) -> str | None:
        if name in given:
            return given[name]
        return _text(str(directory / name)) if "/" not in name and (directory / name).is_file() else None

    return [
        SourceFile(
            _STDIN if file == "-" else file,
            text,
            path="" if file == "-" else str(Path(file).absolute()),
            beside=partial(beside, Path(file).parent),
            together=frozenset(given),
        )
        for file, text in texts.items()
    ]


def _text(file: str) -> str:
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            return decode(_STDIN if file == "-" else file, stream.read(LARGEST + 1))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
