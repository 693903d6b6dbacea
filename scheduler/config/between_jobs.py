"""Settings that concern several jobs: chains by `@after`, and locks with several slots."""

from __future__ import annotations

from msgspec.structs import replace

from scheduler.config.entry import Entry
from scheduler.model.job import Job
from scheduler.schedule import predecessors
from scheduler.text import did_you_mean


class BetweenJobs:
    """Collects the entries of such jobs while files are read, and checks them when all jobs are known."""

    def __init__(self) -> None:
        self._chained: dict[str, Entry] = {}
        self._slots: dict[str, tuple[int, str]] = {}
        """By lock: its number of slots, and the first job that says so."""
        self._cycles: set[frozenset[str]] = set()
        """Those reported: each at its first job only."""

    def add(self, entry: Entry, job: Job) -> None:
        """A job has been read."""
        if job.schedule is not None and predecessors(job.schedule):
            self._chained[job.name] = entry
        if job.lock is not None and job.lock_slots is not None:
            slots, first = self._slots.setdefault(job.lock, (job.lock_slots, job.name))
            if slots != job.lock_slots:
                entry.error("lock", f'lock: "{job.lock}" has {slots} slots in job "{first}", and {job.lock_slots} here')

    def finished(self, jobs: dict[str, Job]) -> dict[str, Job]:
        """The jobs, each with the number of slots of its lock. Errors become findings of the jobs' sources."""
        for name, entry in self._chained.items():
            self._check_chain(name, entry, jobs)
        if not self._slots:
            return jobs
        return {name: self._with_slots(job) for name, job in jobs.items()}

    def _with_slots(self, job: Job) -> Job:
        found = None if job.lock is None else self._slots.get(job.lock)
        return job if found is None else replace(job, lock_slots=found[0])

    def _check_chain(self, name: str, entry: Entry, jobs: dict[str, Job]) -> None:
        for before in predecessors(jobs[name].schedule):
            if before not in jobs:
                entry.error("schedule", f'schedule: there is no job "{before}"{did_you_mean(before, jobs)}')
            elif before == name:
                entry.error("schedule", f'schedule: job "{name}" runs after itself')
            elif (cycle := _cycle(name, before, jobs)) and frozenset(cycle) not in self._cycles:
                self._cycles.add(frozenset(cycle))
                entry.error("schedule", f"schedule: these jobs run in a cycle: {' after '.join(cycle)}")


def _cycle(name: str, before: str, jobs: dict[str, Job]) -> list[str]:
    """The way back to `name` over `before`; empty when there is none."""
    ways = [[name, before]]
    seen = {before}
    while ways:
        way = ways.pop()
        if way[-1] == name:
            return way
        for job in predecessors(jobs[way[-1]].schedule) if way[-1] in jobs else ():
            if job == name or job not in seen:
                seen.add(job)
                ways.append([*way, job])
    return []
