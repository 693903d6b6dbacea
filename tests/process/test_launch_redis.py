"""The wire over a real Redis, started here on a free port, keeps the rules that the one in memory has."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scheduler.clock import SystemClock
from scheduler.launch.launcher import NotTakenError
from scheduler.launch.output import RunOutput
from scheduler.launch.remote.memory import MemoryMailbox, MemoryWire
from scheduler.launch.remote.messages import Chunk, Ended, Letter, Order, Taken, WorkerInfo
from scheduler.launch.remote.remote_launcher import RemoteLauncher
from scheduler.launch.remote.wire import Wire, WireError
from scheduler.launch.remote.worker import Worker
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import OutputMode
from scheduler.model.run import Exit, Launch, Reason, Trigger
from tests.unit.stage import job

pytest.importorskip("redis", reason="the extra celery is not installed")
if shutil.which("redis-server") is None:
    pytest.skip("redis-server is not installed", allow_module_level=True)

from scheduler.launch.remote.redis_wire import RedisWire

LETTER = Letter(
    run_id="r1", job="mail", digest="d", attempt=1, trigger="schedule", scheduled_at=datetime(2026, 6, 1, tzinfo=UTC)
)


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[int]:
    """A Redis of our own; its port."""
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with redis_server(tmp_path) as found:
        yield found


WIRES = ["memory", "redis"]


def play(kind: str, port: int, name: str, story: Callable[[Wire], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        wire: Wire = MemoryWire() if kind == "memory" else RedisWire(f"redis://127.0.0.1:{port}/0", name)
        try:
            async with asyncio.timeout(30):
                await story(wire)
        finally:
            await wire.close()

    asyncio.run(main())


@pytest.mark.parametrize("kind", WIRES)
def test_a_claim_is_had_by_one_until_it_expires_or_is_given_back(kind: str, port: int) -> None:
    async def story(wire: Wire) -> None:
        answers = await asyncio.gather(*(wire.claim("k", name, 60) for name in "abc"))
        holder = answers[0]
        assert answers == [holder] * 3
        other = "b" if holder == "a" else "a"
        assert await wire.renew("k", holder, 60)
        assert not await wire.renew("k", other, 60)
        await wire.release("k", other)
        assert await wire.claim("k", other, 60) == holder
        await wire.release("k", holder)
        assert await wire.claim("k", other, 0.1) == other
        await asyncio.sleep(0.2)
        assert not await wire.renew("k", other, 60)
        assert await wire.claim("k", "d", 60) == "d"

    play(kind, port, "claims", story)


@pytest.mark.parametrize("kind", WIRES)
def test_reports_are_read_from_a_position_and_waited_for(kind: str, port: int) -> None:
    async def story(wire: Wire) -> None:
        assert await wire.reports("r1.1", "", 0.05) == []
        await wire.report("r1.1", Taken("w", "pid 1"))
        await wire.report("r1.1", Chunk("stdout", b"\xff\0x"))
        assert await wire.unread("r1.1") == 3
        first, second = await wire.reports("r1.1", "", 0)
        assert (first[1], second[1]) == (Taken("w", "pid 1"), Chunk("stdout", b"\xff\0x"))
        await wire.have_read("r1.1", 3)
        assert await wire.unread("r1.1") == 0
        waiting = asyncio.create_task(wire.reports("r1.1", second[0], 20))
        await asyncio.sleep(0.1)
        await wire.report("r1.1", Ended(Exit(3, notes=("why",))))
        begun = time.monotonic()
        assert [report for _, report in await waiting] == [Ended(Exit(3, notes=("why",)))]
        assert time.monotonic() - begun < 10

    play(kind, port, "reports", story)


@pytest.mark.parametrize("kind", WIRES)
def test_orders_signs_of_life_live_attempts_workers_and_history(kind: str, port: int) -> None:
    async def story(wire: Wire) -> None:
        await wire.order("r1.1", Order(5.0))
        await wire.order("r1.1", Order(None))
        assert [order for _, order in await wire.orders("r1.1", "", 0)] == [Order(5.0), Order(None)]
        assert not await wire.alive("r1.1")
        await wire.beat("r1.1", 10)
        assert await wire.alive("r1.1")
        await wire.hand_out(LETTER)
        assert await wire.handed_out() == [LETTER]
        await wire.settle(LETTER.key)
        assert await wire.handed_out() == []
        worker = WorkerInfo(name="w*", version="1", file="f", digest="d", since=LETTER.scheduled_at)
        await wire.present(worker, 10)
        assert await wire.workers() == [worker]
        for number in range(3):
            await wire.keep(b"%d" % number)
        assert await wire.kept() == [b"0", b"1", b"2"]

    play(kind, port, "the-rest[*]", story)


def test_two_spaces_on_one_store_do_not_see_each_other(port: int) -> None:
    async def story(wire: Wire) -> None:
        other = RedisWire(f"redis://127.0.0.1:{port}/0", "another")
        await wire.claim("k", "a", 60)
        await wire.hand_out(LETTER)
        assert await other.claim("k", "b", 60) == "b"
        assert await other.handed_out() == []
        await other.close()

    play("redis", port, "one", story)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://:canary@127.0.0.1:1/0", "the store cannot be reached"),
        ("http://canary/", "not a redis:// address"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence_without_its_password(url: str, says: str) -> None:
    async def main() -> None:
        wire = RedisWire(url, "s")
        try:
            await wire.alive("r1.1")
        finally:
            await wire.close()

    with pytest.raises(WireError, match=says) as refused:
        asyncio.run(main())
    assert "canary" not in str(refused.value)


def test_an_attempt_survives_a_restart_of_the_store(tmp_path: Path) -> None:
    """And what it printed meanwhile arrives."""

    async def story(port: int, stop: Callable[[], object], start: Callable[[], object]) -> None:
        clock, mailbox = SystemClock(), MemoryMailbox()
        wire = RedisWire(f"redis://127.0.0.1:{port}/0", "s")
        launcher = SimulatedLauncher(lambda _: Play(2.0, code=4, says=b"hello"))
        worker = Worker("w", wire, launcher, clock, {"j": job()}.get)
        mailbox.workers.append(worker.carry_out)
        output = RunOutput("j", "r1", OutputMode.DISCARD, NoLog())
        remote = RemoteLauncher(wire, mailbox, clock)
        child = await remote.launch(Launch(job(), "r1", 1, Trigger.SCHEDULE, clock.now()), output)
        stop()
        await asyncio.sleep(1)
        with pytest.raises(NotTakenError) as away:
            await remote.launch(Launch(job(), "r2", 1, Trigger.SCHEDULE, clock.now()), output)
        assert away.value.reason is Reason.NO_STORE
        start()
        async with asyncio.timeout(40):
            assert (await asyncio.shield(child.ended)).code == 4
        await wire.close()

    with ExitStack() as first, ExitStack() as second:
        port = first.enter_context(redis_server(tmp_path))
        asyncio.run(story(port, first.close, lambda: second.enter_context(redis_server(tmp_path, port))))
