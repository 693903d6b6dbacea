"""schedctl on a real terminal, narrow and wide, and in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.text import cells
from tests.system.programs import BIN, environment, eventually, schedctl, schedd

JOBS = 500
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Five hundred jobs with long names under a schedd; three of them paused with a wide note, one has failed."""
    file = tmp_path_factory.mktemp("terminal") / "schedules.yaml"
    jobs = "".join(
        f"  job-{number}-{'x' * (number % 40)}:\n"
        f"    description: 説明{number}\n    schedule: '{number % 60} {number % 24} * * mon-fri'\n"
        "    timezone: Europe/Berlin\n    command: exit 3\n"
        for number in range(JOBS)
    )
    file.write_text(f"jobs:\n{jobs}")
    with schedd(file):
        schedctl("-c", file, "pause", "job-0-", "job-1-x", "job-2-xx", "--note", "データベースを移行しています 🚧 " * 3)
        schedctl("-c", file, "run-now", "job-3-xxx")
        yield file


class OnTerminal:
    """A schedctl whose terminal we are."""

    def __init__(self, *words: str | Path, columns: int, lines: int = 24, **environ: str) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        env = {**environment({}), "TERM": "xterm-256color", **environ}
        env.pop("COLUMNS", None)
        if "NO_COLOR" not in environ:
            env.pop("NO_COLOR")
        self.process = subprocess.Popen(
            [BIN / "schedctl", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one system call, no lock
        )
        os.close(slave)
        self.written = b""
        self.master = master
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            self.written += data

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def ended(self) -> str:
        """Wait for the end; what it has drawn."""
        self.process.wait(20)
        self._reader.join(20)
        os.close(self.master)
        return self.written.decode()


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("command", ["list", "history", "next", "show", "env"])
def test_no_line_is_wider_than_the_terminal(file: Path, columns: int, command: str) -> None:
    words = ["job-0-"] if command in ("show", "env") else []
    drawn = OnTerminal("-c", file, command, *words, columns=columns).ended()
    lines = [ESCAPES.sub("", line) for line in drawn.replace("\r\n", "\n").splitlines()]
    if command in ("list", "next", "history"):
        assert max(cells(line) for line in lines if not line.startswith("from schedd")) <= columns
    if command == "list":
        assert lines[0].split() == ["NAME", "SCHEDULE", "NEXT", "LAST", "STATUS"]
        assert sum(line.startswith("job-") for line in lines) == JOBS
        assert ("…" in drawn) == (columns == 80 or "データ" in drawn)


def test_colours_reach_a_terminal_and_no_color_is_honoured(file: Path) -> None:
    assert "\x1b[31mfailed, exit 3, " in OnTerminal("-c", file, "list", "job-3-xxx", columns=120).ended()
    assert "\x1b" not in OnTerminal("-c", file, "list", columns=120, NO_COLOR="1").ended()


@pytest.mark.parametrize("command", ["list", "status", "history", "next", "--help", "check"])
def test_a_pipe_gets_plain_text_and_whole_cells(file: Path, command: str) -> None:
    ended = subprocess.run(
        [BIN / "schedctl", "-c", file, command],
        env={name: value for name, value in environment({}).items() if name != "NO_COLOR"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in ended.stdout + ended.stderr
    assert "…" not in ended.stdout


@pytest.mark.parametrize("command", ["list", "--help", "schema"])
def test_on_a_full_disk_it_says_that_the_output_is_not_there(file: Path, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        words = [str(BIN / "schedctl"), "-c", str(file), command]
        ended = subprocess.run(words, env=environment({}), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith("schedctl: cannot write the output: No space left on device\n")
    assert "Traceback" not in ended.stderr


def test_watching_refreshes_in_place_and_leaves_the_screen_as_it_was(file: Path) -> None:
    """F9"""
    watching = OnTerminal("-c", file, "list", "--watch", columns=100, lines=20)
    eventually(lambda: watching.written.count(b"NAME") >= 2)
    watching.type(b"\x1b[F")
    eventually(lambda: b"484-500 of 500" in watching.written)
    watching.type(b"/job-3-xxx\r")
    eventually(lambda: b"failing" in watching.written)
    watching.type(b"\r")
    eventually(lambda: b"q back" in watching.written)
    watching.type(b"ry")
    eventually(lambda: re.search(rb"job-3-xxx: run \w{8} started", watching.written))
    watching.type(b"q")
    eventually(lambda: watching.written.rstrip().endswith(b"q quit\x1b[0m\x1b[K\x1b[J"))
    watching.type(b"q")
    drawn = watching.ended()
    assert watching.process.returncode == 0
    assert drawn.startswith("\x1b[?1049h\x1b[?25l")
    assert drawn.endswith("\x1b[?25h\x1b[?1049l")
    frames = [frame.split("\r\n") for frame in drawn.removesuffix("\x1b[?25h\x1b[?1049l").split("\x1b[H")[1:]]
    assert {len(lines) for lines in frames} == {20}
    assert all(cells(ESCAPES.sub("", line)) <= 100 for lines in frames for line in lines)


def test_ctrl_c_leaves_too_and_the_keys_echo_again(file: Path) -> None:
    watching = OnTerminal("-c", file, "list", "--watch", columns=100)
    eventually(lambda: b"NAME" in watching.written)
    before = termios.tcgetattr(watching.master)[3]
    watching.type(b"\x03")
    eventually(lambda: termios.tcgetattr(watching.master)[3] & termios.ECHO)
    assert not before & termios.ECHO
    assert watching.ended().endswith("\x1b[?25h\x1b[?1049l")
    assert watching.process.returncode == 0


def test_watching_gives_the_screen_back_on_term_too(file: Path) -> None:
    watching = OnTerminal("-c", file, "list", "--watch", columns=100)
    eventually(lambda: b"NAME" in watching.written)
    watching.process.send_signal(signal.SIGTERM)
    assert watching.ended().endswith("\x1b[?25h\x1b[?1049l")
    assert watching.process.returncode == 143


def test_a_pipe_is_not_watched(file: Path) -> None:
    ended = schedctl("-c", file, "list", "--watch")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "stdout is not one" in ended.stderr


def test_on_a_terminal_run_now_prints_the_progress_of_the_run(file: Path) -> None:
    drawn = ESCAPES.sub("", OnTerminal("-c", file, "run-now", "job-3-xxx", columns=120).ended())
    assert re.search(r"run \w{8} of job-3-xxx\r\n", drawn)
    assert re.search(r"run \w{8} failed, exit 3, ", drawn)
