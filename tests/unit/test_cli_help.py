"""The help of each command: a summary, an example, and every option described."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from scheduler import __version__
from scheduler.cli.exit import end_with
from scheduler.cli.init import STARTER
from scheduler.cli.job_argument import OptionFor, option_instead
from scheduler.cli.next_times import _count_option
from scheduler.cli.schedctl import ALIASES, COMMANDS, command, unknown_command
from scheduler.cli.schedd import command as schedd
from scheduler.cli.stop_pause import _option_of_pause
from scheduler.config.load import load
from scheduler.errors import UnknownNameError

ROOT = Path(__file__).parents[2]


def command_of(name: str) -> click.Command:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    return found


def help_of(name: str) -> str:
    # With the settings of the program: click caches the help option of a command when it is first used.
    program = click.Context(command, info_name="schedctl", **command.context_settings)
    return command_of(name).get_help(click.Context(command_of(name), info_name=name, parent=program))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    text = help_of(name)
    assert re.search(rf"Examples:\n(.*\n)*?    .*schedctl {name}\b", text)
    assert all(len(line) <= 120 for line in text.splitlines())
    options = [parameter for parameter in command_of(name).params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_list_of_commands_begins_the_help_of_the_command(name: str) -> None:
    assert (command_of(name).help or "").splitlines()[0] == f"{COMMANDS[name][1]}."


def test_the_starter_file_is_valid() -> None:
    config = load(STARTER)
    assert (list(config.jobs), config.warnings) == (["hello", "heartbeat"], ())


def test_the_starter_file_limits_no_job() -> None:
    """F14: a default limit would later stop a job whose author never saw it."""
    config = load(STARTER)
    assert [job.timeout for job in config.jobs.values()] == [None, None]
    assert [job.process.memory_limit for job in config.jobs.values()] == [None, None]


@pytest.mark.parametrize("alias", ALIASES)
def test_the_name_of_a_command_in_another_tool_leads_to_ours(alias: str) -> None:
    """F3"""
    name, *options = ALIASES[alias].split()
    assert alias not in COMMANDS
    assert unknown_command(alias) == f"unknown command {alias!r}; did you mean 'schedctl {ALIASES[alias]}'?"
    known = {option for parameter in command_of(name).params for option in parameter.opts}
    assert set(options) <= known


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("statsu", "did you mean 'status'?"),
        ("lgos", "did you mean 'logs'?"),
        ("simulat", "did you mean 'simulate'?"),
        ("runnow", "did you mean 'run-now'?"),
        ("zzz", "schedctl --help lists all commands"),
    ],
)
def test_a_misspelt_command_is_answered_with_the_nearest(typed: str, answer: str) -> None:
    assert unknown_command(typed).endswith(answer)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("schedctl shutdown", "schedd stops with Ctrl-C where it runs, or with SIGTERM"),
        ("schedctl pause report --for 1 hour", "did you mean --for 1h?"),
        ("schedctl pause report --for 90 minutes", "did you mean --for 90m?"),
        ("schedctl run-now report --customer 4711", "options of the job go after --"),
        ("schedd --check", "schedctl check FILE"),
        ("schedd --port 8080", "--web ADDR:PORT"),
        ("schedd start", "to start it: schedd [FILE]"),
        ("schedd stop", "it stops with Ctrl-C or SIGTERM"),
        ("schedd list", "did you mean 'schedctl list'?"),
        ("schedd -d", "schedd runs in the foreground; let systemd run it"),
        ("schedd --daemon schedules.yaml", "or use: nohup schedd [FILE] &"),
        ("schedctl -o json list", "no such option -o; it comes after the command: schedctl COMMAND -o\n"),
        ("schedctl --nonsense list", "no such option --nonsense\n"),
        ("schedctl export k8s", "'k8s' is not one of systemd, kubernetes, crontab; did you mean kubernetes?\n"),
        ("schedctl export systmd", "did you mean systemd?\n"),
        ("schedctl export launchd", "'launchd' is not one of 'systemd', 'kubernetes', 'crontab'\n"),
        ("schedctl reload --dry-run", "no such option --dry-run; to preview the changes: schedctl reload --plan\n"),
        ("schedctl export", "missing argument 'FORMAT'; choose from systemd, kubernetes, crontab\n"),
        ("schedctl logs -o json", "no such option -o; for JSON: --json\n"),
        ("schedctl run-now report -o json", "no such option -o; for JSON: --json\n"),
        ("schedctl explain 0 9 * * mon", "put it in quotes, as in schedctl explain '0 9 * * mon'\n"),
        ("schedctl explain", "missing argument 'SCHEDULE|JOB'\n"),
        ("schedctl logs -n x", "'x' is not a whole number\n"),
        ("schedctl logs -n -1", "-1 is out of range (0 or more)\n"),
        ("schedctl next -n 0", "0 is out of range (1-100000)\n"),
        ("schedctl why a 25:00", "invalid value for 'TIME': '25:00' is not a valid time"),
    ],
)
def test_what_other_tools_take_is_answered_with_what_to_type(
    typed: str, answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """F3"""
    monkeypatch.chdir(tmp_path)
    program, *words = typed.split()
    monkeypatch.setattr("sys.argv", [program, *words])
    with pytest.raises(SystemExit) as ended:
        end_with(schedd if program == "schedd" else command, program)
    assert ended.value.code == 2
    assert answer in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option_for", "word", "answer"),
    [
        (_option_of_pause, "1h", "no job '1h'; did you mean --for 1h?"),
        (_option_of_pause, "all", "no job 'all'; did you mean --all?"),
        (_option_of_pause, "reprot", "no job 'reprot'; jobs: report"),
        (_count_option, "5", "no job '5'; did you mean -n 5?"),
        (_count_option, "0", "no job '0'; jobs: report"),
    ],
)
def test_a_value_in_the_place_of_a_job_is_answered_with_its_option(
    option_for: OptionFor, word: str, answer: str
) -> None:
    """F3"""
    with pytest.raises(UnknownNameError, match=re.escape(answer)), option_instead(("report", word), option_for):
        raise UnknownNameError(f"no job {word!r}; jobs: report")


@pytest.mark.parametrize("words", [(schedd, "--version"), (command, "version")], ids=["schedd", "schedctl"])
def test_the_version_comes_with_those_of_python_and_the_libraries(words: tuple[click.Command, str]) -> None:
    first, python, needed, *_ = CliRunner().invoke(words[0], [words[1]]).output.splitlines()
    assert first in (f"schedd {__version__}", f"schedctl {__version__}")
    assert python.startswith(f"Python {platform.python_version()} on Linux")
    assert needed.startswith("with: click ")
    assert "msgspec" in needed
