"""The lanes of the timeline: which jobs have one, and what it draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from markupsafe import Markup

from scheduler.web import timeline
from scheduler.web.board import JobFacts
from scheduler.web.buckets import Buckets
from scheduler.web.words import Moment, plural

LANES = 24
"""Largest number of lanes of the timeline."""

LANES_OF_MANY = 12
"""Number of lanes if there are more than LANES jobs, so that their table stays visible."""

NAMED = 12
"""Number of jobs without runs that are named below the timeline."""


def lanes(
    buckets: Buckets, jobs: Sequence[JobFacts], window: timeline.Window, moment: Moment, root: str = ""
) -> Iterator[tuple[str, Markup | None]]:
    """Lanes with something in them, made one by one; None for a job without. Their links begin with `root`."""
    drawn, most = 0, LANES if len(jobs) <= LANES else LANES_OF_MANY
    for facts in jobs:
        if timeline.is_empty(lane_of(facts, buckets, window, brief=True), window):
            yield facts.job.name, None
        elif drawn < most:
            drawn += 1
            yield facts.job.name, timeline.lane(lane_of(facts, buckets, window, root=root), window, moment)
        else:
            yield facts.job.name, Markup("")


def without_lane(found: Sequence[tuple[str, Markup | None]]) -> str:
    """A sentence about the jobs that have no lane."""
    said = []
    quiet = [name for name, drawing in found if drawing is None]
    if left_out := [drawing for _, drawing in found].count(Markup("")):
        said.append(f"{plural(left_out, 'more job')} with runs: filter to see them.")
    if quiet:
        names = ", ".join(quiet[:NAMED]) + (f" and {len(quiet) - NAMED} more" if len(quiet) > NAMED else "")
        said.append(f"No runs in this span: {names}.")
    return " ".join(said)


def lane_of(
    facts: JobFacts, buckets: Buckets, window: timeline.Window, *, brief: bool = False, root: str = ""
) -> timeline.Lane:
    """What the timeline shows of a job; `brief`, of the coming runs only the next."""
    first = facts.runs.first
    oldest = window.now if first is None else first.started_at
    full = len(facts.runs) >= 20 and oldest > window.start
    waiting = facts.waiting
    counted = list(buckets.between(facts.job.name, window.start, oldest)) if full else []
    return timeline.Lane(
        name=facts.job.name,
        root=root,
        known_from=min((oldest, *(start for start, *_ in counted))) if full else None,
        runs=tuple(facts.runs),
        live=facts.state.live,
        skips=timeline.skips_within(facts.decisions, window),
        counted=counted,
        coming=list(islice(_coming(facts, window.end), 1 if brief else timeline.RINGS + 2)),
        waiting=None if waiting is None else waiting.scheduled_at,
        usual=facts.state.usual_duration,
    )


def _coming(facts: JobFacts, end: datetime) -> Iterator[datetime]:
    moment = facts.state.next_at if facts.job.enabled else None
    while moment is not None and moment <= end:
        if facts.pause is None or not facts.pause.covers(moment):
            yield moment
        moment = None if facts.job.schedule is None else facts.job.schedule.next_after(moment)
