"""Export to a crontab of cronie, Debian's cron or BusyBox: a line for each schedule."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from scheduler.errors import UsageError
from scheduler.model.job import Job
from scheduler.schedule import Schedule
from scheduler.translate.exporters.crontab_command import CrontabCommand
from scheduler.translate.exporters.crontab_schedule import CronLine, NoCronError, cron_lines
from scheduler.translate.exporters.exported import (
    Exported,
    ExportedFile,
    Loss,
    LossReport,
    environment_of,
    limits_of,
    parts_of,
)
from scheduler.translate.exporters.shell_line import TITLE
from scheduler.translate.importers.source_file import Dialect

_LONGEST = {Dialect.DEBIAN: 998, Dialect.CRONIE: 131_071, Dialect.BUSYBOX: 1_000}
"""Bytes of a command that each cron reads."""

NOT_EXPORTED = "#! not exported: "


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`timezone` is the IANA name of the zone of the machine on which cron will run.

    `owner` runs the jobs that name no user where others do; None is root.
    """

    dialect: Dialect
    timezone: str
    python: str = "/usr/bin/python3"
    owner: str | None = None


class _Line(NamedTuple):
    """A line, and the zone of its times; None for a comment, and for times that are the same in all zones."""

    text: str
    zone: str | None = None


def export_crontab(jobs: list[Job], options: Options) -> Exported:
    """One crontab. It has a user column when a job has a user, and then belongs into /etc/cron.d."""
    with_users = any(job.process.user for job in jobs)
    if with_users and options.dialect is Dialect.BUSYBOX:
        raise UsageError("BusyBox has no user column; export the jobs of each user on their own")
    kind = "A crontab for /etc/cron.d, with a user column" if with_users else "The crontab of a user"
    lines = [f"# {kind}, {TITLE} --dialect {options.dialect} --timezone {options.timezone}`."]
    if not all("PATH" in environment_of(job.environment)[0] for job in jobs):
        lines += ["# cron sets PATH=/usr/bin:/bin, and schedd does not; add what the commands need."]
    losses: list[Loss] = []
    zone = options.timezone
    for job in jobs:
        writer = _Job(job, options, with_users=with_users)
        lines.append("")
        for line in writer.lines():
            if options.dialect is Dialect.CRONIE and line.zone not in {None, zone}:
                zone = line.zone or zone
                lines.append(f"CRON_TZ={zone}")
            lines.append(line.text)
        losses += writer.report.finish()
    return Exported((ExportedFile("crontab", "\n".join(lines) + "\n"),), tuple(losses))


class _Job:
    """The lines of one job."""

    def __init__(self, job: Job, options: Options, *, with_users: bool) -> None:
        self._job, self._options, self._with_users = job, options, with_users
        self.report = LossReport(job)
        self._command = CrontabCommand(job, limits_of(job.schedule), self.report, options.python)

    def lines(self) -> list[_Line]:
        """A comment, and a line for each schedule, commented out for a job that is disabled or runs on demand."""
        job = self._job
        self.report.exact("schedule", "timezone", "enabled", "user")
        description = f": {' '.join(job.description.split())}" if job.description else ""
        found = [line for part in parts_of(job.schedule) for line in self._of_part(part)]
        if len(parts_of(job.schedule)) > 1:
            self.report.approximated("schedule", "a time that two schedules of the list share may run twice")
        if not found:
            found = [_Line(f"# manual only: {self._escaped(self._command.text(''))}")]
        if not job.enabled:
            found = [line if line.text.startswith("#") else line._replace(text=f"# {line.text}") for line in found]
        return [_Line(f"# {job.name}{description}"), *found]

    def _of_part(self, part: Schedule) -> list[_Line]:
        try:
            return [self._line(line) for line in cron_lines(part, self._options.dialect)]
        except NoCronError as error:
            self.report.lost("schedule", str(error))
            return [_Line(f"{NOT_EXPORTED}{part.text}: {error}")]

    def _line(self, line: CronLine) -> _Line:
        if line.why:
            self.report.approximated("schedule", line.why)
        dialect = self._options.dialect
        text = self._escaped(self._command.text(line.test))
        user = f" {self._user()}" if self._with_users else ""
        whole = f"{line.times}{user} {text}"
        if line.zone not in {None, self._options.timezone} and dialect is not Dialect.CRONIE:
            why = f"cron runs in {self._options.timezone}; the times are those of {line.zone}"
            self.report.lost("timezone", why)
            return _Line(f"{NOT_EXPORTED}{why}: {whole}")
        if len(text.encode()) > _LONGEST[dialect]:
            why = f"longer than the {_LONGEST[dialect]} bytes that cron reads"
            self.report.lost("command", why)
            return _Line(f"{NOT_EXPORTED}{why}: {whole}")
        return _Line(whole, line.zone)

    def _user(self) -> str:
        owner = self._options.owner or "root"
        if self._job.process.user is None:
            self.report.approximated("user", f"the job names none: it runs as {owner}")
        return self._job.process.user or owner

    def _escaped(self, text: str) -> str:
        """The command as cron must read it. `%` would end it, and Debian's cron makes one backslash of two."""
        if self._options.dialect is Dialect.BUSYBOX:
            return text
        if self._options.dialect is Dialect.DEBIAN:
            text = text.replace("\\", "\\\\")
        return text.replace("%", "\\%")
