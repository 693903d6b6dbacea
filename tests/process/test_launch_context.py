"""What a child finds at its start: directory, environment, limits, user, descriptors."""

from __future__ import annotations

import errno
import os
import resource
import select
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.launch import poller
from scheduler.launch.launcher import LaunchError
from scheduler.launch.spawner import Spawner
from scheduler.model.target import Argv, EnvLayer, FromEnv
from tests.process.workshop import Workshop, play, run, until
from tests.unprivileged import somebody_else

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def said(command: str | Argv, **keys: Any) -> list[str]:
    ended, log = run(command, **keys)
    assert ended.code == 0, ended
    return [line.decode() for line in log.lines()]


def test_it_leads_a_session_of_its_own_in_its_directory_and_reads_nothing(tmp_path: Path) -> None:
    program = "cut -d' ' -f1,5,6 /proc/$$/stat; pwd; readlink /proc/self/fd/0; wc -c"
    stat, directory, stdin, count = said(program, cwd=str(tmp_path))
    assert len(set(stat.split())) == 1
    assert (directory, stdin, count) == (str(tmp_path), "/dev/null", "0")


def test_it_inherits_no_descriptor_but_its_own_three() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    try:
        assert said("ls /proc/$$/fd") == ["0", "1", "2"]
    finally:
        os.close(reading)
        os.close(writing)


def test_the_environment_has_its_layers_and_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    layers = (EnvLayer("env", {"TOKEN": FromEnv("SECRET"), "SECRET": None}),)
    facts = said("env", environment=layers, extra_env={"EXTRA": "1"})
    assert "TOKEN=s3cret" in facts
    assert "EXTRA=1" in facts
    assert "PYTHONUNBUFFERED=1" in facts
    assert "SCHED_SCHEDULED_AT=2026-06-01T12:00:00Z" in facts
    assert not [line for line in facts if line.startswith(("SECRET=", "NOTIFY_SOCKET="))]


def test_python_writes_its_lines_as_they_come() -> None:
    async def story() -> None:
        workshop = Workshop()
        child = await workshop.start(Argv(("python3", "-c", "import time; print('now'); time.sleep(999)")))
        await until(workshop.log, b"now")
        child.kill()
        await child.ended

    play(story())


def test_the_descriptor_limit_we_were_given_is_theirs_and_the_highest_is_ours() -> None:
    """Also when we have more descriptors open than their limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    async def story() -> None:
        workshop = Workshop()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
        taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(400)]
        try:
            for _ in range(3):
                assert (await workshop.run("ulimit -Sn; ulimit -Hn")).code == 0
            with pytest.raises(LaunchError):
                await workshop.run(Argv(("./frobnicate",)))
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
        finally:
            for descriptor in taken:
                os.close(descriptor)
        assert workshop.log.lines() == [b"256", str(hard).encode()] * 3

    try:
        play(story())
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (256, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_worker_keeps_the_limit_of_its_process_during_an_attempt() -> None:
    """Other tasks of the same process start programs, too, which may not expect a million descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    async def attempt() -> None:
        with Spawner().in_charge(of_many=False):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (256, hard)

    try:
        play(attempt())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@root_only
