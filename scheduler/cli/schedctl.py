"""The program schedctl: the table of its commands, each of which is imported only when it is used."""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

from scheduler import __version__
from scheduler.cli.exit import ReaderGoneError
from scheduler.cli.subcommand import HELP_OPTIONS, color_option, config_option, set_url, with_short_text
from scheduler.errors import EXIT_USAGE, UsageError
from scheduler.fast_start import loaded
from scheduler.package import DOCUMENTATION
from scheduler.text import did_you_mean

GROUPS = {
    "Look": {
        "list": ("list_jobs:list_jobs", "List jobs with their next and last runs"),
        "show": ("show:show", "Show one job in full"),
        "status": ("status:status", "Show the daemon: uptime, file, counts, warnings"),
        "next": ("next_times:next_times", "List coming runs"),
        "why": ("why:why", "Explain why a job ran, or did not run, at a given time"),
        "explain": ("explain:explain", "Explain a schedule in words, with its DST changes and pitfalls"),
        "history": ("history:history", "List running, finished and skipped runs"),
        "workers": ("workers:workers", "List the workers that run the jobs"),
        "metrics": ("metrics:metrics", "Print metrics in Prometheus' text format"),
        "logs": ("logs:logs", "Print the output of runs"),
    },
    "Control": {
        "run-now": ("run_now:run_now", "Run a job now and exit with its exit code"),
        "wait": ("wait_result:wait", "Wait for runs and exit with their exit code"),
        "result": ("wait_result:result", "Show the state of a run"),
        "stop": ("stop_pause:stop", "Stop runs of a job"),
        "pause": ("stop_pause:pause", "Pause jobs: skip their scheduled runs"),
        "resume": ("stop_pause:resume", "Resume paused jobs"),
        "reload": ("reload:reload", "Apply changes of the file, or preview them with --plan"),
    },
    "Set up and try out": {
        "init": ("init:init", "Write a commented schedules.yaml to start from"),
        "edit": ("edit:edit", "Edit the file, check it, preview and apply the change"),
        "check": ("check:check", "Check files for errors and warnings"),
        "simulate": ("simulate:simulate_file", "Run the schedule on a virtual clock, without starting jobs"),
        "import": ("import_file:import_file", "Convert another scheduler's file"),
        "export": ("export_file:export_file", "Write systemd units, Kubernetes CronJobs or a crontab"),
        "env": ("env:env", "Show the environment a job will get"),
        "shell": ("shell:shell", "Open a shell in a job's environment"),
        "notify-test": ("notify_test:notify_test", "Send a test notification to a job's recipients"),
        "schema": ("schema:schema", "Print the JSON Schema for editors"),
        "completion": ("completion:completion", "Print a shell completion script"),
        "version": ("version:version", "Print the version"),
        "help": ("help:help_on", "Show the help of a command"),
    },
}
"""For each command, in the order of the help: its module in this folder, the command in it, and its summary."""

COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}

EXIT_STATUS = (
    "0 success, 1 failure, 2 usage error, 3 schedd not reachable, 4 no such job or run, 5 refused. "
    "run-now exits with the job's own exit code."
)

ALIASES = {
    "ls": "list",
    "ps": "list",
    "jobs": "list",
    "get": "list",
    "top": "list --watch",
    "watch": "list --watch",
    "describe": "show",
    "inspect": "show",
    "info": "show",
    "cat": "show",
    "health": "status",
    "ping": "status",
    "upcoming": "next",
    "log": "logs",
    "tail": "logs -f",
    "start": "run-now",
    "run": "run-now",
    "exec": "run-now",
    "trigger": "run-now",
    "fire": "run-now",
    "kill": "stop --kill",
    "cancel": "stop",
    "disable": "pause",
    "suspend": "pause",
    "enable": "resume",
    "unpause": "resume",
    "continue": "resume",
    "restart": "reload",
    "refresh": "reload",
    "apply": "reload",
    "update": "reload",
    "diff": "reload --plan",
    "plan": "reload --plan",
    "validate": "check",
    "verify": "check",
    "lint": "check",
    "test": "check",
    "add": "edit",
    "remove": "edit",
    "delete": "edit",
    "rm": "edit",
    "set": "edit",
    "new": "init",
    "create": "init",
    "dry-run": "simulate",
    "convert": "import",
    "printenv": "env",
    "notify": "notify-test",
}
"""Names of commands in other tools. The answer names our command and does not run it: a restart is not a reload."""


ENDINGS = frozenset({"shutdown", "quit", "exit", "halt", "terminate", "down"})
"""Names of commands in other tools that end the daemon, for which there is a signal."""


class Commands(click.Group):
    """Commands that are imported when they are used."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(f"scheduler.cli.{module}"), name)
        loaded()
        return found

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return with_short_text(super().get_help_option(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The groups of commands, then the options."""
        width = max(map(len, COMMANDS))
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), summary) for name, (_, summary) in commands.items()])
        click.Command.format_options(self, ctx, formatter)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        formatter.write_text(f"Exit status: {EXIT_STATUS}")
        formatter.write_text(f"Documentation: {DOCUMENTATION}")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands from the table, so that none is imported; options as click has them."""
        names = [
            CompletionItem(name, help=summary) for name, (_, summary) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGoneError from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise UsageError(unknown_command(args[0]))
        return super().resolve_command(ctx, args)


def unknown_command(name: str) -> str:
    """The message about a command that does not exist, with the one that was probably meant."""
    if name in ALIASES:
        return f"unknown command {name!r}; did you mean 'schedctl {ALIASES[name]}'?"
    if name in ENDINGS:
        return (
            f"unknown command {name!r}; schedd stops with Ctrl-C where it runs, or with SIGTERM: "
            "kill PID, and `schedctl status` shows the pid"
        )
    meant = did_you_mean(name, COMMANDS)
    return f"unknown command {name!r}{meant or '; schedctl --help lists all commands'}"


@click.group(cls=Commands, context_settings=HELP_OPTIONS, invoke_without_command=True)
@config_option(
    " [default: $SCHEDD_CONFIG, ./schedules.yaml, or that of the only running schedd, for commands that only look]"
)
@click.option(
    "--url",
    metavar="URL",
    expose_value=False,
    callback=set_url,
    help="Address of a schedd elsewhere, with $SCHEDD_TOKEN as its token [default: $SCHEDD_URL]",
)
@color_option
@click.version_option(__version__, "-V", "--version", message="schedctl %(version)s", help="Print the version")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Query and control a running schedd. Where none is running, commands that only need the schedule file answer from
    the file, and run-now runs the job here."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(EXIT_USAGE)
