"""Output of any content on its way from a child to the log."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import resource
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from scheduler.launch import pipe
from scheduler.launch.launcher import Stream
from scheduler.launch.lines import LONGEST_LINE, SPLIT_MARK
from scheduler.model.job import OutputMode
from scheduler.report.log import prefixed
from tests.process.workshop import Log, Workshop, play, run


class Scales(Log):
    """A log that weighs what it is given and keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.size = self.letters = self.longest = 0
        self.digest = hashlib.sha256()

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        self.size += len(block)
        self.letters += block.count(b"x")
        self.longest = max(self.longest, *map(len, block.splitlines()))
        self.digest.update(block)


def test_the_two_streams_are_distinguished() -> None:
    _, log = run("echo out; echo err >&2")
    assert log.lines() == [b"out"]
    assert log.lines(Stream.STDERR) == [b"err"]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("printf 'no newline'", [b"no newline"]),
        ("printf ''", []),
        (r"printf '\n\n'", [b"", b""]),
        (r"printf 'a\r\nb\r\n'", [b"a", b"b"]),
        (r"printf '\r10%%\r50%%\r100%%\n'", [b"10%", b"50%", b"100%"]),
        (r"printf 'a\000b\377\376\n'", [b"a\0b\xff\xfe"]),
        (r"printf '\355\240\200\n'", [b"\xed\xa0\x80"]),
    ],
)
def test_any_bytes_become_lines(command: str, lines: list[bytes]) -> None:
    """P4"""
    ended, log = run(command)
    assert ended.code == 0
    assert log.lines() == lines


def test_random_bytes_all_arrive(tmp_path: Path) -> None:
    """P4"""
    sent = random.Random(1).randbytes(3_000_000).replace(b"\r", b"")  # noqa: S311
    (tmp_path / "noise").write_bytes(sent)
    ended, log = run("cat noise", cwd=str(tmp_path))
    assert ended.code == 0
    assert b"".join(block for _, _, block in log.blocks).removesuffix(b"\n") == sent.removesuffix(b"\n")


def test_a_line_of_a_hundred_megabytes_arrives_in_marked_pieces_and_bounded_memory() -> None:
    """P5"""

    scales = Scales()

    async def story() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ended = await Workshop(scales).run("head -c 100000000 /dev/zero | tr '\\0' x")
        assert ended.code == 0
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000

    play(story())
    assert scales.letters == 100_000_000
    assert scales.longest <= LONGEST_LINE + 3 + len(SPLIT_MARK)


def test_fifty_jobs_writing_at_once_keep_their_lines_whole() -> None:
    """L1: every line whole, with one prefix, none empty, none doubled."""

    async def story() -> None:
        workshop = Workshop()
        loop = "i=0; while [ $i -lt 200 ]; do printf 'line %s ' $i; printf 'of %s\\n' $SCHED_JOB; i=$((i+1)); done"
        await asyncio.gather(*(workshop.run(loop, name=f"job{number}") for number in range(50)))
        shown = b"".join(prefixed(job, stream, block) for job, stream, block in workshop.log.blocks).splitlines()
        wanted = (f"[job{job}] line {line} of job{job}".encode() for job in range(50) for line in range(200))
        assert Counter(shown) == Counter(wanted)

    play(story())


def test_a_silent_run_is_not_delayed_by_a_full_log() -> None:
    async def story() -> None:
        workshop = Workshop()
        workshop.log.obstacle = asyncio.get_running_loop().create_future()
        assert (await workshop.run("true")).code == 0

    play(story())


def test_a_run_with_a_silent_background_child_is_not_delayed_by_a_full_log() -> None:
    async def story() -> None:
        workshop = Workshop()
        workshop.log.obstacle = asyncio.get_running_loop().create_future()
        child = await workshop.start("sleep 30 & exit 0")
        async with asyncio.timeout(5):
            assert "(sleep) still holds the output" in (await asyncio.shield(child.ended)).notes[0]
        os.killpg(child.pid, signal.SIGKILL)

    play(story())


def test_raw_output_is_untouched_and_discarded_output_is_kept_from_the_log() -> None:
    command = r"printf 'a\r\n\001'"
    assert run(command, mode=OutputMode.RAW)[1].raw == b"a\r\n\1"
    _, log = run(command, mode=OutputMode.DISCARD)
    assert (log.raw, log.blocks) == (b"", [])


