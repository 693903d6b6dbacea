"""Warnings about this machine: missing users, files, variables and extras that jobs and notifications need.

schedd logs them at start and reload too: until they are settled, runs fail to start or notifications are lost.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import resource
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scheduler.config.lint_codes import LintCode, LintWarning
from scheduler.config.recipients import LISTS
from scheduler.errors import EXIT_BAD_FILE, EXIT_FAILURE
from scheduler.launch.account import LARGEST_ID
from scheduler.launch.envfile import read_env_file, read_small_file
from scheduler.launch.launcher import LaunchError
from scheduler.model.job import LauncherName
from scheduler.model.web import token_problem
from scheduler.model.workers import store_problem
from scheduler.package import missing_package
from scheduler.server_url import http_url_problem, mail_url_problem

_DELIVERED = LISTS | {"ping", "sentry"}
"""These keys matter where schedd runs; the others where the job runs, which may be the machine of a worker."""

_SYS_NICE = 1 << 23
"""The capability CAP_SYS_NICE."""

HOST_KEYS = _DELIVERED | {"user", "group", "nice", "env", "env_file"}
"""The keys that are looked at."""


class Host:
    """This machine as the present user sees it, who may differ from the user of schedd."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._ids: dict[tuple[str, str], int | None] = {}

    def warnings(self, given: dict[str, Any], directory: Path) -> Iterator[LintWarning]:
        """The warnings about the keys of a job or of the defaults, one of them `launcher`, in a file of `directory`."""
        if given["launcher"] == LauncherName.CELERY:
            given = {key: value for key, value in given.items() if key in _DELIVERED}
        for key in ("user", "group"):
            if given.get(key):
                yield from self._of_user(key, str(given[key]))
        nice = given.get("nice")
        if nice is not None and os.geteuid() != 0 and nice < (lowest := _lowest_nice()):
            message = (
                f"nice: {nice} requires root, and uid {os.geteuid()} may not go below {lowest}; runs fail to start"
            )
            yield LintWarning(LintCode.NEEDS_ROOT, "nice", message)
        if name := given.get("env_file"):
            yield from _of_env_file(directory / name)
        for variable, value in (given.get("env") or {}).items():
            if problem := self._reference_problem(value, directory, may_be_empty=True):
                code = LintCode.UNSET_VARIABLE if "from_env" in value else LintCode.MISSING_FILE
                yield LintWarning(code, "env", f"env: {variable}: {problem}; runs fail to start")
        for key, problem in () if _DELIVERED.isdisjoint(given) else self._undeliverable(given, directory):
            message = f"{key}: {problem}; nothing can be sent"
            yield LintWarning(LintCode.UNDELIVERABLE, key, message)

    def token_warnings(self, web: dict[str, Any], directory: Path) -> Iterator[LintWarning]:
        """The warnings about the tokens of `web`, without which schedd serves no HTTP."""
        for key in ("token", "view_token"):
            value = web.get(key)
            problem = self._reference_problem(value, directory)
            if problem is None and isinstance(value, dict):
                problem = token_problem(self._value(value, directory) or "")
            if problem:
                code = LintCode.UNSET_VARIABLE if "from_env" in web[key] else LintCode.MISSING_FILE
                message = f"{key}: {problem}; schedd exits with {EXIT_BAD_FILE} when HTTP is enabled"
                yield LintWarning(code, f"web.{key}", message)

    def launcher_warnings(self, launcher: dict[str, Any], directory: Path) -> Iterator[LintWarning]:
        """The warnings about addresses of workers, without which neither schedd nor workers start."""
        celery = launcher.get("celery", {})
        for key in ("broker", "store"):
            if problem := self._reference_problem(celery.get(key), directory):
                code = LintCode.UNSET_VARIABLE if "from_env" in celery[key] else LintCode.MISSING_FILE
                message = f"{key}: {problem}; schedd and workers exit with {EXIT_BAD_FILE}"
                yield LintWarning(code, f"launcher.celery.{key}", message)
        of_store = "store" if "store" in celery else "broker"
        address = self._value(celery.get(of_store), directory)
        if address and (problem := store_problem(address, is_broker=of_store == "broker")):
            if not isinstance(celery[of_store], str):  # then it is an error
                message = f"{of_store}: {problem}; schedd and workers exit with {EXIT_BAD_FILE}"
                yield LintWarning(LintCode.UNUSABLE_BROKER, f"launcher.celery.{of_store}", message)
            if of_store == "broker":
                return
        broker = self._value(celery.get("broker"), directory)
        if broker and _is_installed("celery"):
            from scheduler.launch.remote.broker import broker_problem  # noqa: PLC0415 - an extra

            if problem := broker_problem(broker):
                message = f"{problem}; schedd and workers exit with {EXIT_FAILURE}"
                yield LintWarning(LintCode.UNUSABLE_BROKER, "launcher.celery.broker", message)

    def _undeliverable(self, given: dict[str, Any], directory: Path) -> Iterator[tuple[str, str]]:
        """Keys whose notifications, pings or check-ins cannot be sent now, and why."""
        for key in sorted(LISTS & given.keys()):
            for recipient in given[key] or ():
                if problem := self._delivery_problem(recipient, directory):
                    yield key, problem
        if problem := self._address_problem(given.get("ping"), directory):
            yield "ping", problem
        if given.get("sentry") and (problem := self._sentry_problem()):
            yield "sentry", problem

    def _of_user(self, key: str, name: str) -> Iterator[LintWarning]:
        if (key, name) not in self._ids:
            self._ids[key, name] = _id_of(key, name)
        number = self._ids[key, name]
        if number is None:
            message = f"{key}: there is no {key} {name} on this machine; runs fail to start"
            yield LintWarning(LintCode.UNKNOWN_USER, key, message)
        elif os.geteuid() != 0 and number != (os.geteuid() if key == "user" else os.getegid()):
            message = f"{key}: requires root, and this is uid {os.geteuid()}; runs fail to start"
            yield LintWarning(LintCode.NEEDS_ROOT, key, message)

    def _reference_problem(self, value: object, directory: Path, *, may_be_empty: bool = False) -> str | None:
        """Why a `{from_env: X}` or `{from_file: p}` has no value now; None for a value in the file."""
        if not isinstance(value, dict):
            return None
        if name := value.get("from_env"):
            if name not in self._environ:
                return f"the variable {name} is not set here"
            return None if self._environ[name] or may_be_empty else f"the variable {name} is empty here"
        if not value.get("from_file"):
            return None
        return _value_problem(directory / value["from_file"], may_be_empty=may_be_empty)

    def _value(self, value: object, directory: Path) -> str | None:
        """A value of the file, of a variable or of another file; None where there is none now."""
        if not isinstance(value, dict):
            return value if isinstance(value, str) else None
        if name := value.get("from_env"):
            return self._environ.get(name)
        with contextlib.suppress(LaunchError, UnicodeDecodeError):
            return read_small_file(str(directory / name)).decode().strip() if (name := value.get("from_file")) else None
        return None

    def _address_problem(self, value: object, directory: Path) -> str | None:
        """The same for an address of HTTP, or why the value is not a valid one."""
        if problem := self._reference_problem(value, directory):
            return problem
        if not isinstance(value, dict) or not (address := self._value(value, directory)):
            return None
        where = f"the variable {value['from_env']}" if value.get("from_env") else value["from_file"]
        return f"the address in {where} is not valid: {problem}" if (problem := http_url_problem(address)) else None

    def _delivery_problem(self, recipient: dict[str, Any], directory: Path) -> str | None:
        if "mail" in recipient:
            if not (server := self._environ.get("SMTP_URL")):
                return "mail is sent through SMTP_URL, which is not set here"
            if problem := mail_url_problem(server):
                return f"mail is sent through SMTP_URL, which {problem}"
        if "apprise" in recipient and not _is_installed("apprise"):
            return missing_package("apprise", "apprise")
        if invalid := self._address_problem(recipient.get("webhook"), directory):
            return invalid
        values = [recipient.get(key) for key in ("apprise", "secret")]
        values += (recipient.get("headers") or {}).values()
        return next(filter(None, (self._reference_problem(value, directory) for value in values)), None)

    def _sentry_problem(self) -> str | None:
        if not _is_installed("sentry_sdk"):
            return missing_package("sentry-sdk", "sentry")
        if not (address := self._environ.get("SENTRY_DSN")):
            return "SENTRY_DSN is not set here"
        return f"SENTRY_DSN is not valid: {problem}" if (problem := http_url_problem(address)) else None


