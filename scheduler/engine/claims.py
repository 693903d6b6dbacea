"""The gate of schedulers that share a store: each scheduled time is claimed by one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from scheduler.clock import rfc3339
from scheduler.engine.gates import SkipError
from scheduler.engine.live_run import LiveRun
from scheduler.model.run import Reason, Trigger

Claim = Callable[[str], Awaitable[bool]]
"""Claims a key for this scheduler. False when another one has it; SkipError when that cannot be found out."""


class ClaimGate:
    """Lets a run pass unless another scheduler has claimed it. Manual runs and runs at the start are not claimed."""

    reason = Reason.ELSEWHERE
    unlimited = False
    brief = True

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        if live_run.trigger is not Trigger.SCHEDULE:
            return None
        return asyncio.ensure_future(self._enter(f"at:{live_run.job.name}:{rfc3339(live_run.scheduled_at)}"))

    def leave(self, live_run: LiveRun) -> None:
        """Do nothing: a claim is never given back."""

    async def _enter(self, key: str) -> None:
        if not await self._claim(key):
            raise SkipError(Reason.ELSEWHERE)
