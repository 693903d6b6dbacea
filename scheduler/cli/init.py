"""`schedctl init`: a schedule file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.cli import DEFAULT_FILE
from scheduler.cli.new_file import write_file

STARTER = Path(__file__).with_name("starter.yaml")


@click.command("init")
@click.argument("file", default=DEFAULT_FILE, metavar="[FILE]")
def init(file: str) -> None:
    """Write a commented schedule file to start from.

    An existing one is left alone; `-` is standard output.

    \b
    Examples:
      schedctl init
      schedctl init nightly.yaml
    """
    text = STARTER.read_text(encoding="utf-8")
    if file == "-":
        click.echo(text, nl=False)
        return
    write_file(file, text)
    click.echo(f"wrote {file}; now try: schedctl -c {file} next, and: schedd {file}")
