"""Reports the error about a value, with the replacements that may be offered."""

from __future__ import annotations

import re

from scheduler.config.node_errors import Read, has_place
from scheduler.config.values import InvalidValueError
from scheduler.document.finding import Fix
from scheduler.document.nodes import Node, Scalar
from scheduler.document.source import Source

MOST_FIXES = 500
"""Findings of one file for which replacements are looked for."""

_VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*|\$\(|\{\{.*\}\}|<%.*%>")


def report(
    error: InvalidValueError, node: Node, source: Source, where: str, read: Read, key: Scalar | None = None
) -> None:
    """Report an error at a value, or at its key when the value is empty, with the replacements that `read` accepts."""
    from scheduler.config.fixes import value_fixes  # noqa: PLC0415 - only for errors
    from scheduler.config.value_suggestions import suggestions  # noqa: PLC0415

    message, at = error.message, node
    if key is not None and not has_place(node):
        at = key
    if isinstance(node, Scalar) and error.kind and _VARIABLE.search(node.value):
        message = "variables are not expanded in the file; write the value itself"
    fixes: tuple[Fix, ...] = ()
    if len(source.findings) < MOST_FIXES:
        fixes = value_fixes(suggestions(error, node), node, source, read, key, end=error.end)
    shown = where.rpartition(".")[2] if key is None else key.value
    shown = f"{shown}: " if re.search(r"[\w\]]", shown) else ""
    source.error(at.index, shown + message, fixes=fixes, width=_width(at), key=where)


def _width(node: Node) -> int:
    return max(1, len(node.value)) if isinstance(node, Scalar) and "\n" not in node.value else 1
