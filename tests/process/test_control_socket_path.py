"""How schedd and schedctl find each other: the lock on the file and the place of the socket."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.control import client, file_lock, socket_path
from scheduler.control.client import Client
from scheduler.control.file_lock import FileLock, Holder, holder
from scheduler.control.peer_names import user_name
from scheduler.control.socket_path import SocketError, open_socket, socket_paths
from scheduler.errors import AlreadyRunningError, UnreachableError
from scheduler.wire.jobs import ListJobs
from scheduler.wire.operations import LIST
from tests.process.fake_service import FakeService, served

HOLD = """
import sys, time
from scheduler.control import file_lock, socket_path
from scheduler.control.socket_path import open_socket
from scheduler.control.file_lock import FileLock
file_lock.private_directories = socket_path.private_directories = lambda _uid: sys.argv[2:]
lock = FileLock(sys.argv[1])
lock.acquire()
opened = open_socket(sys.argv[1])
print(opened.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {}\n")
    return file


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only place for sockets, short enough for the kernel; root has no /run/schedd here."""
    directory = Path(f"/tmp/sched-{os.getpid()}-{time.monotonic_ns() % 10**9}")
    directory.mkdir(mode=0o700)
    monkeypatch.delenv("SCHEDD_SOCKET", raising=False)
    for module in (socket_path, file_lock):
        monkeypatch.setattr(
            module, "private_directories", lambda _uid: [str(directory / "none"), str(directory / "schedd")]
        )
    (directory / "none").write_text("a file where a directory should be")
    yield directory / "schedd"
    subprocess.run(["rm", "-rf", str(directory)], check=True)


@pytest.fixture
def other_schedd(file: Path, runtime: Path) -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Another process that holds a file and listens, as schedd does."""
    started = []

    def start(socket_path: Path) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(file), str(runtime)],
            env=os.environ | {"SCHEDD_SOCKET": str(socket_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline().strip() == str(socket_path)
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def test_a_second_schedd_on_the_same_file_names_the_pid_of_the_first(
    file: Path, runtime: Path, other_schedd: Callable[[Path], subprocess.Popen[str]]
) -> None:
    """D1"""
    first = other_schedd(runtime / "s.sock")
    with pytest.raises(AlreadyRunningError, match=f"is already managed by schedd with pid {first.pid}$"):
        FileLock(str(file)).acquire()
    assert holder(str(file)) == Holder(first.pid, os.geteuid(), os.getegid())


def test_the_same_file_by_another_name_is_the_same_file(
    file: Path, runtime: Path, other_schedd: Callable[[Path], subprocess.Popen[str]]
) -> None:
    """D1"""
    other_schedd(runtime / "s.sock")
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    with pytest.raises(AlreadyRunningError):
        FileLock(str(link)).acquire()


def test_what_a_killed_schedd_leaves_behind_does_not_prevent_a_start(
    file: Path,
    runtime: Path,
    other_schedd: Callable[[Path], subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = runtime / "s.sock"
    first = other_schedd(path)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert path.exists()
    monkeypatch.setenv("SCHEDD_SOCKET", str(path))
    assert client.find(str(file)) is None
    lock = FileLock(str(file))
    lock.acquire()
    with served(file, FakeService()):
        found = client.find(str(file))
        assert found is not None
        assert found.path == str(path)
    lock.release()
    assert holder(str(file)) is None


def test_a_file_replaced_while_it_is_served_is_still_found_to_be_served(
    file: Path, runtime: Path, other_schedd: Callable[[Path], subprocess.Popen[str]]
) -> None:
    """D1: the lock and the socket are found by the path."""
    path = runtime / "s.sock"
    first = other_schedd(path)
    file.with_suffix(".new").write_text("jobs: {}\n")
    file.with_suffix(".new").rename(file)
    with pytest.raises(AlreadyRunningError, match=f"is already managed by schedd with pid {first.pid}$"):
        FileLock(str(file)).acquire()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(AlreadyRunningError, match=f"pid {first.pid} already"):
        patch.setenv("SCHEDD_SOCKET", str(path))
        open_socket(str(file))


def marked(file: Path) -> bool:
    """Whether somebody has locked the schedule file itself."""
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_reload_moves_the_lock_to_the_file_that_has_the_name_now(file: Path) -> None:
    lock = FileLock(str(file))
    lock.acquire()
    lock.acquire()
    old = file.rename(file.with_suffix(".old"))
    file.write_text("jobs: {}\n")
    assert marked(old)
    assert not marked(file)
    lock.acquire()
    assert not marked(old)
    assert marked(file)
    lock.release()
    assert holder(str(file)) is None


def test_a_reading_client_does_not_prevent_a_schedd_from_starting(file: Path, runtime: Path) -> None:
    lock = FileLock(str(file))
    lock.acquire()
    (name,) = [path for path in runtime.iterdir() if path.suffix == ".lock"]
    lock.release()
    looking = os.open(name, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.1, os.close, (looking,)).start()
    lock = FileLock(str(file))
    lock.acquire()
    lock.release()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: None])
def test_a_path_that_is_not_a_file_has_no_holder(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    assert holder(str(tmp_path / "x")) is None


def test_the_first_usable_place_is_taken_and_closed_to_others(file: Path, runtime: Path) -> None:
    with served(file, FakeService()):
        (path,) = runtime.iterdir()
        assert str(path) == socket_paths(str(file), os.geteuid())[1]
        assert path.name.startswith("schedules.")
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        found = client.find(str(file))
        assert found is not None
        assert found.ask(LIST, ListJobs())
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o1777])
def test_a_directory_open_to_others_is_not_used(file: Path, runtime: Path, mode: int) -> None:
    runtime.mkdir()
    runtime.chmod(mode)
    with pytest.raises(SocketError, match=f"has mode {mode:04o}, which admits other users; run: chmod 700"):
        open_socket(str(file))


def test_a_link_in_place_of_the_directory_is_not_followed(file: Path, runtime: Path, tmp_path: Path) -> None:
    runtime.symlink_to(tmp_path)
    with pytest.raises(SocketError, match="is a symbolic link, which is not followed"):
        open_socket(str(file))


@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_the_advice_for_a_socket_in_a_shared_directory_leaves_that_directory_alone_and_works(
    file: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    shared, link = runtime.parent / "shared", runtime.parent / "link"
    shared.mkdir()
    shared.chmod(mode)
    link.symlink_to(shared)
    for directory, problem in ((shared, f"has mode {mode:04o}"), (link, "is a symbolic link")):
        monkeypatch.setenv("SCHEDD_SOCKET", str(directory / "x.sock"))
        with pytest.raises(SocketError) as caught:
            open_socket(str(file))
        message, _, advised = str(caught.value).partition("a directory that only this user can open, such as ")
        assert problem in message
        assert "chmod" not in message
        monkeypatch.setenv("SCHEDD_SOCKET", advised)
        open_socket(str(file)).close()
    (shared / "schedd").chmod(0o755)
    monkeypatch.setenv("SCHEDD_SOCKET", str(shared / "x.sock"))
    with pytest.raises(SocketError, match=r"a directory that only this user can open$"):
        open_socket(str(file))
    monkeypatch.setenv("SCHEDD_SOCKET", str(shared / "none" / "deep" / "x.sock"))
    with pytest.raises(SocketError, match=r"No such file or directory$"):
        open_socket(str(file))


def test_a_file_that_is_not_a_socket_is_not_removed(file: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.mkdir(mode=0o700)
    precious = runtime / "precious"
    precious.write_text("not yours")
    monkeypatch.setenv("SCHEDD_SOCKET", str(precious))
    with pytest.raises(SocketError, match="the path exists and is not a socket"):
        open_socket(str(file))
    assert precious.read_text() == "not yours"


def test_a_path_too_long_for_a_socket_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDD_SOCKET", "/tmp/" + "x" * 103)
    with pytest.raises(SocketError, match="must not be longer than 107 bytes"):
        open_socket(str(file))


def test_any_file_has_a_name_for_its_socket_that_fits(tmp_path: Path) -> None:
    deep = "/".join(["d" * 200] * 15 + ["schedules ☃ " * 10 + ".yaml"])
    names = {Path(path).name for path in socket_paths(deep, 0)}
    assert len(names) == 1
    assert len(os.fsencode(names.pop())) < 60
    assert socket_paths("/a/schedules.yaml", 0) != socket_paths("/b/schedules.yaml", 0)


def test_a_held_file_without_a_socket_is_unreachable_not_unserved(
    file: Path,
    runtime: Path,
    other_schedd: Callable[[Path], subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = other_schedd(runtime / "elsewhere.sock")
    with pytest.raises(UnreachableError) as raised:
        client.find(str(file))
    assert f"is managed by schedd with pid {first.pid}, which listens at none of {runtime.parent}" in str(raised.value)
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(UnreachableError, match=r"which belongs to .*: run schedctl as "):
        client.find(str(file))


def test_a_stranger_is_not_taken_for_schedd(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(runtime / "s.sock"))
        stranger.listen()
        monkeypatch.setattr(client, "peer", lambda _sock: (4711, 65533))
        with pytest.raises(
            UnreachableError, match=f"belongs to pid 4711 of uid 65533, not of {user_name(os.geteuid())}"
        ):
            Client(str(runtime / "s.sock"), os.geteuid()).ask(LIST, ListJobs())


def test_without_a_file_the_live_ones_are_found_and_the_dead_ones_are_not(file: Path, runtime: Path) -> None:
    with served(file, FakeService()):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(runtime / "dead.sock"))
        ((daemon, status),) = client.live()
        assert daemon.path == socket_paths(str(file), os.geteuid())[1]
        assert status.file == "/fake/schedules.yaml"
