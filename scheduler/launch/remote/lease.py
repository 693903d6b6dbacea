"""The lease that makes one of several schedulers the active one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from scheduler.launch.remote.wire import Wire, WireError

KEY = "lease"

LEASE = 10.0
"""Seconds for which a lease holds; after a crash of the active scheduler another one takes over that much later."""

RENEW = 3.0
"""Seconds between two attempts to take or renew it."""


class Lease:
    """Held while `active`. Losing it is no error: the scheduler stands by until it gets it back."""

    def __init__(self, wire: Wire, owner: str, changed: Callable[[bool], None]) -> None:
        """`owner` must be unique among schedulers. `changed` is called with each change of `active`."""
        self.holder = ""
        """Who had the lease when it was last asked for."""
        self._wire = wire
        self._owner = owner
        self._changed = changed
        self._until = 0.0
        self._was_active = False

    @property
    def active(self) -> bool:
        """Whether we hold the lease. Measured from before it was asked for, so that two never believe it at once."""
        return asyncio.get_running_loop().time() < self._until

    async def hold(self) -> None:
        """Take it, keep it, get it back; until cancelled, which gives it back at once."""
        try:
            while True:
                await self._ask()
                self._tell()
                # Not past the end: who loses it by silence must notice at that moment.
                left = self._until - asyncio.get_running_loop().time()
                await asyncio.sleep(min(RENEW, left) if left > 0 else RENEW)
                self._tell()
        finally:
            self._until = 0.0
            with suppress(WireError):  # it ends by itself
                await asyncio.shield(self._wire.release(KEY, self._owner))

    async def _ask(self) -> None:
        begun = asyncio.get_running_loop().time()
        with suppress(WireError):  # what was granted holds until its end
            if self.active and await self._wire.renew(KEY, self._owner, LEASE):
                self.holder, self._until = self._owner, begun + LEASE
                return
            self.holder = await self._wire.claim(KEY, self._owner, LEASE)
            self._until = begun + LEASE if self.holder == self._owner else 0.0

    def _tell(self) -> None:
        if self.active != self._was_active:
            self._was_active = self.active
            self._changed(self._was_active)
