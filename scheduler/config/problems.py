"""Renders findings for people: place and message, the line with a caret, and the help."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from scheduler.config.masking import Mask
from scheduler.document.finding import Finding
from scheduler.document.source import Source
from scheduler.errors import MASK, Problem
from scheduler.text import cells, printable, printable_line

_WIDEST = 110
"""Characters of a quoted line."""


class _Quote(NamedTuple):
    """A line with its secrets masked, and the place in it (from 0) of the text at fault."""

    text: str
    caret: int
    width: int


def problems_of(source: Source) -> list[Problem]:
    """The findings of a source, ordered by line."""
    if not source.findings:
        return []
    mask = Mask(source.text, source.readable)
    return [_problem(source, mask, finding) for finding in sorted(source.findings, key=lambda finding: finding.at or 0)]


def render(problems: Iterable[Problem]) -> str:
    """The problems as text for a terminal, in the form that compilers use."""
    return "\n\n".join("\n".join(_lines(problem)) for problem in problems)


def _problem(source: Source, mask: Mask, finding: Finding) -> Problem:
    line, column, help, quote = 0, 0, finding.help, None
    if finding.at is not None:
        line, column = source.position(finding.at)
        start, end = source.line_at(finding.at)
        spans = mask.spans(start, end)
        quote = _quote(source.text, (start, end), spans, finding)
        help = advice(finding, mask)
    return Problem(
        severity=finding.severity,
        path=source.shown,
        line=line,
        column=column,
        width=quote.width if quote else 1,
        caret=quote.caret + 1 if quote else 1,
        key=_printable(finding.key),
        message=_printable(finding.message),
        help=help and _printable(help),
        quote=quote and quote.text,
        code=finding.code,
    )


def advice(finding: Finding, mask: Mask | None = None) -> str | None:
    """The fixes, or else the explanation. Text of the file that may be secret is masked, if there is a mask."""
    if not finding.fixes:
        return finding.help
    shown = []
    for fix in finding.fixes:
        is_secret = mask is not None and mask.covers(fix.start, fix.end)
        if not (is_secret and fix.is_only_masked):
            shown.append(fix.shown(is_secret=is_secret))
    return " or ".join(dict.fromkeys(shown)) or finding.help


def _quote(text: str, line: tuple[int, int], spans: list[tuple[int, int]], finding: Finding) -> _Quote:
    """The line with its secrets masked, without a comment after a secret."""
    at = min(finding.at or 0, line[1])
    shown, caret, width, place = "", None, finding.width, line[0]
    for start, high in sorted(spans):
        low = max(start, place)
        if low >= high:
            continue
        if caret is None and at < high:
            caret = len(shown) + min(at, low) - place
            width = len(MASK) if at >= low else width
        shown += text[place:low] + MASK
        place = high
    if caret is None:
        caret = len(shown) + max(0, at - place)
    rest = text[place : line[1]]
    shown = _printable((shown + (re.sub(r"\s+#.*|^#.*", "", rest) if spans else rest)).replace("\t", " ")).rstrip()
    return _window(shown, caret, max(1, min(width, len(shown) - caret)))


def _window(text: str, caret: int, width: int) -> _Quote:
    """The part of a long line around the text at fault."""
    if len(text) <= _WIDEST:
        return _Quote(text, caret, width)
    start = max(0, min(caret - _WIDEST // 3, len(text) - _WIDEST))
    part = text[start : start + _WIDEST]
    before, after = "…" if start else "", "…" if start + _WIDEST < len(text) else ""
    place = caret - start + len(before)
    return _Quote(before + part + after, place, min(width, len(before + part) - place))


def _printable(text: str) -> str:
    """The text safe to print, at its length: the caret points into it."""
    return printable(text, "�")


def _lines(problem: Problem) -> Iterable[str]:
    path = printable_line(problem.path)
    place = f"{path}:{problem.line}:{problem.column}" if problem.line else path
    code = f" [{problem.code}]" if problem.code else ""
    yield f"{place}: {problem.severity}: {problem.message}{code}"
    margin = "  "
    if problem.quote is not None:
        number = str(problem.line)
        margin = " " * (len(number) + 3)
        start = problem.caret - 1
        before, marked = problem.quote[:start], problem.quote[start : start + problem.width]
        yield f"  {number} | {problem.quote}"
        yield f"{margin}| {' ' * cells(before)}{'^' * max(1, cells(marked))}"
    if problem.help is not None:
        yield f"{margin}help: {problem.help}"
