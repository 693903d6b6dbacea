"""Durations, instants, sizes and endings as text on the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from markupsafe import Markup

from scheduler.model.run import Attempt, Outcome, Pause, Run
from scheduler.text import plural as plural  # noqa: PLC0414 - a word of the page like the others
from scheduler.text import span as span  # noqa: PLC0414

EXITS = {
    64: "usage error",
    65: "invalid input data",
    66: "input not readable",
    69: "service unavailable",
    70: "internal error",
    71: "system error",
    73: "output file cannot be created",
    74: "input or output error",
    75: "temporary failure",
    77: "permission denied",
    78: "configuration error",
    126: "command not executable",
    127: "command not found",
}
"""Exit codes that sysexits.h and shells define."""


def size(count: int) -> str:
    """Bytes as `88 MiB`."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.1f} GiB"


def ending(run: Run) -> str:
    """What explains the outcome of a finished run that did not succeed: `exit 127: command not found`.

    Only the first part of a longer explanation; the page of the run has the whole.
    """
    if not run.attempts or run.outcome is Outcome.SUCCEEDED:
        return ""
    return attempt_ending(run.attempts[-1]).partition("; ")[0]


def attempt_ending(attempt: Attempt) -> str:
    """What explains the outcome of one attempt; empty when it succeeded."""
    ended = attempt.exit
    if attempt.outcome is Outcome.SUCCEEDED:
        return ""
    if attempt.cause is not None:
        return attempt.cause
    note = ended.notes[0] if ended.notes else EXITS.get(ended.code, "")
    if attempt.outcome is Outcome.TIMED_OUT:
        return note
    if ended.lost:
        return note or "exit code unknown"
    if ended.signal is not None:
        return note or f"signal {ended.signal}"
    return f"exit {ended.code}: {note}" if note else f"exit {ended.code}"


_SAME_YEAR = 300
"""Days from now within which a date is written without its year: its weekday tells which year is meant."""


class Moment:
    """The instant and the zone of one page, and how it shows other instants."""

    def __init__(self, now: datetime, zone: ZoneInfo, *, with_seconds: bool = False) -> None:
        """`with_seconds` shows them also where they are zero, beside others that are not."""
        self._with_seconds = with_seconds
        self.now = now
        self.zone = zone
        self.local = now.astimezone(zone)
        self.zone_name = self.local.tzname() or ""

    def relative(self, moment: datetime) -> str:
        """`in 3m 10s`, `2h 5m ago`, `now`."""
        ahead = round((moment - self.now).total_seconds())
        if ahead == 0:
            return "now"
        return f"in {span(ahead)}" if ahead > 0 else f"{span(-ahead)} ago"

    def rel(self, moment: datetime) -> Markup:
        """`relative`, which the script keeps up to date; what is ahead becomes `now`, what is over stays over."""
        return self._time(moment, "next" if moment > self.now else "past", self.relative(moment))

    def since(self, moment: datetime) -> Markup:
        """How long ago `moment` was, without `ago`, which the script keeps up to date."""
        return self._time(moment, "since", span(max(0, round((self.now - moment).total_seconds()))))

    def clock(self, moment: datetime, *, zone: bool = False) -> str:
        """`14:05`, `Fri 02:30`, `Sat 31 Oct 23:00` in the page's zone, which is named where it differs from now."""
        there = self._there(moment)
        days = (there.date() - self.local.date()).days
        date = "" if days == 0 else f"{there:%a} " if 0 < days < 7 else f"{self.day(moment)} "
        text = f"{date}{self.time(moment)}"
        name = there.tzname() or ""
        return f"{text} {name}" if zone or name != self.zone_name else text

    def until(self, moment: datetime | None) -> str:
        """`until 16:20`; `until resumed` without an end."""
        return "until resumed" if moment is None else f"until {self.clock(moment)}"

    def day(self, moment: datetime) -> str:
        """`Fri 23 Oct`, with the year instead of the weekday where it may not be the nearest day with that date."""
        there = self._there(moment)
        days = abs((there.date() - self.local.date()).days)
        return there.strftime("%a %-d %b" if days < _SAME_YEAR else "%-d %b %Y")

    def time(self, moment: datetime) -> str:
        """`14:05`, with seconds where there are some."""
        there = self._there(moment)
        return there.strftime("%H:%M:%S" if self._exact(there) else "%H:%M")

    def seconds(self, moment: datetime) -> str:
        """`14:05:00`, with the day when it is not today."""
        there = self._there(moment)
        return f"{there:%H:%M:%S}" if there.date() == self.local.date() else f"{self.day(moment)} {there:%H:%M}"

    def abbreviation(self, moment: datetime) -> str:
        """The zone's abbreviation at that instant, which differs between summer and winter."""
        return self._there(moment).tzname() or ""

    def iso(self, moment: datetime) -> str:
        """RFC 3339 in UTC, to the second."""
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def typed(self, moment: datetime) -> str:
        """As people type it: `2026-10-14 02:30`."""
        there = self._there(moment)
        return there.strftime("%Y-%m-%d %H:%M:%S" if there.second else "%Y-%m-%d %H:%M")

    def _exact(self, there: datetime) -> bool:
        return bool(there.second) or self._with_seconds

    def _there(self, moment: datetime) -> datetime:
        try:
            return moment.astimezone(self.zone)
        except OverflowError:
            return moment

    def _time(self, moment: datetime, kind: str, text: str) -> Markup:
        return Markup('<time data-{} datetime="{}">{}</time>').format(kind, self.iso(moment), text)


def until_text(pause: Pause, moment: Moment) -> str:
    """`until 16:20`, or `until resumed`."""
    return moment.until(pause.until)


def midnight(moment: datetime, zone: tzinfo, days: int = 0) -> datetime:
    """The beginning of the day of `moment` in a zone, `days` later."""
    there = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (there + timedelta(days=days)).astimezone(UTC)
