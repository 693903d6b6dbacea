"""`schedctl completion`: print the script that lets a shell complete commands, options and job names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from scheduler.cli.subcommand import subcommand

SHELLS = ("bash", "zsh", "fish")


@subcommand("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a shell completion script.

    \b
    Examples:
      echo 'eval "$(schedctl completion bash)"' >> ~/.bashrc
      echo 'eval "$(schedctl completion zsh)"' >> ~/.zshrc
      schedctl completion fish > ~/.config/fish/completions/schedctl.fish
    """
    complete = get_completion_class(shell)
    assert complete is not None, "click supports each of SHELLS"  # noqa: S101
    click.echo(complete(ctx.find_root().command, {}, "schedctl", "_SCHEDCTL_COMPLETE").source())
