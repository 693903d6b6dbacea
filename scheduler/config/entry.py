"""One entry of `jobs`, and the entry of `overrides` that replaces some of its keys."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from scheduler.config.reader import reader_of
from scheduler.config.spec import JobForm
from scheduler.document.nodes import Mapping, Scalar
from scheduler.document.source import Source


class Entry(msgspec.Struct, frozen=True):
    """The name of a job, the positions of its keys, and the values of the valid ones.

    `section` is `jobs` or `overrides`; `override` has the keys that replace those of this entry.
    """

    name: Scalar
    places: dict[str, int]
    given: dict[str, Any]
    source: Source
    section: str = "jobs"
    override: Entry | None = None

    @property
    def keys(self) -> AbstractSet[str]:
        """The keys of the job, those of the override included."""
        return self.places.keys() if self.override is None else self.places.keys() | self.override.places.keys()

    @property
    def effective(self) -> dict[str, Any]:
        """The values of the job, some of which are those of the override."""
        return self.given if self.override is None else self.given | self.override.given

    def owner(self, key: str) -> Entry:
        """The entry that has the key: the override, or this one."""
        return self.override if self.override is not None and key in self.override.places else self

    @property
    def path(self) -> str:
        """Where the entry is: `jobs.NAME`."""
        return f"{self.section}.{self.name.value}"

    def error(self, key: str, message: str, help: str | None = None) -> None:
        """Report an error at a key of this job, if it has the key."""
        owner = self.owner(key)
        if key in owner.places:
            owner.source.error(owner.places[key], message, help, width=len(key), key=f"{owner.path}.{key}")


def entry_of(name: Scalar, node: Mapping, source: Source, section: str = "jobs") -> Entry:
    """Read an entry. Errors become findings of the source."""
    given = reader_of(JobForm)(node, source, f"{section}.{name.value}")
    return Entry(name, {key.value: key.index for key, _ in node.entries}, given, source, section)
