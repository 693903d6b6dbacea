"""The form in which a command prints its answer: a table or text for people, JSON or YAML for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import click
import msgspec

from scheduler.cli.answer_source import FileAlone
from scheduler.control.client import Client
from scheduler.errors import UnreachableError
from scheduler.text import as_json
from scheduler.wire.envelope import BETWEEN_ITEMS
from scheduler.wire.operations import Operation

A = TypeVar("A", bound=msgspec.Struct)

WIDE = "wide"

_LINES = re.compile(rb".*[^\\]\\n", re.DOTALL)
"""What a JSON string has up to its last newline; a backslash and an n within a line have another backslash before."""


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
    click.echo(msgspec.json.format(as_json(document), indent=2))


def passed_on(source: Client | FileAlone, operation: Operation[A, Any], request: A, form: str | None) -> bool:
    """Print the list that a running schedd answers, if the form is JSON. False: it has yet to be requested and printed.

    The answer stays text and is printed while it arrives, so that a long one takes no more memory than a short one.
    """
    if form != "json" or not isinstance(source, Client):
        return False
    for text in indented(source.ask_text(operation, request)):
        click.echo(text, nl=False)
    click.echo()
    return True


def indented(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """An array in pieces, formatted while it arrives. UnreachableError when it is not valid JSON."""
    pending, head = b"", b"[\n"
    try:
        for piece in pieces:
            items, separator, rest = (pending + piece).rpartition(BETWEEN_ITEMS)
            if separator:
                yield head + msgspec.json.format(items + b"]", indent=2)[2:-2]
                pending, head = b"[" + rest, b",\n"
            else:
                pending = rest
        last = msgspec.json.format(pending, indent=2)
    except msgspec.DecodeError:
        raise _other_protocol() from None
    yield last if head == b"[\n" else head + last[2:]


def unquoted(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of a JSON string in pieces, as many whole lines as have arrived. UnreachableError if it is none."""
    pending, quote = b"", b""
    try:
        for piece in pieces:
            pending += piece
            if lines := _LINES.match(pending):
                yield msgspec.json.decode(quote + lines[0] + b'"', type=str)
                pending, quote = pending[lines.end() :], b'"'
        yield msgspec.json.decode(quote + pending, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _other_protocol() from None


def shown(document: object, form: str | None) -> bool:
    """Print the document if the form is one for programs. False: it is still to be printed for people."""
    if form == "json":
        show(document)
    elif form == "yaml":
        from scheduler.document.dump import as_yaml  # noqa: PLC0415 - imports yaml

        click.echo(as_yaml(msgspec.json.decode(as_json(document))), nl=False)
    return form in ("json", "yaml")


def _other_protocol() -> UnreachableError:
    return UnreachableError("the answer is not in the protocol of this version")
