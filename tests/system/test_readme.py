"""The README tells the truth: its first file does what it shows, and its tables leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scheduler.config.spec import JobForm
from tests.system.programs import schedctl, schedd

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str, containing: str) -> str:
    """The one fenced block of that language with that text in it."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text]
    return str(found)


def shape(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", line)
    line = re.sub(r"file=\S+", "file=F", re.sub(r"socket=\S+", "socket=S", line))
    line = re.sub(r"'pid \d+'", "'pid …'", line)
    return re.sub(r"\b(pid|run|lateness|duration|cpu|max_rss|version)=\S+", r"\1=…", line)


def test_the_first_file_does_what_the_readme_shows(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(block("yaml", "hello at"))
    shown = [shape(line) for line in block("console", "$ schedd schedules.yaml").splitlines()[1:]]
    with schedd(file, "--log-format", "console") as running:
        running.says("run finished")
        printed = {shape(line).replace(" max_rss=…", "") for line in running.log.splitlines()}
        assert set(shown) <= printed
        listed = schedctl("-c", file, "list").stdout.splitlines()
        example = block("console", "$ schedctl list").splitlines()
        assert listed[0].split() == example[1].split()
        assert [line.split()[0] for line in listed[1:3]] == ["hello", "reminder"]
        by_hand = schedctl("-c", file, "run-now", "hello")
        assert (by_hand.returncode, shape(by_hand.stdout)) == (0, "hello at TIME\n")


def test_every_command_is_in_the_readme() -> None:
    commands = re.findall(r"^  ([a-z][a-z-]+)  ", schedctl("--help").stdout, re.MULTILINE)
    assert "list" in commands
    assert [command for command in commands if not re.search(rf"`{command}\b", README)] == []


@pytest.mark.parametrize("key", JobForm.__struct_encode_fields__)
def test_every_key_of_a_job_is_in_the_readme(key: str) -> None:
    assert f"`{key}`" in README


@pytest.mark.parametrize("name", ["run", "test"])
def test_each_of_the_two_commands_is_one_line_after_its_marker(name: str) -> None:
    (command,) = re.findall(rf"<!-- {name} -->\n```sh\n(.*)\n```\n", README)
    assert command.startswith("python3 -m venv .venv && ")
