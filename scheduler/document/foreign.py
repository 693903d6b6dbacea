"""YAML files of other programs: several documents in a text, and comments with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from scheduler.document.compose import compose
from scheduler.document.nodes import Node
from scheduler.document.source import Source

_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_COMMENT = re.compile(r"(?<!\S)#+[ \t]*(.*)")
_END = re.compile(r"^\.\.\.(?=\s|$)", re.MULTILINE)


class ForeignDocument:
    """One document. `root` is None when it is empty or cannot be parsed; `errors` are messages with their lines."""

    def __init__(self, text: str, first_line: int) -> None:
        self._source = Source("", Path(), text)
        self._first_line = first_line
        self.root: Node | None = compose(self._source)
        self.errors = [(self.line_of(finding.at or 0), finding.message) for finding in self._source.findings]

    def line_of(self, index: int) -> int:
        """The line in the whole text (from 1) of a character of this document."""
        return self._source.position(index)[0] + self._first_line - 1


def documents(text: str) -> list[ForeignDocument]:
    """The documents of a text that are not empty. `---` in the first column always separates them."""
    starts = [0, *(match.start() for match in _START.finditer(text))]
    found = []
    line = 1
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = _END.sub("#..", _START.sub("   ", text[start:end], count=1))
        document = ForeignDocument(part, line)
        line += part.count("\n")
        if document.root is not None or document.errors:
            found.append(document)
    return found


def comments(text: str) -> dict[int, str]:
    """The comments of a text by line, as far as it can be scanned, without the # and blanks around them."""
    found: dict[int, str] = {}
    end, line = 0, 1
    for start, next_end in _tokens(text):
        for match in _COMMENT.finditer(text, end, start):
            line += text.count("\n", end, match.start())
            end = match.start()
            if match[1].strip():
                found[line] = match[1].strip()
        line += text.count("\n", end, next_end)
        end = next_end
    return found


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """Where each token of a text begins and ends; the text as a whole ends with an empty one."""
    end = 0
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            # The end of a block comes where its last line does, and may be before the end of its last token.
            yield max(end, token.start_mark.index), max(end, token.end_mark.index)
            end = max(end, token.end_mark.index)
    except yaml.YAMLError:
        return
    yield len(text), len(text)
