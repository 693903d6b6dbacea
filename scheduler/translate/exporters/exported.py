"""What an export makes: files, and losses by job and key."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scheduler.model.job import Job, LauncherName
from scheduler.model.target import EnvLayer, EnvValue
from scheduler.schedule import Limits, Restricted, Schedule
from scheduler.schedule.union import Union

_WITHOUT_EFFECT = frozenset({"lint", "description", "interpreter", "setup", "args", "kwargs"})
"""Keys that do not concern runs, or are part of another key."""

_REASONS = {
    "accepts": "manual runs have no arguments there",
    "secret_arguments": "manual runs have no arguments there",
    "max_waiting": "manual runs do not wait there",
    "start_deadline": "nothing limits how late a run starts",
    "on_shutdown": "a shutdown stops the job",
}


class Degree(StrEnum):
    """How much of a key is missing in the exported files."""

    APPROXIMATED = "approximated"
    LOST = "lost"


class Loss(msgspec.Struct, frozen=True):
    """A key of a job that the exported files do not have exactly; `job` is empty for a key of the whole file."""

    job: str
    key: str
    degree: Degree
    why: str


class ExportedFile(msgspec.Struct, frozen=True):
    """A file by its name within the output directory."""

    name: str
    text: str


class Exported(msgspec.Struct, frozen=True):
    """The files and the losses of an export."""

    files: tuple[ExportedFile, ...]
    losses: tuple[Loss, ...]


class LossReport:
    """The losses of one job. A key that is set and not mentioned is lost."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._losses: list[Loss] = []
        self._mentioned: set[str] = set()
        if job.launcher is not LauncherName.LOCAL:
            self.lost("launcher", "the job runs where it is started, not on a worker")

    def exact(self, *keys: str) -> None:
        """These keys are carried over exactly."""
        self._mentioned |= {*keys}

    def approximated(self, key: str, why: str) -> None:
        """The key is carried over with a difference."""
        self._add(key, Degree.APPROXIMATED, why)

    def lost(self, key: str, why: str) -> None:
        """The key is not carried over."""
        self._add(key, Degree.LOST, why)

    def finish(self) -> list[Loss]:
        """All losses, those of keys that were not mentioned included."""
        for key in self._job.origins:
            if key not in self._mentioned | _WITHOUT_EFFECT:
                self.lost(key, _REASONS.get(key, "has no equivalent"))
        return list(dict.fromkeys(self._losses))

    def _add(self, key: str, degree: Degree, why: str) -> None:
        self._mentioned.add(key)
        self._losses.append(Loss(self._job.name, key, degree, why))


def parts_of(schedule: Schedule | None) -> tuple[Schedule, ...]:
    """The schedules of a list, without the limits of the job; empty for a job without a schedule."""
    if isinstance(schedule, Restricted):
        return parts_of(schedule.schedule)
    if isinstance(schedule, Union):
        return tuple(part for each in schedule.parts for part in parts_of(each))
    return () if schedule is None else (schedule,)


def limits_of(schedule: Schedule | None) -> Limits:
    """`from`, `until`, `except` and `splay` of a job."""
    return schedule.limits if isinstance(schedule, Restricted) else Limits()


def environment_of(layers: tuple[EnvLayer, ...]) -> tuple[dict[str, EnvValue], list[str]]:
    """The variables of all layers, later ones win, and the env_files in order."""
    variables: dict[str, EnvValue] = {}
    for layer in layers:
        variables |= layer.values
    return variables, [layer.file for layer in layers if layer.file is not None]
