"""The warnings of `schedctl check` about a valid file, each with a code with which a job silences it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from scheduler.clock import rfc3339
from scheduler.config.entry import Entry
from scheduler.config.host_checks import Host
from scheduler.config.lint_codes import LintCode, LintWarning
from scheduler.config.lint_command import command_warnings
from scheduler.config.lint_target import TargetCheck
from scheduler.config.lint_values import value_warnings
from scheduler.config.lint_workers import worker_warnings
from scheduler.config.load import finish
from scheduler.config.loading import Config, File, Ignored, Loading, OnProgress, warn
from scheduler.launch.environment import Environment
from scheduler.launch.program import directory_problem
from scheduler.machine_zone import is_utc, machine_zone
from scheduler.model.job import Job, OnShutdown, Overlap
from scheduler.model.workers import DAYS_OF_LAST_RUNS
from scheduler.schedule import (
    Restricted,
    Schedule,
    dst_effects,
    find_pitfalls,
    find_zone,
    format_duration,
    predecessors,
)

BUSY = 25
"""Most jobs that may start at the same time without a warning."""

_YEAR = timedelta(days=366)
_DAY = 86_400.0

_WORDS = "a list is run without a shell: each word is an item of its own; or write the command as text"


class Checked(NamedTuple):
    """A valid file with all warnings about it, and the jobs of which the target could not be looked for."""

    config: Config
    not_checked: tuple[str, ...] = ()


def check(
    path: Path, *, now: datetime, run_interpreters: bool = False, on_progress: OnProgress | None = None
) -> Checked:
    """Load a schedule file with all warnings about it. ConfigError includes them too.

    `now` is the aware instant after which scheduled times count. With `run_interpreters` the interpreters of jobs are
    started to ask where they look for modules.
    """
    targets = TargetCheck(Environment(os.environ), run_interpreters=run_interpreters)
    lint = _Lint(now, targets)
    loading = Loading(path, lint.file, lint.job, on_progress=on_progress)
    return Checked(finish(loading, lint.whole), tuple(targets.not_checked))


class _Lint:
    """Collects the warnings of one file and its jobs."""

    def __init__(self, now: datetime, targets: TargetCheck) -> None:
        self._now = now
        self._targets = targets
        self._starts: dict[datetime, list[Entry]] = defaultdict(list)
        self._in_utc: list[Entry] = []
        self._finishing: list[tuple[Entry, Job]] = []
        self._history_is_stored = False

    def file(self, file: File, ignored: Ignored) -> None:
        """Warn about the defaults of a file."""
        self._history_is_stored |= "launcher" in file.values
        given = file.values.get("defaults", {})
        for warning in value_warnings(given):
            if warning.code not in ignored:
                warn(file.source, warning, file.places, "defaults")
        host, directory = Host(os.environ), file.source.directory
        tokens = host.token_warnings(file.values.get("web", {}), directory)
        for warning in (*tokens, *host.launcher_warnings(file.values.get("launcher", {}), directory)):
            if warning.code not in ignored:
                code, path, message, help = warning
                width = len(path.rpartition(".")[2])
                file.source.warn(file.tops.get(path), message, help, code=code, width=width, key=path)

    def job(self, entry: Entry, job: Job, ignored: Ignored) -> None:
        """Warn about one job."""
        for warning in self._warnings(entry, job):
            if warning.code not in ignored:
                owner = entry.owner(warning.key)
                warn(owner.source, warning, owner.places, owner.path, owner.name)
        if LintCode.MACHINE_TIMEZONE not in ignored and _depends_on_zone(job):
            self._in_utc.append(entry)
        if LintCode.NO_TIME_TO_FINISH not in ignored and job.enabled and job.on_shutdown is OnShutdown.WAIT:
            self._finishing.append((entry, job))
        if LintCode.BUSY_MINUTE not in ignored and job.enabled and job.schedule:
            upcoming = job.schedule.next_after(self._now)
            if upcoming:
                self._starts[upcoming].append(entry)

    def whole(self, config: Config) -> None:
        """Warn about all jobs together, once they are known."""
        self._about_shutdown(config.shutdown_timeout)
        zone = machine_zone()
        if self._in_utc and not is_utc(zone):
            entry, count = self._in_utc[0].owner("schedule"), len(self._in_utc)
            others = f" and {count - 1} more" if count > 1 else ""
            message = f"the schedule of this job{others} uses UTC, but the time zone of this machine is {zone}"
            wanted = f"`timezone: {zone}`" if find_zone(zone) else "`timezone` to the name of a city"
            help = f"set {wanted}, or `timezone: UTC`, under `defaults`"
            warn(
                entry.source,
                LintWarning(LintCode.MACHINE_TIMEZONE, "schedule", message, help),
                entry.places,
                entry.path,
            )
        for instant, entries in self._starts.items():
            if len(entries) > BUSY:
                entry = entries[0].owner("schedule")
                message = f"{len(entries)} jobs start at {rfc3339(instant)}"
                at = entry.places["schedule"]
                help = "use H as the minute to spread the jobs over the hour"
                entry.source.warn(at, message, help, code=LintCode.BUSY_MINUTE, width=8, key=f"{entry.path}.schedule")

    def _about_shutdown(self, timeout: float) -> None:
        """One warning about all jobs that get SIGTERM as soon as schedd stops. `timeout` is in seconds."""
        found = [(entry, job) for entry, job in self._finishing if job.stop_grace >= timeout]
        if not found:
            return
        entry, job = found[0]
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        message = (
            f"stop_grace of this job{others} is {format_duration(job.stop_grace)}, "
            f"not less than the shutdown_timeout of {format_duration(timeout)}: "
            "when schedd stops, a run gets SIGTERM at once and has no time to finish"
        )
        help = "use a shorter `stop_grace`, a longer `shutdown_timeout`, or `on_shutdown: stop`"
        owner = entry.owner("stop_grace")
        warning = LintWarning(LintCode.NO_TIME_TO_FINISH, "stop_grace", message, help)
        warn(owner.source, warning, owner.places, owner.path, owner.name)

    def _warnings(self, entry: Entry, job: Job) -> Iterator[LintWarning]:
        yield from value_warnings(entry.effective)
        yield from self._of_schedule(job)
        yield from self._of_intervals(job)
        yield from self._of_catch_up(job)
        yield from _of_expectation(job, DAYS_OF_LAST_RUNS * _DAY if self._history_is_stored else _DAY)
        yield from worker_warnings(job)
        about_command = list(command_warnings(job))
        yield from about_command
        if LintCode.CRONTAB_LINE in {warning.code for warning in about_command}:
            return
        if job.enabled and (missing := directory_problem(job.cwd)):
            yield LintWarning(LintCode.NOT_FOUND, "cwd", missing)
        elif job.enabled and (reason := self._targets.problem(job)):
            key = "command" if "command" in entry.keys else "python"
            words = entry.effective.get(key)
            is_whole = isinstance(words, list) and " " in str(words[0])
            yield LintWarning(LintCode.NOT_FOUND, key, reason, _WORDS if is_whole else None)
        elif job.enabled and (problem := self._targets.argument_problem(job)):
            yield LintWarning(LintCode.WRONG_ARGUMENT, *problem)
        for key, reason in self._targets.further_problems(job) if job.enabled else ():
            if key == "run_if":
                yield LintWarning(LintCode.NOT_FOUND, key, f"{key}: {reason}")
            else:
                yield LintWarning(LintCode.UNDELIVERABLE, key, f"{key}: {reason}; nothing can be sent")
        for directory in job.path if job.enabled else ():
            if not Path(directory).is_dir():
                yield LintWarning(LintCode.NOT_FOUND, "path", f"path: no such directory: {directory}")

    def _of_schedule(self, job: Job) -> Iterator[LintWarning]:
        if job.schedule is None:
            return
        if not job.enabled:
            message = "the job is disabled: its schedule is ignored"
            yield LintWarning(LintCode.DISABLED, "enabled", message)
            return
        if not job.schedule.at_start and not predecessors(job.schedule) and job.schedule.next_after(self._now) is None:
            yield LintWarning(LintCode.NEVER_RUNS, *_never_runs(job.schedule, self._now))
        for pitfall in find_pitfalls(job.schedule):
            yield LintWarning(LintCode[pitfall.kind.name], "schedule", pitfall.sentence)
        for effect in dst_effects(job.schedule, self._now):
            if effect.change.at - self._now < _YEAR and effect.matters:
                day = f"{effect.change.wall_before:%Y-%m-%d}"
                yield LintWarning(LintCode.DST_CHANGE, "schedule", f"on {day} {effect.sentence}")

    def _of_intervals(self, job: Job) -> Iterator[LintWarning]:
        interval = self._shortest_interval(job)
        if interval is None or not job.enabled or job.overlap is not Overlap.SKIP:
            return
        every = format_duration(interval)
        if job.timeout is not None and job.timeout > interval:
            message = f"the timeout is longer than the interval of {every}; runs may be skipped with the reason overlap"
            yield LintWarning(LintCode.SLOW_TIMEOUT, "timeout", message)
            return
        waits = sum(job.retry.delay_before(attempt) for attempt in range(2, job.retry.times + 2))
        total = waits + (job.retry.times + 1) * (job.timeout or 0)
        if job.retry.times and total > interval:
            message = f"with all retries a run may take {format_duration(round(total))}; the interval is {every}"
            yield LintWarning(LintCode.SLOW_RETRIES, "retry", message)

    def _of_catch_up(self, job: Job) -> Iterator[LintWarning]:
        if job.catch_up is None or not job.enabled or self._history_is_stored:
            return
        interval, limit = self._shortest_interval(job), format_duration(round(job.catch_up))
        if interval is not None and job.catch_up >= interval:
            message = f"each start of schedd within {limit} of a scheduled time runs the job again, even if it has run"
            help = f"use a `catch_up` below the interval of {format_duration(interval)}, or make the job idempotent"
            yield LintWarning(LintCode.LONG_CATCH_UP, "catch_up", message, help)

    def _shortest_interval(self, job: Job) -> float | None:
        """Seconds of the shortest interval between the next scheduled times; None when there are fewer than two."""
        moments = [self._now]
        while job.schedule and len(moments) < 5 and (moment := job.schedule.next_after(moments[-1])):
            moments.append(moment)
        return min(((later - earlier).total_seconds() for earlier, later in pairwise(moments[1:])), default=None)


def _depends_on_zone(job: Job) -> bool:
    """Whether a time zone would change the schedule, and none is set for it."""
    if job.schedule is None or not job.enabled or "timezone" in job.origins:
        return False
    return not re.match(r"@(?:every|reboot|after)|@at .*(?:Z|[+-]\d\d:\d\d)$", job.schedule.text, re.IGNORECASE)


def _never_runs(schedule: Schedule, now: datetime) -> tuple[str, str]:
    """The key at fault, and why no scheduled time is left."""
    if isinstance(schedule, Restricted) and schedule.schedule.next_after(now) is not None:
        last = schedule.limits.last
        if last is not None and last < now:
            return "until", "the job will never run: `until` is in the past"
        if schedule.limits.exclusions is not None:
            return "except", "the job will never run: `except` removes every scheduled time"
    return "schedule", "the job will never run: no scheduled time is left"


def _of_expectation(job: Job, remembered: float) -> Iterator[LintWarning]:
    """`remembered`: the longest limit, in seconds, that restarts do not extend."""
    limit = job.expect_success_within
    if limit is not None and not job.on_failure:
        message = "nobody is notified, since the job has no `on_failure`; only the metrics show that it is overdue"
        help = "set `on_failure`, or alert by the metric schedd_job_expected_success_overdue and ignore this warning"
        yield LintWarning(LintCode.NO_RECIPIENT, "expect_success_within", message, help)
    if limit is not None and limit > remembered and job.ping is None and not job.sentry:
        message = f"after a restart schedd counts the {format_duration(limit)} from the start"
        help = "also set `ping` or `sentry`: a service elsewhere notices when schedd itself is not running"
        yield LintWarning(LintCode.LONG_EXPECTATION, "expect_success_within", message, help)
