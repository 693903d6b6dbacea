"""The operation `metrics`: counts and states in Prometheus' text format, or as OpenMetrics."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice

from scheduler import __version__
from scheduler.api.reply_text import LongText
from scheduler.api.service import JobState, Service
from scheduler.api.views import status_of
from scheduler.errors import RefusedError
from scheduler.model.job import LauncherName
from scheduler.report.metrics import Histogram, JobCounts, Metrics
from scheduler.wire.daemon import AskMetrics, StatusView

Labels = dict[str, str]
Sample = tuple[Labels, float]

_AT_ONCE = 16
"""Samples that are joined at once; those of a histogram count as one."""

_STATES = ("idle", "running", "waiting", "retrying", "paused", "disabled", "done")


class Family:
    """One metric: its name without the suffix of a counter, its type and help, and its samples."""

    def __init__(self, name: str, kind: str, help: str) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.lines: list[str] = []

    def add(self, value: float, **labels: str) -> None:
        """One sample."""
        suffix = "_total" if self.kind == "counter" else "_info" if self.kind == "info" else ""
        self.lines.append(f"{self.name}{suffix}{_labels(labels)} {_number(value)}")

    def add_histogram(self, histogram: Histogram, **labels: str) -> None:
        """All samples of one histogram, as one text: fewer and longer ones take less memory."""
        count = 0
        lines = []
        for number, bound in enumerate((*histogram.bounds, float("inf"))):
            count += histogram.counts.get(number, 0)
            lines.append(f"{self.name}_bucket{_labels({**labels, 'le': _bound(bound)})} {count}")
        lines.append(f"{self.name}_sum{_labels(labels)} {_number(histogram.total)}")
        lines.append(f"{self.name}_count{_labels(labels)} {count}")
        self.lines.append("\n".join(lines))

    def text(self, *, openmetrics: bool) -> Iterator[str]:
        """Its lines."""
        name, kind = self.name, self.kind
        if not openmetrics:
            name += {"counter": "_total", "info": "_info"}.get(kind, "")
            kind = "gauge" if kind == "info" else kind
        yield f"# HELP {name} {self.help}"
        yield f"# TYPE {name} {kind}"
        yield from self.lines


async def write_metrics(service: Service, ask: AskMetrics) -> LongText:
    """Everything that is counted and true at this moment."""
    counted = service.metrics
    status = service.status()
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.sleep(0)
    active = service.elsewhere is None
    families = [*_of_daemon(status, counted, lag=loop.time() - start)]
    states: Counter[str] = Counter(dict.fromkeys(_STATES, 0))
    per_job = _PerJob(service.now(), status.started_at)
    await service.slices.run(_count(service, states, per_job, active=active))
    families += await _of_store(service, status, active=active, with_workers=per_job.on_workers)
    by_state = Family("schedd_jobs", "gauge", "Jobs by state.")
    for word, count in states.items():
        by_state.add(count, state=word)
    if not counted.per_job:
        per_job.add_totals(counted.jobs.values())
    families += [by_state, *per_job.families()]
    return LongText(_text(families, openmetrics=ask.openmetrics))


def _count(service: Service, states: Counter[str], per_job: _PerJob, *, active: bool) -> Iterator[None]:
    """Add each job, one at each step."""
    counted = service.metrics
    for name in service.names():
        state = service.state(name)
        if state is not None:
            states[status_of(state)] += 1
            per_job.on_workers |= state.job.launcher is LauncherName.CELERY
            if counted.per_job:
                counts = counted.jobs.get(name) or JobCounts()
                per_job.add(state, counts)
                if active:  # a standby does not know the newest runs
                    per_job.add_failures(state)
        yield


def _text(families: list[Family], *, openmetrics: bool) -> Iterator[str]:
    """Each family is freed when it has been written: all at once would take a slice of its own."""
    while families:
        family = families.pop(0)
        lines = family.text(openmetrics=openmetrics) if family.lines else iter(())
        while part := list(islice(lines, _AT_ONCE)):
            yield "\n".join(part) + "\n"
    if openmetrics:
        yield "# EOF\n"


def _of_daemon(status: StatusView, counted: Metrics, *, lag: float) -> Iterator[Family]:
    def one(name: str, kind: str, help: str, value: float, **labels: str) -> Family:
        family = Family(name, kind, help)
        family.add(value, **labels)
        return family

    yield one("schedd", "info", "The running schedd.", 1, version=__version__)
    yield one("schedd_start_time_seconds", "gauge", "When schedd started, Unix time.", status.started_at.timestamp())
    yield one(
        "schedd_config_last_reload_successful",
        "gauge",
        "Whether the last reload succeeded.",
        status.reload_error is None,
    )
    yield one(
        "schedd_config_last_reload_success_timestamp_seconds",
        "gauge",
        "When the active configuration was loaded, Unix time.",
        status.loaded_at.timestamp(),
    )
    jumps = Family("schedd_clock_jump_seconds", "counter", "Seconds by which the wall clock has jumped.")
    jumps.add(counted.clock_forward, direction="forward")
    jumps.add(counted.clock_backward, direction="backward")
    yield jumps
    lateness = Family("schedd_start_lateness_seconds", "histogram", "How late scheduled runs start.")
    lateness.add_histogram(counted.lateness)
    yield lateness
    yield one("schedd_output_dropped_lines", "counter", "Lines of output that the log dropped.", status.dropped_lines)
    notifications = Family("schedd_notifications", "counter", "Notifications by kind of recipient and result.")
    for (kind, result), count in counted.notifications.items():
        notifications.add(count, kind=kind, result=result)
    yield notifications
    yield one("schedd_loop_lag_seconds", "gauge", "Delay of the event loop, measured at this scrape.", lag)


async def _of_store(service: Service, status: StatusView, *, active: bool, with_workers: bool) -> list[Family]:
    """Which of several schedulers is active, and what they share; the workers only if a job runs on them."""
    gauges = [("schedd_active", "Whether this schedd starts the runs: 0 on a standby.", int(active))]
    if status.store_up is not None:
        gauges.append(("schedd_store_up", "Whether the store of the workers answers.", int(status.store_up)))
    if status.store_up and with_workers:
        with suppress(RefusedError):  # it has just gone
            gauges.append(("schedd_workers", "Workers that are present.", len(await service.workers())))
    families = []
    for name, help, value in gauges:
        families.append(Family(name, "gauge", help))
        families[-1].add(value)
    return families


class _PerJob:
    """Families with the label `job`."""

    def __init__(self, now: datetime, started_at: datetime) -> None:
        self._now = now
        self._started_at = started_at
        self.on_workers = False
        """Whether a job runs on workers."""
        self._families: dict[str, Family] = {}

    def families(self) -> Iterable[Family]:
        return self._families.values()

    def add(self, state: JobState, counts: JobCounts) -> None:
        job = state.job.name
        schedule = "" if state.job.schedule is None else state.job.schedule.text
        self._gauge("schedd_job_info", "The job's schedule and time zone.").add(
            1, job=job, schedule=schedule, timezone=state.job.timezone.key
        )
        self._counts(counts, job=job)
        self._gauge("schedd_job_running", "Runs in progress.").add(len(state.live), job=job)
        self._gauge("schedd_job_waiting", "Whether a run is waiting to start.").add(state.waiting is not None, job=job)
        self._gauge("schedd_job_paused", "Whether the job is paused.").add(state.paused is not None, job=job)
        if state.next_at is not None:
            family = self._gauge("schedd_job_next_run_timestamp_seconds", "The next scheduled time, Unix time.")
            family.add(state.next_at.timestamp(), job=job)
        if state.last_success is not None:
            family = self._gauge("schedd_job_last_success_timestamp_seconds", "When a run last succeeded, Unix time.")
            family.add(state.last_success.timestamp(), job=job)
        self._last(counts, job)

    def add_failures(self, state: JobState) -> None:
        """The gauges that alert."""
        job = state.job.name
        self._gauge("schedd_job_consecutive_failures", "Failed runs in a row.").add(state.consecutive_failures, job=job)
        within = state.job.expect_success_within
        if within is not None:
            since = state.last_success or self._started_at
            overdue = (self._now - since).total_seconds() > within
            family = self._gauge(
                "schedd_job_expected_success_overdue", "Whether expect_success_within has passed without a success."
            )
            family.add(overdue, job=job)

    def add_totals(self, jobs: Iterable[JobCounts]) -> None:
        """The counters of all jobs together, without the label."""
        total = JobCounts()
        for counts in jobs:
            total.add(counts)
        self._counts(total)

    def _counts(self, counts: JobCounts, **labels: str) -> None:
        help = "Scheduled times and manual requests by decision: ran, or why they were skipped."
        decisions = self._family("schedd_decisions", "counter", help)
        for word, count in counts.decisions.items():
            decisions.add(count, **labels, decision=word)
        runs = self._family("schedd_runs", "counter", "Finished runs by outcome and trigger.")
        for (outcome, trigger), count in counts.runs.items():
            runs.add(count, **labels, outcome=outcome, trigger=trigger)
        attempts = self._family("schedd_attempts", "counter", "Finished attempts by outcome.")
        for outcome, count in counts.attempts.items():
            attempts.add(count, **labels, outcome=outcome)
        if counts.last is not None or not labels:
            durations = self._family(
                "schedd_run_duration_seconds", "histogram", "How long runs took, retries included."
            )
            durations.add_histogram(counts.durations, **labels)

    def _last(self, counts: JobCounts, job: str) -> None:
        last = counts.last
        if last is None or last.finished_at is None:
            return
        self._gauge("schedd_job_last_run_timestamp_seconds", "When the last run finished, Unix time.").add(
            last.finished_at.timestamp(), job=job
        )
        self._gauge("schedd_job_last_run_duration_seconds", "How long the last run took.").add(
            last.duration or 0.0, job=job
        )
        self._gauge("schedd_job_last_exit_code", "Exit code of the last run.").add(last.exit_code, job=job)

    def _gauge(self, name: str, help: str) -> Family:
        return self._family(name, "gauge", help)

    def _family(self, name: str, kind: str, help: str) -> Family:
        family = self._families.get(name)
        if family is None:
            family = self._families[name] = Family(name, kind, help)
        return family


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(round(value, 6))


def _bound(bound: float) -> str:
    return "+Inf" if bound == float("inf") else repr(bound)
