"""How commands are typed, and how they print times and answers: the same in every command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.system.programs import eventually, schedctl, schedd, write
from tests.system.test_schedctl_terminal import OnTerminal

TIME = re.compile(r"\b\d\d:\d\d(?::\d\d)? ([A-Z]{3,4}|[+-]\d\d)\b")
BERLIN, TOKYO, NEW_YORK = {"CET", "CEST"}, {"JST"}, {"EST", "EDT"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A schedule in Berlin with one job in Tokyo, under a schedd whose own zone is another one."""
    file = write(
        tmp_path_factory.mktemp("usage") / "schedules.yaml",
        """
        defaults: {timezone: Europe/Berlin}
        jobs:
          home: {schedule: "*/5 * * * *", command: "echo home"}
          tokyo: {schedule: "0 9 * * *", timezone: Asia/Tokyo, command: "true"}
          paused: {schedule: "0 8 * * *", command: "true"}
        """,
    )
    with schedd(file, TZ="America/Los_Angeles"):
        for job in ("home", "tokyo"):
            schedctl("-c", file, "run-now", job)
        schedctl("-c", file, "pause", "paused", "--until", "tomorrow 8:00")
        yield file


def ask(file: Path, *words: str, **environ: str) -> str:
    ended = schedctl("-c", file, *words, **environ)  # type: ignore[arg-type]
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def zones(text: str) -> set[str]:
    """The abbreviations behind the times in a text."""
    return set(TIME.findall(text))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("list",), BERLIN),
        (("list", "tokyo"), TOKYO),
        (("next", "-n", "3"), BERLIN),
        (("show", "tokyo"), TOKYO),
        (("why", "home"), BERLIN),
        (("why", "tokyo"), TOKYO),
        (("why", "paused", "tomorrow 7:00"), BERLIN),
        (("history",), BERLIN),
        (("status",), BERLIN),
        (("explain", "tokyo"), TOKYO),
        (("logs", "home", "-t"), BERLIN),
        (("simulate", "--for", "6h"), BERLIN),
        (("resume", "home"), BERLIN),
    ],
)
def test_every_command_shows_times_in_one_zone(file: Path, words: tuple[str, ...], expected: set[str]) -> None:
    """F1: that of the job, or of defaults where it is about several; --timezone chooses another."""
    found = zones(ask(file, *words))
    assert found
    assert found <= expected
    elsewhere = zones(ask(file, *words, "--timezone", "America/New_York"))
    assert elsewhere
    assert elsewhere <= NEW_YORK


def test_local_is_the_zone_of_the_shell(file: Path) -> None:
    """F1"""
    assert zones(ask(file, "list", "--timezone", "local", TZ="Asia/Kolkata")) == {"IST"}


def test_a_reload_shows_times_in_the_zone_of_defaults(tmp_path: Path) -> None:
    """F1"""
    text = 'defaults: {timezone: Asia/Tokyo}\njobs: {a: {schedule: "0 3 * * *", command: x}}'
    file = write(tmp_path / "s.yaml", text)
    with schedd(file):
        file.write_text(file.read_text().replace("0 3", "30 3"))
        assert zones(ask(file, "reload", "--plan")) == TOKYO
        assert zones(ask(file, "reload", "--timezone", "Asia/Kolkata")) == {"IST"}


@pytest.mark.parametrize(
    "command", [("history", "home"), ("why", "home"), ("show", "home"), ("status",), ("next", "home")]
)
def test_a_time_that_is_printed_can_be_pasted_back(file: Path, command: tuple[str, ...]) -> None:
    """F1"""
    text = ask(file, *command)
    dated = r"\w{3} (?:\d{4}-)?\d\d-\d\d \d\d:\d\d(?::\d\d)? \w+|\d\d:\d\d:\d\d \w+"
    for printed in [*dict.fromkeys(re.findall(dated, text))][:2]:
        ask(file, "why", "home", printed)
        ask(file, "history", "--since", printed)
        ask(file, "next", "--from", printed, "-n", "1")


@pytest.mark.parametrize(
    "words",
    [
        ("next", "--until", "1d"),
        ("next", "--from", "tomorrow"),
        ("next", "--from", "now", "--until", "tomorrow 8:00"),
        ("why", "home", "now"),
        ("why", "home", "02:00"),
        ("why", "home", "yesterday 8:00"),
        ("why", "home", "2h ago"),
        ("history", "--since", "1d"),
        ("history", "--since", "yesterday"),
        ("logs", "--since", "14:30"),
        ("simulate", "--from", "today", "--to", "tomorrow"),
        ("simulate", "--from", "tomorrow", "--for", "2h"),
        ("run-now", "tokyo", "--as-of", "yesterday 9:00"),
        ("pause", "tokyo", "--until", "2h"),
        ("pause", "tokyo", "--for", "1h30m"),
    ],
)
def test_one_grammar_of_times_is_understood_everywhere(file: Path, words: tuple[str, ...]) -> None:
    """F5"""
    ask(file, *words)
    schedctl("-c", file, "resume", "tokyo")


