"""Export to systemd: a timer and a service for each job."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from scheduler.model.job import Job
from scheduler.model.recipient import CommandRecipient, Recipient
from scheduler.model.target import Argv
from scheduler.schedule import Schedule, has_cron_dst_effect, predecessors
from scheduler.schedule.cron import Cron
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.every import Every
from scheduler.schedule.on_event import AfterJob, AtStart
from scheduler.translate.exporters.exported import (
    Exported,
    ExportedFile,
    Loss,
    LossReport,
    limits_of,
    parts_of,
)
from scheduler.translate.exporters.on_calendar_text import NoCalendarError, calendar_lines
from scheduler.translate.exporters.shell_text import date_tests, day_interval_test
from scheduler.translate.exporters.systemd_service import Service, ServiceOptions, absolute
from scheduler.translate.exporters.unit_text import command_line, span_of, value_of

_QUICK = timedelta(seconds=3)
"""systemd allows five starts in ten seconds."""


class Options(ServiceOptions, frozen=True, kw_only=True):
    """`now` is an instant (UTC); `taken` are names of units that the machine has without the exported ones."""

    now: datetime
    taken: frozenset[str] = frozenset()


def export_systemd(jobs: list[Job], options: Options) -> Exported:
    """The units of the jobs and what they do not have."""
    units = {job.name: _Unit(job, options) for job in jobs}
    followers: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        for before in predecessors(job.schedule) if job.enabled else ():
            followers[before].append(f"{units[job.name].name}.service")
    files: list[ExportedFile] = []
    losses: list[Loss] = []
    for name, unit in units.items():
        files += unit.files(followers[name], units)
        losses += unit.report.finish()
    return Exported(tuple(files), tuple(losses))


class _Unit:
    """The timer and the service of one job."""

    def __init__(self, job: Job, options: Options) -> None:
        self._job, self._options = job, options
        self.report = LossReport(job)
        self.name = job.name
        if {f"{job.name}.service", f"{job.name}.timer"} & options.taken:
            self.name = f"{job.name}-job"
            self.report.approximated("name", f"the system has a unit of this name; it is called {self.name}")

    def files(self, followers: list[str], exported: dict[str, _Unit]) -> list[ExportedFile]:
        """The files of the job; no timer where it has no time that systemd knows."""
        service = Service(self._job, self._options, self.report)
        tests = date_tests(limits_of(self._job.schedule), self.report, otherwise="exit 1")
        timer = self._timer(exported)
        failed = self._hooks(service, "on_failure", self._job.on_failure)
        succeeded = self._hooks(service, "on_success", self._job.on_success)
        unit = [*self._unit(), *_after("OnFailure", [hook.name for hook in failed])]
        unit += _after("OnSuccess", [*(hook.name for hook in succeeded), *followers])
        text = "".join([*unit, "\n", *service.lines(f"{tests}{self._day_test()}")])
        timers = [ExportedFile(f"{self.name}.timer", timer)] if timer else []
        return [*timers, ExportedFile(f"{self.name}.service", text), *failed, *succeeded]

    def _unit(self) -> list[str]:
        lines = ["[Unit]\n", self._description()]
        first = self._job.schedule.next_after(self._options.now) if self._job.schedule else None
        second = self._job.schedule.next_after(first) if self._job.schedule and first else None
        return [*lines, "StartLimitIntervalSec=0\n"] if first and second and second - first < _QUICK else lines

    def _description(self) -> str:
        return f"Description={value_of(' '.join((self._job.description or self._job.name).split()))}\n"

    def _timer(self, exported: dict[str, _Unit]) -> str | None:
        job = self._job
        self.report.exact("schedule", "timezone", "enabled")
        lines = [line for part in parts_of(job.schedule) for line in self._times(part, exported)]
        if not lines:
            return None
        if not job.enabled:
            self.report.approximated("enabled", "the timer has no section [Install]; do not start it")
        if splay := limits_of(job.schedule).splay:
            self.report.approximated("splay", "systemd picks the delay by the machine and the unit")
            lines += [f"RandomizedDelaySec={span_of(splay.total_seconds())}", "FixedRandomDelay=true"]
        if job.catch_up is not None:
            self.report.approximated("catch_up", "Persistent= makes up for a missed run of any age")
            lines.append("Persistent=true")
        if job.schedule and has_cron_dst_effect(job.schedule, self._options.now):
            why = "systemd skips times in a skipped hour, and runs once in a repeated one"
            self.report.approximated("timezone", why)
        install = "\n[Install]\nWantedBy=timers.target\n" if job.enabled else ""
        body = "".join(f"{line}\n" for line in dict.fromkeys(lines))
        return f"[Unit]\n{self._description()}\n[Timer]\n{body}AccuracySec=1s\n{install}"

    def _times(self, part: Schedule, exported: dict[str, _Unit]) -> list[str]:
        if isinstance(part, AtStart):
            self.report.approximated("schedule", "@reboot runs when systemd starts, not schedd")
            return ["OnStartupSec=0" if self._options.of_user else "OnBootSec=0"]
        if isinstance(part, AfterJob):
            if part.job in exported:
                why = f"OnSuccess= of {exported[part.job].name}.service starts it, after each success"
                self.report.approximated("schedule", why)
            else:
                self.report.lost("schedule", f"{part.text}: {part.job} is not exported")
            return []
        try:
            return [f"OnCalendar={line}" for line in self._calendar(part)]
        except NoCalendarError as error:
            if isinstance(part, Every):
                self.report.approximated("schedule", f"{part.text} is counted from the previous run")
                span = span_of(part.interval.total_seconds())
                return [f"OnActiveSec={span}", f"OnUnitActiveSec={span}"]
            self.report.lost("schedule", str(error))
            return []

    def _calendar(self, part: Schedule) -> list[str]:
        interval = self._day_interval()
        if interval is None:
            return calendar_lines(part)
        pattern, zone = interval
        self.report.approximated("schedule", f"{part.text}: a test of the date on each day")
        return [f"*-*-* {pattern.first:%H:%M:%S} {zone}"]

    def _day_interval(self) -> tuple[DayInterval, str] | None:
        """The schedule `@every 2w from …` and its zone, where it is the only one of the job."""
        match parts_of(self._job.schedule):
            case (Cron(pattern=DayInterval() as pattern, zone=zone),):
                return pattern, zone.key
        return None

    def _day_test(self) -> str:
        interval = self._day_interval()
        return day_interval_test(*interval, otherwise="exit 1") if interval else ""

    def _hooks(self, service: Service, key: str, recipients: tuple[Recipient, ...]) -> list[ExportedFile]:
        """Services that tell about the end of the job; `@` is in no name of a job."""
        found = []
        for number, recipient in enumerate(recipients, 1):
            if not isinstance(recipient, CommandRecipient):
                self.report.lost(key, "OnFailure= and OnSuccess= can only start commands")
                continue
            target = recipient.target
            words = list(target.words) if isinstance(target, Argv) else [*target.shell, target.text]
            name = f"{self.name}@{key[3:]}{'' if number == 1 else f'-{number}'}.service"
            head = f"[Unit]\nDescription={key} of {self._job.name}\n\n[Service]\nType=oneshot\n"
            text = "".join(
                [
                    head,
                    f"ExecStart={command_line(absolute(words, self._job.cwd))}\n",
                    *service.context(),
                    *service.hardening(),
                ]
            )
            found.append(ExportedFile(name, text))
            self.report.approximated(key, "a service without SCHED_… variables, started after every run")
        return found


def _after(key: str, names: list[str]) -> list[str]:
    return [f"{key}={' '.join(names)}\n"] if names else []
