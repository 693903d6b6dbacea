"""`schedctl version`: print the version."""

from __future__ import annotations

import click

from scheduler import __version__
from scheduler.cli.subcommand import subcommand


@subcommand("version")
def version() -> None:
    """Print the version.

    \b
    Examples:
      schedctl version
    """
    click.echo(f"schedctl {__version__}")
