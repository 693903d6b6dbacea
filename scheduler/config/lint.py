"""The warnings of `schedctl check` about a valid file, each with a code with which a job silences it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.clock import rfc3339
from scheduler.config.jobs import Entry
from scheduler.config.lint_codes import LintCode
from scheduler.config.lint_target import unresolved
from scheduler.config.load import finish
from scheduler.config.loading import Config, File, Ignored, Loading
from scheduler.config.masking import CONFIDENTIAL
from scheduler.launch.environment import Environment
from scheduler.model.job import Job, Overlap
from scheduler.model.target import Argv, ShellCommand
from scheduler.schedule import dst_effects, find_pitfalls, format_duration, timezone_pitfall

BUSY = 25
"""Most jobs that may start at the same time without a warning."""

_YEAR = timedelta(days=366)
_DAY = 86_400.0
_SECRET_IN_COMMAND = re.compile(
    r"(?i)(?:--?(?:password|passwd|token|secret|api-?key)[= ](?![$\"']*\$)[^\s$]|://[^/\s:$@]+:[^@\s$/]+@)"
)
_CRONTAB_PERCENT = re.compile(r"\\%")


def check(path: Path, *, now: datetime) -> Config:
    """Load a schedule file with all warnings about it. ConfigError includes them too.

    `now` is the aware instant after which scheduled times count.
    """
    lint = _Lint(now)
    loading = Loading(path, lint.file, lint.job)
    return finish(loading, lint.busy_minutes)


class _Lint:
    """Collects the warnings of one file and its jobs."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._environment = Environment(os.environ)
        self._starts: dict[datetime, list[Entry]] = defaultdict(list)

    def file(self, file: File, ignored: Ignored) -> None:
        """Warn about the defaults of a file."""
        given = file.values.get("defaults", {})
        for code, key, message, help in (*_of_environment(given), *_of_timezone(given)):
            if code not in ignored:
                where, at = f"defaults.{key}", file.places[key]
                file.source.warn(at, message, help, code=code, width=len(key), key=where)

    def job(self, entry: Entry, job: Job, ignored: Ignored) -> None:
        """Warn about one job."""
        for code, key, message, help in self._warnings(entry, job):
            if code not in ignored:
                at, width = entry.places.get(key, entry.name.index), len(key)
                if key not in entry.places:
                    width = len(entry.name.value)
                where = f"jobs.{job.name}.{key}"
                entry.source.warn(at, message, help, code=code, width=width, key=where)
        if LintCode.BUSY_MINUTE not in ignored and job.enabled and job.schedule:
            upcoming = job.schedule.next_after(self._now)
            if upcoming:
                self._starts[upcoming].append(entry)

    def busy_minutes(self) -> None:
        """Warn about many jobs at one time, once all jobs are known."""
        for instant, entries in self._starts.items():
            if len(entries) > BUSY:
                entry = entries[0]
                message = f"{len(entries)} jobs start at {rfc3339(instant)}"
                at = entry.places["schedule"]
                help = "use H as the minute to spread the jobs over the hour"
                entry.source.warn(
                    at, message, help, code=LintCode.BUSY_MINUTE, width=8, key=f"jobs.{entry.name.value}.schedule"
                )

    def _warnings(self, entry: Entry, job: Job) -> Iterator[tuple[LintCode, str, str, str | None]]:
        yield from _of_environment(entry.given)
        yield from _of_timezone(entry.given)
        yield from self._of_schedule(job)
        yield from self._of_intervals(job)
        yield from _of_expectation(job)
        yield from _of_command(job)
        if job.enabled and (reason := unresolved(job, self._environment)):
            key = "command" if "command" in entry.places else "python"
            yield LintCode.NOT_FOUND, key, reason, None

    def _of_schedule(self, job: Job) -> Iterator[tuple[LintCode, str, str, str | None]]:
        if job.schedule is None:
            return
        if not job.enabled:
            message = "the job is disabled: its schedule is ignored"
            yield LintCode.DISABLED, "enabled", message, None
            return
        if not job.schedule.at_start and job.schedule.next_after(self._now) is None:
            yield LintCode.NEVER_FIRES, "schedule", "the job will never run: no scheduled time is left", None
        for pitfall in find_pitfalls(job.schedule):
            yield LintCode(pitfall.kind.value), "schedule", pitfall.sentence, None
        for effect in dst_effects(job.schedule, self._now):
            if effect.change.at - self._now < _YEAR and effect.matters:
                day = f"{effect.change.wall_before:%Y-%m-%d}"
                yield LintCode.DST_CHANGE, "schedule", f"on {day} {effect.sentence}", None

    def _of_intervals(self, job: Job) -> Iterator[tuple[LintCode, str, str, str | None]]:
        interval = self._shortest_interval(job)
        if interval is None or not job.enabled or job.overlap is not Overlap.SKIP:
            return
        every = format_duration(interval)
        if job.timeout is not None and job.timeout > interval:
            message = f"the timeout is longer than the interval of {every}; runs may be skipped as overlap"
            yield LintCode.SLOW_TIMEOUT, "timeout", message, None
            return
        waits = sum(job.retry.delay_before(attempt) for attempt in range(2, job.retry.times + 2))
        total = waits + (job.retry.times + 1) * (job.timeout or 0)
        if job.retry.times and total > interval:
            message = f"with all retries a run may take {format_duration(round(total))}; the interval is {every}"
            yield LintCode.SLOW_RETRIES, "retry", message, None

    def _shortest_interval(self, job: Job) -> float | None:
        """Seconds of the shortest interval between the next scheduled times; None when there are fewer than two."""
        moments = [self._now]
        while job.schedule and len(moments) < 5 and (moment := job.schedule.next_after(moments[-1])):
            moments.append(moment)
        return min(((later - earlier).total_seconds() for earlier, later in pairwise(moments[1:])), default=None)


