"""What the log looks like: fixed words, fields in order, nothing that controls a terminal, nothing lost."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scheduler.engine.events import (
    AttemptFinished,
    ClockJumped,
    Event,
    JobsChanged,
    ReloadFailed,
    RunFinished,
    RunSkipped,
    RunStarted,
    RunStopping,
    Stopping,
    report_bug,
)
from scheduler.engine.timetable import Changes
from scheduler.launch.launcher import Stream
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger
from scheduler.report.log import Log, LogFormat
from scheduler.text import printable
from scheduler.virtual_clock import VirtualClock
from scheduler.wire.requester import Requester

SCHEDULED = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = SCHEDULED + timedelta(milliseconds=2)
STARTED = Run("abcd2345", "mail", Trigger.SCHEDULE, SCHEDULED, NOW)
FAILED = Attempt(1, NOW, 1.5, Outcome.FAILED, Exit(7, max_rss=1_000_000, cpu_seconds=0.25, notes=("it said so",)))
MISSING = Attempt(1, NOW, 0.0, Outcome.NOT_STARTED, Exit(127), cause="no such program: mial")


class Collected:
    """A stdout that is a list."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, lines: bytes) -> None:
        self.blocks.append(lines)

    def full(self) -> None:
        return None

    @property
    def text(self) -> str:
        return b"".join(self.blocks).decode()


Logged = Callable[..., tuple[Log, Collected]]


@pytest.fixture
def logged() -> Logged:
    def make(form: LogFormat = LogFormat.KV, level: str = "info", **environ: str) -> tuple[Log, Collected]:
        out = Collected()
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            if environ.get("JOURNAL_STREAM") == "here":
                about = os.fstat(null)
                environ["JOURNAL_STREAM"] = f"{about.st_dev}:{about.st_ino}"
            log = Log(out, VirtualClock(NOW), form=form, level=level, fd=null, environ=environ)  # type: ignore[arg-type]
        finally:
            os.close(null)
        return log, out

    return make


def finished(attempt: Attempt) -> RunFinished:
    return RunFinished(
        Run("abcd2345", "mail", Trigger.SCHEDULE, SCHEDULED, NOW, (attempt,), attempt.outcome, NOW, attempt.duration)
    )


RECORDS: list[tuple[Event, str]] = [
    (
        RunStarted(STARTED, "pid 42"),
        (
            'level=info event="run started" job=mail run=abcd2345 trigger=schedule scheduled_at=2026-06-01T12:00:00Z '
            'lateness=0.002s process="pid 42"'
        ),
    ),
    (
        AttemptFinished(STARTED, FAILED, 10.0),
        (
            'level=warning event="attempt finished" job=mail run=abcd2345 attempt=1 outcome=failed exit=7 '
            'duration=1.5s max_rss=1000000 cpu=0.25s notes="it said so" retry_in=10s'
        ),
    ),
    (
        finished(FAILED),
        (
            'level=error event="run finished" job=mail run=abcd2345 outcome=failed exit=7 duration=1.5s '
            'max_rss=1000000 cpu=0.25s notes="it said so"'
        ),
    ),
    (
        finished(MISSING),
        (
            'level=error event="run failed to start" job=mail run=abcd2345 trigger=schedule '
            "scheduled_at=2026-06-01T12:00:00Z lateness=0.002s outcome=not-started exit=127 duration=0s "
            'cause="no such program: mial"'
        ),
    ),
    (
        RunSkipped(Decision("mail", Reason.OVERLAP, SCHEDULED, SCHEDULED)),
        'level=warning event="run skipped" job=mail reason=overlap scheduled_at=2026-06-01T12:00:00Z',
    ),
    (
        RunSkipped(Decision("mail", Reason.COALESCED, SCHEDULED, SCHEDULED + timedelta(hours=1), 1000, more=True)),
        (
            'level=info event="run skipped" job=mail reason=coalesced count="more than 1000" '
            "first=2026-06-01T12:00:00Z last=2026-06-01T13:00:00Z"
        ),
    ),
    (
        JobsChanged(Changes(("a",), (), ("b", "c"), ())),
        'level=info event="configuration changed" added=1 changed=0 removed=2 unchanged=0',
    ),
    (ClockJumped(3600.0, NOW), 'level=warning event="clock jumped" by=3600s'),
    (
        RunStopping(STARTED, 14.9996, 10.0),
        'level=info event="run stopping" job=mail run=abcd2345 signal=SIGTERM after=15s grace=10s',
    ),
    (Stopping(25.0, 3, 4), 'level=info event="shutting down" running=3 waiting=4 timeout=25s'),
]


@pytest.mark.parametrize(("event", "line"), RECORDS, ids=lambda value: type(value).__name__)
def test_every_event_has_its_record(logged: Logged, event: Event, line: str) -> None:
    log, out = logged()
    log.on_event(event)
    assert out.text == f"timestamp=2026-06-01T12:00:00.002Z {line}\n"


@pytest.mark.parametrize("event", [AttemptFinished(STARTED, FAILED, None), RunStarted(STARTED, None)])
def test_facts_in_the_record_of_a_run_are_not_logged_twice(logged: Logged, event: Event) -> None:
    log, out = logged()
    log.on_event(event)
    assert out.text == ""


def test_json_records_carry_numbers_and_lists(logged: Logged) -> None:
    log, out = logged(LogFormat.JSON)
    log.on_event(finished(FAILED))
    answer = json.loads(out.text)
    assert (answer["duration"], answer["notes"], answer["level"]) == (1.5, ["it said so"], "error")


