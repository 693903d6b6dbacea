"""A file converted by an importer on a machine made up for it, and what schedd reads in the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.translate.formats import format_of
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.job_names import JobNames
from scheduler.translate.translation import Fate, Translation, combine
from scheduler.translate.writer import schedule_file


class FakeMachine(msgspec.Struct):
    """A machine with these users, programs and zone. The home of each user exists, but for that of nobody.

    Of the env files, only /etc/readable can be read.
    """

    users: frozenset[str] = frozenset({"root", "www-data", "backup", "nobody"})
    programs: frozenset[str] = frozenset({"dump", "mail"})
    timezone: str = "UTC"

    def is_user(self, name: str) -> bool:
        return name in self.users

    def is_program(self, name: str) -> bool:
        return name in self.programs

    def home_of(self, user: str | None) -> str | None:
        return f"/home/{user or 'me'}" if user is None or user in self.users else None

    def has_directory(self, path: str) -> bool:
        return path != "/home/nobody"

    def variables_in(self, path: str) -> set[str] | None:
        return {"A", "FROM_FILE"} if path == "/etc/readable" else None


class Imported(NamedTuple):
    """What the importer made of the source, the schedule file, and its content."""

    translation: Translation
    text: str
    config: Config

    def remarks(self, fate: Fate) -> list[tuple[int, str]]:
        return [(remark.line, remark.why) for remark in self.translation.remarks if remark.fate is fate]

    @property
    def noted(self) -> list[tuple[int, str]]:
        return self.remarks(Fate.NOTED)

    @property
    def refused(self) -> list[tuple[int, str]]:
        return self.remarks(Fate.REFUSED)


def imported(
    folder: Path, *texts: str, name: str = "source", forced: str | None = None, beside: Any = None, **options: Any
) -> Imported:
    """Import each text as a file of its own, together. `beside` has the texts of files of the same directory."""
    request = Request(**{"machine": FakeMachine(), "names": JobNames(), **options})
    sources = [SourceFile(name, text, beside=(beside or {}).get) for text in texts]
    translation = combine([format_of(source, forced).read(source, request) for source in sources])
    written = schedule_file(translation, "Imported.")
    path = folder / "schedules.yaml"
    path.write_text(written, encoding="utf-8")
    return Imported(translation, written, load(path))
