"""`schedctl completion`: print the script that lets a shell complete commands, options, jobs, runs, zones and files."""

from __future__ import annotations

import os
import sys

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete, split_arg_string

from scheduler.cli.subcommand import subcommand

PROGRAMS = ("schedctl", "schedd")


class Bash(BashComplete):
    """bash breaks words at `=`, so that `--config=sch` arrives as three of them."""

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(os.environ["COMP_WORDS"])
        current = int(os.environ["COMP_CWORD"])
        args = [word for number, word in enumerate(words[:current]) if number and not _is_break(words, number)]
        incomplete = words[current] if current < len(words) else ""
        return args, "" if current < len(words) and _is_break(words, current) else incomplete


def _is_break(words: list[str], number: int) -> bool:
    return words[number] == "=" and words[number - 1].startswith("--")


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": ZshComplete, "fish": FishComplete}


def complete(command: click.Command, program: str) -> None:
    """Answer a shell that asks for completions, or for the script, and exit."""
    variable = f"_{program.upper()}_COMPLETE"
    shell, _, instruction = os.environ[variable].partition("_")
    known = SHELLS.get(shell)
    if known is None or instruction not in ("source", "complete"):
        sys.exit(1)
    answers = known(command, {}, program, variable)
    click.echo(answers.source() if instruction == "source" else answers.complete())
    sys.exit(0)


@subcommand("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.argument("program", type=click.Choice(PROGRAMS), required=False)
def completion(shell: str, program: str | None) -> None:
    """Print a shell completion script.

    It completes both programs, schedctl and schedd, unless one is named.

    \b
    Examples:
      echo 'eval "$(schedctl completion bash)"' >> ~/.bashrc
      echo 'eval "$(schedctl completion zsh)"' >> ~/.zshrc
      schedctl completion fish > ~/.config/fish/completions/schedctl.fish
    """
    for name in PROGRAMS if program is None else (program,):
        # The script needs the names only: the command itself is asked when something is to be completed.
        answers = SHELLS[shell](click.Command(name), {}, name, f"_{name.upper()}_COMPLETE")
        click.echo(answers.source())
