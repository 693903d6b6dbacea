"""Reports the error about a value, with the replacements that may be offered."""

from __future__ import annotations

import re

from scheduler.config.node_errors import Read, has_place
from scheduler.config.scalars import InvalidValueError
from scheduler.document.finding import Fix
from scheduler.document.nodes import Mapping, Node, Scalar
from scheduler.document.source import Source
from scheduler.document.value_spans import NAME

MOST_FIXES = 500
"""Findings of one file for which replacements are looked for."""

_NOT_SECRET = {
    "recipient": r"format: .*|mail: [\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "secret": r"from_env: [A-Za-z_]\w*",
}
"""What of a suggestion is shown although the values of its key are secret, by the kind of the value."""

_VARIABLE = r"\$\{?[A-Za-z_]\w*|\$\(|\{\{.*\}\}|<%.*%>"


def report(
    error: InvalidValueError, node: Node, source: Source, where: str, read: Read, key: Scalar | None = None
) -> None:
    """Report an error at a value, or at its key when the value is empty, with the replacements that `read` accepts."""
    from scheduler.config.fixes import value_fixes  # noqa: PLC0415 - only for errors
    from scheduler.config.value_suggestions import suggestions  # noqa: PLC0415

    message, at = error.message, node
    if key is not None and not has_place(node):
        at = key
    if isinstance(node, Scalar) and error.kind not in {"", "secret"} and re.search(_VARIABLE, node.value):
        message = "variables are not expanded in the file; write the value itself"
    fixes: tuple[Fix, ...] = ()
    if len(source.findings) < MOST_FIXES:
        candidates = suggestions(error, node)
        public = re.compile(_NOT_SECRET[error.kind]) if error.kind in _NOT_SECRET else None
        fixes = value_fixes(candidates, node, source, read, key, end=error.end, shown=public)
    shown = where.rpartition(".")[2] if key is None else key.value
    shown = f"{shown}: " if re.search(r"[\w\]]", shown) else ""
    source.error(at.index, shown + message, fixes=fixes, width=_width(at), key=where)


def _width(node: Node) -> int:
    return max(1, len(node.value)) if isinstance(node, Scalar) and "\n" not in node.value else 1


def report_variable(key: Scalar, value: Node, variables: Mapping, source: Source, where: str, read: Read) -> None:
    """Report a name that no variable can have."""
    from scheduler.config.fixes import accepts  # noqa: PLC0415 - only for errors

    name = key.value
    message = "not a valid variable name: it must be letters, digits and _, and not start with a digit"
    if key.plain and ":" in name and not has_place(value):
        message = "missing space after the colon"
    corrected = re.sub(r"^(?=\d)|\W", "_", name, flags=re.ASCII)
    is_free = all(corrected != other.value for other, _ in variables.entries)
    is_shown = key.plain and re.fullmatch(NAME, name) is not None
    fixes = (
        (Fix(key.index, key.index + len(name), (corrected,)),) if is_free and is_shown and accepts(read, value) else ()
    )
    source.error(key.index, message, fixes=fixes, width=max(1, len(name)), key=where)
