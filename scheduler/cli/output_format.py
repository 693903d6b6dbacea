"""The form in which a command prints its answer: a table or text for people, JSON or YAML for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from scheduler.cli.answer_source import FileAlone
from scheduler.control.client import Client
from scheduler.text import as_json
from scheduler.wire.operations import Operation

A = TypeVar("A", bound=msgspec.Struct)

WIDE = "wide"


def output_options(what: str, *, wide: bool = False) -> Callable[[Any], Any]:
    """The options -o and --json, which set the parameter `form`. `what` is said of the document: `an object`."""
    forms = ["wide", "json", "yaml"] if wide else ["json", "yaml"]
    wide_help = "wide: more columns, never cut; " if wide else ""
    add_output = click.option(
        "-o", "--output", "form", type=click.Choice(forms), help=f"Output format. {wide_help}json, yaml: {what}"
    )
    add_json = click.option("--json", "form", flag_value="json", help="The same as -o json")
    return lambda function: add_output(add_json(function))


def show(document: object) -> None:
    """Print the document as JSON."""
    _show_text(as_json(document))


def passed_on(source: Client | FileAlone, operation: Operation[A, Any], request: A, form: str | None) -> bool:
    """Print what a running schedd answers, if the form is JSON. False: it is still to be requested and printed.

    The answer stays text, which takes a fraction of the memory of the values in it.
    """
    if form != "json" or not isinstance(source, Client):
        return False
    _show_text(source.ask(msgspec.structs.replace(operation, reply=msgspec.Raw), request))
    return True


def _show_text(text: bytes | msgspec.Raw) -> None:
    click.echo(msgspec.json.format(text, indent=2))


def shown(document: object, form: str | None) -> bool:
    """Print the document if the form is one for programs. False: it is still to be printed for people."""
    if form == "json":
        show(document)
    elif form == "yaml":
        from scheduler.document.dump import as_yaml  # noqa: PLC0415 - imports yaml

        click.echo(as_yaml(msgspec.json.decode(as_json(document))), nl=False)
    return form in ("json", "yaml")
