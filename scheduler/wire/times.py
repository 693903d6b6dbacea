"""What is asked and told about fire times: `next`, `explain` and `why`. Part of the protocol, and as light as it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.wire.envelope import Instant
from scheduler.wire.runs import HistoryEntry

MOST = 100_000
"""Fire times in one answer."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """`next`: the coming slots of all enabled jobs, or of those named, in order; strictly after `start` (now).

    At most `count`, none after `until`. Times within notes are in `timezone`, or in that of the job.
    """

    jobs: tuple[str, ...] = ()
    count: int = 10
    start: Instant | None = None
    until: Instant | None = None
    timezone: str | None = None


class ScheduledTime(msgspec.Struct, frozen=True, kw_only=True):
    """A slot to come. `note` says what a clock change, a pause or `enabled: false` has to do with it."""

    at: datetime
    job: str | None
    timezone: str
    note: str | None = None


class Explain(msgspec.Struct, frozen=True):
    """`explain`: a job's schedule, in words and in consequences."""

    job: str


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A coming change of the clocks, and what it does to the schedule `part`."""

    at: datetime
    part: str
    sentence: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule explained. `words` is null when they would not be clearer than the expression.

    `kind` is how clock changes treat it: `wildcard`, `fixed-time`, `interval`, `once`, `at start`.
    """

    schedule: str
    timezone: str
    words: str | None
    kind: str
    next: tuple[ScheduledTime, ...] = ()
    clock_changes: tuple[ChangeView, ...] = ()
    pitfalls: tuple[str, ...] = ()


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """`why`: one instant of a job; without a zone it is read in the job's own. None is about the job as it stands.

    The answer speaks in times of `timezone`, or of the zone of the job.
    """

    job: str
    at: datetime | None = None
    timezone: str | None = None


class MismatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the schedule `part` that keeps the instant from being a slot: it allows this, the clock shows that."""

    part: str
    field: str
    allowed: str
    shown: str


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job ran, did not run, or will run. `sentences` are the answer for people, the rest for programs.

    `entry` is what the ledger says of the instant; `before` and `after` are the nearest slots.
    """

    job: str
    timezone: str
    sentences: tuple[str, ...]
    at: datetime | None = None
    is_scheduled: bool | None = None
    entry: HistoryEntry | None = None
    mismatches: tuple[MismatchView, ...] = ()
    note: str | None = None
    before: datetime | None = None
    after: datetime | None = None


REASONS = {
    "overlap": "the one before it was still waiting or running",
    "late": "schedd woke too late for it",
    "coalesced": "a later slot of the job ran in its place",
    "paused": "the job was paused",
    "lock": "its lock was not free in time",
    "capacity": "max_running was reached for too long",
    "stopped": "somebody stopped it while it waited",
    "removed": "a reload removed or disabled the job",
    "shutdown": "schedd was shutting down",
}
"""Why a slot was skipped, in words."""
