"""Runs the parts of the daemon; when the engine's loop ends by a bug, so does the daemon, with an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from scheduler.engine.events import report_bug


class Liveness:
    """The tasks of the daemon. `end` is called when the loop has ended by a bug."""

    def __init__(self, end: Callable[[], object]) -> None:
        self.failed = False
        """The loop has ended by a bug: scheduled times are no longer decided."""
        self._end = end
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop itself keeps tasks only weakly

    def start_loop(self, loop: Coroutine[Any, Any, None]) -> None:
        """Run the engine until `stop`."""
        self._start(loop, self._loop_failed)

    def start(self, part: Coroutine[Any, Any, None]) -> None:
        """Run another part until it ends, or `stop`. Should it end by a bug, that is logged and the rest goes on."""
        self._start(part, lambda bug: report_bug("a part of schedd has ended", bug))

    def stop(self) -> None:
        """Cancel what still runs."""
        for task in self._tasks:
            task.cancel()

    def _start(self, part: Coroutine[Any, Any, None], failed: Callable[[BaseException], None]) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (bug := task.exception()) is not None:
                failed(bug)

        task = asyncio.create_task(part)
        self._tasks.add(task)
        task.add_done_callback(ended)

    def _loop_failed(self, bug: BaseException) -> None:
        self.failed = True
        report_bug("the scheduling loop has ended: schedd shuts down and exits with 70", bug)
        self._end()
