"""A thread for calls that block: one call at a time, so that a call that hangs costs one thread and no more."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")


class WorkerThread:
    """Calls functions outside the loop. asyncio.to_thread shares few threads, and waits for them at exit."""

    def __init__(self) -> None:
        self._last: asyncio.Future[tuple[object, Exception | None]] | None = None

    async def call(self, function: Callable[[], T], abort: Callable[[], None] | None = None) -> T:
        """Return what the function returns or raise what it raises.

        When the caller is cancelled `abort` is called, which should end the function; the next call waits for that.
        """
        if self._last is not None:
            await asyncio.wait([self._last])
        loop = asyncio.get_running_loop()
        done = self._last = loop.create_future()

        def settle(answer: object, error: Exception | None) -> None:
            done.set_result((answer, error))

        def run() -> None:
            answer: object = None
            failure: Exception | None = None
            try:
                answer = function()
            except Exception as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, answer, failure)

        threading.Thread(target=run, name="notification", daemon=True).start()
        try:
            answer, failure = await asyncio.shield(done)
        except asyncio.CancelledError:
            if abort is not None:
                abort()
            raise
        if failure is not None:
            raise failure
        return cast("T", answer)
