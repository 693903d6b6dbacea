"""`UnknownKey`: a key that a form does not have, with what is needed to find out what it is meant to be."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from scheduler.config.field_types import Form
from scheduler.config.node_errors import Read
from scheduler.document.nodes import Node, Scalar
from scheduler.document.source import Source


class UnknownKey(msgspec.Struct, frozen=True):
    """A key that is not known, with what is around it. `reader` gives the reader of a known key."""

    form: type[Form]
    key: Scalar
    value: Node
    source: Source
    present: frozenset[str]
    where: str
    reader: Callable[[str], Read]

    @property
    def name(self) -> str:
        """The unknown key."""
        return self.key.value

    @property
    def known(self) -> tuple[str, ...]:
        """The keys that are known in this place."""
        return self.form.__struct_encode_fields__
