"""Turns of the event loop during long work: after 2 ms the loop goes on, so that no run starts late."""

from __future__ import annotations

import asyncio

LONGEST = 0.002
"""Seconds of work in one turn."""


class Turns:
    """The turns of one piece of work; the first has begun."""

    def __init__(self) -> None:
        self._time = asyncio.get_running_loop().time
        self._end = self._time() + LONGEST

    async def pause(self) -> None:
        """Let the loop go on if this turn has lasted long enough. To be called between small steps of the work."""
        if self._time() >= self._end:
            await asyncio.sleep(0)
            self._end = self._time() + LONGEST
