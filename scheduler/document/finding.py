"""One error or warning at a place of a text, before it is rendered for people."""

from __future__ import annotations

import msgspec

from scheduler.errors import Severity


class Finding(msgspec.Struct, frozen=True):
    """An error or a warning at index `at` of a text, `width` characters long; `at` is None for the file as a whole.

    `message` never contains a value of the file that could be secret. `help` may: MASK in it stands for `fill`, a text
    from the file. `key` is the dotted path of the key, `code` the lint code of a warning. `skip` belongs to a syntax
    error: the parser can go on once this span is replaced by harmless characters.
    """

    at: int | None
    message: str
    help: str | None = None
    fill: str | None = None
    width: int = 1
    key: str = ""
    severity: Severity = Severity.ERROR
    code: str | None = None
    skip: tuple[int, int] | None = None
