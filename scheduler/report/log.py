"""The log on schedd's stdout: records of events, and the output of jobs. Only owner of structlog."""

from __future__ import annotations

import asyncio
import os
import re
import traceback
from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from typing import Any

import msgspec
import structlog

from scheduler.clock import Clock, rfc3339
from scheduler.engine.events import Event, RunSkipped
from scheduler.launch.launcher import Stream
from scheduler.model.run import Reason
from scheduler.report.outage import Outage
from scheduler.report.records import record
from scheduler.report.stdout import Stdout
from scheduler.text import as_json, printable, printable_bytes


class LogFormat(StrEnum):
    """The format of records. `auto`: console on a terminal, else kv (key=value)."""

    AUTO = "auto"
    CONSOLE = "console"
    KV = "kv"
    JSON = "json"


LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_PRIORITIES = {"debug": b"<7>", "info": b"<6>", "warning": b"<4>", "error": b"<3>"}
"""syslog(3) levels, as journald reads them at the start of a line."""

_SECONDS = frozenset({"duration", "lateness", "retry_in", "by", "timeout", "cpu", "after", "grace"})

_QUOTED = re.compile('[ ="]')

_PLAIN = re.compile("[!#-<>-~]*")
"""Text that key=value shows unchanged: ASCII without control characters and without what `_QUOTED` finds."""

_Fields = dict[str, Any]


