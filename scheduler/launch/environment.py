"""The environment of a run: each variable with its value and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from scheduler.launch.account import find_account
from scheduler.launch.envfile import read_env_file, read_small_file
from scheduler.launch.launcher import LaunchError
from scheduler.model import EnvLayer, FromEnv, FromFile, Job, Launch

INHERITED = "inherited"
REQUEST = "run-now"
SCHEDD = "schedd"

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where programs are looked for when a job has no PATH at all."""

_OURS = re.compile(r"NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_.*|JOURNAL_STREAM")
"""What a supervisor tells schedd itself: a job that used it would speak in schedd's name."""


class Variable(msgspec.Struct, frozen=True):
    """`origin` is `inherited`, `user`, a layer's origin with the file where there is one, `run-now` or `schedd`."""

    value: str
    origin: str


class Environment:
    """What schedd itself was given at its start, and what its jobs find on top of that."""

    def __init__(self, inherited: Mapping[str, str]) -> None:
        self._inherited = dict(inherited)
        self._base = {"PYTHONUNBUFFERED": Variable("1", SCHEDD)} | {
            name: Variable(value, INHERITED) for name, value in inherited.items() if not _OURS.fullmatch(name)
        }

    def of_job(self, job: Job) -> dict[str, Variable]:
        """What every run of a job finds.

        Files are read now. LaunchError, naming variable or file and never a value, when something is missing.
        """
        variables = self._base.copy()
        account = find_account(job.user, job.group)
        if account is not None:
            variables |= {name: Variable(value, "user") for name, value in account.environment.items()}
        for layer in job.environment:
            self._apply(layer, variables)
        return variables

    def of_run(self, launch: Launch) -> dict[str, Variable]:
        """`of_job`, and what tells one run from another."""
        variables = self.of_job(launch.job)
        variables |= {name: Variable(value, REQUEST) for name, value in launch.extra_env.items()}
        facts = {
            "SCHED_JOB": launch.job.name,
            "SCHED_RUN_ID": launch.run_id,
            "SCHED_SCHEDULED_AT": _rfc3339(launch.scheduled_at),
            "SCHED_ATTEMPT": str(launch.attempt),
            "SCHED_TRIGGER": launch.trigger.value,
        }
        variables |= {name: Variable(value, SCHEDD) for name, value in facts.items()}
        # Absent, not empty, before the first run; and never that of a schedd that runs this one as its job.
        variables.pop("SCHED_PREVIOUS_AT", None)
        if launch.previous_at is not None:
            variables["SCHED_PREVIOUS_AT"] = Variable(_rfc3339(launch.previous_at), SCHEDD)
        return variables

    def _apply(self, layer: EnvLayer, variables: dict[str, Variable]) -> None:
        if layer.file is not None:
            try:
                values = read_env_file(layer.file)
            except LaunchError as error:
                raise LaunchError(f"{layer.origin}: {error}") from error
            origin = f"{layer.origin} {layer.file}"
            variables |= {name: Variable(value, origin) for name, value in values.items()}
        for name, value in layer.values.items():
            match value:
                case None:
                    variables.pop(name, None)
                case FromEnv(variable):
                    if variable not in self._inherited:
                        raise LaunchError(f"{layer.origin}.{name}: schedd's own environment has no variable {variable}")
                    variables[name] = Variable(self._inherited[variable], layer.origin)
                case FromFile(path):
                    variables[name] = Variable(_content(path, f"{layer.origin}.{name}"), layer.origin)
                case str():
                    variables[name] = Variable(value, layer.origin)


def _content(path: str, key: str) -> str:
    try:
        content = read_small_file(path)
    except LaunchError as error:
        raise LaunchError(f"{key}: {error}") from error
    return content.removesuffix(b"\n").removesuffix(b"\r").decode(errors="surrogateescape")


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
