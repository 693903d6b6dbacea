"""The wire over a real Redis, started here on a free port, keeps the rules that the one in memory has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import Raw
from msgspec.structs import replace

from scheduler.clock import SystemClock
from scheduler.launch.launcher import NotTakenError
from scheduler.launch.output import RunOutput
from scheduler.launch.remote.messages import Chunk, Ended, Request, StopRequest, Taken, WorkerInfo, claim_of
from scheduler.launch.remote.remote_launcher import RemoteLauncher
from scheduler.launch.remote.wire import Space, Wire, WireError
from scheduler.launch.remote.worker import Worker
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import OutputMode
from scheduler.model.run import Exit, Launch, Reason, Trigger
from tests import memory_store
from tests.memory_store import MemoryConnection, MemoryMailbox, MemorySpace, MemoryStore, MemoryWire
from tests.process.redis_server import MESSAGE, redis_server
from tests.unit.stage import job

pytest.importorskip("redis", reason="the extra celery is not installed")

from scheduler.launch.remote import redis_space
from scheduler.launch.remote.redis_connection import RedisConnection
from scheduler.launch.remote.redis_log import RedisLog
from scheduler.launch.remote.redis_space import RedisSpace
from scheduler.launch.remote.redis_wire import RedisWire

WIRES = ["memory", "redis"]


class Place(NamedTuple):
    """What a scheduler has of a space."""

    wire: Wire
    space: Space


Story = Callable[[Place], Coroutine[Any, Any, None]]


@asynccontextmanager
async def redis_place(port: int, name: str) -> AsyncIterator[Place]:
    log = RedisLog(f"redis://127.0.0.1:{port}/0", name)
    try:
        yield Place(RedisWire(log), RedisSpace(log))
    finally:
        await log.close()


def play(kind: str, port: int, name: str, story: Story) -> None:
    async def main() -> None:
        async with asyncio.timeout(30):
            if kind == "memory":
                connection = MemoryConnection(MemoryStore())
                await story(Place(MemoryWire(connection), MemorySpace(connection)))
            else:
                async with redis_place(port, name) as place:
                    await story(place)

    asyncio.run(main())


@pytest.mark.parametrize("kind", WIRES)
def test_a_claim_is_had_by_one_until_it_expires_or_is_given_back(kind: str, port: int) -> None:
    async def story(place: Place) -> None:
        space = place.space
        assert await space.holder("k") is None
        answers = await asyncio.gather(*(space.claim("k", name, 60) for name in "abc"))
        holder = answers[0]
        assert answers == [holder] * 3
        assert await space.holder("k") == holder
        other = "b" if holder == "a" else "a"
        assert await space.renew("k", holder, 60)
        assert not await space.renew("k", other, 60)
        await space.release("k", other)
        assert await space.claim("k", other, 60) == holder
        await space.release("k", holder)
        assert await space.claim("k", other, 0.1) == other
        await asyncio.sleep(0.2)
        assert await space.holder("k") is None
        assert not await space.renew("k", other, 60)
        assert await space.claim("k", "d", 60) == "d"

    play(kind, port, "claims", story)


def test_a_store_without_memory_renews_no_claim(port: int) -> None:
    """A scheduler that could claim no time would otherwise go on as the active one, and run nothing."""

    async def story(place: Place) -> None:
        space, full = place.space, RedisConnection(f"redis://127.0.0.1:{port}/0")
        assert await space.claim("lease", "one", 30) == "one"
        await full.do("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(WireError, match=r"^the store refuses a command: .* 'maxmemory'\.$"):
            await space.renew("lease", "one", 30)
        await full.do("CONFIG", "SET", "maxmemory", "0")
        assert await space.renew("lease", "one", 30)
        await full.close()

    play("redis", port, "full", story)


@pytest.mark.parametrize("kind", WIRES)
def test_reports_are_read_from_a_position_and_waited_for(kind: str, port: int) -> None:
    async def story(place: Place) -> None:
        wire = place.wire
        reader = wire.reports("r1.1")
        assert await reader.next(0.05) == []
        await wire.report("r1.1", Taken("w", "pid 1"))
        await wire.report("r1.1", Chunk("stdout", b"\xff\0x"))
        assert await wire.unread("r1.1") == 3
        first, second = await reader.next(0)
        assert (first[1], second[1]) == (Taken("w", "pid 1"), Chunk("stdout", b"\xff\0x"))
        await wire.have_read("r1.1", 2, [])
        assert await wire.unread("r1.1") == 1
        waiting = asyncio.ensure_future(reader.next(20))
        await asyncio.sleep(0.1)
        await wire.report("r1.1", Ended(Exit(3, notes=("why",))))
        begun = time.monotonic()
        assert [report for _, report in await waiting] == [Ended(Exit(3, notes=("why",)))]
        assert time.monotonic() - begun < 10
        assert len(await wire.reports("r1.1").next(0)) == 3, "another reader begins at the start"

    play(kind, port, "reports", story)


@pytest.mark.parametrize("kind", WIRES)
def test_old_output_goes_and_two_readers_do_not_make_room_twice(kind: str, port: int) -> None:
    async def story(place: Place) -> None:
        wire = place.wire
        await wire.report("r1.1", Taken("w", "pid 1"))
        for data in (b"old", b"new"):
            await wire.report("r1.1", Chunk("stdout", data))
        old = (await wire.reports("r1.1").next(0))[1][0]
        await wire.have_read("r1.1", 6, [old])
        await wire.have_read("r1.1", 6, [old])
        assert await wire.unread("r1.1") == 0
        left = [report for _, report in await wire.reports("r1.1").next(0)]
        assert left == [Taken("w", "pid 1"), Chunk("stdout", b"new")]

    play(kind, port, "old", story)


@pytest.mark.parametrize("kind", WIRES)
def test_output_that_is_reported_again_is_kept_once(kind: str, port: int) -> None:
    async def story(place: Place) -> None:
        wire = place.wire
        chunks = [Chunk("stdout", b"one", 1), Chunk("stderr", b"two", 2)]
        for chunk in (*chunks, *chunks, chunks[1]):
            await wire.report("r1.1", chunk)
        assert [report for _, report in await wire.reports("r1.1").next(0)] == chunks
        assert await wire.unread("r1.1") == 6

    play(kind, port, "again", story)


@pytest.mark.parametrize("kind", WIRES)
def test_orders_signs_of_life_and_live_attempts(kind: str, port: int) -> None:
    async def story(place: Place) -> None:
        wire, space = place
        await wire.request_stop("r1.1", StopRequest(5.0))
        await wire.request_stop("r1.1", StopRequest(None))
        assert [stop for _, stop in await wire.stop_requests("r1.1").next(0)] == [StopRequest(5.0), StopRequest(None)]
        assert not await wire.alive("r1.1")
        await wire.beat("r1.1", 0.2)
        assert await wire.alive("r1.1")
        await asyncio.sleep(0.3)
        assert not await wire.alive("r1.1")
        assert await wire.take("r1.1", "w1", 60, 0.2)
        assert await wire.take("r1.1", "w1", 60, 0.2), "the answer was lost, and it asks again"
        assert await wire.alive("r1.1")
        await asyncio.sleep(0.3)
        assert not await wire.take("r1.1", "w2", 60, 60)
        assert await space.holder(claim_of("r1.1")) == "w1"
        assert not await wire.alive("r1.1"), "who does not get it is not its heartbeat"
        await wire.hand_out(MESSAGE)
        again = replace(MESSAGE, attempt=2)
        await wire.hand_out(again)
        assert await wire.handed_out() == [again], "of a run the latest attempt is the live one"
        await wire.settle("r1")
        assert await wire.handed_out() == []

    play(kind, port, "attempts[*]", story)


@pytest.mark.parametrize("kind", WIRES)
def test_workers_history_and_requests(kind: str, port: int) -> None:
    async def story(place: Place) -> None:
        wire, space = place
        worker = WorkerInfo(name="w*", version="1", file="f", digest="d", since=MESSAGE.scheduled_at)
        await space.present(worker, 10)
        assert await space.workers() == [worker]
        await wire.hand_out(MESSAGE)
        for number in (1, 2, 1):
            await space.keep(f"r{number}", "mail", [f"r{number}.1"], b"%d" % number, succeeded=True)
        assert await space.kept() == [b"1", b"2"], "asked twice, kept once"
        assert await wire.handed_out() == [], "its end is recorded"
        request = Request(id="q1", operation="stop", args=Raw(b'{"target":"mail"}'))
        await space.ask(request)
        asked = space.asked()
        ((_, got),) = await asked.next(0)
        assert (got.id, got.operation, bytes(got.args)) == ("q1", "stop", b'{"target":"mail"}')
        assert await asked.next(0) == []

    play(kind, port, "the-rest[*]", story)


@pytest.mark.parametrize("kind", WIRES)
def test_the_last_run_and_the_last_success_of_a_job_are_kept_whatever_else_has_run(
    kind: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_space, "KEPT_RUNS", 3)
    monkeypatch.setattr(memory_store, "KEPT", 3)

    async def story(place: Place) -> None:
        for run, succeeded in (("a1", 1), ("a2", 1), ("b1", 1), ("b2", 0), ("b3", 0), ("m1", 0), ("m2", 1), ("m3", 0)):
            await place.space.keep(run, run[0], [], run.encode(), succeeded=bool(succeeded))
        assert await place.space.kept() == [b"a2", b"b1", b"b3", b"m1", b"m2", b"m3"]

    play(kind, port, "success", story)


def test_two_spaces_on_one_store_do_not_see_each_other(port: int) -> None:
    async def story(place: Place) -> None:
        async with redis_place(port, "another") as other:
            await place.space.claim("k", "a", 60)
            await place.wire.hand_out(MESSAGE)
            assert await other.space.claim("k", "b", 60) == "b"
            assert await other.wire.handed_out() == []

    play("redis", port, "one", story)


def test_late_news_of_what_was_read_before_does_not_end_a_wait(port: int) -> None:
    """The news of an entry may come after a read that found it without the news."""

    async def story(place: Place) -> None:
        wire = place.wire
        await wire.report("r1.1", Taken("w", "pid 1"))
        reader = wire.reports("r1.1")
        [(position, _)] = await reader.next(0)
        waiting = asyncio.ensure_future(reader.next(20))
        log = RedisLog(f"redis://127.0.0.1:{port}/0", "late")
        news = f"reports:r1.1 {position}"
        while not await log.connection.do("PUBLISH", "schedd:{late}:news:reports", news):  # noqa: ASYNC110 - nobody listens
            await asyncio.sleep(0.01)
        await log.close()
        await asyncio.wait([waiting], timeout=0.2)
        await wire.report("r1.1", Ended(Exit(0)))
        assert [report for _, report in await waiting] == [Ended(Exit(0))]

    play("redis", port, "late", story)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://:canary@127.0.0.1:1/0", r"the store cannot be reached: 127\.0\.0\.1:1: Connection refused$"),
        ("http://canary/", "not a valid redis:// address"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence_without_its_password(url: str, says: str) -> None:
    async def main() -> None:
        log = RedisLog(url, "s")
        try:
            await RedisWire(log).alive("r1.1")
        finally:
            await log.close()

    with pytest.raises(WireError, match=says) as refused:
        asyncio.run(main())
    assert "canary" not in str(refused.value)


def test_an_attempt_survives_a_restart_of_the_store(tmp_path: Path) -> None:
    """And what it printed meanwhile arrives."""

    async def story(port: int, stop: Callable[[], object], start: Callable[[], object]) -> None:
        clock, mailbox = SystemClock(), MemoryMailbox()
        log = RedisLog(f"redis://127.0.0.1:{port}/0", "s")
        wire, space = RedisWire(log), RedisSpace(log)
        launcher = SimulatedLauncher(lambda _: Play(2.0, code=4, says=b"hello"))
        worker = Worker("w", wire, launcher, clock, {"j": job()}.get)
        mailbox.workers.append(worker.carry_out)
        output = RunOutput("j", "r1", OutputMode.DISCARD, NoLog())
        remote = RemoteLauncher(wire, space, mailbox, clock)
        child = await remote.launch(Launch(job(), "r1", 1, Trigger.SCHEDULE, clock.now()), output)
        stop()
        await asyncio.sleep(1)
        with pytest.raises(NotTakenError) as away:
            await remote.launch(Launch(job(), "r2", 1, Trigger.MANUAL, clock.now()), output)
        assert away.value.reason is Reason.NO_STORE
        start()
        async with asyncio.timeout(40):
            assert (await asyncio.shield(child.ended)).code == 4
        await log.close()

    with ExitStack() as first, ExitStack() as second:
        port = first.enter_context(redis_server(tmp_path))
        asyncio.run(story(port, first.close, lambda: second.enter_context(redis_server(tmp_path, port))))
