"""This machine, as far as importers need to know it: users, programs, directories, env files and the time zone."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Collection
from functools import cache
from pathlib import Path

from scheduler.launch.envfile import read_env_file
from scheduler.launch.launcher import LaunchError
from scheduler.machine_zone import localtime_zone, machine_zone
from scheduler.schedule import find_zone


class LocalMachine:
    """The machine on which the import runs; its answers are kept, as a crontab asks the same for every line."""

    @property
    def timezone(self) -> str:
        """The IANA name of the zone from TZ or /etc/localtime, UTC when neither is one."""
        named = (zone for zone in (machine_zone(), localtime_zone()) if find_zone(zone) is not None)
        return next(named, "UTC")

    def is_user(self, name: str) -> bool:
        """Whether a user has this name."""
        return _home_of(name) is not None

    def is_program(self, name: str) -> bool:
        """Whether a program of this name is on PATH."""
        return _is_program(name)

    def home_of(self, user: str | None) -> str | None:
        """The home directory of a user (None: the current one); None when there is no such user."""
        return _home_of(user)

    def has_directory(self, path: str) -> bool:
        """Whether a directory exists."""
        return Path(path).is_dir()

    def variables_in(self, path: str) -> Collection[str] | None:
        """The names of the variables that an env file sets; None when it cannot be read."""
        try:
            return read_env_file(path).keys()
        except LaunchError:
            return None


@cache
def _home_of(user: str | None) -> str | None:
    try:
        return (pwd.getpwuid(os.geteuid()) if user is None else pwd.getpwnam(user)).pw_dir
    except KeyError:
        return None


@cache
def _is_program(name: str) -> bool:
    return shutil.which(name) is not None