@pytest.mark.parametrize("refused", [False, True], ids=["wide pipes", "no more room for wide pipes"])
def test_raw_output_that_fills_its_pipe_arrives_whole(monkeypatch: pytest.MonkeyPatch, *, refused: bool) -> None:
    """P3: its pipe is made to hold more, unless this user's pipes hold as much as they may."""
    if refused:
        monkeypatch.setattr(pipe, "_WIDE", 2**31 - 1)
    sequence = b"".join(b"%d\n" % number for number in range(1, 1_000_001))
    assert run("seq 1000000", mode=OutputMode.RAW)[1].raw == sequence


class Narrow(Log):
    """A log that is full as soon as it has something, until a moment later."""

    def __init__(self, moment: float = 0.001) -> None:
        super().__init__()
        self.moment = moment
        self.size = 0
        self.pushed = 0
        """Blocks that came while it was full."""

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        self.pushed += self.obstacle is not None
        self.size += len(block)
        if self.obstacle is None:
            self.obstacle = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(self.moment, self._go_on, self.obstacle)

    def _go_on(self, obstacle: asyncio.Future[None]) -> None:
        self.obstacle = None
        obstacle.set_result(None)


def test_many_jobs_that_write_at_once_do_not_push_more_into_a_full_log() -> None:
    """P3: the log would drop what it has no room for, although it moves."""

    async def story() -> None:
        narrow = Narrow()
        workshop = Workshop(narrow)
        await asyncio.gather(*(workshop.run("yes 12345 | head -n 40000") for _ in range(30)))
        assert narrow.size == 30 * 40000 * len(b"12345\n")
        assert narrow.pushed == 0

    play(story())


def test_a_full_log_slows_the_job_down_and_loses_nothing() -> None:
    """P3: and other jobs, whose output goes elsewhere, do not notice."""

    async def story() -> None:
        workshop, other = Workshop(), Workshop()
        obstacle = workshop.log.obstacle = asyncio.get_running_loop().create_future()
        child = await workshop.start("seq 200000")
        assert (await other.run("seq 200000")).code == 0
        assert not child.ended.done()
        held_up = sum(len(block) for _, _, block in workshop.log.blocks)
        assert held_up <= 64 * 1024
        workshop.log.obstacle = None
        obstacle.set_result(None)
        assert (await child.ended).code == 0
        assert workshop.log.lines() == other.log.lines()

    play(story())


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        pytest.param("echo one; sleep 0.05; echo two", [b"one", b"two"], id="its own"),
        pytest.param("( sleep 0.05; echo late ) & exit 0", [b"late"], id="of what it left behind, shortly after"),
    ],
)
def test_the_last_output_waits_for_a_full_log(script: str, lines: list[bytes]) -> None:
    """The job has exited, its output is in the pipe, and the log is full for longer than a held pipe is drained."""

    async def story() -> None:
        workshop = Workshop()
        obstacle = workshop.log.obstacle = asyncio.get_running_loop().create_future()
        child = await workshop.start(script)
        await asyncio.sleep(0.6)
        assert not child.ended.done()
        workshop.log.obstacle = None
        obstacle.set_result(None)
        assert (await child.ended).notes == ()
        assert workshop.log.lines() == lines

    play(story())


def test_a_run_with_a_background_child_that_never_stops_writing_finishes() -> None:
    """P2: what was in the pipe is read, as fast as the log goes, and then it is let go."""

    async def story() -> None:
        begun = time.monotonic()
        ended = await Workshop(Narrow(0.05)).run("yes & echo done")
        assert "(yes) still holds the output" in ended.notes[0]
        assert time.monotonic() - begun < 5

    play(story())


def test_a_quarter_of_a_gigabyte_arrives_byte_for_byte() -> None:
    """P3"""

    scales = Scales()

    async def story() -> None:
        ended = await Workshop(scales).run(f"yes {'x' * 199} | head -n 1250000")
        assert ended.code == 0

    play(story())
    assert scales.size == 250_000_000
    sent = hashlib.sha256()
    for _ in range(1250):
        sent.update(f"{'x' * 199}\n".encode() * 1000)
    assert scales.digest.digest() == sent.digest()
