"""The formats that can be imported: how each is recognised, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scheduler.errors import SchedError
from scheduler.translate.importers.anacrontab import looks_like_anacrontab, read_anacrontab
from scheduler.translate.importers.crontab import looks_like_crontab, read_crontab
from scheduler.translate.importers.fcrontab import looks_like_fcrontab, read_fcrontab
from scheduler.translate.importers.kubernetes_cronjob import looks_like_kubernetes, read_kubernetes
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.systemd_timer import looks_like_systemd, read_systemd
from scheduler.translate.translation import Translation

Reader = Callable[[SourceFile, Request], Translation]


class Format(NamedTuple):
    """A format by its name. `recognises` looks at the text of a file, and is asked in the order of the table."""

    name: str
    recognises: Callable[[SourceFile], bool]
    read: Reader


FORMATS = {
    entry.name: entry
    for entry in (
        Format("systemd", looks_like_systemd, read_systemd),
        Format("kubernetes", looks_like_kubernetes, read_kubernetes),
        Format("anacrontab", looks_like_anacrontab, read_anacrontab),
        Format("fcrontab", looks_like_fcrontab, read_fcrontab),
        Format("crontab", looks_like_crontab, read_crontab),
    )
}  # fmt: skip


def format_of(file: SourceFile, forced: str | None = None) -> Format:
    """The format of a file, or the one that is forced. SchedError when the text shows none."""
    if forced is not None:
        return FORMATS[forced]
    for entry in FORMATS.values():
        if entry.recognises(file):
            return entry
    raise SchedError(f"{file.name}: not a format that can be imported; --from names one of {', '.join(FORMATS)}")
