"""`schedctl list --watch`: the list of jobs, refreshed in place."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import NoReturn

from scheduler.cli import job_table, terminal, times
from scheduler.cli.target import FileAlone
from scheduler.control.client import Client
from scheduler.errors import UsageError
from scheduler.wire.jobs import JobView, ListJobs
from scheduler.wire.operations import LIST

EVERY = 1.0
"""Seconds between refreshes."""

OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, END_OF_LINE, END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def watch_jobs(source: Client | FileAlone, jobs: tuple[str, ...], zone: tzinfo) -> None:
    """Draw until Ctrl-C. The terminal is restored in every case."""
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal, and stdout is not one; leave it out, or use --json")
    with _other_screen():
        while True:
            begun = time.monotonic()
            _draw(source.ask(LIST, ListJobs(jobs)), zone)
            time.sleep(max(0.0, EVERY - (time.monotonic() - begun)))


@contextmanager
def _other_screen() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _leave)
    sys.stdout.write(OTHER_SCREEN)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        sys.stdout.write(OWN_SCREEN)
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def _draw(views: list[JobView], zone: tzinfo) -> None:
    now = times.now()
    height = os.get_terminal_size(sys.stdout.fileno()).lines
    lines = job_table.lines(views, zone, now, terminal.terminal_width())
    if len(lines) > height - 1:
        hidden = len(lines) - (height - 2)
        lines = [*lines[: height - 2], terminal.paint(f"… {hidden} more", "quiet")]
    footer = terminal.paint(f"{now:%H:%M:%S} UTC, Ctrl-C to quit", "quiet")
    drawn = "".join(f"{line}{END_OF_LINE}\n" for line in lines)
    sys.stdout.write(f"{HOME}{drawn}{footer}{END_OF_LINE}{END_OF_SCREEN}")
    sys.stdout.flush()
