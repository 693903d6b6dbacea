"""What the log says when schedd starts: who it is, what it loaded, and what it may have missed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import datetime

from scheduler import __version__
from scheduler.clock import rfc3339
from scheduler.engine.engine import Engine
from scheduler.engine.timetable import Timetable
from scheduler.errors import Problem
from scheduler.model.job import Job
from scheduler.report.log import Log

MOST_TOLD = 50
"""Jobs that are told one by one; a longer file is for `schedctl list`."""

_AS_WITHOUT = frozenset({"", "UTC", "UTC0", "Etc/UTC"})
"""What TZ may be without anybody being misled."""


def tell_start(log: Log, file: object, socket: str) -> None:
    """Which schedd this is. Two of them would run every job twice, which a platform shows in the dyno's number."""
    log.info("schedd started", version=__version__, pid=os.getpid(), file=str(file), socket=socket)
    dyno = os.environ.get("DYNO", "")
    number = dyno.rpartition(".")[2]
    if number.isdigit() and int(number) > 1:
        log.warning("more than one dyno", dyno=dyno, then="every job runs on each of them: scale to 1")


def tell_warnings(log: Log, warnings: Iterable[Problem]) -> None:
    """What is doubtful in the file."""
    for problem in warnings:
        log.warning(problem.message, at=f"{problem.path}:{problem.line}:{problem.column}", key=problem.key)


def tell_jobs(log: Log, timetable: Timetable) -> None:
    """Each job with its next slot."""
    jobs = timetable.jobs()
    _tell_zone(log, jobs.values())
    for name, job in list(jobs.items())[:MOST_TOLD]:
        next_at = timetable.next_of(name)
        schedule = "by hand only" if job.schedule is None else job.schedule.text
        told = "disabled" if not job.enabled else "none" if next_at is None else rfc3339(next_at)
        log.info("job loaded", job=name, schedule=schedule, timezone=job.timezone.key, next=told)
    if len(jobs) > MOST_TOLD:
        log.info("more jobs loaded", count=len(jobs) - MOST_TOLD, see="schedctl list")


def _tell_zone(log: Log, jobs: Iterable[Job]) -> None:
    """TZ moves cron's times and many programs', so whoever sets it may expect that of schedd."""
    zone = os.environ.get("TZ", "").removeprefix(":")
    undecided = [job.name for job in jobs if job.schedule is not None and "timezone" not in job.origins]
    if zone not in _AS_WITHOUT and undecided:
        log.warning(
            "TZ does not count",
            TZ=zone,
            jobs=f"{undecided[0]} and {len(undecided) - 1} more" if len(undecided) > 1 else undecided[0],
            then="schedules without `timezone` are read in UTC: write `timezone` below `defaults`",
        )


async def tell_unseen(log: Log, engine: Engine, started_at: datetime) -> None:
    """What the gap before the start may have cost. A coroutine, since 10,000 jobs take their time."""
    for count, (job, slot) in enumerate(engine.unseen(started_at)):
        if count == MOST_TOLD:
            log.info("more slots not seen", see="schedctl list")
            return
        log.info("slot not seen", job=job.name, slot=rfc3339(slot), why="schedd was not running")
        await asyncio.sleep(0)