def _id_of(key: str, name: str) -> int | None:
    """The number of a user or group, which may be a number already; None when there is none of this name."""
    is_number = name.isascii() and name.isdecimal()
    try:
        if key == "group" and is_number:
            return int(name) if int(name) <= LARGEST_ID else None
        if is_number and int(name) == os.geteuid():
            return os.geteuid()
        if is_number:
            return pwd.getpwuid(int(name)).pw_uid
        return pwd.getpwnam(name).pw_uid if key == "user" else grp.getgrnam(name).gr_gid
    except (KeyError, ValueError, OverflowError):
        return None


def _lowest_nice() -> int:
    """The lowest nice value that our user may give to a process."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        capabilities = Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0]
        if int(capabilities, 16) & _SYS_NICE:
            return -20
    limit = resource.getrlimit(resource.RLIMIT_NICE)[0] if hasattr(resource, "RLIMIT_NICE") else 0
    allowed = -20 if limit == resource.RLIM_INFINITY else 20 - limit
    return min(os.getpriority(os.PRIO_PROCESS, 0), allowed)


def _of_env_file(path: Path) -> Iterator[LintWarning]:
    problem = _file_problem(path)
    if problem is None:
        try:
            read_env_file(str(path))
        except LaunchError as error:
            problem = str(error)
    if problem:
        yield LintWarning(LintCode.MISSING_ENV_FILE, "env_file", f"env_file: {problem}; runs fail to start")


def _value_problem(path: Path, *, may_be_empty: bool) -> str | None:
    if (problem := _file_problem(path)) is None:
        try:
            if not read_small_file(str(path)).strip() and not may_be_empty:
                return f"{path} is empty"
        except LaunchError as error:
            problem = str(error)
    return problem


def _file_problem(path: Path) -> str | None:
    try:
        path.stat()
        readable = os.access(path, os.R_OK, effective_ids=True)
    except PermissionError:
        readable = False
    except (OSError, ValueError):
        return f"no such file: {path}"
    return None if readable else f"{path} is not readable by uid {os.geteuid()}"


def _is_installed(package: str) -> bool:
    return find_spec(package) is not None