def test_a_pause_that_would_end_in_the_past_is_refused(file: Path) -> None:
    ended = schedctl("-c", file, "pause", "tokyo", "--until", "2020-01-01")
    assert (ended.returncode, "is in the past" in ended.stderr) == (2, True)
    assert schedctl("-c", file, "pause", "tokyo", "--until", "2h", "--for", "1h").returncode == 2
    ended = schedctl("-c", file, "pause", "tokyo", "--for", "0s")
    assert (ended.returncode, ended.stderr) == (2, "schedctl: a pause must be longer than 0 s; this is 0 s\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("help",), "Look:\n  list "),
        (("help", "list"), "Usage: schedctl list "),
        (("help", "run-now"), "Exit status: that of the last attempt"),
        (("list", "--help"), "Usage: schedctl list "),
        (("list", "-h"), "Usage: schedctl list "),
        (("version",), "schedctl 0."),
        (("-V",), "schedctl 0."),
        (("--version",), "schedctl 0."),
    ],
)
def test_help_and_version_are_there_under_each_of_their_names(words: tuple[str, ...], says: str) -> None:
    """F2"""
    ended = schedctl(*words)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert says in ended.stdout


def test_the_file_can_be_named_before_and_after_the_command(file: Path, tmp_path: Path) -> None:
    """F2"""
    other = write(tmp_path / "other.yaml", 'jobs: {elsewhere: {command: "true"}}')
    for words in (("list", "-c", file), ("list", "--config", file), ("list", f"--config={file}"), ("-c", file, "list")):
        assert "tokyo" in schedctl(*words).stdout
    assert "elsewhere" in schedctl("-c", file, "list", "-c", other).stdout
    ran = schedctl("shell", "-c", file, "home", "sh", "-c", "echo $SCHED_JOB")
    assert ran.stdout == "home\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ls", "list"),
        ("start", "run-now"),
        ("validate", "check"),
        ("restart", "reload"),
        ("disable", "pause"),
    ],
)
def test_the_command_of_another_tool_is_answered_with_ours(typed: str, meant: str) -> None:
    """F3"""
    for words in ((typed,), ("help", typed)):
        ended = schedctl(*words)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == f"schedctl: unknown command '{typed}'; did you mean 'schedctl {meant}'?\n"


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("show", "home"),
    ],
)
def test_answers_are_the_same_in_json_and_yaml(file: Path, words: tuple[str, ...]) -> None:
    as_json = json.loads(ask(file, *words, "-o", "json"))
    as_yaml = yaml.safe_load(ask(file, *words, "-o", "yaml"))
    assert type(as_yaml) is type(as_json)
    one, other = (answer[0] if isinstance(answer, list) else answer for answer in (as_yaml, as_json))
    assert list(one) == list(other)
    assert ask(file, *words, "--json").startswith(("[", "{"))


def test_forced_colours_reach_a_pipe(tmp_path: Path) -> None:
    """F11"""
    bad = write(tmp_path / "bad.yaml", "jobs: {a: {comand: x}}")
    plain = schedctl("check", bad)
    forced = schedctl("check", bad, NO_COLOR="", FORCE_COLOR="1")
    always = schedctl("--color", "always", "check", bad)
    for ended in (forced, always, schedctl("check", "--color=always", bad)):
        assert "\x1b[31merror\x1b[0m" in ended.stdout
        assert re.search(r"\x1b\[31m\^+\x1b\[0m", ended.stdout)
        assert "\x1b[32mhelp:\x1b[0m" in ended.stdout
        assert re.sub(r"\x1b\[\d+m", "", ended.stdout) == plain.stdout
    assert "\x1b" not in schedctl("--color", "never", "check", bad, FORCE_COLOR="1").stdout


def test_a_long_simulation_shows_its_progress_on_a_terminal(tmp_path: Path) -> None:
    """E4"""
    file = write(tmp_path / "s.yaml", 'jobs: {a: {schedule: "@every 10s", command: x}}')
    simulating = OnTerminal("simulate", file, "--for", "36500d", columns=100)
    eventually(lambda: re.search(rb"simulating: \d+%, about [\ddhms ]+ left", simulating.written))
    simulating.type(b"\x03")
    assert simulating.ended().rstrip("\r\n").endswith("\x1b[K")
    assert simulating.process.returncode == 130
    assert "simulating" not in schedctl("simulate", file, "--for", "1h").stderr


def test_a_long_check_shows_its_progress_on_a_terminal(tmp_path: Path) -> None:
    jobs = "".join(f'  j{n}: {{schedule: "{n % 60} {n % 24} * * mon", command: "true"}}\n' for n in range(9_000))
    file = write(tmp_path / "s.yaml", f"jobs:\n{jobs}")
    checking = OnTerminal("check", file, columns=100)
    eventually(lambda: re.search(rb"checking s.yaml: \d+%, about [\ddhms ]+ left", checking.written))
    checking.type(b"\x03")
    assert checking.ended().rstrip("\r\n").endswith("\x1b[K")
