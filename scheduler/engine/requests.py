"""Requests: runs that are requested, now or for later, and what is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from scheduler.clock import Clock
from scheduler.engine.events import Announcer, RunRequested, RunSkipped
from scheduler.engine.following import Following, RunStream
from scheduler.engine.history import History
from scheduler.engine.later import LaterRun
from scheduler.engine.live_run import LiveRun
from scheduler.engine.request_keys import RequestKeys
from scheduler.engine.runner import Runner
from scheduler.engine.timetable import Timetable
from scheduler.model.job import Job
from scheduler.model.run import Decision, Reason, RunRequest, Trigger
from scheduler.wire.requester import Requester

MOST_HELD = 64 << 20
"""Bytes of stdin that all requests whose runs are not over may hold together."""


class Requests:
    """Takes requests to the runner, at once or when their time has come."""

    def __init__(
        self,
        clock: Clock,
        timetable: Timetable,
        runner: Runner,
        following: Following,
        announce: Announcer,
        history: History,
        new_id: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._timetable = timetable
        self._runner = runner
        self._following = following
        self._announce = announce
        self._history = history
        self.keys = RequestKeys(self._is_known)
        self._new_id = new_id

    def run(self, job: Job, request: RunRequest, *, holding: bool) -> RunStream:
        """Take a request; see `Engine.run_now`."""
        same = self.keys.run_of(job.name, request.key)
        if same is not None and (known := self._following.of(same, caller=request.caller)) is not None:
            known.requested_before = True
            return known
        now = self._clock.now()
        at = request.as_of or request.at or now.replace(microsecond=0)
        live_run = LiveRun(job, self._new_id(), Trigger.MANUAL, at, request=request)
        stream = self._following.of_live(live_run, holding=holding, caller=request.caller)
        refusal = self._refusal(live_run)
        if refusal is not None:
            self._following.refuse(live_run.run_id, refusal)
            return stream
        self.keys.add(job.name, request.key, live_run.run_id)
        if request.at is None or request.at <= now:
            self._runner.submit(live_run)
        else:
            self._timetable.later.add(LaterRun(live_run.run_id, job.name, request.at, request))
            self._announce(RunRequested(live_run.run_id, job.name, request.at, request))
        return stream

    def submit_due(self, now: datetime) -> None:
        """Submit the requested runs whose time has come."""
        for run in self._timetable.later.take(now):
            job = self._timetable.job(run.job)
            assert job is not None, "with its job it would have been cancelled"  # noqa: S101
            at = run.request.as_of or run.at
            readers = self._following.readers(run.run_id)
            self._runner.submit(
                LiveRun(job, run.run_id, Trigger.MANUAL, at, request=run.request, accepted=True, awaited_by=readers)
            )

    def cancel(self, run_id: str, reason: Reason, by: Requester | None = None) -> bool:
        """Cancel a run that was requested for later; false when there is none with that id."""
        run = self._timetable.later.remove(run_id)
        if run is not None:
            self._skip(run, reason, by)
        return run is not None

    def cancel_all(self, job: str | None, reason: Reason, by: Requester | None = None) -> None:
        """Cancel the runs that were requested for later, of one job or of all."""
        for run in self._timetable.later.of(job):
            self.cancel(run.run_id, reason, by)

    def _is_known(self, run_id: str) -> bool:
        return bool(self._runner.find(run_id) or self._timetable.later.find(run_id) or self._history.run(run_id))

    def _refusal(self, live_run: LiveRun) -> Decision | None:
        """Why a request is not accepted, as far as the gates do not decide that."""
        job, request, reason, note = live_run.job, live_run.request, Reason.MAX_WAITING, None
        waiting = self._timetable.later.count(job.name)
        if request.at is not None and self._runner.draining:
            reason = Reason.SHUTDOWN
        elif request.at is not None and waiting >= job.max_waiting:
            note = f"max_waiting ({job.max_waiting}) is reached"
        else:
            if self._has_room(len(request.stdin)):
                return None
            note = f"requests that are not over hold {MOST_HELD >> 20} MiB of stdin already; try again later"
        at = live_run.scheduled_at
        return Decision(job.name, reason, first=at, last=at, run_id=live_run.run_id, by=request.by, note=note)

    def _has_room(self, size: int) -> bool:
        """Whether so much more stdin can be held until its run is over."""
        if not size:
            return True
        live = sum(len(live_run.request.stdin) for live_run in self._runner.live_runs())
        return size + live + sum(len(run.request.stdin) for run in self._timetable.later.of()) <= MOST_HELD

    def _skip(self, run: LaterRun, reason: Reason, by: Requester | None) -> None:
        request = run.request
        decision = Decision(
            run.job,
            reason,
            first=run.at,
            last=run.at,
            run_id=run.run_id,
            by=request.by,
            arguments=request.arguments,
            stopped_by=by,
        )
        self._announce(RunSkipped(decision, run.run_id))
