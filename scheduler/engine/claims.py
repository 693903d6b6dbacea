"""The gate of schedulers that share a store: each scheduled time is claimed by one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from scheduler.clock import rfc3339
from scheduler.engine.gates import SkipError, UndecidedError
from scheduler.engine.live_run import LiveRun, Phase, ignore_error
from scheduler.model.run import Reason, Trigger

Claim = Callable[[str], Awaitable[bool]]
"""Claims a key for this scheduler, within seconds.

False when another one has it; SkipError when that cannot be found out.
"""


def claim_key(job: str, scheduled_at: datetime) -> str:
    """The key of a scheduled time, the same on all machines."""
    return f"at:{job}:{rfc3339(scheduled_at)}"


class ClaimGate:
    """Lets a run pass unless another scheduler has claimed it. Manual runs and those of `@reboot` are not claimed."""

    reason = Reason.NO_STORE
    unlimited = True
    """Until the claim is answered, or fails, nobody knows who decides the time: a skip could be a second decision."""
    brief = True

    def __init__(
        self,
        claim: Claim,
        is_late: Callable[[LiveRun], bool] = lambda _live_run: False,
        decide_later: Callable[[LiveRun], None] | None = None,
    ) -> None:
        """`is_late`: whether the deadline of a run has passed.

        `decide_later` puts off the time of a run for which it cannot be found out who has claimed it.
        """
        self._claim = claim
        self._is_late = is_late
        self._decide_later = decide_later

    def enter(self, live_run: LiveRun) -> asyncio.Future[None] | None:
        job, trigger = live_run.job, live_run.trigger
        caught_up = trigger is Trigger.START and job.schedule is not None and not job.schedule.at_start
        if trigger is not Trigger.SCHEDULE and not caught_up:
            return None
        answer = asyncio.ensure_future(self._enter(claim_key(job.name, live_run.scheduled_at), live_run))
        answer.add_done_callback(ignore_error)
        return answer

    def leave(self, live_run: LiveRun) -> None:
        """Do nothing: a claim is never given back."""

    async def _enter(self, key: str, live_run: LiveRun) -> None:
        try:
            is_ours = await self._claim(key)
        except SkipError as skip:
            # Of a run that has waited, the id is known to others, who wait for its end.
            if self._decide_later is None or live_run.accepted or live_run.phase is Phase.DONE:
                raise
            self._decide_later(live_run)
            raise UndecidedError from skip
        if not is_ours:
            raise SkipError(Reason.ELSEWHERE)
        if self._is_late(live_run):
            raise SkipError(Reason.NO_STORE, "the store answered after start_deadline")
