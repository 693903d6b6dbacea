"""Deliveries on the virtual clock: bounded queues, attempts and their delays, and independent recipients."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from scheduler.launch.simulated import Play
from scheduler.model.recipient import CommandRecipient, Recipient
from scheduler.model.target import ShellCommand
from scheduler.report.notify.delivery import MOST_WAITING, Deliveries
from scheduler.report.notify.notification import Notification, Topic
from scheduler.report.notify.notifications import Notifications
from scheduler.report.notify.sender import DeliveryError, Sender
from scheduler.virtual_clock import VirtualClock
from tests.unit.stage import NOON, Stage, clock_face, job

Send = Callable[[Notification], Awaitable[str]]


def recipient(name: str, timeout: float = 10.0) -> CommandRecipient:
    return CommandRecipient(target=ShellCommand(name), timeout=timeout)


def a_notification(name: str = "j", topic: Topic = Topic.FAILURE) -> Notification:
    return Notification(topic=topic, job=job(name), at=NOON)


class Office:
    """A post, its log as lines, and senders that do what the test says, by the recipient's name."""

    def __init__(self, **senders: Send) -> None:
        self.clock = VirtualClock(NOON)
        self.lines: list[str] = []
        self.deliveries = Deliveries(self._make, self)
        self._senders = senders

    def run(self, story: Callable[[], Awaitable[None]]) -> list[str]:
        async def main() -> None:
            await story()

        self.clock.run(main())
        return self.lines

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(f"{clock_face(self.clock.now())} {event} {fields['job']}: {fields['answer']}")

    def error(self, event: str, **fields: Any) -> None:
        detail = fields.get("count", fields.get("attempts"))
        self.lines.append(f"{clock_face(self.clock.now())} {event} {fields['job']}: {fields['error']} ({detail})")

    async def _make(self, to: Recipient) -> Sender:
        assert isinstance(to, CommandRecipient)
        assert isinstance(to.target, ShellCommand)
        return Sending(self._senders[to.target.text])


