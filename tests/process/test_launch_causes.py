"""Commands that cannot be started fail with their cause, and unusual ends are explained. Nothing leaks."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from scheduler.launch.launcher import LaunchError
from scheduler.model.target import Argv, EnvLayer, FromFile, ShellCommand, Target
from tests.process.workshop import Workshop, descriptors, play, run

CANARY = "canary-7f3a"
"""A secret that no cause and no note may repeat."""


def cause_of(target: Target | str, **keys: object) -> tuple[int, str]:
    with pytest.raises(LaunchError) as caught:
        run(target, **keys)
    assert CANARY not in str(caught.value)
    return caught.value.code, str(caught.value)


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    def write(content: bytes, mode: int = 0o755) -> str:
        path = tmp_path / "script"
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    return write


def test_a_missing_program_is_reported_with_the_path_that_was_searched(tmp_path: Path) -> None:
    """M3"""
    env = (EnvLayer("env", {"PATH": f"{tmp_path}:/nowhere"}),)
    command = Argv(("frobnicate", CANARY))
    assert cause_of(command, environment=env) == (127, f"command not found: frobnicate; PATH is {tmp_path}:/nowhere")
    assert cause_of(Argv(("./frobnicate",)), cwd=str(tmp_path)) == (127, f"no such file: {tmp_path}/frobnicate")


def test_a_program_is_found_on_the_jobs_path_from_the_jobs_directory(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "hello"
    program.write_text("#!/bin/sh\necho hello from $0\n")
    program.chmod(0o755)
    for path in ("bin", f"/nowhere:{tmp_path}/bin"):
        _, log = run(Argv(("hello",)), cwd=str(tmp_path), environment=(EnvLayer("env", {"PATH": path}),))
        assert log.lines() == [f"hello from {tmp_path}/bin/hello".encode()]


@pytest.mark.parametrize(
    ("content", "mode", "cause"),
    [
        (b"#!/bin/sh\n", 0o644, "is not executable (mode 644); try chmod +x"),
        (
            b"#!/bin/sh\r\necho\r\n",
            0o755,
            "has Windows line ends (CRLF), so its interpreter is not found; save it with LF",
        ),
        (
            b"#!/no/such/python\n",
            0o755,
            "names the interpreter '/no/such/python' in its first line, which does not exist",
        ),
        (b"echo no first line\n", 0o755, "is neither a program nor begins with a #! line"),
        (b"", 0o755, "is neither a program nor begins with a #! line"),
        (b"\x7fELF nonsense", 0o755, ": Exec format error"),
    ],
)
def test_a_program_that_cannot_be_run_is_reported_with_the_cause(
    script: Callable[..., str], content: bytes, mode: int, cause: str
) -> None:
    """M3"""
    path = script(content, mode)
    code, text = cause_of(Argv((path, CANARY)))
    assert code == 126
    assert text.replace(" :", ":") == f"{path} {cause}".replace(" :", ":")


def test_the_directory_a_folder_as_program_and_an_empty_word(tmp_path: Path) -> None:
    """M3"""
    missing, file = tmp_path / "missing", tmp_path / "file"
    file.touch()
    assert cause_of("true", cwd=str(missing)) == (126, f"the working directory {missing} does not exist")
    assert cause_of("true", cwd=str(file)) == (126, f"the working directory {file} is not a directory")
    assert cause_of(Argv((str(tmp_path),))) == (126, f"{tmp_path} is a directory")
    assert cause_of(Argv(("",))) == (127, "the command is an empty word")


def test_an_argument_that_no_program_can_get_is_named() -> None:
    """M3"""
    assert cause_of(Argv(("echo", CANARY, f"{CANARY}\0"))) == (126, "argument 2 contains a NUL byte")
    assert cause_of(ShellCommand(f"echo \0{CANARY}")) == (126, "argument 2 contains a NUL byte")
    assert cause_of(Argv(("true",)), extra_env={"A": f"{CANARY}\0"}) == (126, "the variable 'A' contains a NUL byte")
    assert cause_of(Argv(("true",)), extra_env={"A=B": CANARY}) == (126, "'A=B' cannot name a variable")
    assert cause_of(Argv(("true", f"{CANARY}\ud800")))[1] == "argument 1 contains half of a surrogate pair"


def test_a_value_that_is_too_large_is_reported_with_its_size() -> None:
    """M3"""
    big = CANARY * 20_000
    too_long = "is longer than the 128 KiB that the kernel allows"
    assert cause_of(Argv(("true", big)))[1] == f"argument 1 {too_long}"
    assert cause_of("true", extra_env={"BIG": big})[1] == f"the variable 'BIG' {too_long}"
    many = {f"V{number}": "x" * 100_000 for number in range(100)}
    assert cause_of("true", extra_env=many)[1].startswith("arguments and environment have 97")


def test_a_missing_secret_file_is_reported_by_its_key(tmp_path: Path) -> None:
    env = (EnvLayer("defaults.env", {"TOKEN": FromFile(str(tmp_path / "token"))}),)
    cause = cause_of("true", environment=env)[1]
    assert cause == f"defaults.env.TOKEN: {tmp_path}/token: No such file or directory"


def test_unknown_users_and_groups_are_reported() -> None:
    """M3"""
    assert cause_of("true", user="nobody-here") == (126, "there is no user nobody-here")
    assert cause_of("true", group="nobody-here") == (126, "there is no group nobody-here")
    assert cause_of("true", group="4294967295") == (126, "there is no group 4294967295")


def test_a_program_in_a_closed_directory_is_not_said_to_be_missing(closed: Path) -> None:
    inside = closed / "program"
    assert cause_of(Argv((str(inside),))) == (126, f"{inside}: Permission denied")
    script = closed.parent / "script"
    script.write_text(f"#!{inside}\n")
    script.chmod(0o755)
    cause = f"{script} names the interpreter '{inside}' in its first line, which schedd may not use"
    assert cause_of(Argv((str(script),))) == (126, cause)


@pytest.mark.parametrize("spare", range(11))
def test_too_few_descriptors_are_reported_and_none_leaks(spare: int) -> None:
    """M2, M3: whichever step of a launch it is that they do not suffice for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def story() -> None:
        workshop = Workshop()
        before = descriptors()
        with exhausted(spare):
            try:
                enough = (await workshop.run("true")).code == 0
            except LaunchError as error:
                assert str(error) == f"schedd has no file descriptor left; its limit is {FEW} (ulimit -n)"
                enough = False
        assert enough == (spare >= NEEDED)
        assert descriptors() == before
        assert (await workshop.run("true")).code == 0

    try:
        play(story())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


