"""Notices when the files of a schedule change. The only user of watchfiles, an extra."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path

from scheduler.errors import UsageError
from scheduler.package import missing_package

CHECK_INTERVAL = 5.0
"""Seconds between two checks of the files without an event: a watch is lost when its directory is replaced."""

SETTLED = 0.1
"""Seconds without a change before files are read, so that a file being written is complete."""


def require_watchfiles() -> None:
    """Raise UsageError when the extra is not installed."""
    try:
        import watchfiles  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise UsageError(f"--watch: {missing_package('watchfiles', 'watch')}") from None


async def watched(files: Callable[[], Sequence[str]], warn: Callable[[str], None]) -> AsyncIterator[None]:
    """Yield each time that the files changed. `files` is called again for each check.

    It watches the directories rather than the files: editors and ConfigMaps replace a file by a new one. Where the
    system refuses a watch, as without free inotify instances, it checks every CHECK_INTERVAL seconds and calls `warn`
    once.
    """
    seen = fingerprint(files())
    watches = True
    while True:
        try:
            await (_something_happened(_directories(files())) if watches else asyncio.sleep(CHECK_INTERVAL))
        except (OSError, RuntimeError) as error:  # watchfiles has a RuntimeError of its own
            watches = False
            warn(str(error))
        now = await _settled(files())
        if now != seen:
            seen = now
            yield


async def _something_happened(directories: Sequence[str]) -> None:
    """Wait for an event in one of the directories, at most CHECK_INTERVAL seconds."""
    from watchfiles import awatch  # noqa: PLC0415 - an extra

    if not directories:  # they are being replaced
        await asyncio.sleep(SETTLED)
        return
    events = awatch(
        *directories, watch_filter=None, recursive=False, rust_timeout=int(CHECK_INTERVAL * 1000), yield_on_timeout=True
    )
    async with aclosing(events):
        await anext(events)


async def _settled(files: Sequence[str]) -> object:
    now, before = fingerprint(files), None
    while now != before:
        await asyncio.sleep(SETTLED)
        now, before = fingerprint(files), now
    return now


def fingerprint(files: Iterable[str]) -> object:
    """A value that differs when a file changed; for directories, the names in them."""
    return [_state(Path(file)) for file in files]


def _state(file: Path) -> object:
    try:
        if file.is_dir():
            return sorted(os.listdir(file))  # noqa: PTH208 - names only
        about = file.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size


def _directories(files: Iterable[str]) -> list[str]:
    """The directories of the files and of the targets of symbolic links."""
    places = {place for file in files for place in (Path(file).parent, Path(file).resolve().parent, Path(file))}
    return sorted(str(place) for place in places if place.is_dir())