class Sending:
    """Implements `Sender`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, notification: Notification) -> str:
        return await self._send(notification)


async def hole(_notice: Notification) -> str:
    await asyncio.Event().wait()
    raise AssertionError


async def well(_notice: Notification) -> str:
    return "fine"


def test_a_recipient_that_never_answers_is_tried_four_times_and_then_dropped() -> None:
    """N1"""
    office = Office(hole=hole)

    async def story() -> None:
        office.deliveries.send(recipient("hole"), a_notification())
        await asyncio.sleep(1000)

    # 10 s each, and 1 + 5 + 25 s between them.
    assert office.run(story) == ["12:01:11 notification not delivered j: timed out after 10s (4)"]


def test_a_black_hole_keeps_a_bounded_queue_whose_oldest_go() -> None:
    """N1"""
    office = Office(hole=hole)

    async def story() -> None:
        for number in range(MOST_WAITING + 51):
            office.deliveries.send(recipient("hole"), a_notification(f"j{number}"))
            await asyncio.sleep(0)
        await asyncio.sleep(80)
        await office.deliveries.close(0)

    lines = office.run(story)
    assert lines[0] == "12:01:11 notification not delivered j0: timed out after 10s (4)"
    assert lines[1:51] == [f"12:01:11 notifications dropped j{n}: more than 100 waited (1)" for n in range(1, 51)]
    assert lines[51:] == [f"12:01:20 notifications dropped j{n}: schedd stopped (1)" for n in range(51, 151)]


def test_dropped_notifications_are_counted_by_job() -> None:
    office = Office(hole=hole)

    async def story() -> None:
        for _ in range(500):
            office.deliveries.send(recipient("hole"), a_notification())
        await asyncio.sleep(80)

    assert office.run(story)[1:] == ["12:01:11 notifications dropped j: more than 100 waited (400)"]


def test_a_recipient_that_never_answers_delays_no_other() -> None:
    """N1"""
    office = Office(hole=hole, well=well)

    async def story() -> None:
        for _ in range(200):
            office.deliveries.send(recipient("hole"), a_notification())
            office.deliveries.send(recipient("well"), a_notification())
            await asyncio.sleep(0.01)

    lines = office.run(story)
    assert len(lines) == 200
    assert lines[-1] == "12:00:01.99 notification delivered j: fine"


def test_a_recipient_that_never_answers_delays_no_scheduled_run() -> None:
    """N1"""

    def lines(*recipients: CommandRecipient) -> list[str]:
        stage = Stage(job(schedule="@every 1s", on_failure=recipients, on_success=recipients), play=lambda _: Play(0.5))
        office = Office(hole=hole)

        async def script(stage: Stage) -> None:
            hear = Notifications(stage.engine, office.deliveries).on_event
            with stage.engine.announce.with_listener(hear):
                stage.engine.load(stage.jobs, max_running=None)
                await stage.until(299.7)
                await office.deliveries.close(0)

        return stage.play(script)

    assert lines(recipient("hole"), recipient("hole", timeout=1000)) == lines()


def test_deliveries_are_retried_only_if_that_may_help() -> None:
    answers = iter(
        [DeliveryError("busy", again=True), DeliveryError("busy", again=True), DeliveryError("no such page")]
    )

    async def moody(_notice: Notification) -> str:
        raise next(answers)

    office = Office(moody=moody)

    async def story() -> None:
        office.deliveries.send(recipient("moody"), a_notification())
        await asyncio.sleep(100)

    assert office.run(story) == ["12:00:06 notification not delivered j: no such page (3)"]


def test_notifications_for_one_recipient_keep_their_order() -> None:
    arrived = []
    answers = iter([DeliveryError("busy", again=True)])

    async def moody(notification: Notification) -> str:
        for error in answers:
            raise error
        arrived.append(notification.job.name)
        return "fine"

    office = Office(moody=moody)

    async def story() -> None:
        for name in ("a", "b", "c"):
            office.deliveries.send(recipient("moody"), a_notification(name))
        await asyncio.sleep(100)

    office.run(story)
    assert arrived == ["a", "b", "c"]


def test_an_exception_of_a_library_is_reported_by_its_type_alone() -> None:
    """L2"""

    async def broken(_notice: Notification) -> str:
        raise KeyError("https://hooks.example.com/canary")

    office = Office(broken=broken)

    async def story() -> None:
        office.deliveries.send(recipient("broken"), a_notification())
        await asyncio.sleep(100)

    (line,) = office.run(story)
    assert "KeyError" in line
    assert "canary" not in line


def test_closing_waits_for_what_is_under_way_but_not_for_ever() -> None:
    async def slow(_notice: Notification) -> str:
        await asyncio.sleep(2)
        return "fine"

    office = Office(slow=slow, hole=hole)

    async def story() -> None:
        office.deliveries.send(recipient("slow"), a_notification("a"))
        office.deliveries.send(recipient("hole"), a_notification("b"))
        office.deliveries.send(recipient("hole"), a_notification("c"))
        await office.deliveries.close(3)

    assert office.run(story) == [
        "12:00:02 notification delivered a: fine",
        "12:00:03 notifications dropped b: schedd stopped (1)",
        "12:00:03 notifications dropped c: schedd stopped (1)",
    ]


def test_closing_does_not_wait_when_nothing_is_under_way() -> None:
    office = Office(well=well)

    async def story() -> None:
        office.deliveries.send(recipient("well"), a_notification())
        await asyncio.sleep(1)
        await office.deliveries.close(3)

    office.run(story)
    assert office.clock.steady() == 1


def test_a_dead_mans_switch_is_pinged_without_a_word() -> None:
    office = Office(well=well)

    async def story() -> None:
        office.deliveries.send(recipient("well"), a_notification(topic=Topic.STARTED))
        office.deliveries.send(recipient("well"), a_notification(topic=Topic.ENDED))
        await asyncio.sleep(1)

    assert office.run(story) == []
