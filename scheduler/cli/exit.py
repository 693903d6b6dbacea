"""How a program ends: a person's mistake is one message on stderr and an exit code; a bug keeps its traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from typing import NoReturn

import click

from scheduler.errors import EXIT_FAILURE, ConfigError, SchedError
from scheduler.fast_start import loaded

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_NOBODY_READS = 128 + signal.SIGPIPE


_WRITE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a full or failing disk, or a terminal that has gone, answers to a write."""


class NobodyReadsError(Exception):
    """Whoever read our stdout has gone. Raised in place of BrokenPipeError, which click would end with 1."""


def end_with(command: click.Command, program: str, exit_codes: dict[int, int] | None = None) -> NoReturn:
    """Run a command and end the process as it asks. `exit_codes` translates those of mistakes."""
    _open_standard_streams()
    try:
        code = command.main(prog_name=program, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as asked:
        code = asked.exit_code
    except click.ClickException as mistake:
        mistake.show()
        code = mistake.exit_code
    except SchedError as mistake:
        code = (exit_codes or {}).get(mistake.exit_code, mistake.exit_code)
        _tell(str(mistake) if isinstance(mistake, ConfigError) else f"{program}: {mistake}")
    except (click.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except (BrokenPipeError, NobodyReadsError):
        _let_go_of_stdout()
        code = EXIT_NOBODY_READS
    except OSError as error:
        words = _in_words(error)
        if words is None:
            raise
        if error.errno in _WRITE_ERRORS:
            _let_go_of_stdout()
        _tell(f"{program}: {words}")
        code = EXIT_FAILURE
    loaded()  # else Python looks for garbage in everything at exit: a tenth of the time that `schedctl list` takes
    sys.exit(code if isinstance(code, int) else 0)


def _open_standard_streams() -> None:
    """Give /dev/null to a program that was started without one of them, as by `>&-`.

    Otherwise what is opened next would have its number, and the log would be written there.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            setattr(sys, name, os.fdopen(opened, "r" if descriptor == 0 else "w", encoding="utf-8"))


def _in_words(error: OSError) -> str | None:
    """What a person can mend about it; None for a bug."""
    if error.errno in _WRITE_ERRORS:
        return f"the output cannot be written: {error.strerror}"
    if error.errno == errno.EMFILE:
        return f"{os.sysconf('SC_OPEN_MAX')} file descriptors (ulimit -n) are not enough; allow 64 or more"
    if _is_nowhere():
        return "the current directory has been deleted; go to one that is there"
    return None


def _is_nowhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib costs 5 ms
    except FileNotFoundError:
        return True
    return False


def _let_go_of_stdout() -> None:
    """Python would flush it once more at exit and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        click.echo(message, err=True)
