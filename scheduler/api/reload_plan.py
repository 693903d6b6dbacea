"""The changes of a reload: jobs, their keys and their next scheduled times, and a digest of the files."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from scheduler.api.definition import definition
from scheduler.config.loading import Config
from scheduler.config.read_at_start import require_unchanged
from scheduler.engine.timetable import Changes, difference
from scheduler.model.job import Job
from scheduler.text import as_json
from scheduler.wire.daemon import JobChange, KeyChange, ReloadView

NextTimes = Mapping[str, datetime | None]
"""The next scheduled time of each job."""


def read_again(read: Callable[[Path], Config], before: Config, old: Mapping[str, Job]) -> tuple[Config, Changes]:
    """Read a file again, on a thread, and compare it with the old jobs. Unchanged jobs are the same objects.

    ConfigError also when something has changed that takes effect only at a start.
    """
    config = read(before.path)
    require_unchanged(before, config)
    changes = difference(old, config.jobs)
    jobs = config.jobs | {name: old[name] for name in changes.unchanged}
    return replace(config, jobs=jobs), changes


def reload_view(
    changes: Changes, before: Mapping[str, Job], config: Config, times: tuple[NextTimes, NextTimes], *, applied: bool
) -> ReloadView:
    """What a reload did, or would do. `times` are those before and after it."""
    earlier, later = times

    def views(names: tuple[str, ...]) -> tuple[JobChange, ...]:
        return tuple(
            JobChange(
                name=name,
                next_before=earlier.get(name),
                next_after=later.get(name),
                keys=tuple(_key_changes(before.get(name), config.jobs.get(name))),
            )
            for name in names
        )

    return ReloadView(
        applied=applied,
        added=views(changes.added),
        changed=views(changes.changed),
        removed=views(changes.removed),
        unchanged=len(changes.unchanged),
        warnings=config.warnings,
        digest=digest_of(config),
    )


def digest_of(config: Config) -> str:
    """The content of the files as a short text. Not by hashlib, which would load 4 MB of OpenSSL for this."""
    sums = 0, 1
    for path in config.files:
        try:
            content = Path(path).read_bytes()
        except OSError:  # a directory, or gone since
            content = b""
        part = path.encode(errors="surrogateescape") + b"\0" + content + b"\0"
        sums = zlib.crc32(part, sums[0]), zlib.adler32(part, sums[1])
    return f"{sums[0]:08x}{sums[1]:08x}"


def _key_changes(before: Job | None, after: Job | None) -> Iterator[KeyChange]:
    if after is None:
        return
    new = definition(after)
    if before is None:
        yield from (KeyChange(key, None, _text(new[key])) for key in new if key in after.origins or key in _TARGET)
        return
    old = definition(before)
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield KeyChange(key, _text(old.get(key)), _text(new.get(key)))


_TARGET = ("schedule", "command", "python")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        return " ".join(map(str, value))
    return as_json(value).decode()
