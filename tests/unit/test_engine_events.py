"""Events reach the listeners in the order in which they happened."""

from __future__ import annotations

import asyncio

from scheduler.engine.events import Announcer, Event, Stopping


def test_delayed_events_are_announced_together_and_before_later_ones() -> None:
    first, second, third = (Stopping(timeout=25.0, running=number, waiting=0) for number in (1, 2, 3))
    received: list[Event] = []

    async def notify() -> None:
        announce = Announcer([received.append])
        announce.soon(first)
        announce.soon(second)
        assert received == []
        await asyncio.sleep(0)
        assert received == [first, second]
        announce.soon(first)
        announce(third)
        await asyncio.sleep(0)

    asyncio.run(notify())
    assert received == [first, second, first, third]
