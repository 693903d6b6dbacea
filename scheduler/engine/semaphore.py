"""A turnstile that lets a bounded number through at once, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque


class Semaphore:
    """A lock (`limit` 1) or the capacity of the whole daemon. `limit` None lets everybody through."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Nobody is inside and nobody waits."""
        return not self._inside and not self._waiting

    def enter(self) -> asyncio.Future[None] | None:
        """None: you are in. Otherwise you are in when the future is done. Who no longer wants in calls `give_up`."""
        if not self._waiting and self._has_room():
            self._inside += 1
            return None
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        return place

    def give_up(self, place: asyncio.Future[None] | None) -> None:
        """Undo `enter`, whose answer `place` is: stop waiting, or make room when already in."""
        if place is None or place.done():
            self.leave()
        else:
            self._waiting.remove(place)

    def leave(self) -> None:
        """Make room for the next."""
        self._inside -= 1
        self._admit()

    def set_limit(self, limit: int | None) -> None:
        """Those inside stay, even when they are more than the new limit."""
        self._limit = limit
        self._admit()

    def _has_room(self) -> bool:
        return self._limit is None or self._inside < self._limit

    def _admit(self) -> None:
        while self._waiting and self._has_room():
            self._inside += 1
            self._waiting.popleft().set_result(None)
