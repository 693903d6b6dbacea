"""`schedctl export`: write systemd units, Kubernetes CronJobs or a crontab."""

from __future__ import annotations

import os
import pwd
import re
import sys
from pathlib import Path
from typing import Any

import click

from scheduler.cli import output_format, times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import some_jobs
from scheduler.cli.new_file import write_files
from scheduler.cli.subcommand import subcommand
from scheduler.cli.times import zone_names
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.errors import EXIT_FAILURE, SchedError, UnknownNameError, UsageError
from scheduler.model.job import Job
from scheduler.schedule import find_zone
from scheduler.text import did_you_mean, nearest, plural
from scheduler.translate.exporters import crontab_file, kubernetes_manifests, systemd_units
from scheduler.translate.exporters.exported import Degree, Exported, Loss
from scheduler.translate.importers.source_file import Dialect
from scheduler.translate.machine import LocalMachine

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_RUNNING = Loss("", "max_running", Degree.LOST, "nothing limits how many jobs run at the same time")
_FORMATS = ("systemd", "kubernetes", "crontab")
_OPTIONS_OF = {
    "image": "kubernetes",
    "namespace": "kubernetes",
    "user_units": "systemd",
    "dialect": "crontab",
    "timezone": "crontab",
}
_OTHER_NAMES = {"k8s": "kubernetes", "cronjob": "kubernetes", "cron": "crontab", "timer": "systemd"}


class _Format(click.Choice[str]):
    """One of the formats, with a suggestion for other names and misspelled ones."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        near = _OTHER_NAMES.get(str(value).lower()) or nearest(str(value).lower(), _FORMATS, 0.7)
        if value not in _FORMATS and near is not None:
            self.fail(f"{value!r} is not one of {', '.join(_FORMATS)}; did you mean {near}?", param, ctx)
        return super().convert(value, param, ctx)


@subcommand("export", exit_status="1 when anything was lost and --strict is given.")
@click.argument("format_name", metavar="FORMAT", type=_Format(_FORMATS))
@some_jobs
@click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    type=click.Path(),
    help="Write files to this directory [default: print them]",
)
@click.option("--force", is_flag=True, help="Overwrite existing files")
@click.option("--strict", is_flag=True, help="Fail when anything was lost")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object with the files and the losses")
@click.option("--user", "user_units", is_flag=True, help="systemd: units for the manager of a user")
@click.option("--image", metavar="NAME", help="kubernetes: image of the containers")
@click.option("--namespace", metavar="NAME", help="kubernetes: namespace of the CronJobs")
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in Dialect if dialect is not Dialect.SUPERCRONIC]),
    help="crontab: the cron that will read it [default: debian]",
)
@click.option(
    "--timezone",
    metavar="NAME",
    shell_complete=zone_names,
    help="crontab: time zone in which cron runs [default: this machine's]",
)
@click.pass_obj
def export_file(
    target: Target,
    /,
    format_name: str,
    jobs: tuple[str, ...],
    directory: str | None,
    force: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Write systemd units, Kubernetes CronJobs or a crontab.

    FORMAT is systemd (a timer and a service for each job), kubernetes, or crontab. Without JOB, all jobs are exported.
    What is approximated or lost goes to standard error, by job and key.

    \b
    Examples:
      schedctl export systemd -o units/
      schedctl export kubernetes poll-rates --image example/app:3 | kubectl apply -f -
      schedctl export crontab --dialect cronie
    """
    for name, value in options.items():
        if value and _OPTIONS_OF[name] != format_name:
            option = "user" if name == "user_units" else name
            raise UsageError(f"--{option} is for {_OPTIONS_OF[name]} only")
    config = load(Path(target.file()))
    exported = _exported(format_name, _chosen(config, jobs), **options)
    if config.max_running is not None:
        exported = Exported(exported.files, (*exported.losses, _MAX_RUNNING))
    if directory is not None:
        _write(exported, Path(directory), force=force)
    if as_json:
        output_format.show(exported)
    elif directory is None:
        _print(exported, "---" if format_name == "kubernetes" else None)
    _report(exported)
    lost = any(loss.degree is Degree.LOST for loss in exported.losses)
    return EXIT_FAILURE if strict and lost else 0


