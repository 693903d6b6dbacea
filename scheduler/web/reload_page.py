"""The page `/reload`: what a reload would change, and the problems of the file."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from scheduler.config.problems import render
from scheduler.errors import ConfigError, Problem, Severity
from scheduler.web.words import Moment, plural
from scheduler.wire.daemon import JobChange, ReloadView, StatusView

_KINDS = (("added", "+", "good"), ("changed", "~", "warn"), ("removed", "−", "bad"))


def context(plan: ReloadView | ConfigError, status: StatusView, moment: Moment) -> dict[str, Any]:
    """The values of the template; `plan` is the error when the file as it is now is invalid."""
    found: dict[str, Any] = {"loaded_at": status.loaded_at, "failed": status.reload_error, "problems": []}
    if isinstance(plan, ConfigError):
        errors = [problem for problem in plan.problems if problem.severity is Severity.ERROR]
        warnings = [problem for problem in plan.problems if problem.severity is Severity.WARNING]
        return found | {
            "problems": [quote(problem) for problem in errors] or [Markup.escape(str(plan))],
            "problem_count": plural(max(1, len(errors)), "error"),
            "warnings": [quote(problem) for problem in warnings],
            "warning_count": plural(len(warnings), "warning"),
        }
    changes = [
        _change(change, kind, sign, mark, moment) for kind, sign, mark in _KINDS for change in getattr(plan, kind)
    ]
    return found | {
        "changes": changes,
        "counts": {
            "added": len(plan.added),
            "changed": len(plan.changed),
            "removed": len(plan.removed),
            "unchanged": plan.unchanged,
        },
        "digest": plan.digest,
        "warnings": [quote(problem) for problem in plan.warnings],
        "warning_count": plural(len(plan.warnings), "warning"),
    }


def quote(problem: Problem) -> Markup:
    """A problem with its line, as on a terminal; its first line bold."""
    first, _, rest = render([problem]).strip("\n").partition("\n")
    word = problem.severity.value
    before, _, after = first.partition(f" {word}: ")
    colour = "bad" if problem.severity is Severity.ERROR else "warn"
    return Markup('<b>{} <span class="{}">{}:</span> {}</b>\n{}').format(before, colour, word, after, rest)


def _change(change: JobChange, kind: str, sign: str, mark: str, moment: Moment) -> dict[str, Any]:
    def shown(at: Any) -> str:
        return "" if at is None else moment.clock(at)

    text = "Its history and its pause are dropped." if kind == "removed" else ""
    return {
        "name": change.name,
        "kind": kind,
        "sign": sign,
        "mark": mark,
        "exists": kind != "added",
        "rows": change.keys,
        "text": text,
        "before": shown(change.next_before),
        "after": shown(change.next_after),
    }
