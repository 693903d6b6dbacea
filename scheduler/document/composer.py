"""`Composer`: builds nodes from the events of the YAML parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from scheduler.document.marks import anchor, tag, template, undefined_alias
from scheduler.document.nodes import (
    DEEPEST,
    TOO_DEEP,
    Broken,
    IrregularTextError,
    Mapping,
    MappingInParts,
    Node,
    Scalar,
    Sequence,
)
from scheduler.document.source import Source

MOST_NODES = 1_000_000
"""Most nodes of a file once every alias and merge key is expanded; a protection against alias bombs."""

_TOO_MANY = f"more than {MOST_NODES:,} values after expanding all aliases"

_TEXT_TAG = "tag:yaml.org,2002:str"
_PROPERTIES = r"(?:[&!]\S*\s+)+"
_AT_THE_END = [MappingEndEvent, DocumentEndEvent, StreamEndEvent]
AT_ONCE = 2 * 256
"""Keys and values that are parsed before they are passed on: few enough for the memory that a large file takes."""

_NEXT_KEY = re.compile(r"\n[^\s#]")
"""A line that may start with a key of the root."""


class StopParsingError(Exception):
    """The text cannot be parsed any further; the source has the finding."""


class Composer:
    """Builds the nodes from the parser's events, in order. Aliases share the node of their anchor."""

    def __init__(
        self, source: Source, text: str, skipped: dict[int, int], words: dict[str, str], in_parts: str | None
    ) -> None:
        self._source = source
        self.findings_before = len(source.findings)
        self._text = text
        self._skipped = skipped
        self._words = words
        self._in_parts = in_parts
        self._enough = 1
        self._deepest = DEEPEST
        self._events = yaml.CSafeLoader(text)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._texts: dict[str, str] = {}
        self._count = 0
        self._ended = False
        self._has_parts = False

    def document(self) -> Node | None:
        """The root node of the only document; None for an empty text."""
        roots = self._collect([])
        while not (self._ended or self._has_parts):
            roots = self._collect(roots)  # what comes after the root can only be another document
        return roots[0] if roots else None

    def _collect(self, nodes: list[Node]) -> list[Node]:  # noqa: C901, PLR0912 - one loop, for speed
        """Append nodes until they are enough and a mapping or list ends, or what is around all of them, or the text."""
        # A loop with its own stack: fast for half a million events, and safe at any depth. Equal texts share an object.
        next_event, skipped, shared = self._events.get_event, self._skipped, self._texts.setdefault
        stack: list[tuple[list[Node], Any, int]] = []
        while True:
            event: Any = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                index, value = event.start_mark.index, event.value
                if event.anchor or event.tag or index in skipped:
                    nodes.append(self._unusual(event, index))
                else:
                    nodes.append(Scalar(shared(value, value), index, not event.style))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if self._in_parts and len(stack) == 1 and self._is_for_parts(event, nodes, stack[0][1]):
                    return [self._root_with_parts(event, nodes, stack[0][1])]
                if event.anchor or len(stack) >= self._deepest:
                    self._open(event, len(stack))
                stack.append((nodes, event, self._count))
                nodes = []
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if not stack:
                    self._ended = True
                    return nodes
                children, (nodes, event, count) = nodes, stack.pop()
                word = "key"
                if len(stack) == 1 and nodes and type(nodes[-1]) is Scalar:
                    word = self._words.get(nodes[-1].value, word)
                nodes.append(self._close(event, children, count, word))
                if not stack and len(nodes) >= self._enough:
                    return nodes
            elif kind is StreamEndEvent:
                self._ended = True
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

    def _is_for_parts(self, event: Any, nodes: list[Node], root: Any) -> bool:
        """Whether this is the mapping under the key `in_parts`, without anything unusual, and the last of the root."""
        at: int = event.start_mark.index
        is_plain = not any(one.anchor or one.tag or one.flow_style for one in (root, event))
        if type(event) is not MappingStartEvent or type(root) is not MappingStartEvent or not is_plain:
            return False
        key = nodes[-1] if len(nodes) % 2 else None
        if type(key) is not Scalar or key.value != self._in_parts:
            return False
        return _NEXT_KEY.search(self._text, at) is None

    def _root_with_parts(self, event: Any, nodes: list[Node], root: Any) -> Node:
        self._in_parts, self._has_parts, self._deepest, self._enough = None, True, DEEPEST - 2, AT_ONCE
        nodes.append(MappingInParts(event.start_mark.index, [], self._parts()))
        return Mapping(root.start_mark.index, self._entries(nodes, "key"))

    def _parts(self) -> Iterator[tuple[Scalar, Node]]:
        next_event: Any = self._events.get_event
        try:
            while not self._ended:
                nodes = self._collect([])
                if len(nodes) % 2:
                    raise IrregularTextError
                places = iter(nodes)
                for key, value in zip(places, places):  # noqa: B905 - pairs of the same list
                    if type(key) is not Scalar or (key.plain and key.value == "<<"):
                        raise IrregularTextError
                    yield key, value
            if [type(next_event()) for _ in _AT_THE_END] != _AT_THE_END:
                raise IrregularTextError
        except (yaml.MarkedYAMLError, yaml.reader.ReaderError, StopParsingError):
            raise IrregularTextError from None

    def _unusual(self, event: Any, index: int) -> Node:
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
        if depth >= self._deepest:
            self._stop(event.start_mark.index, TOO_DEEP)
        if event.anchor:
            self._anchors[event.anchor] = None

    def _close(self, event: Any, children: list[Node], count: int, word: str) -> Node:
        index = event.start_mark.index
        self._count += len(children)
        if self._count > MOST_NODES:
            self._stop(index, _TOO_MANY)
        node: Node
        if event.tag:
            node = self._tagged(event)
        elif type(event) is SequenceStartEvent:
            node = Sequence(index, children)
        else:
            entries = self._entries(children, word)
            is_template = not entries and self._text.startswith("{{", index)
            node = Broken(index) if is_template else Mapping(index, entries)
        if event.anchor:
            self._anchors[event.anchor] = node, self._count - count + 1
        return node

    def _alias(self, event: Any) -> Node:
        index = event.start_mark.index
        known = self._anchors.get(event.anchor, ())
        if known:
            node, size = known
            self._count += size - 1  # itself is one of the children of the node that it is in
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
        raise StopParsingError
