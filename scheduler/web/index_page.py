"""The page `/`: counts, warnings, timeline, the table of jobs, and what happened."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from scheduler.engine.slices import Slices
from scheduler.web import lanes, timeline
from scheduler.web.alerts import alerts
from scheduler.web.board import Board, JobFacts
from scheduler.web.buckets import Buckets
from scheduler.web.job_row import Row, row, searched
from scheduler.web.recent import Recent
from scheduler.web.words import Moment
from scheduler.wire.daemon import StatusView

ROWS_WITH_STRIP = 200
"""Rows drawn with their strip at once; the script asks for the others when they are scrolled to."""

ENTRIES = 12

STATES = ("failing", "running", "waiting", "retrying", "idle", "paused", "disabled", "done")
SORTS = ("state", "name", "next", "last", "duration")
COLUMNS = (
    ("state", "State", ""),
    ("name", "Job", ""),
    ("", "Schedule", "c-sch"),
    ("next", "Next run", ""),
    ("last", "Last run", ""),
    ("duration", "Duration", "c-dur r"),
    ("", "Last 20 runs", "c-strip"),
)

YOUNG = timedelta(minutes=20)
"""How long after its start schedd counts as new."""

_RANK = {"running": 1, "retrying": 1, "waiting": 2, "idle": 3, "paused": 4, "done": 5, "disabled": 6}


class Query:
    """The parameters of the address; invalid ones are ignored."""

    def __init__(self, given: Mapping[str, str], *, young: bool, root: str = "") -> None:
        """`young`: schedd has started a short while ago, so that a short span shows more. Links begin with `root`."""
        self.root = root
        self._usual_span = "10m" if young else "1h"
        self.q = given.get("q", "").strip()[:100]
        self.state = given.get("state", "") if given.get("state") in STATES else ""
        self.sort = given.get("sort", "state") if given.get("sort") in SORTS else "state"
        self.span = given["span"] if given.get("span") in timeline.SPANS else self._usual_span
        self.events = 200 if given.get("events") == "200" else ENTRIES
        rows = given.get("rows")
        self.rows = None if rows is None else frozenset(rows.split(",")[:ROWS_WITH_STRIP])
        """Only these rows, for the script that replaces them."""

    def given(self) -> dict[str, str]:
        """What differs from a plain `/`."""
        defaults = {"q": "", "state": "", "sort": "state", "span": self._usual_span}
        return {key: value for key in defaults if (value := getattr(self, key)) != defaults[key]}

    def link(self, **changed: str) -> str:
        """The same with something changed."""
        given = {key: value for key, value in {**self.given(), **changed}.items() if value}
        return f"?{urlencode(given)}" if given else ""

    def has_state(self, facts: JobFacts) -> bool:
        """Whether the job has the state of the filter."""
        return self.state in ("", facts.shown_word) or (self.state == "failing" and facts.failures > 0)

    def finds(self, facts: JobFacts) -> bool:
        """Whether the job has the text of the filter."""
        return self.q.lower() in searched(facts) if self.q else True


def sort_key(sort: str) -> Callable[[JobFacts], Any]:
    """Failing, running, then by their next run; or by the column named."""

    def next_of(facts: JobFacts) -> float:
        at = facts.next_at
        return math.inf if at is None else at.timestamp()

    def last_of(facts: JobFacts) -> float:
        return -facts.state.last.started_at.timestamp() if facts.state.last else 0.0

    def duration_of(facts: JobFacts) -> float:
        last = facts.state.last
        return 1.0 if last is None else -(last.duration or 0.0)

    def urgency(facts: JobFacts) -> tuple[int, float]:
        return 0 if facts.failures else _RANK[facts.word], next_of(facts)

    named = {"name": lambda facts: facts.job.name, "next": next_of, "last": last_of, "duration": duration_of}
    return named.get(sort, urgency)


def search(jobs: Iterable[JobFacts], query: Query) -> Iterator[tuple[bool, Any, int]]:
    """For each job whether it has the text of the filter, its key for sorting where it is shown, and its number."""
    key = sort_key(query.sort)
    for number, facts in enumerate(jobs):
        found = query.finds(facts)
        yield found, key(facts) if found and query.has_state(facts) else None, number


def counts(jobs: Sequence[tuple[str, int]]) -> list[tuple[str, int, str]]:
    """State, number and word, each job once; a failing job that also runs or is paused is in both, and says so.

    Of each job the shown word and the failures.
    """
    by_state = Counter(word for word, _ in jobs)
    failing = [word for word, failures in jobs if failures]
    also = Counter(word for word in failing if word != "failing")
    by_state["failing"] = len(failing)
    more = ", ".join(f"{count} also {word}" for word, count in also.items())
    words = {"failing": f"failing ({more})"} if more else {}
    found = [("", len(jobs), "job" if len(jobs) == 1 else "jobs")]
    return found + [(state, by_state[state], words.get(state, state)) for state in STATES if by_state[state]]


def rows(
    board: Board, jobs: Iterable[JobFacts], moment: Moment, *, strips_from: int = ROWS_WITH_STRIP
) -> Iterator[Row]:
    """The rows of the table, made one by one."""
    for number, facts in enumerate(jobs):
        yield row(board, facts, moment, with_strip=number < strips_from)


async def context(
    board: Board,
    buckets: Buckets,
    recent: Recent,
    query: Query,
    status: StatusView,
    moment: Moment,
    slices: Slices,
) -> dict[str, Any]:
    """Everything the template needs; `rows` are made while they are written."""
    jobs = await slices.gather(board.all_facts())
    searches = await slices.gather(search(jobs, query))
    keys = [(key, number) for _, key, number in searches if key is not None]
    matching = await slices.one(lambda: [jobs[number] for _, number in sorted(keys)])
    counted = await slices.gather(
        (jobs[number].shown_word, jobs[number].failures) for found, _, number in searches if found
    )
    wanted = matching if query.rows is None else [facts for facts in matching if facts.job.name in query.rows]
    window = timeline.Window(moment.now, timeline.SPANS[query.span])
    found = await slices.gather(lanes.lanes(buckets, matching, window, moment, query.root))
    entries = list(recent.newest(query.events + 1))
    by_state = await slices.one(lambda: counts(counted))
    warnings = await slices.one(lambda: alerts(jobs, status, recent.missed_runs, moment, board))
    sorting = {"state": "failing, running, then next run"}.get(query.sort, query.sort)
    return {
        "counts": by_state,
        "chosen": query.state,
        "q": query.q,
        "hidden": [(key, value) for key, value in query.given().items() if key != "q"],
        "query": query.link,
        "alerts": warnings,
        "legend": timeline.LEGEND,
        "axis": timeline.axis(window, moment),
        "lanes": [(name, drawing) for name, drawing in found if drawing],
        "quiet": await slices.one(lambda: lanes.without_lane(found)),
        "spans": timeline.NAMES.items(),
        "span": query.span,
        "total": len(jobs),
        "matching": len(matching),
        "rows": rows(board, wanted, moment),
        "columns": COLUMNS,
        "sort": query.sort,
        "caption": f"Jobs, sorted by {sorting}. Times are in {moment.zone}.",
        "entries": entries[: query.events],
        "older": len(entries) > query.events and query.events == ENTRIES,
    }