FEW = 300

NEEDED = 4
"""Both pipes. The pidfd comes after some are closed."""


@contextmanager
def exhausted(spare: int) -> Iterator[None]:
    """Leave only so many descriptors free."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    taken: list[int] = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        for _ in range(spare):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EAGAIN, "no more processes are allowed (ulimit -u, or the pids limit of the container)"),
        (errno.ENOMEM, "there is not enough memory to start a process"),
        (errno.ENFILE, "the system has no file descriptor left (fs.file-max)"),
    ],
)
def test_an_error_of_the_kernel_is_reported(monkeypatch: pytest.MonkeyPatch, number: int, cause: str) -> None:
    """M3"""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_spawn", refuse)
    assert cause_of("true") == (126, cause)


def test_a_child_that_cannot_be_watched_fails_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """M2, M3"""

    def refuse(*_args: object) -> int:
        raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert cause_of("sleep 999")[1] == "the new process cannot be watched: Too many open files in system"


def test_descriptors_are_the_same_after_runs_of_every_kind() -> None:
    """M2"""

    async def story() -> None:
        workshop = Workshop()
        await workshop.run("true")
        before = descriptors()
        for _ in range(20):
            await workshop.run("echo x; exit 3")
            child = await workshop.start("trap '' TERM; echo up; while :; do sleep 0.01; done")
            child.kill()
            await child.ended
            stopped = await workshop.start("sleep 999")
            await stopped.stop(5)
            with pytest.raises(LaunchError):
                await workshop.run(Argv(("frobnicate",)))
        assert descriptors() == before
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110  what is killed last may take a moment
            await asyncio.sleep(0.01)

    play(story())


@pytest.mark.parametrize(
    ("command", "note"),
    [
        ("frobnicate", "a command was not found; PATH is /usr/bin:/bin"),
        (f"X={CANARY} frobnicate", "a command was not found; PATH is /usr/bin:/bin"),
        ("exit 126", "a command exists but cannot be run: not executable, or without the interpreter it names"),
        ("kill -SEGV $$", "killed by SIGSEGV"),
        ("sh -c 'kill -BUS $$'; exit $?", "135 is how a shell reports that its command was killed by SIGBUS"),
    ],
)
def test_an_exit_is_explained_where_that_helps(command: str, note: str) -> None:
    ended, _ = run(command, environment=(EnvLayer("env", {"PATH": "/usr/bin:/bin"}),))
    assert ended.notes == (note,)


def test_a_shells_126_and_127_are_explained_by_the_program_itself(script: Callable[..., str]) -> None:
    path = script(b"#!/bin/sh\r\n")
    assert run(path)[0].notes == (
        f"{path} has Windows line ends (CRLF), so its interpreter is not found; save it with LF",
    )
    path = script(b"#!/bin/sh\n", 0o600)
    assert run(f"{path} --token {CANARY}")[0].notes == (f"{path} is not executable (mode 600); try chmod +x",)


@pytest.mark.parametrize("command", ["exit 0", "exit 1", "exit 77", "exit 255"])
def test_an_ordinary_exit_needs_no_words(command: str) -> None:
    assert run(command)[0].notes == ()


def test_the_last_line_of_a_traceback_is_a_note() -> None:
    ended, _ = run(Argv(("python3", "-c", "def f():\n  {}['rate\\x1b[31m']\nf()")))
    assert ended.code == 1
    assert ended.notes == (r"KeyError: 'rate\x1b[31m'",)


FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x16\x00" + bytes(44)
"""The header of a program for s390x."""


@pytest.mark.parametrize("through", ["list", "sh", "bash"])
def test_a_program_for_another_machine_is_explained(script: Callable[..., str], through: str) -> None:
    """C8"""
    program = script(FOREIGN)
    cause = f"{program} is a program for s390x, and this machine is "
    if through == "list":
        assert cause_of(Argv((program,)))[1].startswith(cause)
    else:
        ended, _ = run(ShellCommand(f"{program} x") if through == "sh" else ShellCommand(f"bash -c '{program} x'"))
        if through == "sh":
            assert ended.notes[0].startswith(cause)
        else:
            assert ended.code == 126


@pytest.mark.parametrize("line", [b"#!/usr/bin/env bash\r\n", b"#!/bin/sh\r\n"])
@pytest.mark.parametrize("shell", [False, True])
def test_windows_line_ends_are_explained(script: Callable[..., str], line: bytes, shell: bool) -> None:
    """C8"""
    program = script(line + b"echo hello\r\n")
    expected = f"{program} has Windows line ends (CRLF), so its interpreter is not found; save it with LF"
    if shell or b"env" in line:
        ended, _ = run(ShellCommand(program) if shell else Argv((program,)))
        assert (ended.code, ended.notes) == (127, (expected,))
    else:
        assert cause_of(Argv((program,))) == (126, expected)


@pytest.mark.parametrize(
    "command",
    [
        "echo '<--- Last few GCs ---> FATAL ERROR: Reached heap limit' >&2; kill -ABRT $$",
        "kill -TRAP $$",
        "echo 'Error occurred during initialization of VM: Could not reserve enough space' >&2; exit 1",
        "sh -c 'kill -SEGV $$'; exit $?",
        "echo 'fatal error: out of memory' >&2; exit 2",
    ],
)
def test_an_end_for_lack_of_address_space_is_explained(command: str) -> None:
    """C8"""
    ended, _ = run(command, memory_limit=512 * 1024**2)
    assert "memory_limit (512M of address space) may be too low" in " ".join(ended.notes)
    assert "memory_limit" not in " ".join(run(command)[0].notes)


def test_another_failure_under_a_memory_limit_is_not_blamed_on_it() -> None:
    ended, _ = run("echo no such table >&2; exit 1", memory_limit=512 * 1024**2)
    assert ended.notes == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a job as another user")
@pytest.mark.parametrize("closed_is", ["the directory", "the one above"])
def test_a_directory_that_is_closed_to_the_user_of_a_job_is_refused(tmp_path: Path, closed_is: str) -> None:
    """C7"""
    directory = tmp_path / "app" / "work"
    directory.mkdir(parents=True)
    for each in (*tmp_path.parents, tmp_path, directory.parent, directory):
        if each.stat().st_uid == 0 and str(each).startswith(str(tmp_path.parents[1])):
            each.chmod(0o755)
    (directory if closed_is == "the directory" else directory.parent).chmod(0o700)
    assert cause_of("pwd", user="nobody", cwd=str(directory)) == (
        126,
        f"uid 65534 may not enter the working directory {directory}",
    )
    assert run("pwd", cwd=str(directory))[0].code == 0
