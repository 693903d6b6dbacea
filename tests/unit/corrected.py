"""A schedule file with an error, and the same file with a fix applied in its place."""

from __future__ import annotations

import contextlib
from pathlib import Path

from scheduler.config.load import finish
from scheduler.config.loading import Loading
from scheduler.document.finding import Finding, Fix
from scheduler.document.source import Source
from scheduler.errors import ConfigError, Severity


def errors_of(file: Path) -> list[tuple[Source, Finding]]:
    """All errors of a file, each with its source."""
    loading = Loading(file)
    with contextlib.suppress(ConfigError):
        finish(loading)
    return [
        (source, finding)
        for source in loading.sources
        for finding in source.findings
        if finding.severity is Severity.ERROR
    ]


def applied(text: str, fix: Fix) -> list[str]:
    """The text with the fix in its place. Two entries may have to be on one line or on two: both are returned."""
    column = fix.start - (text.rfind("\n", 0, fix.start) + 1)
    joined = [", ".join(fix.text.split("\n"))]
    if len(fix.entries) > 1:
        joined.append(fix.text.replace("\n", "\n" + " " * column))
    return [text[: fix.start] + one + text[fix.end :] for one in joined]


def is_accepted(file: Path, text: str, fix: Fix) -> bool:
    """Whether nothing is wrong any more at the place of the fix. Overwrites the file."""
    for candidate in applied(text, fix):
        file.write_text(candidate)
        end = fix.start + len(candidate) - len(text) + fix.end - fix.start
        wrong = [found for _, found in errors_of(file) if found.at is None or fix.start <= found.at < end]
        if not wrong:
            return True
    return False
