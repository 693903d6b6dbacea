"""Notices when the files of a schedule change. The only user of watchfiles, which is an extra."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path

from scheduler.errors import UsageError

LOOKS = 5.0
"""Seconds between two looks at the files when nothing is reported: a watch is lost when its directory is replaced."""

SETTLED = 0.1
"""Seconds for which files must stay as they are, so that one being written is read once it is whole."""


def require_watchfiles() -> None:
    """UsageError when the extra is not installed."""
    try:
        import watchfiles  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise UsageError("--watch needs the package watchfiles: pip install 'schedd[watch]'") from None


async def watched(files: Callable[[], Sequence[str]], warn: Callable[[str], None]) -> AsyncIterator[None]:
    """Yields each time that the files, asked for anew each time, differ from what they were before.

    Their directories are watched, not they: editors and ConfigMaps put a new file in the place of the old one. Where
    the system refuses, as when its inotify instances are used up, it looks every LOOKS seconds, and calls `warn` once.
    """
    seen = _fingerprint(files())
    watches = True
    while True:
        try:
            await (_something_happened(_directories(files())) if watches else asyncio.sleep(LOOKS))
        except (OSError, RuntimeError) as error:  # watchfiles has a RuntimeError of its own
            watches = False
            warn(str(error))
        now = await _settled(files())
        if now != seen:
            seen = now
            yield


async def _something_happened(directories: Sequence[str]) -> None:
    """Until something does in one of the directories, or LOOKS seconds have passed."""
    from watchfiles import awatch  # noqa: PLC0415 - an extra

    if not directories:  # for the moment: somebody is replacing them
        await asyncio.sleep(SETTLED)
        return
    watching = awatch(
        *directories, watch_filter=None, recursive=False, rust_timeout=int(LOOKS * 1000), yield_on_timeout=True
    )
    async with aclosing(watching):
        await anext(watching)


async def _settled(files: Sequence[str]) -> object:
    now, before = _fingerprint(files), None
    while now != before:
        await asyncio.sleep(SETTLED)
        now, before = _fingerprint(files), now
    return now


def _fingerprint(files: Iterable[str]) -> object:
    """What tells one state of the files from another; of directories, the names in them."""
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
    """Where the names stand and, for symbolic links, where they lead."""
    places = {place for file in files for place in (Path(file).parent, Path(file).resolve().parent, Path(file))}
    return sorted(str(place) for place in places if place.is_dir())
