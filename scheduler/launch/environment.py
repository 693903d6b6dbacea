"""The environment of a run: each variable with its value and where it comes from."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

import msgspec

from scheduler.clock import rfc3339
from scheduler.launch.account import find_account
from scheduler.launch.envfile import read_env_file, read_small_file
from scheduler.launch.launcher import LaunchError
from scheduler.model.job import Job
from scheduler.model.run import Launch
from scheduler.model.target import EnvLayer, EnvValue, FromEnv, FromFile

INHERITED = "inherited"
SCHEDD = "schedd"

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where programs are looked for when a job has no PATH at all."""

_OURS = re.compile(r"NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_.*|JOURNAL_STREAM|SMTP_URL|SENTRY_DSN")
"""What is for schedd itself: how it speaks to its supervisor, and the secrets with which it sends notifications."""

_SESSION = (
    r"XDG_.*|SUDO_.*|SSH_.*|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|MAIL|KRB5CCNAME|GNUPGHOME"
)
"""What belongs to the session of schedd's user, and is not for a job of another user."""


class Variables(msgspec.Struct):
    """By name, the values and where they come from.

    An origin is `inherited`, `user`, a layer's origin with the file where there is one, `path`, or `schedd`.
    """

    values: dict[str, str] = {}
    origins: dict[str, str] = {}

    def set(self, values: Mapping[str, str], origin: str) -> None:
        """Set these variables."""
        self.values.update(values)
        self.origins.update(dict.fromkeys(values, origin))

    def unset(self, name: str) -> None:
        """Remove a variable."""
        self.values.pop(name, None)
        self.origins.pop(name, None)


class Environment:
    """What schedd inherited at its start, and what its jobs get of it and on top of it."""

    def __init__(
        self,
        inherited: Mapping[str, str],
        withheld: Collection[str] = (),
        *,
        file: str | None = None,
        owner: str = "schedd",
    ) -> None:
        """`owner` has the inherited variables, in the words of an error.

        `file` is the schedule file of the schedd whose runs these are; it finds them again after a restart.
        """
        self._inherited = dict(inherited)
        self._file = file
        self._owner = owner
        self.withhold(withheld)

    def withhold(self, names: Collection[str]) -> None:
        """Keep these variables, and no longer those of the call before, from jobs that do not name them."""
        self._base = Variables()
        self._base.set({"PYTHONUNBUFFERED": "1"}, SCHEDD)
        given = {n: value for n, value in self._inherited.items() if n not in names and not _OURS.fullmatch(n)}
        self._base.set(given, INHERITED)

    def of_job(self, job: Job) -> Variables:
        """What every run of a job finds.

        Files are read now. LaunchError, naming variable or file and never a value, when something is missing.
        """
        variables = Variables(self._base.values.copy(), self._base.origins.copy())
        account = find_account(job.process.user, job.process.group)
        if account is not None:
            if account.uid != os.geteuid():
                for name in filter(re.compile(_SESSION).fullmatch, self._base.values):
                    variables.unset(name)
            variables.set(account.environment, "user")
        for layer in job.environment:
            self._apply(layer, variables)
        if job.path:
            variables.set({"PATH": ":".join((*job.path, variables.values.get("PATH", DEFAULT_PATH)))}, "path")
        return variables

    def of_run(self, launch: Launch) -> dict[str, str]:
        """The values of `of_job`, those of the request, and the variables of this run."""
        values = self.of_job(launch.job).values
        values.update(launch.extra_env)
        values["SCHED_JOB"] = launch.job.name
        values["SCHED_RUN_ID"] = launch.run_id
        values["SCHED_SCHEDULED_AT"] = rfc3339(launch.scheduled_at)
        values["SCHED_SCHEDULED_LOCAL"] = launch.scheduled_at.astimezone(launch.job.timezone).isoformat()
        values["SCHED_ATTEMPT"] = str(launch.attempt)
        values["SCHED_TRIGGER"] = launch.trigger.value
        if self._file is not None:
            values["SCHED_FILE"] = self._file
        if launch.previous_at is not None:
            values["SCHED_PREVIOUS_AT"] = rfc3339(launch.previous_at)
        else:  # absent, not empty, before the first run; and never that of a schedd that runs this one as its job
            values.pop("SCHED_PREVIOUS_AT", None)
        return values

    def _apply(self, layer: EnvLayer, variables: Variables) -> None:
        if layer.file is not None:
            try:
                values = read_env_file(layer.file)
            except LaunchError as error:
                raise LaunchError(f"{layer.origin}: {error}") from error
            variables.set(values, f"{layer.origin} {layer.file}")
        for name, value in layer.values.items():
            found = self._resolve(value, f"{layer.origin}.{name}")
            if found is None:
                variables.unset(name)
            else:
                variables.set({name: found}, layer.origin)

    def _resolve(self, value: EnvValue, key: str) -> str | None:
        match value:
            case FromEnv(name):
                if name not in self._inherited:
                    raise LaunchError(f"{key}: the variable {name} is not set in {self._owner}'s environment")
                return self._inherited[name]
            case FromFile(path):
                return _content(path, key)
            case _:
                return value


def _content(path: str, key: str) -> str:
    try:
        content = read_small_file(path)
    except LaunchError as error:
        raise LaunchError(f"{key}: {error}") from error
    return content.removesuffix(b"\n").removesuffix(b"\r").decode(errors="surrogateescape")
