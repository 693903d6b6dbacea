"""The program `schedd`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scheduler import __version__
from scheduler.cli import DEFAULT_FILE
from scheduler.errors import UsageError
from scheduler.fast_start import NOT_FOR_THE_DAEMON, loading


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False)
@click.option("-c", "--config", metavar="FILE", help="The same as FILE.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "console", "kv", "json"]),
    default="auto",
    show_default=True,
    help="How the log looks: auto is console on a terminal, else key=value.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The least important records that are logged. The output of jobs always is.",
)
@click.option("--watch", is_flag=True, help="Read FILE again whenever it changes. Needs schedd[watch].")
@click.version_option(__version__, "--version", message="schedd %(version)s")
def command(file: str | None, config: str | None, log_format: str, log_level: str, *, watch: bool) -> int:
    """Run the jobs of FILE at their times, in the foreground, until TERM or Ctrl-C.

    FILE defaults to $SCHEDD_CONFIG, else ./schedules.yaml. HUP or USR2 reads it again; a file with a mistake changes
    nothing. `schedctl` shows and steers what runs.

    \b
    Examples:
      schedd
      schedd /etc/app/schedules.yaml --log-format json

    \b
    Ends with 0 after a signal, 1 when another schedd serves the file, 2 for a wrong command line, 78 for a bad file.
    """
    if "" in (file, config):
        raise UsageError("the name of the file is empty; write one, or leave it out")
    if file and config:
        raise UsageError("FILE and --config name the file twice; write one of them")
    with loading(*NOT_FOR_THE_DAEMON):
        # Imported here, so that --help and --version do not load the whole daemon.
        from scheduler.daemon import run  # noqa: PLC0415
        from scheduler.report.log import LogFormat  # noqa: PLC0415

    path = file or config or os.environ.get("SCHEDD_CONFIG") or DEFAULT_FILE
    return run(Path(path), log_format=LogFormat(log_format), log_level=log_level, watch=watch)