class Log:
    """Writes records and output. Implements `LineSink` for runs, and listens to events."""

    def __init__(
        self, stdout: Stdout, clock: Clock, *, form: LogFormat, level: str, fd: int, environ: Mapping[str, str]
    ) -> None:
        terminal = os.isatty(fd)
        if form is LogFormat.AUTO:
            form = LogFormat.CONSOLE if terminal else LogFormat.KV
        self._stdout = stdout
        self._clock = clock
        self._json = form is LogFormat.JSON
        self.takes_raw = not self._json
        self._journald = _is_journald(fd, environ)
        self._least = LEVELS[level]
        self._encode = msgspec.json.Encoder()
        renderer = _renderer(form, colors=terminal and not environ.get("NO_COLOR"))
        self._logger = structlog.wrap_logger(
            stdout,
            processors=[self._complete, _prioritised(renderer) if self._journald and not self._json else renderer],
            wrapper_class=_Records,
        ).bind()
        self._outage = Outage()
        stdout.on_dropped = self._report_dropped

    @property
    def dropped(self) -> int:
        """Lines that could not be written since the start."""
        return self._stdout.dropped

    def info(self, event: str, **fields: object) -> None:
        """Write a record of normal operation."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write a record of something to look at some time."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write a record of something to look at now."""
        self._write("error", event, fields)

    def on_bug(self, _loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Handle an exception of the event loop: write a bug of schedd with its traceback."""
        fields: dict[str, Any] = {"error": context.get("message")}
        if bug := context.get("exception"):
            fields["exception"] = "".join(traceback.format_exception(bug)).removesuffix("\n")
        self.error("internal error", **fields)

    def on_event(self, event: Event) -> None:
        """Write the record of an event, if it has one."""
        if type(event) is RunSkipped and self._outage.repeats(event):
            return
        if self._outage.has_begun and (count := self._outage.ended(event)):
            self.warning("runs skipped", reason=Reason.NO_STORE.value, count=count, note="each is in the history")
        found = record(event)
        if found is not None:
            self._write(*found)

    def _write(self, level: str, event: str, fields: _Fields) -> None:
        if LEVELS[level] >= self._least:
            self._logger.write(level, event, fields)

    def _report_dropped(self, count: int) -> None:
        """Called by the thread that writes to stdout."""
        self.error("log lines dropped", count=count, cause="stdout could not be written")

    # The output of runs.

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        """Write whole lines, prefixed with the job's name or as JSON records."""
        if self._json:
            self._stdout.write(self._output_records(job, run_id, stream, block))
        else:
            self._stdout.write(prefixed(job, stream, block))

    def write_raw(self, block: bytes) -> None:
        """Write bytes unchanged."""
        self._stdout.write(block)

    def full(self) -> asyncio.Future[None] | None:
        """None: there is room. Otherwise wait for this future before writing more."""
        return self._stdout.full()

    def _output_records(self, job: str, run_id: str, stream: Stream, block: bytes) -> bytes:
        """One JSON object per line, made for the whole block at once: JSON text contains no newline."""
        head = {"event": "output", "level": "info", "job": job, "run": run_id, "stream": stream.value}
        if not self._journald:
            head = {"timestamp": rfc3339(self._clock.now()), **head}
        before = self._encode.encode(head)[:-1] + b',"line":'
        lines = self._encode.encode_lines(printable_bytes(block).decode().split("\n")[:-1])
        return before + lines[:-1].replace(b"\n", b"}\n" + before) + b"}\n"

    def _complete(self, _logger: object, level: str, fields: MutableMapping[str, Any]) -> _Fields:
        """The first of structlog's processors: what every record begins with."""
        event = fields.pop("event")
        if self._journald:
            return {"level": level, "event": event, **fields}
        return {"timestamp": rfc3339(self._clock.now()), "level": level, "event": event, **fields}


class _Records(structlog.BoundLoggerBase):
    """structlog's logger with one method for all levels. Its own checks the name of the level several times a call."""

    def write(self, level: str, event: str, fields: _Fields) -> None:
        """Pass a record through the processors, and its line on to stdout."""
        (rendered,), _ = self._process_event(level, event, fields)
        self._logger.write(rendered + b"\n")


def _renderer(form: LogFormat, *, colors: bool) -> Any:
    """The last of structlog's processors: the bytes of a record."""
    if form is LogFormat.JSON:
        return lambda _logger, _level, fields: as_json(fields)
    if form is LogFormat.KV:
        return lambda _logger, _level, fields: _encoded(_logfmt(fields))
    console = structlog.dev.ConsoleRenderer(
        colors=colors, sort_keys=False, pad_event_to=21, exception_formatter=structlog.dev.plain_traceback
    )
    return lambda logger, level, fields: _encoded(
        console(logger, level, {key: _readable(key, value) for key, value in fields.items()})
    )


def _prioritised(renderer: Any) -> Any:
    """With journald's priority before a record, in place of the level."""

    def render(logger: object, level: str, fields: _Fields) -> bytes:
        del fields["level"]
        rendered: bytes = renderer(logger, level, fields)
        return _PRIORITIES[level] + rendered

    return render


def _encoded(text: str) -> bytes:
    return text.encode(errors="backslashreplace")


def _readable(key: str, value: Any) -> Any:
    """For people: units on seconds, lists joined, and control characters escaped."""
    if isinstance(value, str):
        return value if value.isprintable() else printable(value)
    if key in _SECONDS and isinstance(value, float | int):  # `by` is also who requested a run
        return f"{value:g}s"
    return printable("; ".join(value)) if isinstance(value, list) else value


def _logfmt(fields: _Fields) -> str:
    """The same text as structlog's LogfmtRenderer, without its checks of each letter of each key."""
    is_plain, parts = _PLAIN.fullmatch, []
    for key, value in fields.items():
        kind = type(value)
        if (kind is str and is_plain(value)) or (kind is int and key not in _SECONDS):
            parts.append(f"{key}={value}")
        elif kind is float and key in _SECONDS:
            parts.append(f"{key}={value:g}s")
        else:
            parts.append(f"{key}={_quoted(str(_readable(key, value)))}")
    return " ".join(parts)


def _quoted(value: str) -> str:
    if _QUOTED.search(value):
        value = value.replace("\\", "\\\\").replace('"', '\\"')
        value = f'"{value}"'
    return value.replace("\n", "\\n")


def _is_journald(fd: int, environ: Mapping[str, str]) -> bool:
    """Whether stdout is the stream that systemd connected to the journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        about = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


def prefixed(job: str, stream: Stream, block: bytes) -> bytes:
    """Whole lines as the log shows them: `[job] line` or `[job err] line`, safe to print."""
    prefix = b"[%b] " % job.encode() if stream is Stream.STDOUT else b"[%b err] " % job.encode()
    block = printable_bytes(block)
    return prefix + block.replace(b"\n", b"\n" + prefix, block.count(b"\n") - 1)
