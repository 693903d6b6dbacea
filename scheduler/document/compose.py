"""`compose`: from the text of a file to its tree of nodes, or to all of its syntax errors at once."""

from __future__ import annotations

import msgspec
import yaml

from scheduler.document.composer import Composer, StopParsingError
from scheduler.document.finding import Finding
from scheduler.document.nodes import Node
from scheduler.document.source import Source

_MOST_SKIPS = 100


def compose(source: Source, words: dict[str, str] | None = None, in_parts: str | None = None) -> Node | None:
    """The tree of a text; None when it is empty or cannot be parsed. Errors become findings of the source.

    `words` says what errors call a key below a key of the root: {"jobs": "job"}. `in_parts` is the key of the root
    whose value is a MappingInParts if it is a mapping, and the end of the text: the tree of a large file takes as much
    memory as what is read from it. What is parsed later then has its findings later.

    The parser stops at the first syntax error. Where the error has an obvious extent, that span is replaced by harmless
    characters and the text is parsed again, so that all syntax errors are reported at once.
    """
    text = source.text
    skipped: dict[int, int] = {}
    for _ in range(_MOST_SKIPS):
        composer = Composer(source, text, skipped, words or {}, in_parts)
        try:
            return composer.document()
        except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
            from scheduler.document.syntax import explain  # noqa: PLC0415 - only for errors

            finding = _with_valid_fixes(explain(error, text), text)
            del source.findings[composer.findings_before :]  # the next pass finds them again
            at = finding.at or 0
            if not any(start < at + finding.width and at < end for start, end in skipped.items()):
                source.findings.append(finding)
            if finding.skip is None:
                return None
            start, end = finding.skip
            source.readable = text = text[:start] + "x" * (end - start) + text[end:]
            skipped[start] = end
        except StopParsingError:
            return None
    return None


def _with_valid_fixes(finding: Finding, text: str) -> Finding:
    """The finding with those of its fixes that the parser accepts and that keep what was written."""
    if not finding.fixes:
        return finding
    from scheduler.suggestion import Replacement, keeps  # noqa: PLC0415 - only for errors

    fixes = tuple(
        fix
        for fix in finding.fixes
        if keeps(text[fix.start : fix.end], Replacement(fix.text))
        and _error_index(f"{{k: {fix.text}}}") is None
        and (_error_index(text[: fix.start] + fix.text + text[fix.end :]) or len(text)) > fix.start
    )
    return msgspec.structs.replace(finding, fixes=fixes)


def _error_index(text: str) -> int | None:
    """Where the parser finds an error; None for a valid text."""
    events = yaml.CSafeLoader(text)
    try:
        while events.check_event():
            events.get_event()
    except yaml.MarkedYAMLError as error:
        return error.problem_mark.index if error.problem_mark else 0
    return None
