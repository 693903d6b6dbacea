"""Records what happens to a live run, in the run itself and as events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from scheduler.clock import Clock
from scheduler.engine.events import Announcer, AttemptFinished, RunFinished, RunSkipped, RunStarted, RunStopping
from scheduler.engine.gates import SkipError, UndecidedError
from scheduler.engine.live_run import LiveRun, Phase
from scheduler.launch.launcher import Earlier
from scheduler.launch.output import Chunk
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger

UNKNOWN = 255
"""The exit code of an attempt whose end was not observed."""

_STOPPED = Outcome.STOPPED


class Recorder:
    """Each run that is submitted ends in one call of `skipped`, or after `launched` in one of `finished`."""

    def __init__(
        self,
        clock: Clock,
        announce: Announcer,
        keep_tail: Callable[[str, tuple[Chunk, ...]], None],
        refuse: Callable[[str, Decision], None],
    ) -> None:
        self._clock = clock
        self._announce = announce
        self._keep_tail = keep_tail
        self._refuse = refuse

    def waiting(self, live_run: LiveRun, gate: Reason) -> None:
        """It has to wait at a gate: from now on, where its next attempt waits for a worker."""
        live_run.gate, live_run.accepted = gate, True
        if live_run.run is not None and live_run.retry_at is None:
            live_run.retry_at = self._clock.now()
        self._announce(live_run.waiting_at(gate))

    def skipped(self, live_run: LiveRun, skip: SkipError) -> None:
        """It will not start."""
        live_run.phase, live_run.gate = Phase.DONE, None
        if live_run.output is not None:
            live_run.output.finish()
        if isinstance(skip, UndecidedError):
            return
        decision = _decision(live_run, skip)
        if live_run.trigger is not Trigger.MANUAL or live_run.accepted:
            self._announce(RunSkipped(decision, live_run.run_id if live_run.accepted else None))
        else:  # a request that did not have to wait: the answer says so, and no id was given out
            self._refuse(live_run.run_id, decision)

    def launched(self, live_run: LiveRun, at: datetime, begun: float, place: str | None) -> Run:
        """A process was launched in `place`, or could not be (None). The first one of a run starts it.

        It started at `at`, which was `begun` in steady time. `Run.worker` is the worker that has the latest one.
        """
        live_run.gate = live_run.retry_at = None
        if live_run.run is not None:
            if live_run.child is not None and live_run.child.worker != live_run.run.worker:
                live_run.run = replace(live_run.run, worker=live_run.child.worker)
            return live_run.run
        earlier, request = live_run.earlier, live_run.request
        live_run.begun = begun
        if earlier is not None:
            first = _first_start(earlier, at)
            live_run.begun, at = begun - (at - first).total_seconds(), first
        live_run.run = Run(
            live_run.run_id,
            live_run.job.name,
            live_run.trigger,
            live_run.scheduled_at,
            at,
            by=request.by,
            arguments=request.arguments,
            earlier=earlier is not None,
            worker=None if live_run.child is None else live_run.child.worker,
            key=request.key,
        )
        # Of a herd all that have their turn start first: between two starts, the listeners would find the
        # processor's caches full of other things, and take longer.
        self._announce.soon(RunStarted(live_run.run, place))
        return live_run.run

    def end_at_shutdown(self, live_run: LiveRun) -> None:
        """End it because schedd stops: with SIGTERM when it runs."""
        if live_run.phase is Phase.RUNNING and live_run.ending is None and live_run.run is not None:
            after = self._clock.steady() - live_run.begun
            self._announce(RunStopping(live_run.run, after, live_run.job.stop_grace))
        live_run.end(Reason.SHUTDOWN)

    def attempt_finished(self, live_run: LiveRun, attempt: Attempt, retry_in: float | None) -> None:
        """An attempt is over; `retry_in` is the delay before the next in seconds, None when there is none."""
        assert live_run.run is not None, "an attempt starts the run"  # noqa: S101
        live_run.run = replace(live_run.run, attempts=(*live_run.run.attempts, attempt))
        self._announce(AttemptFinished(live_run.run, attempt, retry_in))

    def finished(self, live_run: LiveRun, outcome: Outcome) -> None:
        """It is over, and so is its output."""
        assert live_run.run is not None, "an attempt starts the run"  # noqa: S101
        duration = self._clock.steady() - live_run.begun
        live_run.run = replace(
            live_run.run,
            outcome=outcome,
            finished_at=self._clock.now(),
            duration=duration,
            stopped_by=live_run.stopped_by if outcome is _STOPPED else None,
        )
        if live_run.output is not None:
            live_run.output.finish()
            self._keep_tail(live_run.run_id, live_run.output.tail())
        self._announce(RunFinished(live_run.run))

    def given_up(self, live_run: LiveRun, outcome: Outcome, note: str) -> None:
        """Its task was cancelled or failed: in every state it ends in one recorded decision."""
        run = live_run.run
        if live_run.phase is Phase.WAITING:
            self.skipped(live_run, SkipError(live_run.ending or Reason.SHUTDOWN))
        elif run is None and live_run.left:  # no worker has taken it yet
            self.skipped(live_run, SkipError(Reason.ELSEWHERE))
        elif run is None or run.outcome is None:
            now = self._clock.now()
            run = run or self.launched(live_run, now, live_run.begun, None)
            if live_run.phase is Phase.RUNNING or live_run.left:
                duration = self._clock.steady() - live_run.begun
                end = Exit(UNKNOWN, notes=(note,), lost=True, elsewhere=live_run.left)
                attempt = Attempt(len(run.attempts) + 1, now, duration, outcome, end)
                self.attempt_finished(live_run, attempt, None)
            self.finished(live_run, outcome)


def _first_start(earlier: Earlier, at: datetime) -> datetime:
    """When a run of another schedd started whose attempt started at `at`; clocks of two machines differ."""
    first = min(earlier.run_started_at or at, at)
    return max(first, earlier.scheduled_at) if earlier.trigger is Trigger.SCHEDULE else first


def _decision(live_run: LiveRun, skip: SkipError) -> Decision:
    return Decision(
        live_run.job.name,
        skip.reason,
        first=live_run.scheduled_at,
        last=live_run.scheduled_at,
        run_id=live_run.run_id if live_run.trigger is Trigger.MANUAL else None,
        by=live_run.request.by,
        note=skip.refusal,
        broken=skip.broken,
        arguments=live_run.request.arguments,
        stopped_by=live_run.stopped_by,
    )
