"""The program schedd: its command line."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scheduler.cli import DEFAULT_FILE, near_name
from scheduler.cli.subcommand import HELP_OPTIONS, Subcommand
from scheduler.errors import ConfigError, UsageError
from scheduler.fast_start import NOT_FOR_THE_DAEMON, loading, patterns_compiled_late
from scheduler.package import DOCUMENTATION
from scheduler.path_owner import ALLOW

EXIT_STATUS = (
    "0 stopped by a signal, 1 already running or failed, 2 usage error, 70 internal error, 78 invalid or missing file."
)

DEFAULT_ADDRESS = "127.0.0.1:8765"

_NO_ADDRESS = "\0"
"""The value of --web without an address, which nobody can type."""

PAUSED = "SCHEDD_PAUSED"
"""The variable that means the same as --paused."""


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from scheduler.cli.version import print_version  # noqa: PLC0415 - importlib.metadata costs 30 ms

        print_version("schedd")
        ctx.exit()


@click.command(
    cls=Subcommand,
    context_settings=HELP_OPTIONS,
    exit_status=EXIT_STATUS,
    epilog=f"Documentation: {DOCUMENTATION}",
)
@click.argument("file", required=False, type=click.Path())
@click.option("-c", "--config", metavar="FILE", type=click.Path(), help="The same as FILE")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "console", "kv", "json"]),
    default="auto",
    help="Format of the log [default: auto, which is console on a terminal and kv elsewhere]",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    help="Least severe log events to print; output of jobs is always printed [default: info]",
)
@click.option(
    "--watch", is_flag=True, help="Reload FILE whenever it changes; needs the extra `watch` (README.md, Install)"
)
@click.option(
    "--web",
    metavar="[ADDR]",
    is_flag=False,
    flag_value=_NO_ADDRESS,
    help="Serve the dashboard and the HTTP API on ADDR [default: web.listen of FILE, otherwise "
    f"{DEFAULT_ADDRESS}]; needs the extra `web` (README.md, Install)",
)
@click.option(
    "--heartbeat",
    metavar="PATH",
    type=click.Path(),
    help="Update the modification time of this file every 10s while schedd is healthy",
)
@click.option(
    "--paused",
    is_flag=True,
    envvar=PAUSED,
    help=f"Start with all jobs paused, until `schedctl resume` [default: ${PAUSED}]",
)
@click.option(
    "--allow-insecure-file",
    is_flag=True,
    envvar=ALLOW,
    help=f"As root, run a file that other users can change [default: ${ALLOW}]",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version, and those of Python and of the libraries in use",
)
def command(  # noqa: PLR0913 - one for each option
    file: str | None,
    config: str | None,
    log_format: str,
    log_level: str,
    web: str | None,
    heartbeat: str | None,
    *,
    watch: bool,
    paused: bool,
    allow_insecure_file: bool,
) -> int:
    """Run the jobs of FILE at their scheduled times, in the foreground.

    FILE is the schedule file [default: $SCHEDD_CONFIG, ./schedules.yaml]. SIGTERM and Ctrl-C stop schedd after running
    jobs have finished, within the shutdown timeout. SIGHUP and SIGUSR2 reload the file; when that fails, the previous
    configuration stays active. schedctl queries and controls the running schedd; `schedctl init` writes a first file.

    \b
    Examples:
      schedd
      schedd /etc/app/schedules.yaml --log-format json
      schedd schedules.yaml --web
    """
    if web is not None and file is None and config is None and is_file_name(web):
        file, web = web, _NO_ADDRESS  # `schedd --web schedules.yaml`
    path = _schedule_file(file, config)
    if watch:
        from scheduler.config.file_watch import require_watchfiles  # noqa: PLC0415 - as below

        require_watchfiles()
    with loading(*NOT_FOR_THE_DAEMON), patterns_compiled_late():
        # Imported here, so that --help and --version do not load the whole daemon.
        from scheduler.daemon import run  # noqa: PLC0415
        from scheduler.report.log import LogFormat  # noqa: PLC0415

    return run(
        path,
        log_format=LogFormat(log_format),
        log_level=log_level,
        watch=watch,
        web=DEFAULT_ADDRESS if web == _NO_ADDRESS else web,
        is_default_address=web == _NO_ADDRESS,
        heartbeat=None if heartbeat is None else Path(heartbeat),
        paused=paused,
        shutdown_timeout=_shutdown_timeout(),
        allow_insecure_file=allow_insecure_file,
    )


def _schedule_file(file: str | None, config: str | None) -> Path:
    """The file to run: the argument, --config, $SCHEDD_CONFIG or the default. Only the default is known to exist."""
    if "" in (file, config):
        raise UsageError("the file name is empty")
    if file and config:
        raise UsageError("FILE and --config exclude each other")
    if file is not None and not Path(file).exists():
        _refuse_command(file)
    path = file or config or os.environ.get("SCHEDD_CONFIG")
    if not path and not Path(DEFAULT_FILE).exists():
        near = near_name()
        help = f"to use {near}: schedd {near}" if near else "to create one: schedctl init"
        raise ConfigError(f"schedd: no {DEFAULT_FILE} in this directory; {help}", ())
    return Path(path or DEFAULT_FILE)


def _refuse_command(word: str) -> None:
    """UsageError when the name of the file, which does not exist, is that of a command."""
    from scheduler.cli.schedctl import COMMANDS, ENDINGS  # noqa: PLC0415 - only for an error

    if word in {"start", "run", "serve", "up", "daemon"}:
        raise UsageError(f"no file {word!r}: schedd has no commands; to start it: schedd [FILE]")
    if word in ENDINGS | {"stop"}:
        raise UsageError(f"no file {word!r}: schedd has no commands; it stops with Ctrl-C or SIGTERM")
    if word in COMMANDS:
        raise UsageError(f"no file {word!r}: schedd has no commands; did you mean 'schedctl {word}'?")


def is_file_name(text: str) -> bool:
    """Whether what follows --web is the schedule file rather than an address."""
    return text.endswith((".yaml", ".yml")) or "/" in text.removeprefix("unix:/")


def _shutdown_timeout() -> float | None:
    """Seconds that the platform waits before it kills schedd, if it says so in SCHEDD_SHUTDOWN_TIMEOUT."""
    from scheduler.schedule import DurationError, parse_duration  # noqa: PLC0415 - imported by the daemon anyway

    text = os.environ.get("SCHEDD_SHUTDOWN_TIMEOUT")
    try:
        return None if text is None else parse_duration(text)
    except DurationError as error:
        raise UsageError(f"SCHEDD_SHUTDOWN_TIMEOUT: {error}") from None