def _of_environment(given: dict[str, object]) -> Iterator[tuple[LintCode, str, str, str | None]]:
    """Warnings about the variables of a job or of the defaults."""
    variables = given.get("env")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        if isinstance(value, str) and value and re.search(CONFIDENTIAL, name):
            message = f"{name} looks like a secret, readable by everyone who can read this file"
            help = "read it from a file with {from_file: …} or from a variable with {from_env: …}"
            yield LintCode.PLAIN_SECRET, "env", message, help


def _of_expectation(job: Job) -> Iterator[tuple[LintCode, str, str, str | None]]:
    limit = job.expect_success_within
    if limit is not None and limit > _DAY and job.ping is None and not job.sentry:
        message = f"a restart of schedd begins to count the {format_duration(limit)} anew"
        help = "also set `ping` or `sentry`: a service elsewhere notices when schedd itself is not running"
        yield LintCode.LONG_EXPECTATION, "expect_success_within", message, help


def _of_timezone(given: dict[str, object]) -> Iterator[tuple[LintCode, str, str, str | None]]:
    zone = given.get("timezone")
    if isinstance(zone, ZoneInfo) and (message := timezone_pitfall(zone.key)):
        yield LintCode.ODD_TIMEZONE, "timezone", message, None


def _of_command(job: Job) -> Iterator[tuple[LintCode, str, str, str | None]]:
    match job.target:
        case ShellCommand(text):
            command = text
        case Argv(words):
            command = " ".join(words)
        case _:
            return
    if _CRONTAB_PERCENT.search(command):
        message = "the backslash of `\\%` is passed to the shell: only a crontab needs it"
        yield LintCode.CRONTAB_PERCENT, "command", message, "write % without the backslash"
    if _SECRET_IN_COMMAND.search(command):
        message = "the command contains what looks like a secret, visible to everyone who can list processes"
        yield LintCode.PLAIN_SECRET, "command", message, "pass it in a variable of `env` with from_file or from_env"
