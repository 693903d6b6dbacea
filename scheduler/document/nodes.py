"""YAML text as a tree of nodes with positions.

Scalars stay text as written; the reader of a key decides what they mean. YAML's implicit types (`no` as false, `4:30`
as 270, `010` as 8, `1.10` as 1.1) are never applied.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from scheduler.document.finding import Finding
from scheduler.document.source import Source
from scheduler.document.syntax import DEEPEST, TOO_DEEP, anchor, explain, tag, template, undefined_alias

MOST_NODES = 1_000_000
"""Most nodes of a file once every alias and merge key is expanded; a protection against alias bombs."""

_TOO_MANY = f"more than {MOST_NODES:,} values after expanding all aliases"

_TEXT_TAG = "tag:yaml.org,2002:str"
_PROPERTIES = r"(?:[&!]\S*\s+)+"
_MOST_SKIPS = 100


class Scalar(msgspec.Struct, gc=False):
    """Text at `index` of its source; `plain` when it is written without quotes."""

    value: str
    index: int
    plain: bool


class Mapping(msgspec.Struct):
    """Keys, all different, and their values in order."""

    index: int
    entries: list[tuple[Scalar, Node]]


class Sequence(msgspec.Struct):
    """A list of nodes."""

    index: int
    items: list[Node]


class Broken(msgspec.Struct, gc=False):
    """A value whose error is reported already."""

    index: int


Node = Scalar | Mapping | Sequence | Broken


class _StopParsingError(Exception):
    """The text cannot be parsed any further; the source has the finding."""


def compose(source: Source, words: dict[str, str] | None = None) -> Node | None:
    """The tree of a text; None when it is empty or cannot be parsed. Errors become findings of the source.

    `words` says what errors call a key below a key of the root: {"jobs": "job"}.

    The parser stops at the first syntax error. Where the error has an obvious extent, that span is replaced by harmless
    characters and the text is parsed again, so that all syntax errors are reported at once.
    """
    text = source.text
    skipped: dict[int, int] = {}
    for _ in range(_MOST_SKIPS):
        composer = _Composer(source, text, skipped, words or {})
        try:
            return composer.document()
        except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
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
        except _StopParsingError:
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


class _Composer:
    """Builds the nodes from the parser's events, in order. Aliases share the node of their anchor."""

    def __init__(self, source: Source, text: str, skipped: dict[int, int], words: dict[str, str]) -> None:
        self._source = source
        self.findings_before = len(source.findings)
        self._text = text
        self._skipped = skipped
        self._words = words
        self._events = yaml.CSafeLoader(text)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._texts: dict[str, str] = {}
        self._count = 0

    def document(self) -> Node | None:
        """The root node of the only document; None for an empty text."""
        roots = self._collect()
        return roots[0] if roots else None

    def _collect(self) -> list[Node]:
        # A loop with its own stack: fast for half a million events, and safe at any depth. Equal texts share an object.
        next_event, skipped, shared = self._events.get_event, self._skipped, self._texts.setdefault
        nodes: list[Node] = []
        stack: list[tuple[list[Node], Any, int]] = []
        while True:
            event: Any = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                self._count += 1
                index, value = event.start_mark.index, event.value
                if event.anchor or event.tag or self._count > MOST_NODES or index in skipped:
                    nodes.append(self._unusual(event, index))
                else:
                    nodes.append(Scalar(shared(value, value), index, not event.style))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._count += 1
                if event.anchor or len(stack) >= DEEPEST or self._count > MOST_NODES:
                    self._open(event, len(stack))
                stack.append((nodes, event, self._count))
                nodes = []
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                children, (nodes, event, count) = nodes, stack.pop()
                word = "key"
                if len(stack) == 1 and nodes and type(nodes[-1]) is Scalar:
                    word = self._words.get(nodes[-1].value, word)
                nodes.append(self._close(event, children, count, word))
            elif kind is StreamEndEvent:
                return nodes
            else:
                self._collect_other(event, nodes)

    def _collect_other(self, event: Any, nodes: list[Node]) -> None:
        kind = type(event)
        if kind is AliasEvent:
            nodes.append(self._alias(event))
        elif kind is DocumentStartEvent and nodes:
            message = "a second YAML document starts here; a schedule file must have only one"
            self._stop(event.start_mark.index, message, "move its jobs under the first `jobs:`")

    def _unusual(self, event: Any, index: int) -> Node:
        if self._count > MOST_NODES:
            self._stop(index, _TOO_MANY)
        return self._decorated(event, index) if event.anchor or event.tag else Broken(index)

    def _decorated(self, event: Any, index: int) -> Node:
        node: Node
        if event.tag and event.tag != _TEXT_TAG:
            node = self._tagged(event)
        else:
            properties = re.compile(_PROPERTIES).match(self._text, index)
            node = Scalar(event.value, properties.end() if properties else index, not (event.style or event.tag))
        if event.anchor:
            self._anchors[event.anchor] = node, 1
            if event.value == "" and not event.style:
                self._source.findings.append(anchor(self._text, index))
                return Broken(index)
        return node

    def _tagged(self, event: Any) -> Node:
        self._source.findings.append(tag(self._text, event.start_mark.index, on_scalar=isinstance(event, ScalarEvent)))
        return Broken(event.start_mark.index)

    def _open(self, event: Any, depth: int) -> None:
        if depth >= DEEPEST:
            self._stop(event.start_mark.index, TOO_DEEP)
        if self._count > MOST_NODES:
            self._stop(event.start_mark.index, _TOO_MANY)
        if event.anchor:
            self._anchors[event.anchor] = None

    def _close(self, event: Any, children: list[Node], count: int, word: str) -> Node:
        index = event.start_mark.index
        node: Node
        if event.tag:
            node = self._tagged(event)
        elif type(event) is SequenceStartEvent:
            node = Sequence(index, children)
        else:
            node = Mapping(index, self._entries(children, word))
        if event.anchor:
            self._anchors[event.anchor] = node, self._count - count + 1
        return node

    def _alias(self, event: Any) -> Node:
        index = event.start_mark.index
        known = self._anchors.get(event.anchor, ())
        if known:
            node, size = known
            self._count += size
            if self._count > MOST_NODES:
                self._stop(index, _TOO_MANY)
            return node
        if known is None:
            self._stop(index, "the alias is inside its own anchor, which would never end")
        self._source.findings.append(undefined_alias(self._text, index))
        return Broken(index)

    def _entries(self, children: list[Node], word: str) -> list[tuple[Scalar, Node]]:
        """Pairs of key and value. Duplicate keys are reported, merge keys applied."""
        keys = children[::2]
        entries: list[tuple[Scalar, Node]] = list(zip(keys, children[1::2]))  # type: ignore[arg-type]  # noqa: B905
        names = {key.value if type(key) is Scalar else "<<" for key in keys}
        if len(names) == len(entries) and "<<" not in names:
            return entries
        seen: dict[str, Scalar] = {}
        kept = []
        merged: list[tuple[Scalar, Node]] = []
        for key, value in entries:
            if type(key) is not Scalar:
                self._note_complex_key(key)
            elif key.plain and key.value == "<<":
                merged += self._merged(key, value)
            elif first := seen.get(key.value):
                line, _ = self._source.position(first.index)
                message = f'duplicate {word} "{key.value}" (first defined on line {line})'
                self._note(key.index, message, f"delete {'or rename ' * (word == 'job')}one of the two", len(key.value))
            else:
                seen[key.value] = key
                kept.append((key, value))
        for key, value in merged:
            if key.value not in seen:
                seen[key.value] = key
                kept.append((key, value))
        return kept

    def _note_complex_key(self, key: Node) -> None:
        if self._text.startswith("{{", key.index - 1):
            self._source.findings.append(template(self._text, key.index - 1))
        elif not isinstance(key, Broken):
            self._note(key.index, "a key must be text, not a list or a mapping", "put the key in quotes")

    def _merged(self, key: Scalar, value: Node) -> list[tuple[Scalar, Node]]:
        entries: list[tuple[Scalar, Node]] = []
        for source in value.items if isinstance(value, Sequence) else [value]:
            if isinstance(source, Mapping):
                entries += source.entries
                self._count += len(source.entries)
            elif not isinstance(source, Broken):
                message = "<< must be followed by an alias of a mapping, or a list of them"
                self._note(key.index, message, None, 2)
        if self._count > MOST_NODES:
            self._stop(key.index, _TOO_MANY)
        return entries

    def _note(self, index: int, message: str, help: str | None, width: int = 1) -> None:
        self._source.error(index, message, help, width=width)

    def _stop(self, index: int, message: str, help: str | None = None) -> None:
        self._note(index, message, help)
        raise _StopParsingError
