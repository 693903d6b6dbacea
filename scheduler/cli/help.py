"""`schedctl help`: the help of schedctl or of one command."""

from __future__ import annotations

import click

from scheduler.cli.subcommand import subcommand


def command_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of commands that start with `incomplete`."""
    program = ctx.find_root()
    assert isinstance(program.command, click.Group)  # noqa: S101 - a subcommand has one above it
    return [name for name in program.command.list_commands(program) if name.startswith(incomplete)]


@subcommand("help")
@click.argument("name", required=False, metavar="[COMMAND]", shell_complete=command_names)
@click.pass_context
def help_on(ctx: click.Context, name: str | None) -> None:
    """Show the help of a command.

    Without COMMAND, show the list of commands. The same as COMMAND --help.

    \b
    Examples:
      schedctl help
      schedctl help run-now
    """
    program = ctx.find_root()
    if name is None:
        click.echo(program.get_help())
        return
    assert isinstance(program.command, click.Group)  # noqa: S101 - a subcommand has one above it
    _, command, _ = program.command.resolve_command(program, [name])
    assert command is not None  # noqa: S101 - an unknown one is a UsageError
    click.echo(command.get_help(click.Context(command, program, name)))
