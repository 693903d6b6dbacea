"""The log records of the start: the version, the loaded jobs, and runs that schedd may have missed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler import __version__
from scheduler.clock import rfc3339
from scheduler.engine.engine import Engine
from scheduler.engine.missed import MissedRuns, is_in_gap
from scheduler.engine.timetable import Timetable
from scheduler.errors import Problem
from scheduler.machine_zone import is_utc, machine_zone
from scheduler.model.job import Job
from scheduler.report.log import Log

OnMissed = Callable[[str, datetime], None]
"""Gets the name of a job and its scheduled time."""

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock that counts from the boot of the machine; on Linux with the time of a suspend."""

_JOBS_AT_ONCE = 16
"""Jobs that are looked at in one step: less than half a millisecond."""

MOST_LISTED = 50
"""Jobs that get a line each; `schedctl list` shows the others."""


def log_start(log: Log, file: object, socket: str, *, has_store: bool) -> None:
    """Log the version, the file and the socket, and warn when the platform runs schedd more than once.

    Not with a store: several schedulers that share one do not run a job twice.
    """
    log.info("schedd started", version=__version__, pid=os.getpid(), file=str(file), socket=socket)
    dyno = os.environ.get("DYNO", "")
    number = dyno.rpartition(".")[2]
    if number.isdigit() and int(number) > 1 and not has_store:
        log.warning("more than one dyno", dyno=dyno, hint="every job runs on each of them; scale to 1")


def log_warnings(log: Log, warnings: Iterable[Problem]) -> None:
    """Log the warnings of `schedctl check` about this machine."""
    for problem in warnings:
        at = f"{problem.path}:{problem.line}:{problem.column}"
        fields = {"code": problem.code, "key": problem.key, "hint": problem.help}
        given = {name: value for name, value in fields.items() if value}
        log.warning("configuration warning", warning=problem.message, at=at, **given)


def log_jobs(log: Log, timetable: Timetable) -> None:
    """Log each job with its next scheduled time."""
    jobs = timetable.jobs()
    _warn_of_zone(log, jobs.values())
    for name, job in list(jobs.items())[:MOST_LISTED]:
        next_at = timetable.next_of(name)
        schedule = "manual only" if job.schedule is None else job.schedule.text
        shown = "disabled" if not job.enabled else "none" if next_at is None else rfc3339(next_at)
        log.info("job loaded", job=name, schedule=schedule, timezone=job.timezone.key, next_at=shown)
    if len(jobs) > MOST_LISTED:
        log.info("more jobs loaded", count=len(jobs) - MOST_LISTED, hint="schedctl list shows all of them")


def _warn_of_zone(log: Log, jobs: Iterable[Job]) -> None:
    """cron and many other programs follow the machine's time zone, so people may expect that of schedd."""
    zone = machine_zone()
    without = [job.name for job in jobs if job.schedule is not None and "timezone" not in job.origins]
    if not is_utc(zone) and without:
        log.warning(
            "machine time zone ignored",
            timezone=zone,
            jobs=f"{without[0]} and {len(without) - 1} more" if len(without) > 1 else without[0],
            hint="schedules without `timezone` use UTC; set `timezone` under `defaults`",
        )


_UNKNOWN = "this schedd was not running; an earlier one may have run the job"


def report_missed(
    log: Log, engine: Engine, started_at: datetime, files: Iterable[str], on_missed: OnMissed, on_gap: OnMissed
) -> Iterator[None]:
    """Report the latest scheduled time of each job that lies shortly before the start, a few jobs at each step.

    `on_gap` gets those at which no schedd was running, as far as that can be known; `files` are those of the schedule.
    `on_missed` and the log get all but those of frequent jobs, which each restart would report; the log MOST_LISTED.
    A standby has missed nothing.
    """
    count = 0
    changed_at = max((_changed_at(path) for path in files), default=started_at)
    booted_at = started_at - timedelta(seconds=time.clock_gettime(_SINCE_BOOT))
    missed = MissedRuns(engine.history, started_at)
    for number, job in enumerate(() if engine.standing_by else engine.timetable.jobs().values()):
        if number % _JOBS_AT_ONCE == 0:
            yield
        if (found := missed.of(job)) is None:
            continue
        scheduled_at, is_frequent = found
        if is_in_gap(scheduled_at, started_at, changed_at=changed_at, booted_at=booted_at):
            on_gap(job.name, scheduled_at)
        if is_frequent:
            continue
        on_missed(job.name, scheduled_at)
        if count < MOST_LISTED:
            is_recorded = engine.history.last_run(job.name) is not None  # in a store, with the runs of earlier schedds
            cause = "schedd was not running" if is_recorded else _UNKNOWN
            log.info("run missed", job=job.name, scheduled_at=rfc3339(scheduled_at), cause=cause)
        count += 1
    if count > MOST_LISTED:
        log.info("more runs missed", count=count - MOST_LISTED, hint="schedctl list shows all jobs")


def _changed_at(path: str) -> datetime:
    try:
        return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
