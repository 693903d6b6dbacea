"""The top-level key `overrides`: keys that replace those of included jobs."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from scheduler.config.entry import Entry, entry_of
from scheduler.config.node_errors import entries_of
from scheduler.document.nodes import Broken, Mapping, Node
from scheduler.document.source import Source
from scheduler.text import did_you_mean

_TARGET = frozenset({"command", "python"})
_OF_TARGET = _TARGET | {"args", "kwargs"}


class Overrides:
    """The entries of `overrides` by the name of the job."""

    def __init__(self, node: Node | None, source: Source) -> None:
        self._source = source
        self._entries: dict[str, Entry] = {}
        if node is None or isinstance(node, Broken):
            return
        if not isinstance(node, Mapping):
            source.error(node.index, "overrides: must be a mapping of jobs and the keys to replace", key="overrides")
        for name, value in entries_of(node):
            if isinstance(value, Mapping):
                self._entries[name.value] = entry_of(name, value, source, "overrides")
            elif not isinstance(value, Broken):
                message = f'overrides: "{name.value}" must be a mapping of the keys to replace'
                self._error(name.value, name.index, message)

    def applied(self, entry: Entry) -> Entry:
        """The entry of a job with its override. Another command or function takes the place of both."""
        override = self._entries.get(entry.name.value)
        if override is None:
            return entry
        dropped = _OF_TARGET if override.places.keys() & _TARGET else frozenset()
        return replace(
            entry,
            places={key: at for key, at in entry.places.items() if key not in dropped},
            given={key: value for key, value in entry.given.items() if key not in dropped},
            override=override,
        )

    def check(self, own: Collection[str], included: Collection[str], *, complete: bool) -> None:
        """Report overrides of jobs that no included file has. `own` are the jobs of the file with the overrides.

        Unless `complete`, a file could not be read, which may have further jobs.
        """
        for name, entry in self._entries.items():
            if name in own:
                message = f'overrides: "{name}" is a job of this file: change it under "jobs"'
            elif name not in included and complete:
                message = f'overrides: no included file has a job "{name}"{did_you_mean(name, included)}'
            else:
                continue
            self._error(name, entry.name.index, message)

    def _error(self, name: str, at: int, message: str) -> None:
        self._source.error(at, message, width=max(1, len(name)), key=f"overrides.{name}")
