"""The daemon's stdout when it is read quickly, slowly, and not at all."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.launch.launcher import Stream
from scheduler.report import stdout as stdout_module
from scheduler.report.log import Log, LogFormat
from scheduler.report.stdout import ENOUGH, MOST, Stdout

BLOCK = b"a line of output\n" * 4096


def reporting(fd: int) -> Stdout:
    """A Stdout that reports dropped lines as a line."""
    out = Stdout(fd, asyncio.get_running_loop())
    out.on_dropped = lambda count: out.write(b"%d lines dropped\n" % count)
    return out


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    with suppress(OSError):  # the test has closed it
        os.close(reading)
    # One that nobody read wakes now. The next pipe would have the same number, and its lines would go there.
    for thread in threading.enumerate():
        if thread.name == "stdout":
            thread.join(10)
            assert not thread.is_alive()
    with suppress(OSError):
        os.close(writing)


def read_all(descriptor: int, into: list[bytes]) -> None:
    while block := os.read(descriptor, 65536):
        into.append(block)


def test_while_it_moves_nothing_is_lost_and_writers_are_held_back(pipe: tuple[int, int]) -> None:
    """P3"""
    reading, writing = pipe
    received: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(reading, received))

    async def main() -> None:
        out = Stdout(writing, asyncio.get_running_loop())
        reader.start()
        held_back = 0
        for _ in range(200):
            out.write(BLOCK)
            if full := out.full():
                held_back += 1
                await full
        out.close(10)
        assert held_back
        assert out.dropped == 0

    asyncio.run(main())
    os.close(writing)
    reader.join(10)
    assert b"".join(received) == BLOCK * 200


def test_a_non_blocking_stdout_that_is_read_loses_nothing(pipe: tuple[int, int]) -> None:
    """P3: the flag belongs to every process that shares the pipe or the terminal."""
    reading, writing = pipe
    os.set_blocking(writing, False)
    received: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(reading, received))

    async def main() -> None:
        out = Stdout(writing, asyncio.get_running_loop())
        for _ in range(10):
            out.write(BLOCK)
        await asyncio.sleep(0.1)
        reader.start()
        out.close(10)
        assert out.dropped == 0

    asyncio.run(main())
    os.close(writing)
    reader.join(10)
    assert b"".join(received) == BLOCK * 10


@pytest.mark.parametrize("blocking", [True, False])
def test_without_a_reader_writers_wait_for_a_while_and_then_lines_are_dropped_counted_and_reported(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, *, blocking: bool
) -> None:
    """P3"""
    monkeypatch.setattr(stdout_module, "PATIENCE", 0.1)
    reading, writing = pipe
    os.set_blocking(writing, blocking)
    received: list[bytes] = []

    async def main() -> Stdout:
        out = reporting(writing)
        while (full := out.full()) is None:
            out.write(BLOCK)
        async with asyncio.timeout(10):
            await full
        assert out.full() is None
        out.write(BLOCK)
        assert out.dropped == BLOCK.count(b"\n")
        reader = threading.Thread(target=read_all, args=(reading, received))
        reader.start()
        async with asyncio.timeout(10):
            while b"lines dropped" not in b"".join(received):  # noqa: ASYNC110 - the reader is a thread
                await asyncio.sleep(0.01)
        out.write(b"and on it goes\n")
        out.close(10)
        os.close(writing)
        reader.join(10)
        return out

    asyncio.run(main())
    text = b"".join(received)
    assert b"\n4096 lines dropped\n" in text
    assert text.endswith(b"and on it goes\n")


def test_lines_lost_on_a_full_disk_are_counted_and_reported_when_there_is_room_again(pipe: tuple[int, int]) -> None:
    """P5"""
    reading, writing = pipe
    full = os.open("/dev/full", os.O_WRONLY)

    async def main() -> None:
        out = reporting(full)
        out.write(BLOCK)
        async with asyncio.timeout(10):
            while out.dropped < 4096:  # noqa: ASYNC110 - the writer is a thread
                await asyncio.sleep(0.01)
        os.dup2(writing, full)
        out.write(b"and on it goes\n")
        out.close(10)

    asyncio.run(main())
    os.close(full)
    assert os.read(reading, 65536) == b"and on it goes\n4096 lines dropped\n"


@pytest.mark.parametrize("form", list(LogFormat))
def test_a_line_torn_by_a_full_disk_is_completed_and_the_loss_reported_in_the_format_of_the_log(
    tmp_path: Path, form: LogFormat
) -> None:
    """C9: a file size limit fails within a line, as a full disk does; afterwards there is room again."""
    file = tmp_path / "log"
    written = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def main() -> int:
        out = Stdout(written, asyncio.get_running_loop())
        log = Log(out, SystemClock(), form=form, level="info", fd=written, environ={})
        for number in range(100):
            log.write_lines("loud", "abcd2345", Stream.STDOUT, b"some line %d\n" % number)
        async with asyncio.timeout(10):
            while not log.dropped:  # noqa: ASYNC110 - the writer is a thread
                await asyncio.sleep(0.01)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        log.info("run started", job="next")
        async with asyncio.timeout(10):
            while b"log lines dropped" not in file.read_bytes():  # noqa: ASYNC110 - the writer is a thread
                await asyncio.sleep(0.01)
        out.close(10)
        return log.dropped

    resource.setrlimit(resource.RLIMIT_FSIZE, (1003, limits[1]))
    try:
        dropped = asyncio.run(main())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        os.close(written)
    *kept, started, report = file.read_text().splitlines()
    assert len(kept) == 100 - dropped
    assert all("some line" in line and line.count("loud") == 1 for line in kept)
    assert "run started" in started
    assert str(dropped) in report
    if form is LogFormat.JSON:
        assert [json.loads(line)["event"] for line in kept] == ["output"] * len(kept)
        assert json.loads(report)["count"] == dropped


def test_it_stays_bounded_for_any_writer(pipe: tuple[int, int]) -> None:
    """M1"""
    _, writing = pipe

    async def main() -> None:
        out = Stdout(writing, asyncio.get_running_loop())
        blocks = 2 * MOST // len(BLOCK)
        for _ in range(blocks):
            out.write(BLOCK)
        assert out.dropped * len(b"a line of output\n") > blocks * len(BLOCK) - MOST - ENOUGH
        out.close(0)

    asyncio.run(main())


def test_empty_lines_of_one_job_cost_no_record_of_another(pipe: tuple[int, int]) -> None:
    """P3: as JSON, a read of such lines is many times what makes a job wait."""
    reading, writing = pipe
    received: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(reading, received))

    async def main() -> None:
        out = Stdout(writing, asyncio.get_running_loop())
        log = Log(out, SystemClock(), form=LogFormat.JSON, level="info", fd=writing, environ={})
        log.write_lines("j" * 63, "abcd1234", Stream.STDERR, b"\n" * 65536)
        log.info("run started", job="another")
        reader.start()
        out.close(10)

    asyncio.run(main())
    os.close(writing)
    reader.join(10)
    *lines, record = b"".join(received).splitlines()
    assert len(lines) == 65536
    assert b"another" in record


def test_schedd_waits_for_its_last_lines_only_while_they_are_read(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2"""
    monkeypatch.setattr(stdout_module, "LAST_PATIENCE", 0.5)
    reading, writing = pipe
    received: list[bytes] = []

    def read_slowly() -> None:
        while block := os.read(reading, 65536):
            received.append(block)
            time.sleep(0.1)

    async def main() -> None:
        out = Stdout(writing, asyncio.get_running_loop())
        for _ in range(10):
            out.write(BLOCK)
        out.close(600)  # nobody reads
        reader = threading.Thread(target=read_slowly)
        reader.start()
        out.close(600)
        os.close(writing)
        reader.join(10)

    asyncio.run(main())
    assert b"".join(received) == BLOCK * 10


@pytest.mark.parametrize("blocking", [True, False])
def test_a_closed_reader_affects_no_other(pipe: tuple[int, int], *, blocking: bool) -> None:
    reading, writing = pipe
    os.set_blocking(writing, blocking)
    os.close(reading)

    async def main() -> None:
        out = Stdout(writing, asyncio.get_running_loop())
        for _ in range(100):
            out.write(BLOCK)
            if full := out.full():
                await full
        out.close(10)

    asyncio.run(main())
