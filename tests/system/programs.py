"""The installed programs, started and watched as a person would: by their output, their exit code and their signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent
DEADLINE = 20.0


def eventually(condition: Callable[[], object], *, what: str = "", seconds: float = DEADLINE) -> None:
    """Wait until a condition holds; AssertionError, with `what`, when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what or "it never came to be"
        time.sleep(0.02)


def schedctl(
    *words: str | Path, cwd: Path | None = None, stdin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run schedctl to its end."""
    return subprocess.run(
        [BIN / "schedctl", *words],
        input=stdin,
        cwd=cwd,
        env=environment(environ),
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
        check=False,
    )


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of this shell, without the variables that would change the result of a test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SCHED", "NOTIFY_"))}
    return {**kept, "NO_COLOR": "1", **more}


class Schedd:
    """A running schedd; its stdout and stderr go to files."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, errors: Path) -> None:
        self.process = process
        self.pid = process.pid
        self._log = log
        self._errors = errors

    @property
    def log(self) -> str:
        """What it has printed on stdout so far."""
        return self._log.read_text(errors="replace")

    @property
    def errors(self) -> str:
        """What it has printed on stderr so far."""
        return self._errors.read_text(errors="replace")

    def lines(self, *words: str) -> list[str]:
        """Log lines that contain all of these words."""
        return [line for line in self.log.splitlines() if all(word in line for word in words)]

    def says(self, *words: str, times: int = 1, seconds: float = DEADLINE) -> list[str]:
        """Wait until so many log lines contain all of these words; returns them."""
        try:
            eventually(lambda: len(self.lines(*words)) >= times, seconds=seconds)
        except AssertionError:
            raise AssertionError(f"no line with {words} in:\n{self.log}\n{self.errors}") from None
        return self.lines(*words)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ends(self, seconds: float = DEADLINE) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait(seconds)

    def stop(self, seconds: float = DEADLINE) -> int:
        """TERM, and wait for the end."""
        self.signal(signal.SIGTERM)
        return self.ends(seconds)


@contextmanager
def schedd(
    schedules: Path,
    *options: str,
    program: tuple[str, ...] = (str(BIN / "schedd"),),
    ready: bool = True,
    cwd: Path | None = None,
    **environ: str,
) -> Iterator[Schedd]:
    """Start schedd, or `program` in its place, and wait until it says so, unless `ready` is false. It is gone after."""
    name = f"{schedules.stem}-{time.monotonic_ns()}"
    log, errors = schedules.parent / f"{name}.log", schedules.parent / f"{name}.err"
    with log.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(
            [*program, schedules, *options],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=environment(environ),
            start_new_session=True,
        )
    running = Schedd(process, log, errors)
    try:
        if ready:
            running.says("schedd started")
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait(DEADLINE)


def write(path: Path, text: str) -> Path:
    """A schedule file from an indented text."""
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    path.write_text("\n".join(line[indent:] for line in lines) + "\n")
    return path


def processes_with(marker: str) -> list[int]:
    """Pids of live processes that have this text in their environment; zombies have none."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
