"""`schedctl completion`: what a shell has to read to complete verbs, options and job names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what completes schedctl in a shell.

    \b
    Examples:
      echo 'eval "$(schedctl completion bash)"' >> ~/.bashrc
      echo 'eval "$(schedctl completion zsh)"' >> ~/.zshrc
      schedctl completion fish > ~/.config/fish/completions/schedctl.fish
    """
    complete = get_completion_class(shell)
    assert complete is not None, "every choice is one of click's shells"  # noqa: S101
    click.echo(complete(ctx.find_root().command, {}, "schedctl", "_SCHEDCTL_COMPLETE").source())
