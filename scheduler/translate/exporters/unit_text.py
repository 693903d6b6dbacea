"""The syntax of systemd's unit files, and the restrictions that exported services have."""

from __future__ import annotations

import re

from scheduler.translate.exporters.shell_text import seconds

_PLAIN = re.compile(r"[\w/.,:=+@-]+", re.ASCII)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}

ABOUT_HARDENING = "Restrictions that most jobs do not notice. Delete a line if the job needs what it forbids."

HARDENING = """\
NoNewPrivileges=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
"""
STRICT = """\
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""


def command_line(words: list[str]) -> str:
    """The value of ExecStart= and the like, in which systemd expands no variable."""
    return " ".join(word_of(word).replace("$", "$$") for word in words)


def word_of(text: str) -> str:
    """A word in quotes where it needs them, with specifiers escaped."""
    if _PLAIN.fullmatch(text):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character == "%":
        return "%%"
    if character < " " or character == "\x7f":
        return _ESCAPES.get(character, f"\\x{ord(character):02x}")
    return _ESCAPES.get(character, character)


def value_of(text: str) -> str:
    """A value that is taken to the letter but for specifiers. A backslash at its end would continue the line."""
    return text.replace("%", "%%") + (" " if text.endswith("\\") else "")


def span_of(duration: float) -> str:
    """Seconds as a time span."""
    return f"{seconds(duration)}s"


def size_of(size: int) -> str:
    """Bytes in the largest unit that holds them exactly."""
    for power, unit in ((3, "G"), (2, "M"), (1, "K")):
        if size % 1024**power == 0:
            return f"{size // 1024**power}{unit}"
    return str(size)