def test_a_name_that_is_not_utf8_is_escaped_in_json_too(logged: Logged) -> None:
    log, out = logged(LogFormat.JSON)
    log.info("schedd started", file="/srv/bad\udcff.yaml", all=["\udc80", "a\\"])
    answer = json.loads(out.text)
    assert (answer["file"], answer["all"]) == (r"/srv/bad\xff.yaml", [r"\x80", "a\\"])


def test_a_reload_that_failed_shows_every_problem(logged: Logged) -> None:
    log, out = logged(LogFormat.CONSOLE)
    log.on_event(ReloadFailed("s.yaml:3:5: error: one\ns.yaml:9:1: error: two\n"))
    for text in ("reload failed", "one", "two", "the previous configuration stays active"):
        assert text in out.text


def test_output_is_prefixed_with_the_job_and_stderr_is_marked(logged: Logged) -> None:
    """L1"""
    log, out = logged()
    log.write_lines("mail", "abcd2345", Stream.STDOUT, b"one\n\ntwo\n")
    log.write_lines("mail", "abcd2345", Stream.STDERR, b"three\n")
    log.write_raw(b"\x00raw")
    assert out.text == "[mail] one\n[mail] \n[mail] two\n[mail err] three\n\x00raw"


def test_output_as_json_is_one_record_a_line(logged: Logged) -> None:
    log, out = logged(LogFormat.JSON)
    log.write_lines("mail", "abcd2345", Stream.STDERR, 'say "hi"\n\nümläut\n'.encode() + b"\xff\n")
    records = [json.loads(line) for line in out.text.splitlines()]
    assert [record["line"] for record in records] == ['say "hi"', "", "ümläut", "\\xff"]
    assert {record["event"] for record in records} == {"output"}
    assert records[0]["timestamp"] == "2026-06-01T12:00:00.002Z"
    assert (records[0]["job"], records[0]["run"], records[0]["stream"]) == ("mail", "abcd2345", "stderr")


@pytest.mark.parametrize("form", [LogFormat.KV, LogFormat.CONSOLE])
def test_control_characters_reach_no_terminal(logged: Logged, form: LogFormat) -> None:
    """L3"""
    log, out = logged(form)
    nasty = "\x1b[2Jgone\r\nevent=forged\x9b31m"
    log.warning("words", cause=nasty, notes=[nasty])
    log.write_lines("mail", "abcd2345", Stream.STDOUT, nasty.encode() + b"\n")
    record = out.text.splitlines()[0]
    for character in ("\x1b", "\r", "\x9b"):
        assert character not in out.text
    assert "forged" in record


def test_journald_gets_priorities_and_no_timestamps(logged: Logged) -> None:
    log, out = logged(JOURNAL_STREAM="here")
    log.on_event(finished(FAILED))
    log.info("all is well")
    first, second = out.text.splitlines()
    assert first.startswith('<3>event="run finished"')
    assert second == '<6>event="all is well"'


def test_the_level_leaves_records_out_but_never_output(logged: Logged) -> None:
    log, out = logged(level="error")
    log.on_event(RunStarted(STARTED, "pid 42"))
    log.write_lines("mail", "abcd2345", Stream.STDOUT, b"one\n")
    assert out.text == "[mail] one\n"


@pytest.mark.parametrize("form", [LogFormat.KV, LogFormat.CONSOLE, LogFormat.JSON])
def test_a_bug_keeps_its_traceback(logged: Logged, form: LogFormat) -> None:
    log, out = logged(form)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(log.on_bug)
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as bug:
            report_bug("a tick failed", bug)

    VirtualClock(NOW).run(main())
    assert "a tick failed" in out.text
    assert "ZeroDivisionError: division by zero" in out.text
    assert "test_report_logs.py" in out.text


def test_colours_are_for_terminals_only(logged: Logged) -> None:
    log, out = logged(LogFormat.CONSOLE)
    log.info("all is well")
    assert "\x1b" not in out.text


@given(st.dictionaries(st.sampled_from(("job", "error", "hint")), st.text() | st.integers() | st.floats()))
def test_key_value_records_are_those_of_structlog(fields: dict[str, object]) -> None:
    out = Collected()
    Log(out, VirtualClock(NOW), form=LogFormat.KV, level="info", fd=-1, environ={}).info("some words", **fields)  # type: ignore[arg-type]
    shown = {key: printable(value) if isinstance(value, str) else value for key, value in fields.items()}
    record = {"timestamp": "2026-06-01T12:00:00.002Z", "level": "info", "event": "some words", **shown}
    assert out.text == structlog.processors.LogfmtRenderer()(None, "info", record) + "\n"


def test_an_outage_of_store_or_broker_is_a_line_when_it_begins_and_one_when_it_is_over(logged: Logged) -> None:
    log, out = logged()

    def skipped(job: str, note: str | None, by: Requester | None = None) -> None:
        decision = Decision(job, Reason.NO_STORE, SCHEDULED, SCHEDULED, run_id=job, note=note, by=by)
        log.on_event(RunSkipped(decision))

    for job in ("a", "b", "a"):
        skipped(job, "the broker at there cannot be reached: timeout")
    skipped("m", "the broker at there cannot be reached: timeout", Requester(user="ada"))
    log.on_event(RunStarted(STARTED, "pid 42"))  # here: the broker may still be away
    skipped("b", "the broker at there cannot be reached: timeout")
    log.on_event(RunStarted(replace(STARTED, worker="w1"), "w1 pid 42"))
    skipped("a", "the broker at there cannot be reached: timeout")
    words = [re.findall(r'event="([\w ]+)"|(?:job|count)=(\w+)', line) for line in out.text.splitlines()]
    assert [" ".join(event or value for event, value in line) for line in words] == [
        "run skipped a",
        "run skipped m",
        "run started mail",
        "runs skipped 3",
        "run started mail",
        "run skipped a",
    ]
