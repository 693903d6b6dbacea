"""The other schedulers: where each is found, and how its file for the same jobs is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

NAMES = ("supercronic", "cron", "APScheduler", "cronstable", "yacron")

SECONDLY = "* * * * * *"
"""Six fields, seconds first; `Peer.at` makes such texts too."""

_APSCHEDULER = """
import json, subprocess, sys
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
scheduler = BlockingScheduler(timezone="UTC")
for text, command in json.load(open(sys.argv[1])):
    *second, minute, hour, day, month, weekday = text.split()
    trigger = CronTrigger(second=second[0] if second else 0, minute=minute, hour=hour, day=day, month=month,
                          day_of_week=weekday, timezone="UTC")
    scheduler.add_job(subprocess.run, trigger, args=[["/bin/sh", "-c", command]])
scheduler.start()
"""

_CRON_ALONE = """
mount --bind {folder}/crontabs /var/spool/cron/crontabs
mount --bind {folder}/nothing /etc/cron.d
mount --bind /dev/null /etc/crontab
mount -t tmpfs none /run
exec {program} -f
"""
"""cron reads fixed places only: here they are others, and the machine's own cron and its jobs are not touched."""

Jobs = Sequence[tuple[str, str]]
"""Schedules of five fields, or of six where the peer has seconds, each with a shell command."""


class Peer(NamedTuple):
    """`command` writes the jobs to a file in a folder and says how to serve it."""

    name: str
    seconds: bool
    most_jobs: int
    program: str
    write: Callable[[str, Path, Jobs], list[str]]

    def command(self, folder: Path, jobs: Jobs) -> list[str]:
        """What serves these jobs."""
        return self.write(self.program, folder, jobs)

    def at(self, moment: float) -> str:
        """Fields that match one instant of the year, which is a full minute where the peer has no seconds."""
        when = datetime.fromtimestamp(moment, UTC)
        minute = f"{when.minute} {when.hour} {when.day} {when.month} *"
        return f"{when.second} {minute}" if self.seconds else minute


def installed(environments: Path | None) -> list[Peer]:
    """Those found on the PATH, and those from PyPI, installed below `environments` where they are missing there."""
    found = []
    if program := shutil.which("supercronic"):
        found.append(Peer("supercronic", True, 10_000, program, _supercronic))
    if (program := shutil.which("cron")) and os.geteuid() == 0:
        found.append(Peer("cron", False, 10_000, program, _cron))
    if environments is not None:
        found.append(Peer("APScheduler", True, 10_000, python(environments, "APScheduler<4"), _apscheduler))
        found.append(Peer("cronstable", False, 10_000, python(environments, "cronstable"), _yacron("cronstable")))
        # 10,000 jobs take it three minutes.
        found.append(Peer("yacron", False, 1000, python(environments, "yacron"), _yacron("yacron")))
    return found


def versions(environments: Path | None) -> str:
    """The versions of the peers that are installed."""
    found = []
    for peer in installed(environments):
        if peer.name in {"supercronic", "cron"}:  # cron and Debian's supercronic have no option for their version
            ask = ["dpkg-query", "--show", "--showformat=Debian's ${Package} ${Version}", peer.name]
            found.append(subprocess.run(ask, capture_output=True, text=True, check=False).stdout or peer.name)
        else:
            ask = ["-c", f"import importlib.metadata as m; print({peer.name!r}, m.version({peer.name!r}), end='')"]
            found.append(subprocess.check_output([peer.program, *ask], text=True))
    return ", ".join(found) or "none"


def python(environments: Path, requirement: str) -> str:
    folder = environments.absolute() / requirement.split("<", maxsplit=1)[0]
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-qq", requirement], check=True)
    return str(folder / "bin" / "python")


def _supercronic(program: str, folder: Path, jobs: Jobs) -> list[str]:
    os.environ["TZ"] = "UTC"
    lines = [f"{text}{' *' if len(text.split()) == 6 else ''} {command}\n" for text, command in jobs]
    (folder / "crontab").write_text("".join(lines))
    return [program, str(folder / "crontab")]


def _cron(program: str, folder: Path, jobs: Jobs) -> list[str]:
    for name in ("crontabs", "nothing"):
        (folder / name).mkdir()
    crontab = folder / "crontabs" / "root"
    crontab.write_text("".join(f"{text} {command}\n" for text, command in jobs))
    crontab.chmod(0o600)
    os.environ["TZ"] = "UTC"
    return ["unshare", "--mount", "/bin/sh", "-ec", _CRON_ALONE.format(folder=folder, program=program)]


def _apscheduler(program: str, folder: Path, jobs: Jobs) -> list[str]:
    (folder / "jobs.json").write_text(json.dumps(jobs))
    return [program, "-c", _APSCHEDULER, str(folder / "jobs.json")]


def _yacron(name: str) -> Callable[[str, Path, Jobs], list[str]]:
    def write(program: str, folder: Path, jobs: Jobs) -> list[str]:
        mappings = [
            {"name": f"job-{number}", "command": command, "schedule": text, "utc": True}
            for number, (text, command) in enumerate(jobs)
        ]
        (folder / "yacron.yaml").write_text("jobs:\n" + "".join(f"- {_flow(job)}\n" for job in mappings))
        return [str(Path(program).with_name(name)), "-c", str(folder / "yacron.yaml")]

    return write


def _flow(job: dict[str, object]) -> str:
    return "\n  ".join(f"{key}: {json.dumps(value)}" for key, value in job.items())
