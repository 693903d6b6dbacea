"""Reads the `headers` of a webhook: a name or a value that HTTP does not allow is an error in the file."""

from __future__ import annotations

import re
from typing import Any

from scheduler.config.node_errors import Read, entries_of
from scheduler.document.nodes import Node
from scheduler.document.source import Source

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


def headers_reader(read_all: Read) -> Read:
    """Reads a mapping with `read_all` and also checks its names. No message repeats one: it may be a secret."""

    def read(node: Node, source: Source, where: str) -> Any:
        for key, _ in entries_of(node):
            if not re.fullmatch(_NAME, key.value):
                message = "not a valid header name: it must be letters, digits and dashes, for example X-Api-Key"
                source.error(key.index, message, width=1, key=where)
        return read_all(node, source, where)

    return read
