"""What an importer makes of a file: jobs as a schedule file has them, and remarks about everything that differs."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
"""A value of a schedule file, such as `10m`, 3 or {times: 2}."""

Keys: TypeAlias = "dict[str, Value]"
"""Keys of a job or of `defaults`, with their values."""


class Fate(StrEnum):
    """What became of a part of the source that is not carried over exactly."""

    NOTED = "noted"  # carried over with a difference, or without effect here
    REFUSED = "refused"  # not carried over


class Remark(msgspec.Struct, frozen=True):
    """A difference between the source and the schedule file.

    `line` counts from 1, 0 is the file as a whole; `text` is the line or key as written, `why` a sentence.
    """

    file: str
    line: int
    text: str
    why: str
    fate: Fate


class ImportedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the schedule file will have it. `comments` are written above it, a line each."""

    name: str
    keys: Keys
    comments: tuple[str, ...] = ()


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says.

    `defaults` apply to all of its jobs; `reasons` are comments that explain keys of `defaults`. `header` is a comment
    at the top of the schedule file, `footer` one at its end.
    """

    jobs: tuple[ImportedJob, ...] = ()
    defaults: Keys = {}
    reasons: dict[str, str] = {}
    header: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def count(self, fate: Fate) -> int:
        """How many remarks have this fate."""
        return sum(remark.fate is fate for remark in self.remarks)


def combine(translations: list[Translation]) -> Translation:
    """One translation of several files. Their defaults move into their jobs, as they may differ."""
    if len(translations) == 1:
        return translations[0]
    return Translation(
        jobs=tuple(
            ImportedJob(name=job.name, keys=layered(translation.defaults, job.keys), comments=job.comments)
            for translation in translations
            for job in translation.jobs
        ),
        reasons={key: why for translation in translations for key, why in translation.reasons.items()},
        header=tuple(dict.fromkeys(line for translation in translations for line in translation.header)),
        footer=tuple(line for translation in translations for line in translation.footer),
        remarks=tuple(remark for translation in translations for remark in translation.remarks),
    )


def layered(defaults: Keys, keys: Keys) -> Keys:
    """The keys of a job on top of defaults, as schedd applies them: `env` is merged."""
    env = {**mapping_at(defaults, "env"), **mapping_at(keys, "env")}
    return {**defaults, **keys, **({"env": env} if env else {})}


def mapping_at(keys: Keys, name: str) -> Keys:
    """The mapping that is the value of a key, empty where there is none."""
    value = keys.get(name)
    return value if isinstance(value, dict) else {}
