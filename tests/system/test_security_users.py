"""Attacks by another user of the same machine, and root's schedctl with another user's schedd."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scheduler.control.private_directory import names
from tests.system.programs import BIN, environment, eventually, schedctl, schedd, write

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")

OTHER = 65534
AS_OTHER = ("setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups")
CANARY = "canary-of-root"

FAKE_SCHEDD = """
import json, os, socket, sys
directory, name, received = sys.argv[1:4]
os.makedirs(directory, mode=0o700)
listener = socket.socket(socket.AF_UNIX)
listener.bind(os.path.join(directory, name + ".sock"))
listener.listen()
print("listening", flush=True)
values = {"EVIL": "1", "PATH": "/bin"}
variables = [{"name": name, "value": value, "origin": "env", "here": "same"} for name, value in values.items()]
environment = {"job": "job", "cwd": "/", "user": None, "group": None, "umask": None, "nice": None,
               "memory_limit": None, "variables": variables, "only_here": []}
while True:
    connection, _ = listener.accept()
    with connection, open(received, "ab") as log:
        request = connection.makefile("rb").readline()
        log.write(request)
        log.flush()
        if request:
            connection.sendall(b'{"event": "accepted"}\\n' + json.dumps({"ok": environment}).encode() + b"\\n")
"""


LOCKER = """
import fcntl, os, sys, time
how, path, setuid = sys.argv[1:4]
held = os.open(path, os.O_RDONLY)
os.set_inheritable(held, True)
fcntl.flock(held, fcntl.LOCK_SH if how == "shared" else fcntl.LOCK_EX)
if how == "a child whose parent has ended" and os.fork():
    os._exit(0)
print("locked", flush=True)
if how == "a setuid program":
    os.execv(setuid, ["sleep", "60"])
time.sleep(60)
"""


@pytest.fixture
def place(open_directory: Path) -> Path:
    """A directory that every user may enter, with one in it where everybody can write."""
    (open_directory / "tmp").mkdir()
    (open_directory / "tmp").chmod(0o1777)
    return open_directory


@pytest.fixture
def file(place: Path) -> Path:
    return write(
        place / "schedules.yaml", """
        jobs:
          job: {command: "id -u; echo ${EVIL:-good} ${CANARY:-none}"}
        """
    )  # fmt: skip


@contextmanager
def process(*words: str | Path, says: str) -> Iterator[subprocess.Popen[str]]:
    """A process of the other user, from the moment at which it says something to the end of the block."""
    with subprocess.Popen(
        [*AS_OTHER, *words], stdout=subprocess.PIPE, text=True, env=environment({}), start_new_session=True
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline().strip() == says
            yield running
        finally:
            os.killpg(running.pid, signal.SIGKILL)


def fake_schedd(directory: Path, file: Path) -> tuple[str | Path, ...]:
    return sys.executable, "-c", FAKE_SCHEDD, directory, names(str(file))[0], file.parent / "tmp" / "received"


def as_other(program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of the installed programs as the other user."""
    command = [*AS_OTHER, BIN / program, *words]
    return subprocess.run(command, env=environment({}), capture_output=True, text=True, timeout=30, check=False)


def received(file: Path) -> list[bytes]:
    """The requests that the attacker has got; a connection without a request is an empty one."""
    path = file.parent / "tmp" / "received"
    return path.read_bytes().splitlines() if path.exists() else []


@pytest.mark.parametrize("words", [("shell", "job", "sh", "-c", "id -u; echo $EVIL"), ("env", "job"), ("list",)])
def test_a_socket_in_a_directory_that_another_user_has_made_is_not_used(
    place: Path, file: Path, words: tuple[str, ...]
) -> None:
    """D1: it has the name of root's directory and of root's file."""
    tmp = place / "tmp"
    with process(*fake_schedd(tmp / "schedd-0", file), says="listening"):
        answer = schedctl("-c", file, *words, TMPDIR=str(tmp), CANARY=CANARY)
    assert received(file) == []
    assert "EVIL" not in answer.stdout
    assert "no schedd is running" in answer.stderr


def test_a_socket_of_another_user_in_schedd_socket_is_not_used(place: Path, file: Path) -> None:
    """D1"""
    directory = place / "tmp" / "own"
    with process(*fake_schedd(directory, file), says="listening"):
        path = directory / f"{names(str(file))[0]}.sock"
        answer = schedctl("-c", file, "env", "job", SCHEDD_SOCKET=str(path), CANARY=CANARY)
        unnamed = schedctl("list", cwd=place / "tmp", SCHEDD_SOCKET=str(path), CANARY=CANARY)
    assert received(file) == []
    assert "EVIL" not in answer.stdout
    assert unnamed.returncode == 2


def test_a_user_with_a_lock_on_the_file_alone_gets_nothing_from_root(place: Path, file: Path) -> None:
    """D1: the attacker pretends to manage the file, so root's schedctl becomes the attacker before it asks."""
    tmp = place / "tmp"
    locked = f"import fcntl; held = open({str(file)!r}); fcntl.flock(held, fcntl.LOCK_EX)\n{FAKE_SCHEDD}"
    _, _, _, *arguments = fake_schedd(tmp / f"schedd-{OTHER}", file)
    with process(sys.executable, "-c", locked, *arguments, says="listening"):
        shell = schedctl("-c", file, "shell", "job", "sh", "-c", "id -u; id -g; id -G", TMPDIR=str(tmp), CANARY=CANARY)
        schedctl("-c", file, "env", "job", TMPDIR=str(tmp), CANARY=CANARY)
    assert shell.stdout.split() == [str(OTHER)] * 3, shell.stderr
    assert received(file) != []
    assert CANARY.encode() not in b"".join(received(file))


