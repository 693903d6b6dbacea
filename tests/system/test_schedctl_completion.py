"""Completion in a real bash: the script is loaded, TAB is what bash does with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, schedctl, schedd, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a running schedd, a run, and files to complete."""
    folder = tmp_path_factory.mktemp("completion")
    file = write(folder / "schedules.yaml", 'jobs: {night: {command: "true"}, noon: {command: "true"}}')
    (folder / "crontab.old").write_text("")
    (folder / "staging").mkdir()
    with schedd(file, cwd=folder):
        schedctl("run-now", "noon", cwd=folder)
        yield folder


def tab(folder: Path, line: str) -> list[str]:
    """What bash offers at the end of a command line, as its readline would split it into words."""
    script = f"""
        eval "$(schedctl completion bash)"
        words=() current=''
        COMP_WORDS=({_words(line)})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        complete -p {line.split(maxsplit=1)[0]} > registered || exit 1
        function_name=$(sed 's/.*-F \\([^ ]*\\).*/\\1/' registered)
        compopt() {{ [ "$2" = default ] && COMPREPLY=(FILES) || COMPREPLY=(DIRECTORIES); }}
        $function_name {line.split(maxsplit=1)[0]}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment({"PATH": f"{BIN}:{os.environ['PATH']}"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    return [line for line in ended.stdout.splitlines() if line]


def _words(line: str) -> str:
    """The words of a line; bash breaks them at `=` too, and the last one may be empty."""
    words = line.replace("=", " = ").split()
    if line.endswith((" ", "=")):
        words.append("")
    return " ".join(f"'{word}'" for word in words)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("schedctl run", ["run-now"]),
        ("schedctl show n", ["night", "noon"]),
        ("schedctl list noo", ["noon"]),
        ("schedctl help sim", ["simulate"]),
        ("schedctl list --timezone Europe/Berl", ["Europe/Berlin"]),
        ("schedctl list --timezone=europe/berl", ["Europe/Berlin"]),
        ("schedctl history -o y", ["yaml"]),
        ("schedctl notify-test noon --event rec", ["recovery"]),
        ("schedctl -c ", ["FILES"]),
        ("schedctl -c sch", ["FILES"]),
        ("schedctl --config sch", ["FILES"]),
        ("schedctl --config=", ["FILES"]),
        ("schedctl --config=sch", ["FILES"]),
        ("schedctl list -c sch", ["FILES"]),
        ("schedctl check ", ["FILES"]),
        ("schedctl import cron", ["FILES"]),
        ("schedctl import x -o ", ["FILES"]),
        ("schedctl init ", ["FILES"]),
        ("schedctl simulate ", ["FILES"]),
        ("schedd ", ["FILES"]),
        ("schedd -c ", ["FILES"]),
        ("schedd --log-format k", ["kv"]),
        ("schedd --config=sch", ["FILES"]),
        ("schedctl --config=schedules.yaml show ni", ["night"]),
        ("schedctl nonsense run", ["run-now"]),
    ],
)
def test_tab_offers_what_fits(folder: Path, line: str, offered: list[str]) -> None:
    """F4"""
    assert tab(folder, line) == offered


def test_tab_offers_the_ids_of_runs(folder: Path) -> None:
    """F4"""
    (run_id,) = tab(folder, "schedctl logs --run ")
    assert len(run_id) == 8
    assert tab(folder, f"schedctl stop {run_id[:4]}") == [run_id]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_for_both_programs_or_for_the_one_that_is_named(shell: str) -> None:
    """F4"""
    both = schedctl("completion", shell).stdout
    assert "_SCHEDCTL_COMPLETE" in both
    assert "_SCHEDD_COMPLETE" in both
    one = schedctl("completion", shell, "schedd").stdout
    assert "_SCHEDCTL_COMPLETE" not in one
    assert "_SCHEDD_COMPLETE" in one


def test_an_unknown_shell_of_completion_is_answered_with_an_exit_code() -> None:
    assert schedctl(_SCHEDCTL_COMPLETE="tcsh_complete").returncode == 1
