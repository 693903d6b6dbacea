"""Calls back when descriptors of children are readable: one epoll for all of them."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable


def make_poller() -> Poller:
    """The poller of this system."""
    return Poller() if hasattr(select, "epoll") else LoopPoller()


class Poller:
    """Calls back on the running loop while a descriptor is readable or at its end.

    The loop itself watches only this epoll, which exists while there is a child. Its own `add_reader` would make and
    queue a handle for each of a child's three descriptors: a tenth of what a run costs the daemon.
    """

    def __init__(self) -> None:
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._epoll: select.epoll | None = None

    def add(self, descriptor: int, callback: Callable[[], object]) -> None:
        """Watch it until `remove`, which must come before it is closed. OSError, and nothing watched, if refused."""
        if self._epoll is None:
            epoll = select.epoll()
            asyncio.get_running_loop().add_reader(epoll, self._call)
            self._epoll = epoll
        try:
            self._epoll.register(descriptor, select.EPOLLIN)
        except OSError:
            self._close_when_idle(self._epoll)
            raise
        self._callbacks[descriptor] = callback

    def remove(self, descriptor: int) -> None:
        """Stop watching; not calling back any more, even when it is readable already. Nothing if it is not watched."""
        if self._callbacks.pop(descriptor, None) is None or self._epoll is None:
            return
        self._epoll.unregister(descriptor)
        self._close_when_idle(self._epoll)

    def _close_when_idle(self, epoll: select.epoll) -> None:
        if not self._callbacks:
            asyncio.get_running_loop().remove_reader(epoll)
            epoll.close()
            self._epoll = None

    def _call(self) -> None:
        assert self._epoll is not None, "the loop watches it only while it exists"  # noqa: S101
        for descriptor, _ in self._epoll.poll(0):
            # An earlier callback may have removed it.
            if callback := self._callbacks.get(descriptor):
                try:
                    callback()
                except Exception as bug:  # as the loop does: the others still get theirs
                    context = {"message": f"{callback} failed", "exception": bug}
                    asyncio.get_running_loop().call_exception_handler(context)


class LoopPoller(Poller):
    """Leaves the descriptors to the event loop, on systems without epoll."""

    def add(self, descriptor: int, callback: Callable[[], object]) -> None:
        asyncio.get_running_loop().add_reader(descriptor, callback)

    def remove(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
