"""The environment of a systemd service: its variables, its file, and what removes variables."""

from __future__ import annotations

import re
from collections.abc import Collection

from scheduler.translate.importers.service_settings import ServiceSettings
from scheduler.translate.importers.source_file import Machine
from scheduler.translate.importers.variables import VARIABLE_NAME
from scheduler.translate.translation import Keys

_OVERRIDES = "the file overrides Environment= there, and `env` overrides the file here; remove from `env` what it sets"


def environment_of(settings: ServiceSettings, machine: Machine) -> tuple[Keys, dict[str, str]]:
    """The keys `env` and `env_file` of the job, and the values of variables that no file can change."""
    variables = _variables(settings)
    file, names = _file(settings, machine, has_variables=bool(variables))
    env: Keys = {name: value for name, value in variables.items() if name not in (names or ())}
    files = settings.of("EnvironmentFile")
    removed = _removed(settings, variables, has_file=bool(files))
    keys: Keys = {"env_file": file} if file else {}
    env |= dict.fromkeys(removed)
    keys |= {"env": env} if env else {}
    is_known = names is not None and not files[1:]
    known = {name: value for name, value in variables.items() if name in env and is_known}
    return keys, known | dict.fromkeys(removed, "")


def _variables(settings: ServiceSettings) -> dict[str, str]:
    found: dict[str, str] = {}
    for setting, word in settings.words("Environment"):
        name, equals, value = word.partition("=")
        if equals and VARIABLE_NAME.fullmatch(name):
            found[name] = value
        else:
            settings.refuse(setting, f"{name}: not a variable that a job can have")
    return found


def _file(
    settings: ServiceSettings, machine: Machine, *, has_variables: bool
) -> tuple[str | None, Collection[str] | None]:
    """The env file of the job, and the variables that it sets: None when that is not known."""
    files = settings.all("EnvironmentFile")
    for setting in files[:-1]:
        settings.refuse(setting, "a job has one env_file; include the lines in it")
    if not files:
        return None, ()
    setting = files[-1]
    path = "/" + setting.value.removeprefix("-").lstrip("/")
    if re.search(r"[*?\[]", path):
        settings.refuse(setting, "a job has one env_file; a pattern has no equivalent")
        return None, None
    if setting.value.startswith("-"):
        settings.note(setting, "a missing file is an error here: runs do not start")
    names = machine.variables_in(path)
    if names is None and has_variables:
        settings.note(setting, _OVERRIDES)
    return path, names


def _removed(settings: ServiceSettings, variables: dict[str, str], *, has_file: bool) -> list[str]:
    """The variables that a job removes."""
    found = []
    for setting, word in settings.words("UnsetEnvironment"):
        name, equals, value = word.partition("=")
        if not VARIABLE_NAME.fullmatch(name) or (equals and (has_file or variables.get(name) != value)):
            settings.refuse(setting, f"{name}: a job removes variables, whatever their values")
        else:
            found.append(name)
    return found
