"""`schedctl init`: a schedule file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.cli.target import DEFAULT_FILE
from scheduler.errors import RefusedError

STARTER = Path(__file__).with_name("starter.yaml")


@click.command("init")
@click.argument("file", default=DEFAULT_FILE, metavar="[FILE]")
def init(file: str) -> None:
    """Write a commented schedule file to start from.

    An existing one is left alone.

    \b
    Examples:
      schedctl init
      schedctl init cron/schedules.yaml
    """
    try:
        with Path(file).open("x", encoding="utf-8") as written:
            written.write(STARTER.read_text(encoding="utf-8"))
    except FileExistsError:
        raise RefusedError(f"{file} exists already, and is left as it is") from None
    except OSError as error:
        raise RefusedError(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {file}; now try: schedctl -c {file} next, and: schedd {file}")
