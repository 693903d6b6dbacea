"""What a run has started ends with it at a timeout, a stop and a shutdown, wherever it has gone."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.launch.procfs import scan
from scheduler.model.target import Argv
from tests.process.workshop import Workshop, play, until

SECONDS = itertools.count(100_000 + os.getpid() % 1000 * 1000)

PYTHON = f"{sys.executable} -c"
DOUBLE_FORK = (
    "import os, sys; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); os.closerange(0, 1000); "
    "os.execv('/bin/sleep', ['sleep', sys.argv[1]])"
)
OVERWRITTEN = DOUBLE_FORK.replace("os.execv(", "os.execve(").replace("sys.argv[1]])", "sys.argv[1]], dict())")

COMMANDS = {
    "in the foreground": "sleep {n}",
    "in the background": "sleep {n} & wait",
    "timeout, which leads its own group": "timeout {n} sh -c 'sleep {n}'; echo done",
    "job control": "bash -c 'set -m; sleep {n} & wait'",
    "setpgid": PYTHON + " \"import os, sys; os.fork() or (os.setpgid(0, 0), os.execv('/bin/sleep', "
    "['sleep', sys.argv[1]])); os.wait()\" {n}",
    "setsid": "setsid sleep {n} & wait",
    "setsid of a child that goes on": "setsid sh -c 'sleep {n} & sleep {n}' & sleep {n}",
    "a double fork with closed descriptors": f'{PYTHON} "{DOUBLE_FORK}" {{n}}; sleep {{n}}',
    "a double fork without an environment": f'{PYTHON} "{OVERWRITTEN}" {{n}}; sleep {{n}}',
    "a double fork that forks on": "(setsid sh -c 'sleep {n} & sleep {n} & wait' >/dev/null 2>&1 &) ; sleep {n}",
    "ignoring SIGTERM in another group": "bash -c 'set -m; (trap \"\" TERM; sleep {n}; sleep {n}) & wait'",
}


def living(seconds: int) -> list[str]:
    number = str(seconds).encode()
    return [str(process) for process in scan() if not process.dead and number in command_of(process.pid)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def seconds() -> Iterator[int]:
    """A number that no other process has in its command."""
    number = next(SECONDS)
    yield number
    for process in scan():
        if str(number).encode() in command_of(process.pid) and process.pid != os.getpid():
            os.kill(process.pid, signal.SIGKILL)


async def running(seconds: int) -> None:
    """Wait until the `sleep` has come up."""
    while not any("sleep" in each for each in living(seconds)):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_of_a_run_survives_its_end(command: str, how: str, seconds: int) -> None:
    """C1, P1"""

    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start(command.format(n=seconds))
        await running(seconds)
        if how == "kill":
            child.kill()
            await child.ended
            async with asyncio.timeout(5):
                while living(seconds):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        else:
            await child.stop(0.5)
        assert living(seconds) == []

    play(story())


def test_a_stop_ends_nothing_of_another_run(seconds: int) -> None:
    """C1"""

    async def story() -> None:
        workshop = Workshop()
        other = await workshop.start(
            COMMANDS["a double fork with closed descriptors"].format(n=seconds), run_id="other"
        )
        await running(seconds)
        child = await workshop.start("echo up; sleep 999", run_id="mine")
        await until(workshop.log, b"up")
        before = len(living(seconds))
        await child.stop(1)
        assert len(living(seconds)) == before
        await other.stop(1)
        assert living(seconds) == []

    play(story())


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize(
    "command",
    ["sleep {n} >/dev/null 2>&1 &", "setsid sleep {n} >/dev/null 2>&1 &", f'{PYTHON} "{DOUBLE_FORK}" {{n}}'],
    ids=["in its group", "in a session of its own", "double fork"],
)
def test_background_processes_are_left_alone_after_a_normal_exit_and_named(
    command: str, others: int, seconds: int, tmp_path: Path
) -> None:
    """C1: also beside other runs, and it survives their end."""
    seen = tmp_path / "seen"

    async def story() -> None:
        workshop = Workshop()
        other = [await workshop.start(Argv(("sleep", "999")), run_id="other") for _ in range(others)]
        child = await workshop.start(command.format(n=seconds) + f"\nuntil [ -e {seen} ]; do sleep 0.02; done")
        await running(seconds)
        seen.touch()
        ended = await child.ended
        (left,) = living(seconds)
        assert ended.notes == (f"left in the background: {left}",)
        for each in other:
            await each.stop(1)
        assert living(seconds) == [left]

    play(story())


def test_a_run_that_left_nothing_has_no_note() -> None:
    async def story() -> None:
        workshop = Workshop()
        other = await workshop.start(Argv(("sleep", "999")), run_id="other")
        assert (await workshop.run("( true ) & wait")).notes == ()
        await other.stop(1)

    play(story())


def test_orphans_that_exit_are_reaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """P6"""
    monkeypatch.setattr("scheduler.launch.spawner._ORPHAN_INTERVAL", 0.05)

    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start("for i in 1 2 3; do (setsid sleep 0.01 >/dev/null 2>&1 &); done; sleep 999")
        async with asyncio.timeout(5):
            while not zombies():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            while zombies():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await child.stop(1)

    play(story())


def test_orphans_of_one_attempt_are_reaped_before_the_next() -> None:
    """A worker's process starts children only during an attempt, and lives on."""
    workshops: list[Workshop] = []

    async def first() -> None:
        workshops.append(Workshop())
        await workshops[0].run("(setsid sleep 0.01 >/dev/null 2>&1 &)")
        while not zombies():  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def second() -> None:
        with workshops[0].processes.in_charge(of_many=False):
            assert zombies() == []

    play(first())
    play(second())


def zombies() -> list[int]:
    return [process.pid for process in scan() if process.dead and process.parent == os.getpid()]


def test_children_that_were_there_before_belong_to_no_run(seconds: int) -> None:
    """A script may have started them before it became schedd."""
    pid = os.posix_spawn("/bin/sleep", ["sleep", str(seconds)], {})

    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start("echo up; sleep 999")
        await until(workshop.log, b"up")
        await child.stop(1)
        assert living(seconds) == [f"pid {pid} (sleep)"]

    play(story())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
