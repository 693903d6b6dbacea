"""Loads a schedule file as a `Config`, or raises one error that lists every problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from scheduler import fast_start
from scheduler.config.loading import Config, Loading, OnProgress
from scheduler.document.finding import Finding, Fix
from scheduler.document.source import Source
from scheduler.errors import ConfigError, Severity
from scheduler.schedule import refresh_zones

_MOST_TEXT = 2_000_000
"""Characters of a file that are read again to check the fixes of its syntax."""


def load(path: Path, on_progress: OnProgress | None = None) -> Config:
    """Read a schedule file, its included files, and changed time zone data.

    Raises ConfigError with every problem, in the order of the files.
    """
    refresh_zones()
    return finish(Loading(path, on_progress=on_progress))


def finish(loading: Loading, at_the_end: Callable[[Config], None] = lambda _: None) -> Config:
    """The result of a `Loading` with its warnings. Calls `at_the_end` once all jobs are read. Raises ConfigError."""
    with fast_start.loading():
        config = loading.config()
        at_the_end(config)
    if any(source.has_errors for source in loading.sources):
        _revise(loading)
    if not any(source.findings for source in loading.sources):
        return config
    from scheduler.config.problems import problems_of, render  # noqa: PLC0415 - only for errors and warnings

    problems = [problem for source in loading.sources for problem in problems_of(source)]
    if errors := [problem for problem in problems if problem.severity is Severity.ERROR]:
        raise ConfigError(render(errors), tuple(problems))
    return msgspec.structs.replace(config, warnings=tuple(problems))


def _revise(loading: Loading) -> None:
    """Replace the errors about a file of another program by one, and drop fixes of syntax that lead to other errors."""
    from scheduler.config.foreign_files import foreign_file  # noqa: PLC0415 - only for errors

    for source in loading.sources:
        if source.has_errors and (message := foreign_file(source.text, source.shown)):
            source.findings[:] = [Finding(None, message)]
        left = max(1, _MOST_TEXT // max(1, len(source.text)))
        for place, finding in enumerate(source.findings):
            if finding.skip and finding.fixes:
                fixes = tuple(fix for fix in finding.fixes if left > 0 and _is_accepted(loading, source, fix))
                source.findings[place] = msgspec.structs.replace(finding, fixes=fixes)
                left -= 1


def _is_accepted(loading: Loading, source: Source, fix: Fix) -> bool:
    """Whether nothing is wrong at the place of the fix once it is applied: a value may also be wrong in quotes."""
    text = source.text[: fix.start] + fix.text + source.text[fix.end :]
    again = Loading(loading.path, changed={source.path: text})
    again.config()
    start = text.rfind("\n", 0, fix.start) + 1  # the error may be at the key
    known = {(finding.at, finding.message) for finding in source.findings}
    return not any(
        finding.severity is Severity.ERROR
        and start <= (finding.at or 0) < fix.start + len(fix.text)
        and ((finding.at or 0) >= fix.start or (finding.at, finding.message) not in known)
        for other in again.sources
        if other.path == source.path
        for finding in other.findings
    )
