"""Runs on workers, over a mailbox and a store that fail: what is promised of one attempt, and of the lease."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Never

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.launch.launcher import LaunchError, NotTakenError
from scheduler.launch.output import Follower, RunOutput
from scheduler.launch.remote.lease import LEASE, Lease
from scheduler.launch.remote.messages import Report
from scheduler.launch.remote.remote_child import LOST
from scheduler.launch.remote.remote_launcher import RemoteLauncher
from scheduler.launch.remote.wire import LOST_AFTER, WireError, plain_cause
from scheduler.launch.remote.worker import Worker
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.job import OutputMode
from scheduler.model.run import Exit, Launch, Reason, Trigger
from scheduler.virtual_clock import VirtualClock
from scheduler.wire.times import skipped_text
from tests.memory_store import MemoryConnection, MemoryMailbox, MemorySpace, MemoryStore, MemoryWire
from tests.unit.stage import NOON, job

JOB = job("mail")


class Site:
    """One scheduler, some workers, and what they share."""

    def __init__(self, play: Callable[[Launch], Play] = lambda _: Play(1.0), workers: int = 2) -> None:
        self.clock = VirtualClock(NOON)
        self.started: Counter[str] = Counter()
        self._play = play
        self._count = workers

    def run(self, story: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            self.store, self.mailbox = MemoryStore(), MemoryMailbox()
            connection = MemoryConnection(self.store)
            self.wire, space = MemoryWire(connection), MemorySpace(connection)
            self.launcher = RemoteLauncher(self.wire, space, self.mailbox, self.clock)
            for number in range(self._count):
                launcher = SimulatedLauncher(self._started)
                worker = Worker(f"worker-{number}", self.wire, launcher, self.clock, {"mail": JOB}.get)
                self.mailbox.workers.append(worker.carry_out)
            await story(self)

        self.clock.run(main())

    def _started(self, launch: Launch) -> Play:
        self.started[f"{launch.run_id}.{launch.attempt}"] += 1
        return self._play(launch)

    async def attempt(self, run_id: str = "r1", *, within: float | None = 60, name: str = "mail") -> Exit:
        """Make an attempt and wait for its end."""
        self.output = RunOutput("mail", run_id, OutputMode.DISCARD, NoLog())
        child = await self.launcher.launch(self.ask(run_id, within, name), self.output)
        self.place = child.place
        return await asyncio.shield(child.ended)

    def ask(self, run_id: str = "r1", within: float | None = 60, name: str = "mail") -> Launch:
        deadline = None if within is None else self.clock.now() + timedelta(seconds=within)
        return Launch(job(name), run_id, 1, Trigger.SCHEDULE, self.clock.now(), deadline=deadline)


def test_output_and_exit_code_come_back_from_the_worker() -> None:
    async def story(site: Site) -> None:
        assert await site.attempt() == Exit(7)
        assert [chunk.data for chunk in site.output.tail()] == [b"hello"]
        assert site.place == "worker-1 pid 1"

    Site(lambda _: Play(3.0, code=7, says=b"hello")).run(story)


def test_much_output_arrives_whole_and_in_order() -> None:
    text = b"".join(b"%d\n" % number for number in range(200_000))

    async def story(site: Site) -> None:
        got = bytearray()
        follower: list[asyncio.Task[None]] = []

        async def read() -> None:
            async for chunk in reader:
                got.extend(chunk.data)

        output = RunOutput("mail", "r1", OutputMode.DISCARD, NoLog())
        reader: Follower[Never] = Follower(holding=True)
        output.attach(reader)
        follower.append(asyncio.create_task(read()))
        child = await site.launcher.launch(site.ask(), output)
        await child.ended
        reader.end()
        await follower[0]
        assert bytes(got) == text

    Site(lambda _: Play(1.0, says=text)).run(story)


def test_output_arrives_once_where_the_answers_of_the_store_to_its_report_are_lost() -> None:
    async def story(site: Site) -> None:
        inner, lost = site.wire.report, iter([True, True, False, True, True])

        async def deaf(attempt: str, report: Report) -> None:
            await inner(attempt, report)
            if next(lost, False):
                raise WireError("the answer was lost")

        site.wire.report = deaf  # type: ignore[method-assign]
        assert (await site.attempt()).code == 7
        assert [chunk.data for chunk in site.output.tail()] == [b"hello"]
        assert site.store.unread["r1.1"] == 0

    Site(lambda _: Play(3.0, code=7, says=b"hello")).run(story)


def test_what_was_reported_together_is_read_where_the_store_fails_in_the_middle() -> None:
    async def story(site: Site) -> None:
        await site.attempt()
        have_read, fails = site.wire.have_read, iter([True])

        async def failing(attempt: str, size: int, old: Sequence[str]) -> None:
            if next(fails, False):
                raise WireError("the store cannot be reached")
            await have_read(attempt, size, old)

        site.wire.have_read = failing  # type: ignore[method-assign]
        child = await site.launcher.adopt(site.store.live["r1"], site.output)
        assert await child.ended == Exit(7)

    Site(lambda _: Play(3.0, code=7, says=b"hello")).run(story)


def test_a_message_that_arrives_twice_starts_one_process() -> None:
    async def story(site: Site) -> None:
        site.mailbox.delays = lambda _: (0.0, 0.0, 5.0)
        assert (await site.attempt()).code == 0
        await asyncio.sleep(10)
        assert site.started == {"r1.1": 1}

    Site(lambda _: Play(2.0)).run(story)


def test_a_message_that_is_lost_is_sent_again() -> None:
    async def story(site: Site) -> None:
        copies = iter([(), (0.0,)])
        site.mailbox.delays = lambda _: next(copies)
        assert (await site.attempt()).code == 0

    Site().run(story)


def test_without_a_worker_the_attempt_is_cancelled_at_its_deadline() -> None:
    async def story(site: Site) -> None:
        site.mailbox.delays = lambda _: (90.0,)
        with pytest.raises(NotTakenError) as given_up:
            await site.attempt(within=60)
        assert given_up.value.reason is Reason.NO_WORKER
        await asyncio.sleep(100)
        assert site.started == {}

    Site().run(story)


def test_without_a_deadline_it_waits_for_a_worker_as_long_as_it_takes() -> None:
    async def story(site: Site) -> None:
        site.mailbox.workers, workers = [], site.mailbox.workers
        asyncio.get_running_loop().call_later(100_000, site.mailbox.workers.extend, workers)
        assert (await site.attempt(within=None)).code == 0

    Site().run(story)


@pytest.mark.parametrize("away", ["broker", "store"])
def test_a_store_or_broker_that_is_away_is_a_reason_of_its_own(away: str) -> None:
    async def story(site: Site) -> None:
        (site.mailbox if away == "broker" else site.store).broken = True
        launch = Launch(JOB, "r1", 1, Trigger.MANUAL, site.clock.now())
        with pytest.raises(NotTakenError, match=f"the {away} cannot be reached") as given_up:
            await site.launcher.launch(launch, RunOutput("mail", "r1", OutputMode.DISCARD, NoLog()))
        assert given_up.value.reason is Reason.NO_STORE

    Site().run(story)


def test_a_job_that_the_worker_does_not_have_could_not_be_started() -> None:
    async def story(site: Site) -> None:
        with pytest.raises(LaunchError, match="worker-1 has no job report in its schedule file") as refused:
            await site.attempt(name="report")
        assert refused.value.code == 127

    Site().run(story)


def test_another_version_of_the_file_runs_with_a_note() -> None:
    async def story(site: Site) -> None:
        changed = job("mail", success_codes=frozenset({0, 3}))
        output = RunOutput("mail", "r1", OutputMode.DISCARD, NoLog())
        launch = Launch(changed, "r1", 1, Trigger.SCHEDULE, NOON)
        child = await site.launcher.launch(launch, output)
        assert (await child.ended).notes == ("worker-1 has another version of the schedule file",)

    Site().run(story)


def test_a_worker_that_dies_is_lost_after_ten_seconds() -> None:
    async def story(site: Site) -> None:
        output = RunOutput("mail", "r1", OutputMode.DISCARD, NoLog())
        child = await site.launcher.launch(site.ask(), output)
        (tasks := site.mailbox.delivering.copy()).pop().cancel()  # as SIGKILL ends it: without a word
        assert not tasks
        begun = site.clock.steady()
        ended = await child.ended
        assert (ended.code, ended.lost) == (LOST, True)
        assert "no heartbeat from worker-1" in ended.notes[0]
        assert 6 <= site.clock.steady() - begun <= LOST_AFTER + 2

    Site(lambda _: Play(None)).run(story)


def test_a_store_that_is_away_for_a_while_loses_nothing() -> None:
    async def story(site: Site) -> None:
        output = RunOutput("mail", "r1", OutputMode.DISCARD, NoLog())
        child = await site.launcher.launch(site.ask(), output)
        site.store.broken = True
        await asyncio.sleep(60)
        site.store.broken = False
        assert await child.ended == Exit(3)

    Site(lambda _: Play(30.0, code=3)).run(story)


@pytest.mark.parametrize(("stubborn", "code"), [(False, 143), (True, 137)])
def test_stop_reaches_the_process_on_the_worker(stubborn: bool, code: int) -> None:
    async def story(site: Site) -> None:
        child = await site.launcher.launch(site.ask(), RunOutput("mail", "r1", OutputMode.DISCARD, NoLog()))
        await child.stop(5.0)
        assert (await child.ended).code == code

    Site(lambda _: Play(None, stubborn=stubborn)).run(story)


def test_a_launch_that_is_cancelled_leaves_nothing_running() -> None:
    async def story(site: Site) -> None:
        site.mailbox.delays = lambda _: (5.0,)
        launching = asyncio.create_task(site.attempt())
        await asyncio.sleep(1)
        launching.cancel()
        with suppress(asyncio.CancelledError):
            await launching
        await asyncio.sleep(30)
        assert site.started == {}

    Site(lambda _: Play(None)).run(story)


FAULTS = st.lists(
    st.tuples(
        st.sampled_from(["store away", "broker away", "worker dies", "cancel"]),
        st.floats(0, 100),
        st.floats(0.1, 40),
    ),
    max_size=4,
)
ARRIVALS = st.lists(st.floats(0, 90), max_size=3).map(tuple)


@settings(max_examples=50)
@given(FAULTS, ARRIVALS, st.floats(0, 30), st.booleans())
def test_after_any_failure_an_attempt_is_made_at_most_once_and_ends(
    faults: list[tuple[str, float, float]], arrivals: tuple[float, ...], seconds: float, bounded: bool
) -> None:
    async def story(site: Site) -> None:
        site.mailbox.delays = lambda _: arrivals
        attempt = asyncio.create_task(site.attempt(within=60 if bounded or not arrivals else None))
        tasks = [asyncio.create_task(fault(site, attempt, *each)) for each in faults]
        await asyncio.wait((attempt, *tasks), timeout=600)
        assert attempt.done(), "it never ended"
        await asyncio.sleep(150)
        assert site.started.total() <= 1
        if not attempt.cancelled() and isinstance(attempt.exception(), NotTakenError):
            assert site.started == {}, "it was given up, and ran"

    async def fault(site: Site, attempt: asyncio.Task[Exit], what: str, after: float, long: float) -> None:
        await asyncio.sleep(after)
        match what:
            case "store away" | "broker away":
                part = site.store if what == "store away" else site.mailbox
                part.broken = True
                await asyncio.sleep(long)
                part.broken = False
            case "worker dies":
                for task in site.mailbox.delivering:
                    task.cancel()
            case "cancel":
                attempt.cancel()

    Site(lambda _: Play(seconds)).run(story)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(["store", "crash"]), st.floats(0, 60), st.floats(1, 30)), max_size=5))
def test_two_schedulers_are_never_active_at_once_and_one_of_those_alive_becomes_so(
    faults: list[tuple[str, float, float]],
) -> None:
    async def main() -> None:
        store = MemoryStore()
        space = MemorySpace(MemoryConnection(store))
        leases = [Lease(space, name, lambda _: None) for name in ("a", "b", "c")]
        holding = [asyncio.create_task(lease.hold()) for lease in leases]

        async def fault(what: str, after: float, long: float) -> None:
            await asyncio.sleep(after)
            if what == "store":
                store.broken = True
                await asyncio.sleep(long)
                store.broken = False
            else:
                for lease, task in zip(leases, holding, strict=True):
                    if lease.active and sum(not each.done() for each in holding) > 1:
                        task.cancel()

        tasks = [asyncio.create_task(fault(*each)) for each in faults]
        for _ in range(300):
            await asyncio.sleep(0.4)
            assert sum(lease.active for lease in leases) <= 1
        await asyncio.gather(*tasks)
        await asyncio.sleep(LEASE + 5)
        assert sum(lease.active for lease in leases) == 1
        for task in holding:
            task.cancel()

    VirtualClock(NOON).run(main())


@pytest.mark.parametrize("begun", [5.158, 30.974, 61.204])
def test_a_lease_that_ends_by_silence_is_asked_for_at_intervals(begun: float) -> None:
    """At these times the rest of the lease is too short to move the clock on, and yet above zero."""
    asked = []

    class Silent(MemorySpace):
        async def renew(self, key: str, owner: str, seconds: float) -> bool:
            asked.append(owner)
            assert len(asked) < 20
            return await super().renew(key, owner, seconds)

    async def main() -> None:
        store = MemoryStore()
        await asyncio.sleep(begun)
        holding = asyncio.create_task(Lease(Silent(MemoryConnection(store)), "a", lambda _: None).hold())
        await asyncio.sleep(1)
        store.broken = True
        await asyncio.wait({holding}, timeout=30)
        assert not holding.done()

    VirtualClock(NOON).run(main())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            "Error 111 connecting to 127.0.0.1:7423. Connect call failed ('127.0.0.1', 7423).",
            "127.0.0.1:7423: Connection refused",
        ),
        ("[Errno 111] Connection refused", "Connection refused"),
        (
            "Error 1 connecting to d:1. [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self (_ssl.c:1).",
            "d:1: certificate verify failed: self",
        ),
        ("Connection closed by server.", "Connection closed by server."),
    ],
)
def test_the_cause_of_an_outage_is_shown_without_pythons_notation(text: str, plain: str) -> None:
    assert plain_cause(text) == plain


def test_a_run_that_no_worker_has_taken_waits_for_a_worker() -> None:
    assert (Reason.NO_WORKER.waited_for, Reason.LOCK.waited_for) == ("worker", "lock")
    assert skipped_text("no-store", "the store cannot be reached: x") == "the store cannot be reached: x"
    assert skipped_text("lock", "held by a") == "its lock was not free before the start deadline (held by a)"
    assert skipped_text("no-worker", "no worker took it in time") == "no worker took it in time"