def _chosen(config: Config, names: tuple[str, ...]) -> list[Job]:
    for name in names:
        if name not in config.jobs:
            raise UnknownNameError(f"no job {name!r}{did_you_mean(name, config.jobs)}")
    return [job for name, job in config.jobs.items() if not names or name in names]


def _exported(
    format_name: str,
    jobs: list[Job],
    *,
    user_units: bool,
    image: str | None,
    namespace: str | None,
    dialect: str | None,
    timezone: str | None,
) -> Exported:
    match format_name:
        case "systemd":
            return systemd_units.export_systemd(jobs, _systemd_options(of_user=user_units))
        case "kubernetes":
            if image is None:
                raise UsageError("--image is required: the image in which the commands run")
            if not image or image.split() != [image]:
                raise UsageError(f"--image: {image!r} is not the name of an image")
            if namespace is not None and not _NAMESPACE.fullmatch(namespace):
                raise UsageError(f"--namespace: {namespace!r} is not valid: use a-z, 0-9 and dashes, 63 at most")
            return kubernetes_manifests.export_kubernetes(
                jobs, kubernetes_manifests.Options(image=image, namespace=namespace, now=times.now())
            )
        case _:
            if timezone is not None and find_zone(timezone) is None:
                raise UsageError(f"--timezone: unknown time zone {timezone!r}; use an IANA name such as Europe/Berlin")
            zone = timezone or LocalMachine().timezone
            return crontab_file.export_crontab(
                jobs,
                crontab_file.Options(
                    dialect=Dialect(dialect or Dialect.DEBIAN), timezone=zone, python=sys.executable, owner=_owner()
                ),
            )


def _owner() -> str | None:
    """The user of jobs that name none; None is root."""
    return None if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _systemd_options(*, of_user: bool) -> systemd_units.Options:
    kind = "user" if of_user else "system"
    folders = [Path(f"{place}/systemd/{kind}") for place in ("/usr/lib", "/lib", "/run")]
    taken = frozenset(path.name for folder in folders if folder.is_dir() for path in folder.iterdir())
    return systemd_units.Options(of_user=of_user, owner=_owner(), python=sys.executable, now=times.now(), taken=taken)


def _write(exported: Exported, directory: Path, *, force: bool) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchedError(f"cannot create {directory}: {error.strerror}") from None
    write_files({str(directory / file.name): file.text for file in exported.files}, force=force)


def _print(exported: Exported, separator: str | None) -> None:
    """Print the files: with a line between them, or each with a comment that names it."""
    for number, file in enumerate(exported.files):
        if separator is None and len(exported.files) > 1:
            click.echo(f"{'' if number == 0 else chr(10)}# {file.name}")
        elif number:
            click.echo(separator)
        click.echo(file.text, nl=False, color=True)  # click would remove the escape sequences of commands


def _report(exported: Exported) -> None:
    """Print each loss with the jobs that have it, and a summary as the last line."""
    jobs: dict[tuple[str, Degree, str], list[str]] = {}
    for loss in exported.losses:
        jobs.setdefault((loss.key, loss.degree, loss.why), []).append(loss.job or "the file")
    for (key, degree, why), names in jobs.items():
        click.echo(f"{', '.join(names)}: {key}: {degree}\n  {why}", err=True)
    counts = [sum(loss.degree is degree for loss in exported.losses) for degree in (Degree.APPROXIMATED, Degree.LOST)]
    click.echo(f"exported {plural(len(exported.files), 'file')}: {counts[0]} approximated, {counts[1]} lost", err=True)
