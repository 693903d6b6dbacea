"""`schedctl init`: write a commented schedules.yaml to start from."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.cli import DEFAULT_FILE
from scheduler.cli.new_file import write_files
from scheduler.cli.subcommand import subcommand

STARTER = Path(__file__).with_name("starter.yaml")
"""The file that is written."""


@subcommand("init")
@click.argument("file", default=DEFAULT_FILE, metavar="[FILE]", type=click.Path())
def init(file: str) -> None:
    """Write a commented schedules.yaml to start from.

    An existing file is not overwritten. FILE may be `-` for standard output.

    \b
    Examples:
      schedctl init
      schedctl init nightly.yaml
    """
    text = STARTER.read_text(encoding="utf-8")
    if file == "-":
        click.echo(text, nl=False)
        return
    write_files({file: text}, advice="to write another file: schedctl init NAME.yaml")
    in_place = file == DEFAULT_FILE
    show = "schedctl next" if in_place else f"schedctl -c {file} next"
    run = "schedd" if in_place else f"schedd {file}"
    click.echo(f"wrote {file}\nTo see when its jobs run: {show}\nTo run them: {run}")