def test_a_directory_that_is_closed_to_schedd_itself_keeps_no_job_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when root in its own home types `sudo -u app schedd /etc/schedules.yaml`."""
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o700)
    with somebody_else():
        assert said("pwd", cwd="/usr") == ["/usr"]


def test_a_directory_that_closes_behind_schedd_keeps_no_job_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the daemon keeps its own umask."""
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        workshop = Workshop()
        tmp_path.chmod(0)  # noqa: ASYNC240 - once schedd has been started in it
        with somebody_else():
            for _ in range(2):
                assert (await workshop.run("pwd; umask", cwd="/usr", umask=0o027)).code == 0
        assert workshop.log.lines() == [b"/usr", b"0027"] * 2
        assert Path.cwd() == Path("/")

    ours = os.umask(0o022)
    try:
        play(story())
        assert os.umask(ours) == 0o022
    finally:
        os.umask(ours)
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_process_that_cannot_be_watched_fails_to_start(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The system may refuse to watch any of a child's three descriptors; the next child is watched again."""

    class Epoll:
        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._left = number

        def register(self, descriptor: int, events: int) -> None:
            self._left -= 1
            if not self._left:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._epoll.register(descriptor, events)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._epoll, name)

    async def story() -> None:
        workshop = Workshop()
        with monkeypatch.context() as patch:
            patch.setattr(poller, "select", SimpleNamespace(epoll=Epoll, EPOLLIN=select.EPOLLIN))
            with pytest.raises(LaunchError, match="the new process cannot be watched: No space left on device"):
                await workshop.start(Argv(("sleep", "999")))
        assert (await workshop.run("exit 3")).code == 3

    play(story())
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_umask_and_nice_and_memory_limit_are_as_asked() -> None:
    assert said("umask", umask=0o027) == ["0027"]
    assert said("nice; sh -c nice", nice=7) == ["7", "7"]
    assert said("ulimit -v; ulimit -Hv", memory_limit=512 * 1024 * 1024) == ["524288", "524288"]


def test_a_memory_limit_ends_what_takes_more() -> None:
    ended, _ = run(Argv(("python3", "-c", "bytearray(800_000_000)")), memory_limit=512 * 1024 * 1024)
    assert ended.code == 1
    assert ended.notes[0].startswith("memory_limit (512M of address space) may be too low")
    assert ended.notes[1:] == ("MemoryError",)


@root_only
def test_a_job_runs_as_its_user_with_that_users_groups_and_home() -> None:
    facts = said("id -u; id -g; id -G; echo $USER $HOME; umask; nice", user="daemon", umask=0o022, nice=-3)
    assert facts == ["1", "1", "1", "daemon /usr/sbin", "0022", "-3"]
    assert said("id -u; id -g; id -G", user="daemon", group="nogroup") == ["1", "65534", "65534"]
    assert said("id -u; id -g", user="65534", memory_limit=1 << 30) == ["65534", "65534"]


@root_only
def test_a_user_other_than_root_gets_an_error_for_what_needs_root() -> None:
    """M3"""
    program = """
import os, resource
from scheduler.launch.launcher import LaunchError
from tests.process.workshop import run
run("true")
os.setpriority(os.PRIO_PROCESS, 0, 0)  # the tests themselves may run under nice(1)
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
for keys in ({"user": "root"}, {"group": "daemon"}, {"nice": -5}, {"memory_limit": 1 << 33}, {"cwd": "/root"}):
    try:
        run("true", **keys)
    except LaunchError as error:
        print(error)
for keys in ({"user": "nobody"}, {"user": "65534", "group": "nogroup"}, {"nice": 5}):
    assert run("true", **keys)[0].code == 0
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "only root may start a job as user root; schedd runs as uid 65534",
        "only root may start a job as group daemon; schedd runs as uid 65534",
        "only root may start a job at nice -5; schedd itself runs at 0",
        f"memory_limit of {1 << 33} bytes: above the hard limit of schedd itself (ulimit -Hv)",
        "schedd may not enter the working directory /root: Permission denied",
    ]


def test_inherited_descriptors_and_signals_do_not_affect_jobs(tmp_path: Path) -> None:
    """P6: SIGCHLD ignored, our directory gone, stdin and stderr closed."""
    program = """
import os, signal
from scheduler.launch.launcher import Stream
from tests.process.workshop import run
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.rmdir(os.getcwd())
os.close(0), os.close(2)
for keys in {}, {"memory_limit": 1 << 30}:
    ended, log = run("readlink /proc/self/fd/0; pwd; echo err >&2; exit 7", cwd="/tmp", **keys)
    print(ended.code, log.lines(), log.lines(Stream.STDERR), flush=True)
"""
    (tmp_path / "gone").mkdir()
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=tmp_path / "gone", env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["7 [b'/dev/null', b'/tmp'] [b'err']"] * 2, done.stderr
