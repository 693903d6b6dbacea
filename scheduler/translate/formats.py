"""The formats that can be imported: how each is recognised, and what reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from scheduler.config.foreign_files import unconvertible
from scheduler.errors import SchedError
from scheduler.translate.importers.anacrontab import looks_like_anacrontab, read_anacrontab
from scheduler.translate.importers.app_json import looks_like_app_json, read_app_json
from scheduler.translate.importers.crontab import looks_like_crontab, read_crontab
from scheduler.translate.importers.fcrontab import looks_like_fcrontab, read_fcrontab
from scheduler.translate.importers.kubernetes_cronjob import looks_like_kubernetes, read_kubernetes
from scheduler.translate.importers.ofelia import looks_like_ofelia, read_ofelia
from scheduler.translate.importers.sidekiq import looks_like_sidekiq, read_sidekiq
from scheduler.translate.importers.solid_queue import looks_like_solid_queue, read_solid_queue
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.systemd_timer import looks_like_systemd, read_systemd
from scheduler.translate.importers.templates import without_templates
from scheduler.translate.importers.yacron import looks_like_yacron, read_yacron
from scheduler.translate.translation import Translation

_OURS = re.compile(r"^jobs:\s*(?:\{|$)", re.MULTILINE)

Reader = Callable[[SourceFile, Request], Translation]


class Format(NamedTuple):
    """A format by its name. `recognises` looks at the text of a file, and is asked in the order of the table."""

    name: str
    recognises: Callable[[SourceFile], bool]
    read: Reader


FORMATS = {
    entry.name: entry
    for entry in (
        Format("systemd", looks_like_systemd, without_templates(read_systemd)),
        Format("ofelia", looks_like_ofelia, without_templates(read_ofelia)),
        Format("kubernetes", looks_like_kubernetes, read_kubernetes),
        Format("app-json", looks_like_app_json, read_app_json),
        Format("yacron", looks_like_yacron, read_yacron),
        Format("sidekiq", looks_like_sidekiq, read_sidekiq),
        Format("solid-queue", looks_like_solid_queue, read_solid_queue),
        Format("anacrontab", looks_like_anacrontab, without_templates(read_anacrontab)),
        Format("fcrontab", looks_like_fcrontab, without_templates(read_fcrontab)),
        Format("crontab", looks_like_crontab, without_templates(read_crontab)),
    )
}


def format_of(file: SourceFile, forced: str | None = None) -> Format:
    """The format of a file, or the one that is forced. SchedError when the text shows none."""
    if forced is not None:
        return FORMATS[forced]
    for entry in FORMATS.values():
        if entry.recognises(file):
            return entry
    if name := unconvertible(file.text):
        raise SchedError(f"{file.name}: this looks like {name}, which cannot be imported")
    if _OURS.search(file.text):
        raise SchedError(f"{file.name}: already a schedule file; there is nothing to convert")
    raise SchedError(f"{file.name}: not a format that can be imported; --from names one of {', '.join(FORMATS)}")
