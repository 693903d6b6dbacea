"""The warnings of the page: a pause of all jobs, failing jobs, then problems of the daemon."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta

import msgspec

from scheduler.text import shift
from scheduler.web.board import Board, JobFacts
from scheduler.web.words import EXITS, Moment, ending, plural, until_text
from scheduler.wire.daemon import StatusView

ALERTS = 5
"""Number of failing jobs that get a separate warning."""

SHOWN_AFTER_START = timedelta(hours=1)
"""How long missed runs from before the start are shown."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A warning, with links of text and path. `job` begins the title; `code` says that the text is quoted."""

    title: str
    text: str = ""
    job: str = ""
    links: tuple[tuple[str, str], ...] = ()
    hot: bool = False
    code: bool = False


def alerts(
    jobs: Iterable[JobFacts], status: StatusView, missed: Collection[str], moment: Moment, board: Board
) -> list[Alert]:
    """The current problems: a pause of all jobs, failing jobs, then the daemon."""
    failing = sorted((facts for facts in jobs if facts.failures), key=lambda facts: -facts.failures)
    found = [*_paused(board, status, moment), *(failing_alert(facts, moment, board) for facts in failing[:ALERTS])]
    if len(failing) > ALERTS:
        more = plural(len(failing) - ALERTS, "more job")
        found.append(Alert(title=f"{more} failing", links=(("Show them", "/?state=failing"),), hot=True))
    if status.reload_error is not None:
        found.append(
            Alert(
                title="Reload failed; the previous configuration stays active",
                text=status.reload_error.strip().splitlines()[0],
                links=(("Preview the plan", "/reload"),),
                code=True,
            )
        )
    for job, errors in list(status.notification_errors.items())[:ALERTS]:
        found.append(Alert(job=job, title="could not notify a recipient", text="; ".join(errors)))
    if missed and moment.now - status.started_at < SHOWN_AFTER_START:
        names = ", ".join(list(missed)[:ALERTS]) + (f" and {len(missed) - ALERTS} more" if len(missed) > ALERTS else "")
        title = f"{plural(len(missed), 'job')} had a scheduled time shortly before schedd started"
        until = moment.clock(status.started_at)
        text = f"This schedd was not running until {until}. An earlier one may have run: {names}."
        found.append(Alert(title=title, text=text))
    for jump in status.clock_jumps[-1:]:
        if moment.now - jump.at < timedelta(days=1):
            title = f"The clock jumped by {shift(jump.seconds)} at {moment.seconds(jump.at)}"
            found.append(Alert(title=title, text="The wall clock was set, or schedd was suspended."))
    return found


def _paused(board: Board, status: StatusView, moment: Moment) -> Iterator[Alert]:
    found = board.pause_of_all()
    if found is None:
        return
    pause, count = found
    jobs = (
        "All jobs are"
        if count >= status.jobs
        else f"{count} of {plural(status.jobs, 'job')} {'is' if count == 1 else 'are'}"
    )
    by = "" if pause.by is None else f" by {pause.by.text}"
    about = ": ".join(part for part in (f"Since {moment.clock(pause.since)}{by}", pause.note) if part)
    text = f"{about}. Scheduled runs are skipped; runs in progress continue."
    yield Alert(title=f"{jobs} paused {until_text(pause, moment)}", text=text)


def failing_alert(facts: JobFacts, moment: Moment, board: Board) -> Alert:
    """A failing job: since when, how often, and the explained exit, or the last line that it wrote."""
    last, first = facts.state.last, facts.state.failing_since
    since = "" if first is None else moment.clock(first)
    title = f"has failed {facts.failures} times in a row since {since}" if facts.failures > 1 else f"failed at {since}"
    links = () if last is None else (("Last run", f"/runs/{last.id}"),)
    text = "" if last is None or last.outcome is None else f"{last.outcome.value}, {ending(last)}".rstrip(", ")
    # The words for an exit code are general: the last line says which command was not found.
    is_general = last is not None and any(each.exit.code in EXITS for each in last.attempts[-1:])
    if last is not None and (is_general or ": " not in text) and (said := board.last_line(last)):
        text = f"{text}: {said}"
    return Alert(
        job=facts.job.name, title=title, text=text, links=(*links, ("Why?", f"/jobs/{facts.job.name}#why")), hot=True
    )
