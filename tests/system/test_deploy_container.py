"""deploy/container: what the Dockerfile and compose.yaml promise, and the image's own command line in a namespace of
processes of its own, as a user without a name, on a read-only file system."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from scheduler.config.file_form import FileForm
from scheduler.schedule import parse_duration
from tests.system.programs import DEADLINE, Schedd, schedd, write

PROJECT = Path(__file__).parents[2]
DOCKERFILE = (PROJECT / "deploy/container/Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "deploy/container/compose.yaml").read_text())
IN_THE_CONTAINER = "/etc/schedd"


def instructions(name: str) -> list[str]:
    """What follows this word in the last stage."""
    return re.findall(rf"^{name} (.*)", DOCKERFILE.rpartition("\nFROM ")[2], re.MULTILINE)


def exec_form(instruction: str) -> list[str]:
    """The words of the one such instruction; ValueError when a shell would be in between."""
    (line,) = instructions(instruction)
    return list(json.loads(line[line.index("[") :]))


def variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))


def test_schedd_is_the_first_process_and_needs_no_init() -> None:
    assert exec_form("CMD")[0] == "schedd"
    assert instructions("ENTRYPOINT") == []
    assert exec_form("HEALTHCHECK") == ["schedctl", "status", "--exit-code"]


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    (user,) = instructions("USER")
    assert all(int(part) > 0 for part in user.split(":"))


def test_every_file_that_the_image_copies_is_here_and_not_ignored() -> None:
    ignore = (PROJECT / "deploy/container/Dockerfile.dockerignore").read_text().splitlines()
    assert ignore[0] == "*"
    copied = [word for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert copied
    for word in copied:
        assert f"!{word}" in ignore
        assert (PROJECT / word).exists()


def test_the_image_has_nothing_but_what_the_build_puts_together() -> None:
    """packaging/try-image builds and runs it."""
    assert re.findall("^FROM (.*)$", DOCKERFILE, re.MULTILINE)[1:] == ["scratch"]
    assert instructions("COPY") == ["--from=build /image /"]


def test_compose_gives_schedd_the_time_it_takes_and_nothing_it_does_not_need() -> None:
    (service,) = COMPOSE["services"].values()
    assert parse_duration(service["stop_grace_period"]) > parse_duration(FileForm(jobs={}).shutdown_timeout)
    assert service["init"] is False
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["scale"] == 1
    assert (PROJECT / "deploy/container" / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    (volume,) = service["volumes"]
    assert volume.split(":")[1] == str(Path(variables()["SCHEDD_CONFIG"]).parent)


CONTAINER = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/python /srv/packages /srv/project /srv/etc /srv/bin /srv/tmp
mount --bind "$BASE" /srv/python
mount --bind "$PACKAGES" /srv/packages
mount --bind "$PROJECT" /srv/project
mount --bind "$ETC" /srv/etc
for name in schedd schedctl; do
    printf '#!/bin/sh\\nexec %s -c "import scheduler.cli.console as c; c.%s()" "$@"\\n' "$PYTHON" $name >/srv/bin/$name
    chmod 755 /srv/bin/$name
done
mount -t tmpfs -o mode=1777 tmpfs /srv/tmp
for point in / /srv /srv/python /srv/packages /srv/project /srv/etc; do
    mount -o remount,bind,ro $point
done
cd /srv/tmp
exec env -i PATH=/srv/bin:/usr/bin:/bin SCHEDD_CONFIG=/srv/etc/schedules.yaml TMPDIR=/srv/tmp TZ=Europe/Berlin \\
    LD_LIBRARY_PATH=/srv/python/lib PYTHONPATH=/srv/packages:/srv/project PYTHONDONTWRITEBYTECODE=1 \\
    setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups --no-new-privs --bounding-set=-all $COMMAND
"""
"""A poor man's container. schedd's Python and packages are bound to places that a user without a name can reach."""

UNSHARE = ("unshare", "--pid", "--mount", "--fork", "--mount-proc")


