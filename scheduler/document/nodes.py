"""A text in YAML as a tree of nodes, each of which knows where it stands.

Scalars stay text as written: what they mean is for those to say who know the key. YAML's own guesses (`no` is false,
`4:30` is 270, `010` is 8, `1.10` is 1.1) never happen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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

from scheduler.document.line_context import Flaw
from scheduler.document.source import Source
from scheduler.document.syntax import DEEPEST, TOO_DEEP, anchor, explain, tag, template, undefined_alias

MOST_NODES = 1_000_000
"""Nodes after every alias and merge key has been written out, which is what a bomb of aliases is made of."""

_TOO_MANY = f"more than {MOST_NODES:,} values, with every alias written out"

_TEXT_TAG = "tag:yaml.org,2002:str"
_PROPERTIES = r"(?:[&!]\S*\s+)+"
_MOST_MENDS = 100


class Scalar(msgspec.Struct, gc=False):
    """Text at `index` of its source; `plain` when it stands there without quotes."""

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
    """A value about which its source has a finding already: nothing more is to be said."""

    index: int


class Digest(msgspec.Struct):
    """What was made of a mapping as soon as it was complete, so that its nodes need not be kept."""

    index: int
    value: Any


Node = Scalar | Mapping | Sequence | Broken | Digest

Digester = Callable[[Scalar, Mapping], Any]
"""Makes a value of a mapping and its key."""


class _SyntaxFlawError(Exception):
    """The text is no YAML beyond this point; the source has the finding."""


def compose(source: Source, below: str, digest: Digester) -> Node | None:
    """The tree of a text, None when it is empty or not to be understood. Mistakes become findings of the source.

    Each mapping below the root's key `below` is replaced by what `digest` makes of it: ten thousand jobs as nodes
    would take twice the memory that the daemon then needs.

    The parser stops at the first flaw of syntax. Those that have one evident remedy are replaced by as many harmless
    characters, and the text is parsed anew, so that all of them are found at once. Of what was replaced nothing more
    is said.
    """
    text = source.text
    mended: dict[int, int] = {}
    for _ in range(_MOST_MENDS):
        composer = _Composer(source, text, mended, below, digest)
        try:
            return composer.document()
        except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
            flaw = explain(error, text)
            del source.findings[composer.findings_before :]  # the next pass, if any, comes upon them again
            if not any(start < flaw.at + flaw.width and flaw.at < end for start, end in mended.items()):
                source.note(flaw.at, flaw.message, flaw.help, fill=flaw.fill, width=flaw.width)
            if flaw.mend is None:
                return None
            start, end = flaw.mend
            source.readable = text = text[:start] + "x" * (end - start) + text[end:]
            mended[start] = end
        except _SyntaxFlawError:
            return None
    return None


class _Composer:
    """One pass over the parser's events. Aliases share the node of their anchor."""

    def __init__(self, source: Source, text: str, mended: dict[int, int], below: str, digest: Digester) -> None:
        self._source = source
        self.findings_before = len(source.findings)
        self._text = text
        self._mended = mended
        self._below = below
        self._digest = digest
        self._events = yaml.CSafeLoader(text)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._count = 0

    def document(self) -> Node | None:
        """The only document of the stream."""
        roots = self._collect()
        return roots[0] if roots else None

    def _collect(self) -> list[Node]:
        # One loop with its own stack: a file can have half a million events, and no depth can overflow it.
        next_event = self._events.get_event
        nodes: list[Node] = []
        stack: list[tuple[list[Node], Any, int]] = []
        while True:
            event: Any = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                nodes.append(self._scalar(event))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, len(stack))
                stack.append((nodes, event, self._count))
                nodes = []
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                children, (nodes, event, count) = nodes, stack.pop()
                node = self._close(event, children, count)
                nodes.append(self._digested(nodes, stack[1][0], node) if len(stack) == 2 else node)
            elif kind is AliasEvent:
                nodes.append(self._alias(event))
            elif kind is DocumentStartEvent and nodes:
                message = "a second document begins here; a schedule file has one"
                self._refuse(event.start_mark.index, message, "put its jobs above")
            elif kind is StreamEndEvent:
                return nodes

    def _digested(self, siblings: list[Node], root: list[Node], node: Node) -> Node:
        """The node, or what is made of it when it is the value of a key below the root's `below`."""
        above = root[-1] if len(root) % 2 else None
        if isinstance(above, Scalar) and above.value == self._below and len(siblings) % 2 and isinstance(node, Mapping):
            key = siblings[-1]
            if isinstance(key, Scalar):
                return Digest(node.index, self._digest(key, node))
        return node

    def _scalar(self, event: Any) -> Node:
        index = event.start_mark.index
        self._count += 1
        if self._count > MOST_NODES:
            self._refuse(index, _TOO_MANY)
        if event.anchor or event.tag:
            return self._decorated(event, index)
        if index in self._mended:
            return Broken(index)
        return Scalar(event.value, index, not event.style)

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
                self._note_flaw(anchor(self._text, index))
                return Broken(index)
        return node

    def _tagged(self, event: Any) -> Node:
        self._note_flaw(tag(self._text, event.start_mark.index, on_scalar=isinstance(event, ScalarEvent)))
        return Broken(event.start_mark.index)

    def _open(self, event: Any, depth: int) -> None:
        self._count += 1
        if depth >= DEEPEST:
            self._refuse(event.start_mark.index, TOO_DEEP)
        if self._count > MOST_NODES:
            self._refuse(event.start_mark.index, _TOO_MANY)
        if event.anchor:
            self._anchors[event.anchor] = None

    def _close(self, event: Any, children: list[Node], count: int) -> Node:
        index = event.start_mark.index
        node: Node
        if event.tag:
            node = self._tagged(event)
        elif type(event) is SequenceStartEvent:
            node = Sequence(index, children)
        else:
            node = Mapping(index, self._entries(children))
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
                self._refuse(index, _TOO_MANY)
            return node
        if known is None:
            self._refuse(index, "this alias stands within its own anchor, so it would never end")
        self._note_flaw(undefined_alias(self._text, index))
        return Broken(index)

    def _entries(self, children: list[Node]) -> list[tuple[Scalar, Node]]:
        """Pairs of key and value; keys twice are noted, merge keys are carried out."""
        entries: list[tuple[Scalar, Node]] = list(zip(children[::2], children[1::2], strict=True))  # type: ignore[arg-type]
        names = {key.value for key, _ in entries if type(key) is Scalar}
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
                message = f"{key.value} stands here for the second time; the first is in line {line}"
                self._note(key.index, message, "one of the two", len(key.value))
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
            self._note_flaw(template(self._text, key.index - 1))
        elif not isinstance(key, Broken):
            self._note(key.index, "a key is text, not a list or a mapping", "quotes around the key")

    def _merged(self, key: Scalar, value: Node) -> list[tuple[Scalar, Node]]:
        entries: list[tuple[Scalar, Node]] = []
        for source in value.items if isinstance(value, Sequence) else [value]:
            if isinstance(source, Mapping):
                entries += source.entries
                self._count += len(source.entries)
            elif not isinstance(source, Broken):
                self._note(key.index, "<< merges a mapping, or a list of mappings, into this one", "<<: *anchor", 2)
        if self._count > MOST_NODES:
            self._refuse(key.index, _TOO_MANY)
        return entries

    def _note(self, index: int, message: str, help: str | None, width: int = 1) -> None:
        self._source.note(index, message, help, width=width)

    def _note_flaw(self, flaw: Flaw) -> None:
        self._source.note(flaw.at, flaw.message, flaw.help, fill=flaw.fill, width=flaw.width)

    def _refuse(self, index: int, message: str, help: str | None = None) -> None:
        self._note(index, message, help)
        raise _SyntaxFlawError
