"""Remarks about one job of a file, and the exception that refuses the whole job."""

from __future__ import annotations

from scheduler.translate.importers.source_file import SourceFile
from scheduler.translate.translation import Remark


class RefusedError(Exception):
    """Why a job is not carried over, and the line."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class JobReport:
    """The remarks about one job, each with the name of the job in front."""

    def __init__(self, source: SourceFile, name: str) -> None:
        self._source = source
        self.name = name
        self.remarks: list[Remark] = []

    def note(self, line: int, text: str, why: str) -> None:
        """Something is carried over with a difference."""
        self.remarks.append(self._source.note(line, f"{self.name}: {text}", why))

    def refuse(self, line: int, text: str, why: str) -> None:
        """Something is not carried over."""
        self.remarks.append(self._source.refuse(line, f"{self.name}: {text}", why))

    def refuse_job(self, refused: RefusedError) -> None:
        """Nothing of the job is carried over."""
        self.remarks = [self._source.refuse(refused.line, self.name or "a job", str(refused))]


def about_catch_up(limit: str) -> str:
    """What `catch_up` with this limit does that other schedulers, which store their last runs, do not."""
    again = f"`catch_up` runs it again at each start of schedd within {limit}, even if it has run"
    return f"{again}; make the job idempotent, or remove `catch_up`"
