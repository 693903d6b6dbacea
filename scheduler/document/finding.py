"""One error or warning at a place of a text, and the replacements that fix it, before they are rendered for people."""

from __future__ import annotations

import msgspec

from scheduler.errors import MASK, Severity


class Fix(msgspec.Struct, frozen=True):
    """A replacement for the text from `start` to `end`: `key: value` entries, or one value.

    MASK in an entry is replaced by `fill`, a text of the file that may be secret; `masked` is shown in that case.
    `reading` names the program that reads the original in this way, where several readings are offered. `key` is only
    shown: it precedes `start`.
    """

    start: int
    end: int
    entries: tuple[str, ...]
    fill: str | None = None
    reading: str = ""
    key: str = ""
    masked: str = MASK

    @property
    def text(self) -> str:
        """The replacement; several entries are separated by newlines."""
        return "\n".join(self.entries).replace(MASK, self.fill or MASK)

    @property
    def is_only_masked(self) -> bool:
        """Whether the replacement is a single value, of which nothing can be shown if it is secret."""
        return self.fill is not None and self.masked.strip("\"'") == MASK

    def shown(self, *, is_secret: bool) -> str:
        """The replacement for people, on one line."""
        text = " and ".join(self.entries)
        text = f"{self.key}: {text}" if self.key else text
        if self.fill is not None:
            text = text.replace(MASK, self.masked if is_secret else self.fill)
        return f"{text} ({self.reading})" if self.reading else text


class Finding(msgspec.Struct, frozen=True):
    """An error or a warning at index `at` of a text, `width` characters long; `at` is None for the file as a whole.

    `message` and `help`, an explanation, never contain a value of the file that could be secret. `fixes` are
    replacements, each of which is accepted and means the same. `key` is the dotted path of the key, `code` the lint
    code of a warning. `skip` belongs to a syntax error: the parser can go on once this span is replaced.
    """

    at: int | None
    message: str
    help: str | None = None
    fixes: tuple[Fix, ...] = ()
    width: int = 1
    key: str = ""
    severity: Severity = Severity.ERROR
    code: str | None = None
    skip: tuple[int, int] | None = None
