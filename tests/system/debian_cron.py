"""Debian's cron in a mount namespace of its own, with a clock that libfaketime sets two seconds before a minute."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.system.programs import DEADLINE, eventually

CRON = Path("/usr/sbin/cron")
FAKETIME = Path(f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1")

_MOUNT = """
set -e
mount -t tmpfs tmpfs /var/spool/cron; mkdir -m 1730 /var/spool/cron/crontabs
mount -t tmpfs tmpfs /etc/cron.d; mount -t tmpfs tmpfs /run; mount --bind /dev/null /etc/crontab
for file in "$1"/users/*; do [ ! -e "$file" ] || install -m 600 "$file" /var/spool/cron/crontabs/; done
for file in "$1"/system/*; do [ ! -e "$file" ] || install -m 644 "$file" /etc/cron.d/; done
LD_PRELOAD=$2 FAKETIME=$3 TZ=UTC exec /usr/sbin/cron -f
"""

_RECORDER = """#!/bin/sh
PATH=/usr/bin:/bin
out=$(mktemp -d DIRECTORY/XXXXXXXX)
cat /proc/$$/environ >"$out/env"
printf '%s\\0' "$@" >"$out/args"
readlink /proc/$$/cwd >"$out/cwd"
{ id -u; id -g; id -G; } >"$out/ids"
cat >"$out/stdin"
: >"$out/done"
"""


@cache
def missing() -> str | None:
    """Why cron cannot be run here."""
    if os.geteuid() != 0:
        return "needs root"
    for path in (CRON, FAKETIME):
        if not path.exists():
            return f"needs {path}"
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return None if done.returncode == 0 else "needs mount namespaces"


def recorder(program: Path, directory: Path) -> None:
    """Write a program that records its arguments, input, user, directory and environment below `directory`."""
    directory.mkdir()
    directory.chmod(0o1777)
    program.write_text(_RECORDER.replace("DIRECTORY", str(directory)))
    program.chmod(0o755)


class Recorded(NamedTuple):
    """One call of the recorder. `ids` are the uid, the gid and all groups."""

    arguments: list[bytes]
    stdin: bytes
    cwd: str
    ids: list[str]
    env: dict[bytes, bytes]


def recorded(directory: Path) -> dict[str, Recorded]:
    """What the recorder has written, by the first argument of each call."""
    found = {}
    for call in directory.iterdir():
        if (call / "done").exists():
            tag, *arguments = (call / "args").read_bytes().split(b"\0")[:-1]
            environ = (call / "env").read_bytes().split(b"\0")[:-1]
            found[tag.decode()] = Recorded(
                arguments,
                (call / "stdin").read_bytes(),
                (call / "cwd").read_text().strip(),
                (call / "ids").read_text().split(),
                dict(item.split(b"=", 1) for item in environ),
            )
    return found


@contextmanager
def cron(crontabs: Mapping[str, str], scratch: Path, minute: datetime) -> Iterator[Callable[[], bool]]:
    """Run cron on crontabs (`users/root`, `system/NAME`) from two seconds before a minute (UTC) on.

    Yields whether it has no child.
    """
    for kind in ("users", "system"):
        (scratch / kind).mkdir(parents=True)
    for name, text in crontabs.items():
        (scratch / name).write_text(text)
    start = minute - timedelta(seconds=2)
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", _MOUNT, "sh", scratch, FAKETIME, f"@{start:%Y-%m-%d %H:%M:%S}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield lambda: not _has_child(process.pid)
    finally:
        process.kill()
        process.wait(DEADLINE)
        shutil.rmtree(scratch)


def _has_child(pid: int) -> bool:
    """The kernel's own list of children may lack some while others end."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # that process has just ended
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                return True
    return False


def ran(crontabs: Mapping[str, str], scratch: Path, minute: datetime, is_over: Callable[[], bool]) -> None:
    """Run cron until `is_over`, and until the jobs of that minute have ended."""
    with cron(crontabs, scratch, minute) as is_idle:
        eventually(lambda: is_over() and is_idle(), what="cron did not run all jobs")
