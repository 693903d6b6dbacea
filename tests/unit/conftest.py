"""Unit tests run on the virtual clock: a test that starts a child, opens a socket or really sleeps fails."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from typing import NoReturn

import croniter  # noqa: F401 - to be imported later by what is tested: it runs `file` to see whether Python has 32 bits
import pytest


class NotInUnitTestsError(AssertionError):
    """A unit test reached for the real world."""


@pytest.fixture(autouse=True)
def _no_real_world(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise NotInUnitTestsError("unit tests start no child, open no socket and never sleep")

    monkeypatch.setattr(time, "sleep", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    for name in ("fork", "posix_spawn", "posix_spawnp", "system"):
        monkeypatch.setattr(os, name, refuse)
    for name in ("connect", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
