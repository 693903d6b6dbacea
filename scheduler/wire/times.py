"""Requests and replies about scheduled times: `next`, `explain` and `why`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scheduler.wire.envelope import Instant
from scheduler.wire.runs import HistoryEntry

MOST = 100_000
"""Scheduled times in one answer."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """`next`: List the coming scheduled times of all enabled jobs, or of `jobs`, in order.

    Lists at most `count`, strictly after `start` (by default now), none after `until`. Times in notes are in
    `timezone`, by default that of the job.
    """

    jobs: tuple[str, ...] = ()
    count: int = 10
    start: Instant | None = None
    until: Instant | None = None
    timezone: str | None = None


class ScheduledTime(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A coming scheduled time, or the time for which a run was requested; then `run_id` is set.

    `note` says what DST, a pause or `enabled: false` means for it, or who requested it.
    """

    at: datetime
    job: str | None
    timezone: str
    note: str | None = None
    run_id: str | None = None


class Explain(msgspec.Struct, frozen=True):
    """`explain`: Explain a job's schedule in words."""

    job: str


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A coming DST change, and its effect on `part`, the schedule or one entry of a list of schedules."""

    at: datetime
    part: str
    sentence: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule explained. `words` is null when they would not be clearer than the expression.

    `kind` decides what DST does to it: `wildcard`, `fixed-time`, `interval`, `once`, `at start`, `after a job`.
    """

    schedule: str
    timezone: str
    words: str | None
    kind: str
    next: tuple[ScheduledTime, ...] = ()
    dst_changes: tuple[ChangeView, ...] = ()
    pitfalls: tuple[str, ...] = ()


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """`why`: Explain why a job ran, or did not run, at the time `at`.

    Without `at`, explain the job's last decision and its next scheduled time. Times in `sentences` are in
    `timezone`, by default that of the job.
    """

    job: str
    at: datetime | None = None
    timezone: str | None = None


class MismatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of `part` that does not match the instant: what it allows, and what the clock shows then."""

    part: str
    field: str
    allowed: str
    shown: str


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job ran, did not run, or will run. `sentences` are the answer for people, the rest for programs.

    `entry` is the decision about the instant; `before` and `after` are the nearest scheduled times.
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
    "overlap": "the previous run was still waiting or running",
    "late": "schedd noticed it after the start deadline",
    "coalesced": "a later run of the job took its place",
    "excluded": "`except` excludes this time",
    "paused": "the job was paused",
    "condition": "its run_if did not allow it",
    "lock": "its lock was not free before the start deadline",
    "capacity": "max_running was reached until the start deadline",
    "stopped": "it was stopped while it waited",
    "removed": "a reload removed or disabled the job",
    "shutdown": "schedd was shutting down",
    "elsewhere": "another scheduler took it",
    "no-worker": "no worker took it in time",
    "no-store": "the broker or the store could not be reached",
}
"""Why a run was skipped, in words."""


def skipped_text(reason: str, note: str | None) -> str:
    """Why a run was skipped, in words, with a note if it says more. The note of `no-store` says it all."""
    if reason == "no-store" and note:
        return note
    words = REASONS.get(reason, reason)
    return f"{words} ({note})" if note and note != words else words