def test_root_acts_as_the_user_whose_schedd_it_asks(place: Path, file: Path) -> None:
    """D2"""
    with schedd(file, program=(*AS_OTHER, str(BIN / "schedd")), TMPDIR=str(place / "tmp")) as running:
        shell = schedctl(
            "-c", file, "shell", "job", "sh", "-c", "id -u; id -g; id -G; echo ${CANARY:-none}", CANARY=CANARY
        )
        assert shell.stdout.split() == [str(OTHER), str(OTHER), str(OTHER), "none"]
        run = schedctl("-c", file, "run-now", "job", CANARY=CANARY)
        assert (run.returncode, run.stdout.split()) == (0, [str(OTHER), "good", "none"])
        assert json.loads(schedctl("-c", file, "status", "--json").stdout)["pid"] == running.pid
        assert running.stop() == 0


@pytest.mark.parametrize("text", [None, "jobs: ["])
def test_root_finds_the_schedd_of_another_user_when_the_file_has_been_replaced(
    place: Path, file: Path, text: str | None
) -> None:
    """By `install`, `sed -i`, an editor: the lock is on the old one until schedd loads the new one."""
    with schedd(file, program=(*AS_OTHER, str(BIN / "schedd")), TMPDIR=str(place / "tmp")) as running:
        new = file.with_name("new")
        new.write_text(file.read_text() if text is None else text)
        new.chmod(0o644)
        new.replace(file)
        assert json.loads(schedctl("-c", file, "status", "--json").stdout)["pid"] == running.pid
        schedctl("-c", file, "reload")
        if text is None:
            run = schedctl("-c", file, "run-now", "job")
            assert run.stdout.split()[0] == str(OTHER)
        assert json.loads(schedctl("-c", file, "status", "--json").stdout)["pid"] == running.pid
        assert running.stop() == 0


def test_root_is_told_how_the_schedd_of_another_user_can_be_reached_again(place: Path, file: Path) -> None:
    with schedd(file, program=(*AS_OTHER, str(BIN / "schedd")), TMPDIR=str(place / "tmp")) as running:
        Path(f"/tmp/schedd-{OTHER}", f"{names(str(file))[0]}.sock").unlink()
        answer = schedctl("-c", file, "list")
        assert answer.returncode == 3
        assert "run schedctl as" not in answer.stderr
        advice = answer.stderr.rpartition("it creates a new one after: ")[2]
        subprocess.run(shlex.split(advice), check=True)
        eventually(lambda: schedctl("-c", file, "list").returncode == 0, what="no new socket")
        assert running.stop() == 0


def test_another_user_does_not_read_the_file_in_place_of_roots_schedd(file: Path) -> None:
    """D1: a refused user gets an error that names the right user."""
    with schedd(file) as running:
        answer = as_other("schedctl", "-c", file, "list")
        assert running.stop() == 0
    assert (answer.returncode, answer.stdout) == (3, "")
    assert f"is managed by schedd with pid {running.pid}, which belongs to root: run schedctl as root" in answer.stderr


@pytest.mark.parametrize("how", ["a process", "shared", "a child whose parent has ended", "a setuid program"])
def test_a_lock_of_another_user_on_the_file_does_not_affect_schedd(place: Path, file: Path, how: str) -> None:
    """D4"""
    setuid = Path(shutil.copy("/bin/sleep", place / "sleep"))
    setuid.chmod(0o4755)
    with process(sys.executable, "-c", LOCKER, how, file, setuid, says="locked") as locker:
        if how == "a setuid program":
            eventually(lambda: Path(f"/proc/{locker.pid}").stat().st_uid == 0)
        _start_reload_and_refuse_a_second(file)


def _start_reload_and_refuse_a_second(file: Path) -> None:
    with schedd(file) as running:
        assert schedctl("-c", file, "reload").returncode == 0
        file.write_text(file.read_text().replace("job:", "other:"))
        assert schedctl("-c", file, "reload").returncode == 0
        assert "other" in schedctl("-c", file, "list").stdout
        second = subprocess.run(
            [BIN / "schedd", file], env=environment({}), capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 1
        assert f"is already managed by schedd with pid {running.pid}" in second.stderr
        assert running.stop() == 0
    assert running.errors == ""


def test_two_users_cannot_serve_one_file(place: Path, file: Path) -> None:
    """D4: the lock of root does count."""
    with schedd(file) as running:
        second = subprocess.run(
            [*AS_OTHER, BIN / "schedd", file],
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert running.stop() == 0
    assert second.returncode == 1
    assert f"is already managed by schedd with pid {running.pid}" in second.stderr


def test_jobs_get_neither_secrets_of_notifications_nor_roots_session(file: Path) -> None:
    """D5"""
    write(file, """
        jobs:
          own: {schedule: "@reboot", command: env, on_failure: [{webhook: {from_env: HOOK}}]}
          other: {schedule: "@reboot", command: env, user: "65534"}
          asks: {schedule: "@reboot", command: "echo got $MINE", env: {MINE: {from_env: HOOK}}}
        """)  # fmt: skip
    secrets: Any = dict.fromkeys(("SMTP_URL", "SENTRY_DSN", "HOOK"), CANARY)
    session: Any = {"XDG_RUNTIME_DIR": "/run/user/0", "SUDO_USER": "someone", "SSH_AUTH_SOCK": "/tmp/agent"}
    with schedd(file, **secrets, **session) as running:
        running.says("run finished", times=3)
        shown = schedctl("-c", file, "env", "own", "--reveal").stdout
        assert running.stop() == 0
    assert running.lines(CANARY) == [f"[asks] got {CANARY}"]
    assert CANARY not in shown
    assert running.lines("[own] SUDO_USER=")
    assert [line for name in session for line in running.lines(f"[other] {name}=")] == []
