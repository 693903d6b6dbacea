"""The program `schedctl`: the verbs by name, each loaded only when it is the one that was typed."""

from __future__ import annotations

from importlib import import_module

import click

from scheduler import __version__
from scheduler.cli.exit import NobodyReadsError
from scheduler.cli.target import Target
from scheduler.fast_start import loaded
from scheduler.text import did_you_mean

COMMANDS = {
    "list": "list_jobs:list_jobs",
    "next": "next_times:next_times",
    "show": "show:show",
    "status": "status:status",
    "run-now": "run_now:run_now",
    "stop": "stop_pause:stop",
    "pause": "stop_pause:pause",
    "resume": "stop_pause:resume",
    "reload": "reload:reload",
    "logs": "logs:logs",
    "notify-test": "notify_test:notify_test",
    "history": "history:history",
    "why": "why:why",
    "explain": "explain:explain",
    "simulate": "simulate:simulate_file",
    "check": "check:check",
    "schema": "schema:schema",
    "init": "init:init",
    "import": "import_file:import_file",
    "env": "env:env",
    "shell": "shell:shell",
    "completion": "completion:completion",
}
"""Each verb, and the module of this folder and the command in it, in the order of the help."""


class Commands(click.Group):
    """Commands that are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"scheduler.cli.{module}"), name)
        loaded()
        return found

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise NobodyReadsError from None
        except click.NoSuchOption as mistake:
            if not any(mistake.option_name in option.opts for option in self.params):
                raise
            where = f"{mistake.message} It stands before the verb: schedctl {mistake.option_name} …"
            raise click.NoSuchOption(mistake.option_name, where, ctx=mistake.ctx) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:1] == ["help"]:
            ctx.fail("no verb 'help'; write schedctl --help, or schedctl VERB --help")
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"no verb {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c", "--config", metavar="FILE", help="The schedule file. Default: $SCHEDD_CONFIG, else ./schedules.yaml."
)
@click.version_option(__version__, "--version", message="schedctl %(version)s")
@click.pass_context
def command(ctx: click.Context, config: str | None) -> None:
    """Ask and steer the schedd that serves a schedule file; without one, many verbs answer from the file.

    \b
    Examples:
      schedctl list
      schedctl run-now poll-rates
      schedctl -c /etc/app/schedules.yaml status

    \b
    Ends with 0, 1 when something failed, 2 for a wrong command line, 3 when schedd cannot be reached, 4 when no job
    or run has that name, 5 when a rule forbids it; `run-now` with the job's own exit code.
    """
    ctx.obj = Target(config)
