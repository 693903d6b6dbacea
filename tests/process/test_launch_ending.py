"""How children end: by themselves, by a signal, by being stopped; and what happens to those that they leave behind."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from scheduler.model.run import Exit
from scheduler.model.target import Argv
from tests.process.workshop import Workshop, play, run, until


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def members(group: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgrp = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize(
    ("command", "code", "number"),
    [
        ("exit 0", 0, None),
        ("exit 7", 7, None),
        ("exit 255", 255, None),
        ("kill -SEGV $$", 139, signal.SIGSEGV),
        ("kill -KILL $$", 137, signal.SIGKILL),
        ("sh -c 'kill -KILL $$'; exit $?", 137, None),
    ],
)
def test_an_exit_code_is_that_of_a_shell(command: str, code: int, number: int | None) -> None:
    ended, _ = run(command)
    assert (ended.code, ended.signal) == (code, number)


def test_cpu_time_and_peak_memory_are_those_of_the_run() -> None:
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + 50_000_000
    ended, _ = run(Argv(("python3", "-c", f"x = bytearray({size})\nfor i in range(10**6): pass")))
    assert ended.max_rss is not None
    assert size < ended.max_rss < size + 50_000_000
    assert ended.cpu_seconds is not None
    assert 0 < ended.cpu_seconds < 10


def test_a_peak_below_our_own_is_unknown_rather_than_ours() -> None:
    ended, _ = run("true")
    assert ended.max_rss is None


@pytest.mark.parametrize("leaves_at_once", [False, True])
def test_stop_ends_every_process_of_the_group(leaves_at_once: bool) -> None:
    """P1: also when its leader has gone."""

    async def story() -> None:
        workshop = Workshop()
        wait = "exit" if leaves_at_once else "sleep 999"
        child = await workshop.start(f"sleep 999 & sh -c 'sleep 999 & sleep 999' & echo up; {wait}")
        await until(workshop.log, b"up")
        if leaves_at_once:
            await child.exited
        await child.stop(5)
        assert members(child.pid) == []
        ended = child.ended.result()
        assert (ended.code, ended.signal) == ((0, None) if leaves_at_once else (143, signal.SIGTERM))

    play(story())


def test_a_process_that_ignores_sigterm_is_killed_after_stop_grace_and_logged() -> None:
    """P1"""

    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start(
            "trap '' TERM; sh -c 'trap \"\" TERM; sleep 999' & echo up; while :; do sleep 1; done"
        )
        await until(workshop.log, b"up")
        await child.stop(0.3)
        assert members(child.pid) == []
        assert child.ended.result() == Exit(
            code=137,
            signal=9,
            max_rss=None,
            cpu_seconds=child.ended.result().cpu_seconds,
            notes=("did not end within 0.3s of SIGTERM and was killed",),
        )

    play(story())


def test_a_member_that_outlives_its_leader_gets_its_grace() -> None:
    """P1"""

    async def story() -> None:
        workshop = Workshop()
        clean_up = "trap 'sleep 0.3; echo cleaned; exit' TERM; echo up; while :; do sleep 0.05; done"
        child = await workshop.start(f"( {clean_up} ) & trap 'exit 3' TERM; wait")
        await until(workshop.log, b"up")
        await child.stop(10)
        assert child.ended.result().code == 3
        assert workshop.log.lines() == [b"up", b"cleaned"]

    play(story())


def test_a_halted_process_can_be_stopped() -> None:
    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start(
            "trap 'echo bye; exit 5' TERM; echo up; kill -STOP $$; while :; do sleep 0.05; done"
        )
        await until(workshop.log, b"up")
        await child.stop(10)
        assert child.ended.result().code == 5

    play(story())


def test_kill_cuts_a_stop_short() -> None:
    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start("trap '' TERM; echo up; while :; do sleep 0.05; done")
        await until(workshop.log, b"up")
        stopping = asyncio.create_task(child.stop(999))
        await asyncio.sleep(0.05)
        child.kill()
        await stopping
        assert child.ended.result().signal == signal.SIGKILL

    play(story())


def test_two_stops_of_the_same_child_both_return_after_its_end() -> None:
    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start("trap '' TERM; echo up; while :; do sleep 0.05; done")
        await until(workshop.log, b"up")
        await asyncio.gather(child.stop(0.1), child.stop(999))
        assert members(child.pid) == []
        await child.stop(1)  # and a third finds nothing to do

    play(story())


def test_a_cancelled_stop_lets_the_run_end() -> None:
    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start("trap '' TERM; echo up; sleep 0.4; echo on")
        await until(workshop.log, b"up")
        stopping = asyncio.create_task(child.stop(999))
        await asyncio.sleep(0.05)
        stopping.cancel()
        assert (await child.ended).code == 0
        assert workshop.log.lines() == [b"up", b"on"]

    play(story())


def test_a_hundred_children_are_stopped_together() -> None:
    async def story() -> None:
        workshop = Workshop()
        children = [await workshop.start(Argv(("sleep", "999"))) for _ in range(100)]
        await asyncio.gather(*(child.stop(10) for child in children))
        assert {child.ended.result().signal for child in children} == {signal.SIGTERM}

    play(story())


@pytest.mark.parametrize("background", ["( sleep 30 ) &", "setsid sleep 30 &"])
def test_a_held_pipe_does_not_keep_a_run_running(background: str) -> None:
    """P2: the line is there, the exit code is right, the holder is named, the descriptor is closed."""

    async def story() -> None:
        workshop = Workshop()
        begun = time.monotonic()
        child = await workshop.start(f"{background} echo $! done")
        ended = await child.ended
        took = time.monotonic() - begun
        holder = int(workshop.log.lines()[0].split()[0])
        os.kill(holder, signal.SIGKILL)
        assert ended.code == 0
        assert ended.notes == (f"pid {holder} (sleep) still holds the output; what it writes from now on is lost",)
        assert took < 1

    play(story())


def test_the_exit_is_reported_before_other_processes_close_the_output() -> None:
    async def story() -> None:
        child = await Workshop().start("sleep 0.1 & exit 3")
        await asyncio.shield(child.exited)
        assert not child.ended.done()
        assert (await child.ended).code == 3

    play(story())


def test_output_shortly_after_the_exit_is_read() -> None:
    _, log = run("( sleep 0.05; echo late ) & echo early")
    assert log.lines() == [b"early", b"late"]


def test_background_children_are_left_alone_and_noted() -> None:
    async def story() -> None:
        workshop = Workshop()
        ended = await workshop.run("sleep 30 >/dev/null 2>&1 & echo $!")
        pid = int(workshop.log.lines()[0])
        assert alive(pid)
        os.kill(pid, signal.SIGKILL)
        assert ended.notes == (f"left in the background: pid {pid} (sleep)",)

    play(story())


def test_a_background_child_that_never_stops_writing_is_let_go() -> None:
    """P2"""

    async def story() -> None:
        workshop = Workshop()
        ended = await workshop.run("yes & echo done")
        assert "(yes) still holds the output" in ended.notes[0]

    play(story())


def test_every_exit_code_is_right_when_hundreds_end_at_once() -> None:
    """P6"""

    async def story() -> None:
        workshop = Workshop()
        children = [(number % 256, await workshop.start(f"exit {number % 256}")) for number in range(300)]
        assert [code for code, _ in children] == [(await child.ended).code for _, child in children]

    play(story())
