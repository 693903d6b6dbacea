"""`schedctl schema`: the shape of a schedule file, for editors."""

from __future__ import annotations

import click

from scheduler.cli import terminal
from scheduler.config.spec import json_schema


@click.command("schema")
def schema() -> None:
    """Print the JSON Schema of a schedule file.

    A first line `# yaml-language-server: $schema=schedules.schema.json` in the file then gives completion and help in
    editors.

    \b
    Examples:
      schedctl schema > schedules.schema.json
    """
    terminal.show_json(json_schema())
