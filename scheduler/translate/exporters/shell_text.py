"""Parts of a job as text for /bin/sh: words in quotes, attempts with a time limit, and tests of the date."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import date, timedelta

from scheduler.model.job import Job
from scheduler.schedule import Limits
from scheduler.schedule.day_interval import DayInterval
from scheduler.schedule.exclusions import DateRange, Exclusions, YearlyRange
from scheduler.translate.exporters.exported import LossReport

_EPOCH = date(1970, 1, 1)
_MOST_DELAYS = 20


def seconds(duration: float) -> str:
    """A number of seconds, never in the form 1e+06."""
    return str(round(duration)) if duration == round(duration) else f"{duration:.3f}"


def quoted_words(words: Iterable[str]) -> str:
    """The words, each in quotes where it needs them."""
    return " ".join(map(shlex.quote, words))


def attempts(job: Job, command: str, report: LossReport, *, limited: bool) -> str:
    """The command, run again after failures as `retry` says; `limited` is whether timeout(1) ends each attempt.

    It must be a simple command. The text ends the shell with the exit code of the last attempt.
    """
    if limited and job.timeout is not None:
        command = f"timeout -k {seconds(job.stop_grace)} {seconds(job.timeout)} {command}"
        report.approximated("timeout", "timeout(1) does not stop processes that left the process group")
    report.exact("retry")
    if not job.retry.times:
        return command
    delays = [job.retry.delay_before(attempt) for attempt in range(2, 2 + min(job.retry.times, _MOST_DELAYS))]
    listed = " ".join(map(seconds, delays))
    if job.retry.times > _MOST_DELAYS:
        listed += f" $(yes {seconds(job.retry.max_delay)} | head -n {job.retry.times - _MOST_DELAYS})"
    codes = "|".join(map(str, sorted(job.success_codes)))
    report.approximated("retry", "a loop of the shell; its attempts are not recorded")
    once_more = "[ $delay = end ] || sleep $delay"
    return (
        f"for delay in {listed} end; do {command}; c=$?; case $c in {codes}) exit $c;; esac; {once_more}; done; exit $c"
    )


def date_tests(limits: Limits, report: LossReport, *, otherwise: str) -> str:
    """Commands that end the shell by `otherwise` at times that `from`, `until` and `except` exclude."""
    tests = []
    if limits.first is not None:
        tests.append(f'[ "$(date +%s)" -ge {round(limits.first.timestamp())} ] || {otherwise}; ')
        report.approximated("from", "a test of the time in the command")
    if limits.last is not None:  # a run starts some seconds after its time
        last = limits.last + timedelta(seconds=59)
        tests.append(f'[ "$(date +%s)" -le {round(last.timestamp())} ] || {otherwise}; ')
        report.approximated("until", "a test of the time in the command")
    if limits.exclusions is not None:
        tests += _excluded(limits.exclusions, report, otherwise)
    return "".join(tests)


def _excluded(exclusions: Exclusions, report: LossReport, otherwise: str) -> list[str]:
    if exclusions.patterns or exclusions.holidays:
        report.lost("except", "schedules and names of holidays cannot be tested by a shell")
    today = f"$(TZ={exclusions.zone.key} date"
    dates = [f"{day}" for day in sorted(exclusions.dates)]
    dates += ["*-{:02}-{:02}".format(*each) for each in sorted(exclusions.yearly)]
    tests = [f'case "{today} +%F)" in {"|".join(dates)}) {otherwise};; esac; '] if dates else []
    tests += [f"{_within(each, today)} && {otherwise}; " for each in exclusions.ranges]
    if tests:
        report.approximated("except", "a test of the date in the command")
    return tests


def _within(dates: DateRange | YearlyRange, today: str) -> str:
    if isinstance(dates, DateRange):
        number, first, last = f'"{today} +%Y%m%d)"', f"{dates.first:%Y%m%d}", f"{dates.last:%Y%m%d}"
        joined = "&&"
    else:
        number, first, last = f'"{today} +%m%d)"', "{:02}{:02}".format(*dates.first), "{:02}{:02}".format(*dates.last)
        joined = "&&" if dates.first <= dates.last else "||"
    return f"{{ [ {number} -ge {first} ] {joined} [ {number} -le {last} ]; }}"


def day_later(zone: str, days: int) -> str:
    """The day of the month, some days after today in the zone. In UTC all days have 24 hours."""
    today = f'$(date -u -d "$(TZ={zone} date +%F) 00:00" +%s)'
    return f"$(date -u -d @$(( {today} + {86_400 * days} )) +%d)"


def day_interval_test(pattern: DayInterval, zone: str, *, otherwise: str) -> str:
    """Commands that end the shell by `otherwise` on days that are not of the interval."""
    first = (pattern.first.date() - _EPOCH).days
    days = f'd=$(( $(date -u -d "$(TZ={zone} date +%F) 00:00" +%s) / 86400 - {first} )); '
    return f"{days}[ $d -ge 0 ] && [ $(( d % {pattern.days} )) -eq 0 ] || {otherwise}; "
