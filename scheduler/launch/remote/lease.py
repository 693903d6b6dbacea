"""The lease that makes one of several schedulers the active one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from scheduler.launch.remote.wire import Space, WireError

KEY = "lease"

LEASE = 10.0
"""Seconds for which a lease holds; after a crash of the active scheduler another one takes over that much later."""

RENEW = 3.0
"""Seconds between two attempts to take or renew it."""

TICK = 0.001


class Lease:
    """Held while `active`. Losing it is no error: the scheduler is a standby until it gets it back."""

    def __init__(self, space: Space, owner: str, changed: Callable[[bool], None]) -> None:
        """`owner` must be unique among schedulers.

        `changed` is called with `active`: after the first answer, and when that or the other holder changes.
        """
        self.holder: str | None = None
        """The active scheduler as of the latest answer of the store; None when it is not known."""
        self.problem = ""
        """Why it is not known; empty when the store has answered the latest request."""
        self.answered = False
        """Whether the store has answered the latest request."""
        self._space = space
        self._owner = owner
        self._changed = changed
        self._until = 0.0
        self._reported: tuple[bool, str | None] | None = None
        self._asked = asyncio.Event()
        self.resigned = False
        """Given up for good, since schedd shuts down."""

    @property
    def active(self) -> bool:
        """Whether we hold the lease. Counted from before the request, so that never two believe it."""
        return asyncio.get_running_loop().time() < self._until

    async def ours(self) -> bool:
        """Wait until it is known who is active: True when we are, False when another scheduler is or will be."""
        while not self.active:
            if self.resigned or self.holder not in {None, self._owner}:
                return False
            await self._asked.wait()
        return True

    async def hold(self) -> None:
        """Take it, keep it, get it back; until cancelled, which gives it back at once."""
        try:
            while True:
                await self.ask()
                # A scheduler that loses it by silence must notice at that moment: just after the end, since timers
                # may be early by less than the clock can tell, and the lease would be asked for again and again.
                left = self._until - asyncio.get_running_loop().time()
                await asyncio.sleep(min(RENEW, left + TICK) if left > 0 else RENEW)
                self._report()
        finally:
            self.resigned, self.holder = True, None
            self._until = 0.0
            self._report()
            self._wake()
            await asyncio.shield(self._release())

    async def _release(self) -> None:
        with suppress(WireError):  # it ends by itself
            await self._space.release(KEY, self._owner)

    async def ask(self) -> None:
        """Try once to take or keep it."""
        begun = asyncio.get_running_loop().time()
        try:
            # To renew comes first, also without a lease that we know of: a claim whose answer was lost may hold, and
            # another claim would not extend it.
            may_be_ours = self.holder in {None, self._owner}
            if may_be_ours and await self._space.renew(KEY, self._owner, LEASE):
                self.holder, self._until = self._owner, begun + LEASE
            else:
                self.holder = await self._space.claim(KEY, self._owner, LEASE)
                self._until = begun + LEASE if self.holder == self._owner else 0.0
            self.answered, self.problem = True, ""
        except WireError as error:  # what was granted holds until its end
            self.answered, self.holder, self.problem = False, None, str(error)
        self._report()
        self._wake()

    def _report(self) -> None:
        state = (True, None) if self.active else (False, self.holder)
        if state != self._reported:
            self._reported = state
            self._changed(state[0])

    def _wake(self) -> None:
        self._asked.set()
        self._asked = asyncio.Event()
