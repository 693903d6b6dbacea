"""Makes this scheduler one of several that share a store: the active one while it holds the lease, else a standby."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

import msgspec

from scheduler.engine.claims import claim_key
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, RunFinished, RunSkipped, Stopping
from scheduler.engine.gates import SkipError
from scheduler.engine.put_off import Time
from scheduler.launch.remote.lease import Lease
from scheduler.launch.remote.messages import attempt_key
from scheduler.launch.remote.patience import Background, until_done
from scheduler.launch.remote.remote_launcher import CLAIM, RemoteLauncher
from scheduler.launch.remote.wire import Space, WireError
from scheduler.model.run import Outcome, Reason, Run

AGAIN = 1.0
"""Seconds until something is tried again that the store did not take."""

AT_ONCE = 100
"""Claims that are under way at the same time when a standby takes over."""

LATE = 10.0
"""Seconds after which nothing is under way any more of a scheduler that has lost the lease."""

CLOSING = 2.0
"""Seconds that schedd waits at its end for what the store has to know."""


class Records(Protocol):
    """The log, as far as it is used here."""

    def info(self, event: str, **fields: object) -> None:
        """Write a record of normal operation."""
        ...

    def warning(self, event: str, **fields: object) -> None:
        """Write a record of something to look at some time."""
        ...


class ActiveStandby:
    """Connects an engine with a space: who is active, which times are claimed, and the history that all share."""

    def __init__(self, name: str, space: Space, launcher: RemoteLauncher, log: Records) -> None:
        """`name` must be unique among schedulers."""
        self.name = name
        self.lease = Lease(space, name, self._changed)
        self._space = space
        self._launcher = launcher
        self._log = log
        self._known: set[str] = set()
        """Ids of the finished runs that were in the store when it was last read; our history has them."""
        self._recorded: dict[str, bool] = {}
        """Ids of the runs recorded here since then, and whether the store has them."""
        self._left: set[str] = set()
        """Ids of the runs that started here and that another scheduler records."""
        self._taking_over: asyncio.Task[None] | None = None
        self._holding: asyncio.Task[None] | None = None
        self._was_away = False
        """Whether no scheduler could be active for a while, since the store could not be reached."""
        self._background = Background()
        launcher.ours = self.lease.ours

    @property
    def standing_by(self) -> bool:
        """Whether scheduled times are another scheduler's, or nobody's while the store is away."""
        return self._engine.standing_by

    @property
    def problem(self) -> str | None:
        """Why no scheduler is known to be active; None when one is, and while schedd shuts down."""
        if self.lease.active or self.lease.resigned or self.lease.holder not in {None, self.name}:
            return None
        return f"standby: {self.lease.problem or 'no active scheduler is known'}"

    async def connect(self, engine: Engine) -> None:
        """Read the history and become a standby. WireError when the store does not answer."""
        self._engine = engine
        await self._read_history()
        engine.claim_times(self._claim)
        engine.stand_by()
        engine.announce.add(self._on_event)

    async def join(self) -> None:
        """Ask for the lease for the first time, take over if it is free, and go on asking."""
        await self.lease.ask()
        if self._taking_over is not None:
            await asyncio.wait((self._taking_over,))
        self._holding = asyncio.create_task(self.lease.hold())

    async def close(self) -> None:
        """Wait a moment for what the store has to know."""
        await self._resign()
        await self._background.close(CLOSING)

    async def _resign(self) -> None:
        """Leave scheduled times, and the ends of what workers run, to the other schedulers; for good."""
        if self._holding is not None:
            self._holding.cancel()
            await asyncio.wait((self._holding,))

    def _changed(self, active: bool) -> None:
        if self._taking_over is not None:
            self._taking_over.cancel()
            self._taking_over = None
        if active:
            self._taking_over = self._background.start(self._take_over())
            return
        self._engine.stand_by(elsewhere=self.lease.holder is not None)
        self._was_away = self._was_away or self.lease.holder is None
        if self.lease.holder is not None:
            self._log.info("standing by", active=self.lease.holder)
        elif self.lease.resigned:
            self._log.info("standing by", active="unknown", cause="schedd shuts down")
        else:
            self._log.warning("standing by", active="unknown", cause=self.lease.problem or "no lease")

    async def _take_over(self) -> None:
        """Live runs first, so that they count for overlap and lock; then the undecided scheduled times."""
        decided = await until_done(self._catch_up, AGAIN)
        self._log.info("active", scheduler=self.name)
        self._engine.take_up(decided, Reason.NO_STORE if self._was_away else Reason.LATE)
        self._was_away = False
        self._background.start(self._adopt_late())

    async def _catch_up(self) -> set[Time]:
        """Take what the other schedulers have left. Returns the scheduled times that they have decided."""
        await self._read_history()
        await self._adopt()
        return await self._decided_elsewhere()

    async def _adopt_late(self) -> None:
        """What the scheduler before was handing out when it lost the lease."""
        await asyncio.sleep(LATE)
        await until_done(self._adopt, AGAIN)

    async def _adopt(self) -> None:
        """Follow the runs that other schedulers have handed out and may not live to see the end of."""
        for earlier in await self._launcher.adoptable():
            if self.lease.active and not self._is_known(earlier.run_id):
                self._log.info("run taken over", job=earlier.job, run=earlier.run_id)
                self._engine.take_over(earlier)

    async def _decided_elsewhere(self) -> set[Time]:
        """The times since we became a standby that another scheduler has claimed; the others are ours from now on."""
        times = self._engine.put_off()
        found: set[Time] = set()
        for start in range(0, len(times), AT_ONCE):
            some = times[start : start + AT_ONCE]
            holders = await asyncio.gather(*(self._space.claim(claim_key(*each), self.name, CLAIM) for each in some))
            found.update(each for each, holder in zip(some, holders, strict=True) if holder != self.name)
        return found

    def _is_known(self, run_id: str) -> bool:
        """Whether we follow it, or know its end, which may not have reached the store."""
        return run_id in self._known or run_id in self._recorded or self._engine.find_live(run_id) is not None

    def _on_event(self, event: Event) -> None:
        match event:
            case RunFinished(run=run) if run.elsewhere:
                self._left.add(run.id)
            case RunFinished(run=run):
                self._left.discard(run.id)
                self._recorded[run.id] = False
                self._background.start(self._keep(run))
            case RunSkipped(decision=decision) if decision.run_id is None and decision.reason is not Reason.ELSEWHERE:
                # A scheduler that takes over must not decide it once more.
                self._background.start(self._claim_quietly(claim_key(decision.job, decision.last)))
            case Stopping():
                self._engine.stand_by()
                self._background.start(self._resign())
            case _:
                pass

    async def _keep(self, run: Run) -> None:
        attempts = [attempt_key(run.id, attempt.number) for attempt in run.attempts]
        finished, succeeded = msgspec.json.encode(run), run.outcome is Outcome.SUCCEEDED
        await until_done(lambda: self._space.keep(run.id, run.job, attempts, finished, succeeded=succeeded), AGAIN)
        self._recorded[run.id] = True

    async def _claim_quietly(self, key: str) -> None:
        await until_done(lambda: self._space.claim(key, self.name, CLAIM), AGAIN)

    async def _read_history(self) -> None:
        """Take the finished runs that we do not know. May be cancelled: then the next call takes the rest."""
        in_store = [run_id for run_id, is_kept in self._recorded.items() if is_kept]
        found = set()
        for text in await self._space.kept():
            with suppress(msgspec.MsgspecError):  # of another version
                run = msgspec.json.decode(text, type=Run)
                found.add(run.id)
                if run.id not in self._known and run.id not in self._recorded:
                    await self._engine.restore(run, self._left)
                    self._known.add(run.id)
                self._left.discard(run.id)
        self._known = found
        for run_id in in_store:  # the others may not have reached the store before it was read
            self._recorded.pop(run_id, None)

    async def _claim(self, key: str) -> bool:
        """SkipError without an answer: then the scheduler that is active next decides this time."""
        if not self.lease.active:  # it has waited at a gate meanwhile
            if self.lease.holder is not None:
                return False
            raise SkipError(Reason.NO_STORE, self.lease.problem)
        try:
            return await self._space.claim(key, self.name, CLAIM) == self.name
        except WireError as error:
            if self._taking_over is None or self._taking_over.done():
                self._taking_over = self._background.start(self._decide_late())
            raise SkipError(Reason.NO_STORE, str(error)) from error

    async def _decide_late(self) -> None:
        """The store was away for less than the lease: decide what could not be claimed."""
        decided = await until_done(self._decided_elsewhere, AGAIN)
        if self.lease.active:
            self._engine.take_up(decided, Reason.NO_STORE)
