"""Print the output of runs: that of one job unchanged, that of several line by line, or either as JSON."""

from __future__ import annotations

import codecs
import sys
from datetime import datetime, tzinfo
from typing import TextIO

import click
import msgspec

from scheduler.cli import terminal, times
from scheduler.launch.lines import Lines
from scheduler.text import plural, printable, printable_bytes
from scheduler.wire.runs import Event, Finished, Left, Lost, Output, RunView, Started

COLOURS = ("cyan", "green", "yellow", "magenta", "blue")


class JsonPrinter:
    """Prints each event as a JSON object on its own line."""

    def see(self, event: Event) -> None:
        click.echo(msgspec.json.encode(event))

    def end(self) -> None:
        """Nothing is left to print."""


class RawPrinter:
    """Prints the output of one job unchanged; on a terminal, safe to print, and with the start and end of runs."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {name: decoder(errors="backslashreplace") for name in ("stdout", "stderr")}

    def see(self, event: Event) -> None:
        match event:
            case Output(stream=stream, data=data):
                out = sys.stdout if stream == "stdout" else sys.stderr
                if out.isatty():
                    data = printable(self._decoders[stream].decode(data)).encode()
                out.buffer.write(data)
                out.buffer.flush()
            case Started(run=run) if sys.stderr.isatty():
                terminal.note(f"— run {run.id} of {run.job}, {times.full(run.started_at, self._zone)}")
            case Finished(run=run) if sys.stderr.isatty():
                terminal.note(f"— run {run.id} {_end(run)}")
            case Left(message=message) if sys.stderr.isatty():
                terminal.note(message, "care")
            case Lost(size=size):
                _print_lost("", size)
            case _:
                pass

    def end(self) -> None:
        """Do nothing: nothing is buffered."""


class LinePrinter:
    """Prints whole lines, after their time if a zone is given, and after the name of their job if `names` is set."""

    def __init__(self, zone: tzinfo | None, *, names: bool) -> None:
        self._zone = zone
        self._names = names
        self._open: dict[tuple[str, str, str], Lines] = {}
        """Incomplete lines by run, job and stream."""
        self._latest: datetime | None = None
        self._colours: dict[str, str] = {}

    def see(self, event: Event) -> None:
        match event:
            case Output(run_id=run_id, job=job, stream=stream, data=data, at=at):
                self._latest = at
                lines = self._open.setdefault((run_id, job, stream), Lines())
                self._print(job, stream, lines.feed(data))
            case Finished(run=run):
                self._end_lines(run.id)
                if sys.stderr.isatty():
                    terminal.note(f"[{run.job}] run {run.id} {_end(run)}")
            case Left(run_id=run_id, message=message):
                self._end_lines(run_id)
                if sys.stderr.isatty():
                    terminal.note(message, "care")
            case Lost(run_id=run_id, job=job, size=size):
                self._end_lines(run_id)
                _print_lost(f"[{job}] ", size)
            case _:
                pass

    def end(self) -> None:
        """Print the incomplete lines: no more output follows."""
        for run_id in {run_id for run_id, _, _ in self._open}:
            self._end_lines(run_id)

    def _end_lines(self, run_id: str) -> None:
        for key in [key for key in self._open if key[0] == run_id]:
            self._print(key[1], key[2], self._open.pop(key).end())

    def _print(self, job: str, stream: str, block: bytes) -> None:
        out = sys.stdout if stream == "stdout" else sys.stderr
        before = self._before(job, stream, out)
        for line in block.splitlines():
            click.echo(f"{before}{printable_bytes(line).decode()}", file=out)

    def _before(self, job: str, stream: str, out: TextIO) -> str:
        """The text before each line: `2026-05-04 14:05:00 CEST [job err] `."""
        before = ""
        if self._zone is not None and self._latest is not None:
            at = self._latest.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S %Z")
            before = terminal.paint(at, "quiet", out) + " "
        if not self._names:
            return before
        name = f"[{job}]" if stream == "stdout" else f"[{job} err]"
        if terminal.coloured(out):
            name = click.style(name, fg=self._colours.setdefault(job, COLOURS[len(self._colours) % len(COLOURS)]))
        return f"{before}{name} "


def _print_lost(where: str, size: int) -> None:
    terminal.note(f"{where}… {plural(size, 'byte')} of output missing here: dropped, or no longer kept", "care")


def _end(run: RunView) -> str:
    return f"{run.outcome}, {run.exit_text}, after {times.span(run.duration or 0)}"
