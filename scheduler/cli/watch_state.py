"""The state of `list --watch` and how keys change it; pure, so that it is tested without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from scheduler.cli.job_table import will_run_at
from scheduler.text import plural
from scheduler.wire.jobs import JobView

Deed = Literal["quit", "run", "pause", "resume", "stop"]


class Action(NamedTuple):
    """Something that a key asks for, and the job it is about."""

    deed: Deed
    job: str = ""


QUESTIONS: dict[Deed, str] = {
    "run": "Run {job} now?",
    "pause": "Pause {job}?",
    "resume": "Resume {job}?",
    "stop": "Stop the runs of {job}?",
}

URGENCY = ("running", "retrying", "waiting", "paused", "idle", "done", "disabled")
"""The order of statuses, failing jobs before all of them."""

NEVER = "9999"
"""Sorts after every time."""


def attention(view: JobView) -> tuple[object, ...]:
    """Failing and running jobs first, then by the next run."""
    at = will_run_at(view)
    return not view.consecutive_failures, URGENCY.index(view.status), NEVER if at is None else at.isoformat(), view.name


SORTS: dict[str, Callable[[JobView], object] | None] = {
    "attention": attention,
    "next run": lambda view: ((at := will_run_at(view)) is None, at and at.isoformat(), view.name),
    "last run": lambda view: (view.last is None, view.last and -view.last.started_at.timestamp(), view.name),
    "name": lambda view: view.name,
    "file": None,
}
"""The orders of the list by name; None is that of the file."""


class WatchState:
    """The jobs, the selected one, the order, the filter, and the question or message at the bottom."""

    def __init__(self) -> None:
        self.views: Sequence[JobView] = ()
        self.sort = "attention"
        self.pattern = ""
        self.is_typing = False
        self.selected: str | None = None
        self.is_open = False
        """Whether the selected job is shown instead of the list."""
        self.top = 0
        self.question: Action | None = None
        self.message = ""

    def shown(self) -> list[JobView]:
        """The jobs that match the filter, in order."""
        wanted = self.pattern.lower()
        found = [view for view in self.views if wanted in f"{view.name} {view.schedule} {word_of(view)}".lower()]
        key = SORTS[self.sort]
        return found if key is None else sorted(found, key=key)  # type: ignore[arg-type]  # keys of one sort compare

    def window(self, height: int) -> tuple[list[JobView], int | None]:
        """The jobs that fit into `height` lines, and the number of the selected one among them."""
        shown = self.shown()
        names = [view.name for view in shown]
        self._reselect(names)
        at = names.index(self.selected) if self.selected is not None else 0
        self.top = max(0, min(self.top, at, len(shown) - height))
        self.top = max(self.top, at - height + 1)
        return shown[self.top : self.top + height], at - self.top if names else None

    def press(self, key: str, page: int) -> Action | None:
        """Do what a key means; an action that is left to the caller. `page` is how many jobs are visible."""
        self.message = ""
        if self.question is not None:
            asked, self.question = self.question, None
            return asked if key in ("y", "Y") else None
        if self.is_typing:
            self._type(key)
            return None
        if key in ("q", "esc") and self.is_open:
            self.is_open = False
        elif key == "q":
            return Action("quit")
        elif key == "esc":
            self.pattern = ""
            self._reselect([view.name for view in self.shown()])
        elif key == "enter":
            self.is_open = self.selected is not None
        elif key == "/" and not self.is_open:
            self.is_typing = True
        elif key == "s" and not self.is_open:
            names = list(SORTS)
            self.sort = names[(names.index(self.sort) + 1) % len(names)]
        elif key in _ACTIONS:
            self._ask(key)
        else:
            self._move(key, page)
        return None

    def _type(self, key: str) -> None:
        """Edit the filter."""
        if key in ("enter", "esc"):
            self.is_typing = False
            self.pattern = "" if key == "esc" else self.pattern
        elif key == "backspace":
            self.pattern = self.pattern[:-1]
        elif len(key) == 1:
            self.pattern += key
        self._reselect([view.name for view in self.shown()])

    def _reselect(self, names: Sequence[str]) -> None:
        """Select the first job when the selected one is not shown."""
        if self.selected not in names:
            self.selected = names[0] if names else None

    def _ask(self, key: str) -> None:
        """Ask before the selected job is changed."""
        view = next((view for view in self.views if view.name == self.selected), None)
        if view is not None:
            deed = _ACTIONS[key]
            self.question = Action("resume" if deed == "pause" and view.paused is not None else deed, view.name)

    def _move(self, key: str, page: int) -> None:
        """Select another job."""
        names = [view.name for view in self.shown()]
        if not names or key not in _MOVES:
            return
        at = names.index(self.selected) if self.selected in names else 0
        self.selected = names[max(0, min(len(names) - 1, _MOVES[key](at, page, len(names))))]


_ACTIONS: dict[str, Deed] = {"r": "run", "p": "pause", "x": "stop"}

_MOVES: dict[str, Callable[[int, int, int], int]] = {
    "up": lambda at, _page, _count: at - 1,
    "k": lambda at, _page, _count: at - 1,
    "down": lambda at, _page, _count: at + 1,
    "j": lambda at, _page, _count: at + 1,
    "page up": lambda at, page, _count: at - page,
    "b": lambda at, page, _count: at - page,
    "page down": lambda at, page, _count: at + page,
    " ": lambda at, page, _count: at + page,
    "home": lambda _at, _page, _count: 0,
    "g": lambda _at, _page, _count: 0,
    "end": lambda _at, _page, count: count - 1,
    "G": lambda _at, _page, count: count - 1,
}


def word_of(view: JobView) -> str:
    """The word by which a job is counted and filtered: `failing`, or its status."""
    return "failing" if view.consecutive_failures and view.status in ("idle", "done") else view.status


def totals(views: Sequence[JobView]) -> str:
    """`60 jobs: 1 failing, 2 running, 57 idle`."""
    counts = dict.fromkeys(("failing", *URGENCY), 0)
    for view in views:
        counts[word_of(view)] += 1
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{plural(len(views), 'job')}{': ' if words else ''}{words}"
