"""The time zone in which a command prints times, and reads those that are typed without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, TypeVar

import click

from scheduler.cli import times
from scheduler.cli.answer_source import FileAlone
from scheduler.control.client import Client
from scheduler.wire.daemon import AskStatus
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST, STATUS

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _timezone_option(before: str = "") -> Callable[[_Command], _Command]:
    """The option `--timezone`; `before` comes first in the description of its default."""
    return click.option(
        "--timezone",
        "zone",
        type=times.typed_zone,
        shell_complete=times.zone_names,
        metavar="NAME",
        help="Time zone of times shown and typed: an IANA name or `local` "
        f"[default: {before}if one job is named, its zone; else that of `defaults`]",
    )


timezone_option = _timezone_option()
timezone_option_beside_expr = _timezone_option("UTC with --expr; ")


def zone_for(asked: tzinfo | None, source: Client | FileAlone, jobs: Sequence[str]) -> tzinfo:
    """The zone that was asked for, else that of a single job, else that of `defaults` in the file."""
    if asked is not None:
        return asked
    if len(jobs) == 1:
        (view,) = source.ask(LIST, ListJobs(tuple(jobs)))
        return times.zone_of(view.timezone)
    return times.zone_of(source.timezone if isinstance(source, FileAlone) else source.ask(STATUS, AskStatus()).timezone)
