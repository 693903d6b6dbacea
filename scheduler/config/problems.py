"""Findings as people read them: where, the line itself with a caret under the culprit, what is wrong, what to write."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.config.source import Finding, Source
from scheduler.errors import Problem


def problems_of(source: Source) -> list[Problem]:
    """The findings of a source in the order of its lines."""
    return [_problem(source, finding) for finding in sorted(source.findings, key=lambda finding: finding.at or 0)]


def _problem(source: Source, finding: Finding) -> Problem:
    line, column = (0, 0) if finding.at is None else source.position(finding.at)
    return Problem(
        severity=finding.severity,
        path=source.shown,
        line=line,
        column=column,
        width=finding.width,
        key=finding.key,
        message=finding.message,
        write=finding.write,
        code=finding.code,
    )


def render(problems: Iterable[Problem]) -> str:
    """The problems for a terminal."""
    return "\n".join(
        f"{problem.path}:{problem.line}:{problem.column}: {problem.severity}: {problem.message}\n    write: {problem.write}"
        for problem in problems
    )
