"""Starts what is due at one instant a few runs at a time."""

from __future__ import annotations

import asyncio
from collections import deque

FEW = 16
"""Runs that start in one turn of the event loop: some 10 ms."""


class Throttle:
    """FEW runs a turn, in the order in which they ask.

    Many runs at one instant then delay nothing else, and children that have exited are reaped in between: since a
    launch costs in proportion to the descriptors that are open, 5,000 in one go take more than twice as long.
    """

    def __init__(self) -> None:
        self._left = FEW
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> asyncio.Future[None] | None:
        """None: go on, for fewer than FEW have started in this turn of the loop. Otherwise wait for the future."""
        if self._left == FEW:
            asyncio.get_running_loop().call_soon(self._renew)
        if self._left:
            self._left -= 1
            return None
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return turn

    @property
    def is_busy(self) -> bool:
        """Whether runs wait for their turn."""
        return bool(self._waiting)

    def _renew(self) -> None:
        self._left = FEW
        while self._waiting and self._left:
            self._waiting.popleft().set_result(None)
            self._left -= 1
        if self._left < FEW:
            asyncio.get_running_loop().call_soon(self._renew)
