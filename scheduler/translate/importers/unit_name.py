"""The name of a systemd unit, the manager that starts it, and the specifiers that stand for parts of both."""

from __future__ import annotations

import re
from typing import NamedTuple

from scheduler.translate.importers.source_file import Machine

_FOLDER_OF_USERS = re.compile(r"(?:(/.+)/\.(?:config|local/share)|.*)/systemd/user(?:\.\w+)?")
_SPECIFIER = re.compile(r"%([A-Za-z0-9%])")
_ESCAPED = re.compile(rb"-|\\x([0-9a-fA-F]{2})|\\")


class UnitError(Exception):
    """Why a value of a unit cannot be carried over."""


class Manager(NamedTuple):
    """The systemd that starts a unit: that of the system, or of users. `home` is None when it is not known."""

    of_users: bool
    home: str | None
    is_shared: bool = False

    @staticmethod
    def of(folder: str, machine: Machine) -> Manager:
        """The manager whose units are in a directory: `is_shared` when they are those of all users."""
        match = _FOLDER_OF_USERS.fullmatch(folder)
        if match is None:
            return Manager(of_users=False, home="/root")
        return Manager(of_users=True, home=match[1] or machine.home_of(None), is_shared=match[1] is None)


class UnitName:
    """The full name of a unit, such as `backup@srv-data.service`."""

    def __init__(self, text: str, manager: Manager) -> None:
        self.text = text
        self._manager = manager
        self.stem = text.rpartition(".")[0]
        self._prefix, at, self._instance = self.stem.partition("@")
        self._is_instance = bool(at)

    def specified(self, text: str) -> str:
        """The text with specifiers replaced. UnitError for one that depends on more than unit and manager."""
        return _SPECIFIER.sub(lambda match: self._value(match[1]), text)

    def _value(self, specifier: str) -> str:
        final = self._prefix.rpartition("-")[2]
        known = {"%": "%", "n": self.text, "N": self.stem, "p": self._prefix, "i": self._instance, "j": final}
        if specifier in known:
            return known[specifier]
        match specifier:
            case "P":
                return _unescaped(self._prefix)
            case "I":
                return _unescaped(self._instance)
            case "J":
                return _unescaped(final)
            case "f":
                return _path(self._instance if self._is_instance else self._prefix)
            case "h" if self._manager.home:
                return self._manager.home
        raise UnitError(f"the specifier %{specifier} has no equivalent; write its value")


def _unescaped(text: str) -> str:
    def character(match: re.Match[bytes]) -> bytes:
        if match[0] == b"\\":
            raise UnitError(f"{text} is not a valid name of a unit")
        return bytes.fromhex(match[1].decode()) if match[1] else b"/"

    try:
        return _ESCAPED.sub(character, text.encode()).decode()
    except UnicodeDecodeError:
        raise UnitError(f"{text} is not text in UTF-8") from None


def _path(text: str) -> str:
    plain = _unescaped(text)
    if plain != "/" and (plain.startswith("/") or plain.endswith("/")):
        raise UnitError(f"{text} is not a path")
    return f"/{plain.lstrip('/')}"
