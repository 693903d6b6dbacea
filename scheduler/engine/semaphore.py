"""A semaphore that knows who holds it: first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet

from scheduler.engine.live_run import LiveRun


class Semaphore:
    """Lets at most `limit` runs in at once; None is no limit."""

    __slots__ = ("_inside", "_limit", "_waiting")

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._inside: set[LiveRun] = set()
        self._waiting: dict[LiveRun, asyncio.Future[None]] = {}

    @property
    def idle(self) -> bool:
        """No run is inside and none waits."""
        return not self._inside and not self._waiting

    @property
    def inside(self) -> AbstractSet[LiveRun]:
        """The runs that hold a place."""
        return self._inside

    @property
    def waiting(self) -> AbstractSet[LiveRun]:
        """The runs that wait for a place, in their order."""
        return self._waiting.keys()

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        """None: the run is inside. Otherwise it is inside when the future is done, unless the run ends first."""
        if not self._waiting and (self._limit is None or len(self._inside) < self._limit):
            self._inside.add(live_run)
            return None
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[live_run] = place
        return place

    def occupy(self, live_run: LiveRun) -> None:
        """Let a run in that is running already, even beyond the limit."""
        self._inside.add(live_run)

    def leave(self, live_run: LiveRun) -> None:
        """Free the place of a run, or end its waiting; nothing when it is neither inside nor waiting."""
        if live_run in self._inside:
            self._inside.remove(live_run)
            if self._waiting:
                self._admit()
        elif self._waiting:
            self._waiting.pop(live_run, None)

    def set_limit(self, limit: int | None) -> None:
        """Runs inside stay, even when they are more than the new limit."""
        self._limit = limit
        self._admit()

    def _has_room(self) -> bool:
        return self._limit is None or len(self._inside) < self._limit

    def _admit(self) -> None:
        while self._waiting and self._has_room():
            live_run = next(iter(self._waiting))
            self._inside.add(live_run)
            place = self._waiting.pop(live_run)
            if not place.done():  # else the run is about to end, and passes its place on
                place.set_result(None)
