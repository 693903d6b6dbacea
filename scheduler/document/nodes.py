"""The nodes of a YAML text, with positions.

Scalars stay text as written; the reader of a key decides what they mean. YAML's implicit types (`no` as false, `4:30`
as 270, `010` as 8, `1.10` as 1.1) are never applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

DEEPEST = 64
"""Most levels of mappings and lists."""

TOO_DEEP = f"mappings and lists are nested more than {DEEPEST} levels deep"


class Scalar(msgspec.Struct, gc=False):
    """Text at `index` of its source; `plain` when it is written without quotes."""

    value: str
    index: int
    plain: bool


class Mapping(msgspec.Struct):
    """Keys, all different, and their values in order."""

    index: int
    entries: list[tuple[Scalar, Node]]

    def taken(self) -> Iterator[tuple[Scalar, Node]]:
        """The entries, each of which is forgotten when the next one is taken, so that its memory is used again."""
        self.entries.reverse()
        while self.entries:
            yield self.entries.pop()


class MappingInParts(Mapping):
    """A mapping without entries: `taken` parses each when it is asked for. Keys may occur twice.

    `taken` raises IrregularTextError where only the whole text can be read.
    """

    parts: Iterable[tuple[Scalar, Node]]

    def taken(self) -> Iterator[tuple[Scalar, Node]]:
        """The entries, as they are parsed; only once."""
        return iter(self.parts)


class Sequence(msgspec.Struct):
    """A list of nodes."""

    index: int
    items: list[Node]


class Broken(msgspec.Struct, gc=False):
    """A value whose error is reported already."""

    index: int


Node = Scalar | Mapping | Sequence | Broken


class IrregularTextError(Exception):
    """The text has an error, or an unusual form, and is to be composed as a whole."""
