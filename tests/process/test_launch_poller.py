"""The one place that watches the descriptors of all children."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from scheduler.launch.poller import Poller
from tests.process.workshop import play


def test_a_bug_in_one_callback_is_logged_and_the_others_are_still_called() -> None:
    bugs: list[str] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: bugs.append(str(context["exception"])))
        watch = Poller()
        (one, one_end), (two, two_end) = os.pipe(), os.pipe()
        read: asyncio.Future[bytes] = loop.create_future()

        def fail() -> None:
            watch.remove(one)
            raise ValueError("a bug")

        watch.add(one, fail)
        watch.add(two, lambda: read.set_result(os.read(two, 9)))
        os.write(one_end, b"x")
        os.write(two_end, b"y")
        assert await read == b"y"
        watch.remove(two)
        for descriptor in (one, one_end, two, two_end):
            os.close(descriptor)

    play(story())
    assert bugs == ["a bug"]


def test_a_callback_that_an_earlier_one_removed_is_not_called() -> None:
    called: list[int] = []

    async def story() -> None:
        watch = Poller()
        pipes = [os.pipe(), os.pipe()]
        for mine, other in (pipes, pipes[::-1]):

            def callback(mine: Any = mine, other: Any = other) -> None:
                called.append(mine[0])
                watch.remove(mine[0])
                watch.remove(other[0])

            watch.add(mine[0], callback)
        for _, end in pipes:
            os.write(end, b"x")
        while not called:  # noqa: ASYNC110 - the callbacks are what is tested
            await asyncio.sleep(0)
        for descriptor in (*pipes[0], *pipes[1]):
            os.close(descriptor)

    play(story())
    assert len(called) == 1
