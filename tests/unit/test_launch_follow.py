"""A run waits for the client that requested it, as long as that reads at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Never

import pytest

from scheduler.launch.launcher import Stream
from scheduler.launch.output import FOLLOWER_LAG, HELD_BACK, PATIENCE, Follower, RunOutput
from scheduler.model.job import OutputMode
from scheduler.virtual_clock import VirtualClock

CHUNK = b"x" * 65_536


class Silent:
    """A log that is never full."""

    takes_raw = True

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None: ...

    def write_raw(self, block: bytes) -> None: ...

    def full(self) -> asyncio.Future[None] | None:
        return None


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 5, 4, tzinfo=UTC))


def output() -> RunOutput:
    return RunOutput("job", "run", OutputMode.DISCARD, Silent())


def follow(run: RunOutput, *, holding: bool = False) -> Follower[Never]:
    """A follower of the run's output, from the kept tail on."""
    follower: Follower[Never] = Follower(holding=holding)
    run.attach(follower)
    return follower


def write_until_full(run: RunOutput) -> asyncio.Future[None]:
    for _ in range(HELD_BACK // len(CHUNK) + 1):
        run.write(Stream.STDOUT, CHUNK)
        if full := run.full():
            return full
    raise AssertionError("it never became full")


def test_a_run_is_held_until_its_follower_has_caught_up_and_nothing_is_lost(clock: VirtualClock) -> None:
    async def story() -> None:
        run = output()
        follower = follow(run, holding=True)
        written = 0
        for _ in range(20):
            full = write_until_full(run)
            assert not full.done()
            while not full.done():
                chunk = await anext(follower)
                assert chunk.missed == 0
                written += len(chunk.data)
        run.finish()
        follower.end()
        written += sum([len(chunk.data) + chunk.missed async for chunk in follower])
        assert written > 20 * len(CHUNK)

    clock.run(story())


@pytest.mark.parametrize("mode", OutputMode)
def test_one_read_of_a_run_fits_into_the_buffer_while_the_run_is_not_held(
    clock: VirtualClock, mode: OutputMode
) -> None:
    async def story() -> None:
        run = RunOutput("job", "run", mode, Silent())
        follower = follow(run, holding=True)
        while run.full() is None:
            run.write(Stream.STDOUT, bytes(run.most))
        run.finish()
        follower.end()
        assert sum([chunk.missed async for chunk in follower]) == 0

    clock.run(story())


def test_a_run_waits_for_a_slow_follower(clock: VirtualClock) -> None:
    async def story() -> None:
        run = output()
        follower = follow(run, holding=True)
        for _ in range(FOLLOWER_LAG // len(CHUNK) - 2):
            run.write(Stream.STDOUT, CHUNK)
        full = run.full()
        assert full is not None
        for _ in range(4):
            await asyncio.sleep(PATIENCE * 0.9)
            assert not full.done()
            await anext(follower)
        while not full.done():
            await anext(follower)
        assert run.full() is None

    clock.run(story())


def test_a_client_that_reads_nothing_is_skipped_after_a_while_and_learns_what_it_missed(clock: VirtualClock) -> None:
    async def story() -> None:
        run = output()
        follower = follow(run, holding=True)
        full = write_until_full(run)
        began = clock.steady()
        await full
        assert clock.steady() - began == PATIENCE
        for _ in range(2 * FOLLOWER_LAG // len(CHUNK)):
            run.write(Stream.STDOUT, CHUNK)
            assert run.full() is None
        run.finish()
        follower.end()
        assert sum([chunk.missed async for chunk in follower]) > 0

    clock.run(story())


def test_a_client_that_disconnects_delays_no_run(clock: VirtualClock) -> None:
    async def story() -> None:
        run = output()
        follower = follow(run, holding=True)
        full = write_until_full(run)
        follower.close()
        assert full.done()
        assert run.full() is None

    clock.run(story())


def test_a_client_that_only_watches_delays_no_run(clock: VirtualClock) -> None:
    async def story() -> None:
        run = output()
        follow(run)
        for _ in range(3 * FOLLOWER_LAG // len(CHUNK)):
            run.write(Stream.STDOUT, CHUNK)
            assert run.full() is None

    clock.run(story())
