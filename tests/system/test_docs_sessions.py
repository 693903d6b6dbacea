"""Every session that a Markdown page shows is typed in, page by page, and must show what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.markdown import blocks, name, with_blocks
from tests.system.programs import BIN, DEADLINE, environment, eventually, schedd

ALIKE = {
    r"\b\d+(?:\.\d+)?(?:ms|[smhd])(?: \d+[smhd])*\b": "SPAN",
    r"SPAN ago": "now",
    r"\b(?:pid|run|cpu|max_rss|lateness)=\S+": "",
    r"(?:socket|file)=\S+": "PATH",
    r"/\S*/schedules\.yaml": "FILE",
    r"cwd: \S+": "HOME",
    r"\bCES?T\b": "ZONE",
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b": "DAY",
    r"(?:DAY )?\b\d\d:\d\d(?::\d\d)?\b": "CLOCK",
    r"by [\w.-]+ (?=\(schedctl)": "by USER ",
    r"\b[a-z0-9]{8}\b": "ID",
    r"\d+(?:\.\d+)?": "0",
    r"DAY 0-0 CLOCK": "in SPAN, CLOCK",
}
"""What differs from run to run, and what replaces it. A month from now the sessions must still be true."""


def shapes(text: str) -> list[str]:
    """The lines without what differs from run to run: times, spans, ids, and the width of columns."""
    for pattern, same in ALIKE.items():
        text = re.sub(pattern, same, text)
    lines = (re.sub(r" +", " ", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def steps(session: str) -> list[tuple[str, list[str]]]:
    """Each command with the shapes of the lines that are shown to follow it."""
    commands = re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]
    return [(command.partition("\n")[0], shapes(command.partition("\n")[2])) for command in commands]


class Reader:
    """Types in what a page shows, in an empty directory."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._environ = {"COLUMNS": "120", "PATH": f"{BIN}:{os.environ['PATH']}", "TZ": "UTC"}

    def writes(self, name: str, text: str) -> None:
        (self._directory / name).write_text(text)

    def types(self, command: str, shown: list[str]) -> None:
        if command.startswith("schedd "):
            self._starts(command, shown)
        else:
            printed = self._prints(command)
            end = time.monotonic() + 5  # a job's first run may need a moment
            while printed != shown and time.monotonic() < end:
                time.sleep(0.1)
                printed = self._prints(command)
            assert printed == shown, command

    def _starts(self, command: str, shown: list[str]) -> None:
        file, *options = command.split()[1:]
        options += ["--log-format", "console"]
        running = self._stack.enter_context(schedd(self._directory / file, *options, TZ="UTC"))
        eventually(lambda: set(shown) <= set(shapes(running.log)), what=f"not all of this is logged: {shown}")

    def _prints(self, command: str) -> list[str]:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._directory,
            env=environment(self._environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return shapes(done.stdout)


@pytest.mark.parametrize("page", with_blocks("console"), ids=name)
def test_the_sessions_of_a_page_happen_as_shown(page: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        for block in blocks(page):
            if block.file is not None:
                reader.writes(block.file, block.text)
            elif block.language == "console":
                for command, shown in steps(block.text):
                    reader.types(command, shown)


@pytest.mark.parametrize("page", with_blocks("sh"), ids=name)
def test_commands_that_are_not_for_here_are_at_least_shell_syntax(page: Path) -> None:
    for block in blocks(page, "sh"):
        parsed = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert (parsed.returncode, parsed.stderr) == (0, ""), block.text
