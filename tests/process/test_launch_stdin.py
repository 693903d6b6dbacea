"""What a process is given to read: what was handed over with its launch, and otherwise nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler.launch.launcher import Stream
from scheduler.launch.output import RunOutput
from scheduler.model.job import Job, OutputMode, ProcessSettings
from scheduler.model.run import Launch, Trigger
from scheduler.model.target import ShellCommand
from tests.process.workshop import Workshop, play

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def read_by(command: str, stdin: bytes, **keys: Any) -> list[bytes]:
    async def story() -> list[bytes]:
        workshop = Workshop()
        job = Job(name="j", cwd="/", target=ShellCommand(command), process=ProcessSettings(**keys))
        launch = Launch(job, "abcd1234", 1, Trigger.MANUAL, NOON, stdin=stdin)
        child = workshop.launcher.launch(launch, RunOutput("j", "abcd1234", OutputMode.LOG, workshop.log))
        await child.ended
        return workshop.log.lines(Stream.STDOUT)

    return play(story())


@pytest.mark.parametrize("keys", [{}, {"memory_limit": 1 << 30}], ids=["spawned", "forked"])
def test_a_process_reads_what_was_handed_over_and_then_its_end(keys: dict[str, Any]) -> None:
    content = os.urandom(50_000).hex().encode()
    assert read_by("wc -c; ls /proc/self/fd", content, **keys) == [b"100000", b"0", b"1", b"2", b"3"]
    assert read_by("cat", content, **keys) == [content[:65536] + " […]".encode(), content[65536:]]


@pytest.mark.parametrize("keys", [{}, {"memory_limit": 1 << 30}], ids=["spawned", "forked"])
def test_a_process_that_was_handed_nothing_reads_nothing(keys: dict[str, Any]) -> None:
    assert read_by("cat; readlink /proc/self/fd/0", b"", **keys) == [b"/dev/null"]