@contextmanager
def container(etc: Path, *, ready: bool = True) -> Iterator[Schedd]:
    """The image's command line, on the schedule file in `etc`. Its pid is that of unshare, outside."""
    if subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/srv"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no namespaces of processes and mounts, in which a container could be played")
    python = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    with schedd(
        etc / "unused",
        program=(*UNSHARE, "sh", "-c", CONTAINER, "sh"),
        ready=False,
        COMMAND=shlex.join(exec_form("CMD")),
        BASE=sys.base_prefix,
        PYTHON=str("/srv/python" / python.relative_to(Path(sys.base_prefix).resolve())),
        PACKAGES=sysconfig.get_path("purelib"),
        PROJECT=str(PROJECT),
        ETC=str(etc),
        USER_ID=instructions("USER")[0].partition(":")[0],
    ) as running:
        try:
            if ready:
                running.says("schedd started")
            yield running
        finally:
            end_first_process(running, signal.SIGKILL)  # and with it all others


def end_first_process(running: Schedd, number: signal.Signals) -> None:
    """Signal the container's PID 1, which is the one child of unshare."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split():
            os.kill(int(pid), number)


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    etc = tmp_path / "etc"
    etc.mkdir(mode=0o755)
    health = shlex.join(exec_form("HEALTHCHECK"))
    write(etc / "schedules.yaml", f"""
        jobs:
          look:
            schedule: "@reboot"
            command: |
              echo "user $(id -u), parent $PPID"
              for place in / /srv /srv/etc; do touch $place/x 2>&1 | grep -o 'Read-only file system'; done
              touch /srv/tmp/x && echo "tmp is writable"
          orphans:
            schedule: "@reboot"
            command: (setsid sh -c 'sleep 0.2; exit 3' &) ; (setsid sh -c 'sleep 0.2; exit 4' &)
          healthy:
            schedule: "@every 1s"
            command: {health} && echo "healthy, $(cat /proc/[0-9]*/stat | grep -c ') Z ') zombies"
        """)  # fmt: skip
    return etc


def test_as_pid_1_read_only_and_nameless_it_runs_answers_reaps_and_ends(etc: Path) -> None:
    """P6"""
    with container(etc) as running:
        running.says("schedd started", "pid=1 ", "socket=/srv/tmp/schedd-10001/")
        running.says("[look] user 10001, parent 1")
        running.says("[look] Read-only file system", times=3)
        running.says("[look] tmp is writable")
        running.says("[healthy] healthy, 0 zombies", times=2)
        (warning,) = running.lines("machine time zone ignored", "timezone=Europe/Berlin")
        assert "UTC" in warning
        end_first_process(running, signal.SIGTERM)
        assert running.ends() == 0
        assert running.lines("shutting down")
        assert not running.lines("level=error")


def test_an_edit_of_the_mounted_directory_is_applied_and_an_error_is_unhealthy(etc: Path) -> None:
    """R4"""
    with container(etc) as running:
        running.says("[healthy] healthy")
        good = etc.joinpath("schedules.yaml").read_text()
        etc.joinpath("schedules.yaml").write_text("jobs: [oops\n")
        running.says("reload failed")
        running.says("run finished", "job=healthy", "exit=1")
        new = etc / "new"
        new.write_text(good + "  more: {schedule: '@every 1s', command: echo more}\n")
        new.rename(etc / "schedules.yaml")
        running.says("[more] more")
        count = len(running.lines("[healthy] healthy"))
        running.says("[healthy] healthy", times=count + 1)
        end_first_process(running, signal.SIGTERM)
        assert running.ends(DEADLINE) == 0


def test_a_second_container_on_a_file_that_is_private_to_schedd_is_refused(etc: Path) -> None:
    """D4"""
    file = etc / "schedules.yaml"
    user, group = map(int, instructions("USER")[0].split(":"))
    for owner, mode in ((user, 0o600), (0, 0o640)):
        os.chown(file, owner, group)
        file.chmod(mode)
        with container(etc), container(etc, ready=False) as second:
            assert second.ends() == 1
            assert "is already managed by a schedd outside of this container" in second.errors


def test_a_second_container_on_a_file_that_others_can_read_starts_and_warns(etc: Path) -> None:
    """D4: whoever can read the file can lock it, and must not keep schedd from starting."""
    with container(etc) as first, container(etc) as second:
        (warning,) = second.says("file lock failed", "outside of this container")
        assert "both run every job" in warning
        assert first.lines("file lock failed") == []
