"""Values of another program's YAML or JSON file, each with its line; the base of the importers of such files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from scheduler.document.foreign import ForeignDocument, comments, documents
from scheduler.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from scheduler.translate.importers.source_file import SourceFile
from scheduler.translate.importers.templates import template_of
from scheduler.translate.translation import Remark

_TRUE = {"true", "yes", "on", "y"}
_NULL = {"", "~", "null"}


class Item(msgspec.Struct):
    """A value at a line: text, a list, or a mapping. `plain` is text without quotes."""

    line: int
    value: str | list[Item] | dict[str, Item]
    plain: bool = False

    @property
    def text(self) -> str:
        """The text of a scalar; empty for null, a list and a mapping."""
        return self.value if isinstance(self.value, str) and not self.is_null else ""

    @property
    def is_null(self) -> bool:
        """Whether this is YAML's null."""
        return isinstance(self.value, str) and self.plain and self.value.lower() in _NULL

    @property
    def items(self) -> list[Item]:
        """The entries of a list; empty for other values."""
        return self.value if isinstance(self.value, list) else []

    @property
    def entries(self) -> dict[str, Item]:
        """The entries of a mapping; empty for other values."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def is_true(self) -> bool:
        """Whether this is a boolean in any of YAML's spellings, and true."""
        return self.text.lower() in _TRUE

    @property
    def count(self) -> int | None:
        """The whole number of at least 0, None when this is not one."""
        return int(self.text) if re.fullmatch(r"[0-9]{1,9}", self.text) else None

    def get(self, *path: str) -> Item:
        """The value at a path of keys; an empty item at the nearest line when there is none."""
        found = self
        for key in path:
            found = found.entries.get(key) or Item(found.line, "", plain=True)
        return found

    @property
    def shown(self) -> str:
        """The value for a message: the start of a text, or what kind of value it is."""
        if isinstance(self.value, str):
            return self.value if len(self.value) <= 60 else f"{self.value[:57]}..."
        return "[…]" if isinstance(self.value, list) else "{…}"

    @property
    def last_line(self) -> int:
        """The last line on which a part of the value begins."""
        parts = self.items or list(self.entries.values())
        return max([self.line, *(part.last_line for part in parts)])


class YamlFile:
    """The documents of a source, remarks about what cannot be read, and comments by line."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.documents: list[Item] = []
        self.remarks: list[Remark] = []
        self._comments = comments(source.text)
        if template := template_of(source.text):
            self.remarks.append(source.refuse(0, "the file", template))
            return
        for document in documents(source.text):
            self.remarks += [source.refuse(line, "the document", message) for line, message in document.errors]
            if document.root is not None and not document.errors:
                self.documents.append(_item(document.root, document, {}))

    def comments_until(self, line: int) -> tuple[str, ...]:
        """The comments up to a line that have not been asked for yet."""
        found = [number for number in self._comments if number <= line]
        return tuple(self._comments.pop(number) for number in found)

    def rest(self) -> tuple[str, ...]:
        """The comments that have not been asked for."""
        return tuple(self._comments.values())


def walk(item: Item, path: str = "") -> Iterator[tuple[str, Item]]:
    """Each scalar, list of scalars and empty value below an item, with its path."""
    if item.entries:
        for key, value in item.entries.items():
            yield from walk(value, f"{path}.{key}" if path else key)
    elif any(entry.entries for entry in item.items):
        for index, entry in enumerate(item.items):
            yield from walk(entry, f"{path}[{index}]")
    else:
        yield path, item


def _item(node: Node, document: ForeignDocument, made: dict[int, Item]) -> Item:
    """The node as an item; a node that several aliases share is made once."""
    if id(node) not in made:
        line = document.line_of(node.index)
        match node:
            case Scalar(value, _, plain):
                made[id(node)] = Item(line, value, plain)
            case Mapping(_, entries):
                made[id(node)] = Item(line, {key.value: _item(value, document, made) for key, value in entries})
                for key, _ in entries:
                    entry = made[id(node)].entries[key.value]
                    entry.line = min(entry.line, document.line_of(key.index)) or entry.line
            case Sequence(_, items):
                made[id(node)] = Item(line, [_item(entry, document, made) for entry in items])
            case Broken():
                made[id(node)] = Item(line, "", plain=True)
    return made[id(node)]
