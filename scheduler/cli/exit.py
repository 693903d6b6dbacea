"""How the programs exit: a user's error is one message on stderr and an exit code, a bug keeps its traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
from typing import NoReturn

import click

from scheduler.errors import EXIT_FAILURE, ConfigError, SchedError
from scheduler.fast_start import loaded
from scheduler.text import nearest, printable

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_READER_GONE = 128 + signal.SIGPIPE

_WRITE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of a write to a full or failing disk, or to a terminal that is gone."""


_CHECK, _ADDRESS = "to check a file: schedctl check FILE", "to serve the dashboard: --web ADDR:PORT"
_BACKGROUND = "schedd runs in the foreground; let systemd run it (docs/systemd.md), or use: nohup schedd [FILE] &"

ELSEWHERE = {
    **dict.fromkeys((("schedd", name) for name in ("--check", "--test", "--validate", "--lint", "--dry-run")), _CHECK),
    **dict.fromkeys((("schedd", name) for name in ("-d", "--daemon", "--daemonize", "--background")), _BACKGROUND),
    ("schedctl reload", "--dry-run"): "to preview the changes: schedctl reload --plan",
    **dict.fromkeys(((f"schedctl {name}", "-o") for name in ("logs", "run-now")), "for JSON: --json"),
    **dict.fromkeys((("schedd", name) for name in ("--port", "--host", "--listen", "--bind", "-p")), _ADDRESS),
}
_URL = "--url comes before the command: schedctl --url URL COMMAND"
"""By program and option of other programs, what to type."""


_NOTATION = (
    (r"is not a valid integer(?: range)?$", "is not a whole number"),
    (r"is not a valid float(?: range)?$", "is not a number"),
    (r"is not in the range (\S+)<=x<=(\S+)$", r"is out of range (\1-\2)"),
    (r"is not in the range x>=(\S+)$", r"is out of range (\1 or more)"),
    (r"\. Choose from:\s+", "; choose from "),
    (r",\n\t", ", "),
    (r"^(Invalid value for )'\[(\w+)\](?:\.\.\.)?'", r"\1'\2'"),
)
"""What click writes for a reader of code, and what a person reads instead."""


class ReaderGoneError(Exception):
    """The reader of stdout is gone. Raised instead of BrokenPipeError, for which click would exit with 1."""


def end_with(command: click.Command, program: str, exit_codes: dict[int, int] | None = None) -> NoReturn:
    """Run a command and exit with its code. `exit_codes` replaces exit codes of errors by other ones."""
    _open_standard_streams()
    try:
        if f"_{program.upper()}_COMPLETE" in os.environ:
            from scheduler.cli.completion import complete  # noqa: PLC0415 - only for a shell that asks

            complete(command, program)
        code = command.main(prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        code = error.exit_code
        _print_error(_usage_error(error, program))
    except SchedError as error:
        code = (exit_codes or {}).get(error.exit_code, error.exit_code)
        _print_error(str(error) if isinstance(error, ConfigError) else f"{program}: {error}")
    except (click.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except (BrokenPipeError, ReaderGoneError):
        _discard_stdout()
        code = EXIT_READER_GONE
    except OSError as error:
        message = _explain(error)
        if message is None:
            raise
        if error.errno in _WRITE_ERRORS:
            _discard_stdout()
        _print_error(f"{program}: {message}")
        code = EXIT_FAILURE
    loaded()  # else Python collects garbage once more at exit: a tenth of the time of `schedctl list`
    sys.exit(code if isinstance(code, int) else 0)


def _usage_error(error: click.ClickException, program: str) -> str:
    """One message in the form of all others, with the command whose help says more."""
    message = _plain(error.format_message().removesuffix("."))
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption) and context is not None:
        known = {name.lstrip("-"): name for option in context.command.get_params(context) for name in option.opts}
        near = nearest(error.option_name.lstrip("-"), known, 0.7)
        other = ELSEWHERE.get((context.command_path, error.option_name))
        if error.option_name == "--url" and context.command_path.startswith("schedctl "):
            near, other = None, _URL
        elif near is None and context.command_path == "schedctl" and _is_of_a_command(error.option_name, context):
            other = f"it comes after the command: schedctl COMMAND {error.option_name}"
        elif near is other is None and context.command_path.endswith("run-now"):
            other = "options of the job go after --, as in `run-now JOB -- --option value`"
        meant = f"; did you mean {known[near]}?" if near is not None else f"; {other}" if other else ""
        message = f"no such option {error.option_name}{meant}"
    option = error.param if isinstance(error, click.BadParameter) else None
    if isinstance(option, click.Option) and option.is_flag and isinstance(option.envvar, str):
        # A flag takes no value on the command line: it comes from the variable.
        message = f"the variable {option.envvar} must be 1 or 0, not {os.environ.get(option.envvar, '')!r}"
    command = program if context is None else context.command_path
    return f"{command}: {message[:1].lower()}{message[1:]}\nFor help: {command} --help"


def _plain(message: str) -> str:
    """A message of click with its notation for types, ranges and arguments in words."""
    for pattern, words in _NOTATION:
        message = re.sub(pattern, words, message)
    return message


def _is_of_a_command(option: str, context: click.Context) -> bool:
    """Whether a command of a group has this option."""
    group = context.command
    commands = (
        (group.get_command(context, name) for name in group.list_commands(context))
        if isinstance(group, click.Group)
        else ()
    )
    return any(option in parameter.opts for command in commands if command for parameter in command.params)


def _open_standard_streams() -> None:
    """Open /dev/null for each standard stream that is closed, as after `>&-`.

    Otherwise the next file that is opened would get its number, and the log would be written to that file.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            setattr(sys, name, os.fdopen(opened, "r" if descriptor == 0 else "w", encoding="utf-8"))


def _explain(error: OSError) -> str | None:
    """A message for errors that a user can fix; None for a bug."""
    if error.errno in _WRITE_ERRORS:
        return f"cannot write the output: {error.strerror}"
    if error.errno == errno.EMFILE:
        return (
            f"the limit of {os.sysconf('SC_OPEN_MAX')} file descriptors (ulimit -n) is too low; 64 or more are needed"
        )
    if _directory_is_gone():
        return "the current directory has been deleted; change to another one"
    return None


def _directory_is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib costs 5 ms
    except FileNotFoundError:
        return True
    return False


def _discard_stdout() -> None:
    """Send stdout to /dev/null: Python flushes it once more at exit, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(message: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        click.echo(printable(message), err=True)
