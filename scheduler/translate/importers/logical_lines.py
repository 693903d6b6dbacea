"""Lines of a file in which a backslash at the end continues a line."""

from __future__ import annotations

from collections.abc import Iterator


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line without blanks around it, continued ones as one, and the number of its first line."""
    begun, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first or number
        if line.rstrip("\r").endswith("\\") and not (begun + line).lstrip().startswith("#"):
            begun += line.rstrip("\r")[:-1]
        else:
            yield first, (begun + line).strip()
            begun, first = "", 0
    if begun:
        yield first, begun.strip()
