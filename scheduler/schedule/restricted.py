"""`Restricted`: a schedule with `from`, `until`, `except` and `splay`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scheduler.schedule.cron import LATEST
from scheduler.schedule.exclusions import LONGEST, Exclusions
from scheduler.schedule.schedule import Schedule

_ZERO = timedelta()
_MOST_STEPS = 10_000
"""Excluded stretches that are passed in one search. It ends sooner only where an `except` leaves nothing for years."""


class Limits(msgspec.Struct, frozen=True):
    """The keys of a job that restrict its schedule; instants are UTC, `first` and `last` are both included.

    `delay` is at most `splay` and derived from the job's name. `zone` is that in which instants are shown.
    """

    first: datetime | None = None
    last: datetime | None = None
    exclusions: Exclusions | None = None
    splay: timedelta = _ZERO
    delay: timedelta = _ZERO
    zone: ZoneInfo | None = None

    def shown(self, moment: datetime) -> str:
        """An instant in the zone: `2026-12-20 00:00:00 CET`."""
        return f"{moment.astimezone(self.zone or UTC):%Y-%m-%d %H:%M:%S %Z}"

    def allows(self, moment: datetime) -> bool:
        """Whether a job may run at this instant, as far as `from`, `until` and `except` say."""
        return self.is_within(moment) and (self.exclusions is None or self.exclusions.reason(moment) is None)

    def is_within(self, moment: datetime) -> bool:
        """Whether the instant is not before `from` and not after `until`."""
        return (self.first is None or moment >= self.first) and (self.last is None or moment <= self.last)


NO_LIMITS = Limits()


class _LastAnswer:
    """The last answer of `next_after`: `span` holds (since, until, answer), valid for since <= moment < until.

    It does not belong to the value of the schedule, so all instances are equal.
    """

    __slots__ = ("span",)

    def __init__(self) -> None:
        self.span: tuple[datetime, datetime, datetime | None] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _LastAnswer)

    def __hash__(self) -> int:
        return 0


class Restricted(msgspec.Struct, frozen=True):
    """The times of `schedule` that `limits` allow, each delayed by `limits.delay`.

    `from`, `until` and `except` apply to the times of the schedule before the delay.
    """

    schedule: Schedule
    limits: Limits
    _last: _LastAnswer = msgspec.field(default_factory=_LastAnswer)

    @property
    def text(self) -> str:
        return self.schedule.text

    @property
    def at_start(self) -> bool:
        return self.schedule.at_start

    def next_after(self, moment: datetime) -> datetime | None:
        span = self._last.span
        if span is not None and span[0] <= moment < span[1]:
            return span[2]
        found = self._first_after(moment - self.limits.delay)
        if found is not None:
            found += self.limits.delay
        self._last.span = moment, found or LATEST, found
        return found

    def last_before(self, moment: datetime) -> datetime | None:
        limits = self.limits
        moment -= limits.delay
        if limits.last is not None:
            moment = min(moment, limits.last + datetime.resolution)
        at = self.schedule.last_before(moment)
        for _ in range(_MOST_STEPS):
            if at is None or (limits.first is not None and at < limits.first) or moment - at > LONGEST:
                return None
            if limits.exclusions is None or limits.exclusions.reason(at) is None:
                return at + limits.delay
            at = self.schedule.last_before(limits.exclusions.start(at))
        return None

    def next_excluded(self, moment: datetime, until: datetime) -> datetime | None:
        """Return the first time after `moment`, at the latest at `until`, that `except` removes."""
        limits, exclusions = self.limits, self.limits.exclusions
        if exclusions is None:
            return None
        after = self._start(moment - limits.delay)
        at = self.schedule.next_after(after)
        for _ in range(_MOST_STEPS):
            if at is None or at + limits.delay > until or not limits.is_within(at):
                return None
            if exclusions.reason(at) is not None:
                return at + limits.delay
            possible = exclusions.next_possible(at, until)
            at = self.schedule.next_after(possible - datetime.resolution)
        return None

    def excluded_by(self, moment: datetime) -> str | None:
        """The entry of `except` that removes this time of the schedule."""
        exclusions = self.limits.exclusions
        return None if exclusions is None else exclusions.reason(moment - self.limits.delay)

    def after_step_back(self, handled: datetime) -> Schedule:
        return Restricted(self.schedule.after_step_back(handled - self.limits.delay), self.limits)

    def after_correction(self, handled: datetime) -> Schedule:
        return Restricted(self.schedule.after_correction(handled - self.limits.delay), self.limits)

    def _start(self, moment: datetime) -> datetime:
        first = self.limits.first
        return moment if first is None else max(moment, first - datetime.resolution)

    def _first_after(self, moment: datetime) -> datetime | None:
        exclusions, last = self.limits.exclusions, self.limits.last
        horizon = moment + LONGEST
        at = self.schedule.next_after(self._start(moment))
        for _ in range(_MOST_STEPS):
            if at is None or (last is not None and at > last):
                return None
            if exclusions is None or exclusions.reason(at) is None:
                return at
            if at > horizon:
                return None
            at = self.schedule.next_after(exclusions.end(at) - datetime.resolution)
        return None


def restrict(schedule: Schedule, limits: Limits) -> Schedule:
    """The schedule within its limits. Equal ones give the same object, so that jobs share its last answer."""
    key: Any = schedule  # every schedule is hashable, which the protocol cannot say
    return schedule if limits == NO_LIMITS else _restricted(key, limits)


@lru_cache(maxsize=16_384)
def _restricted(schedule: Any, limits: Limits) -> Schedule:
    return Restricted(schedule, limits)


def delay_of(job_name: str, splay: timedelta) -> timedelta:
    """The delay of a job: whole seconds below `splay`, stable, and evenly distributed over names."""
    from hashlib import blake2b  # noqa: PLC0415 - loads OpenSSL, 3.5 MB, and few files have a splay

    digest = blake2b(f"{job_name}\0splay".encode(errors="surrogatepass"), digest_size=8).digest()
    return timedelta(seconds=int.from_bytes(digest) % max(1, int(splay.total_seconds())))


def starts_at(schedule: Schedule, moment: datetime) -> bool:
    """Whether a start of schedd at this instant runs the job: `@reboot`, unless `from`, `until` or `except` forbid."""
    return schedule.at_start and (not isinstance(schedule, Restricted) or schedule.limits.allows(moment))
