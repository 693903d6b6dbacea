"""Chains: jobs whose schedule is `@after` another job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from scheduler.clock import Clock
from scheduler.engine.events import Announcer, Event, JobsChanged, RunFinished, RunSkipped
from scheduler.engine.timetable import Timetable
from scheduler.model.job import Job
from scheduler.model.run import Decision, Outcome, Reason, Run
from scheduler.schedule import predecessors, runs_after


class Chains:
    """A listener that submits the next jobs of a chain when a run has succeeded."""

    KINDS = (JobsChanged, RunFinished)

    def __init__(
        self, clock: Clock, timetable: Timetable, announce: Announcer, submit: Callable[[Job, Run], None]
    ) -> None:
        """`submit` is called with a job, and the run after which it runs."""
        self._clock = clock
        self._timetable = timetable
        self._announce = announce
        self._submit = submit
        self._next: dict[str, list[str]] = {}
        """By job: those that run after it."""

    def on_event(self, event: Event) -> None:
        """Notice changes of the jobs, and runs that have succeeded."""
        match event:
            case RunFinished(run=run):
                if run.job in self._next and run.outcome is Outcome.SUCCEEDED:
                    # Other listeners first get this event, and then those that it leads to.
                    asyncio.get_running_loop().call_soon(self._start, run)
            case JobsChanged(changes=changes):
                jobs = self._timetable.jobs()
                new = (*changes.added, *changes.changed)
                if self._next or any(predecessors(jobs[name].schedule) for name in new):
                    self._next = {}
                    for name, job in jobs.items():
                        for before in predecessors(job.schedule):
                            self._next.setdefault(before, []).append(name)
            case _:
                pass

    def _start(self, run: Run) -> None:
        now, at = self._clock.now(), run.scheduled_at
        for name in self._next.get(run.job, ()):
            job = self._timetable.job(name)
            if job is None or job.schedule is None or not job.enabled or not runs_after(job.schedule, run.job, at):
                continue
            if self._timetable.pauses.of(name, now) is not None:
                self._announce(RunSkipped(Decision(name, Reason.PAUSED, first=at, last=at)))
            else:
                self._submit(job, run)
