"""A command of schedctl: its help page, its exit status, and the options that every command takes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import click

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class Subcommand(click.Command):
    """A command with an optional `exit_status` paragraph below its options."""

    def __init__(self, *args: Any, exit_status: str | None = None, **settings: Any) -> None:
        # Also where its program is not asked: click keeps the help option that it has made first.
        settings["context_settings"] = {**HELP_OPTIONS, **(settings.get("context_settings") or {})}
        super().__init__(*args, **settings)
        self.exit_status = exit_status

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return with_short_text(super().get_help_option(ctx))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if isinstance(error.param, click.Option) and (meant := _duration_in_words(error.param.opts, typed)):
                message = f"{error.message}; did you mean {meant}?"
                raise click.BadParameter(message, error.ctx, error.param, error.param_hint) from None
            raise

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = [] if self.exit_status is None else [f"Exit status: {self.exit_status}"]
        lines += [] if self.epilog is None else [self.epilog]
        if lines:
            formatter.write_paragraph()
        for line in lines:
            formatter.write_text(line)


def _duration_in_words(options: list[str], typed: list[str]) -> str | None:
    """`--for 1h` for `--for 1 hour`: words that a shell has taken apart."""
    for option, number, unit in zip(typed, typed[1:], typed[2:], strict=False):
        if option in options and re.fullmatch(r"[0-9]{1,6}", number):
            found = re.fullmatch(r"(?i)(?:(s)ec|(m)in|(h)our|(d)ay|(w)eek)[a-z]*|([smhdw])|(h)rs?", unit)
            if found:
                return f"{option} {number}{next(filter(None, found.groups())).lower()}"
    return None


def with_short_text(option: click.Option | None) -> click.Option | None:
    """The --help option, described in two words."""
    if option is not None:
        option.help = "Show this help"
    return option


def set_target(ctx: click.Context, _option: click.Parameter, file: str | None) -> None:
    """Remember which schedule file is meant. An option after the command wins over one before it."""
    if file is not None or ctx.obj is None:
        from scheduler.cli.answer_source import Target  # noqa: PLC0415 - schedd, which has no target, uses this module

        ctx.obj = Target(file, None if ctx.obj is None else ctx.obj.url_option)


def set_url(ctx: click.Context, _option: click.Parameter, url: str | None) -> None:
    """Remember which schedd elsewhere is meant."""
    if url is not None:
        from scheduler.cli.answer_source import Target  # noqa: PLC0415 - as above

        ctx.obj = Target(None if ctx.obj is None else ctx.obj.option, url)


def config_option(default: str = "") -> Callable[[Any], Any]:
    """The option -c."""
    return click.option(
        "-c",
        "--config",
        metavar="FILE",
        type=click.Path(),
        expose_value=False,
        callback=set_target,
        help=f"Schedule file{default}",
    )


def set_colour(ctx: click.Context, _option: click.Parameter, when: str | None) -> None:
    """Decide whether to print in colour: --color, else $NO_COLOR, else $FORCE_COLOR, else whether it is a terminal."""
    if when is not None:
        ctx.color = {"always": True, "never": False}.get(when)
    elif ctx.parent is None:
        ctx.color = False if os.environ.get("NO_COLOR") else True if os.environ.get("FORCE_COLOR") else None


color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    expose_value=False,
    is_eager=True,
    callback=set_colour,
    help="When to use colours [default: auto, on a terminal]",
)


def subcommand(name: str, *, exit_status: str | None = None, **settings: Any) -> Callable[[Any], Subcommand]:
    """Make a function a command of schedctl."""
    declare: Callable[[Any], Subcommand] = click.command(name, cls=Subcommand, exit_status=exit_status, **settings)
    add_config = config_option()

    def decorate(function: Any) -> Subcommand:
        return declare(add_config(color_option(function)))

    return decorate
