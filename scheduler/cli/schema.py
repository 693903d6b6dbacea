"""`schedctl schema`: print the JSON Schema of schedule files."""

from __future__ import annotations

from scheduler.cli import output_format
from scheduler.cli.subcommand import subcommand
from scheduler.config.file_form import json_schema


@subcommand("schema")
def schema() -> None:
    """Print the JSON Schema for editors.

    Save it next to the schedule file, and start that file with the line below.
    Most editors then complete and explain its keys.

    \b
      # yaml-language-server: $schema=schedules.schema.json

    \b
    Examples:
      schedctl schema > schedules.schema.json
    """
    output_format.show(json_schema())
