"""Explains marks of YAML that its parser accepts: aliases without an anchor, empty anchors, tags and templates."""

from __future__ import annotations

import re

from scheduler.document.finding import Finding
from scheduler.document.line_context import value_at

_IF_TEXT = "or put this in quotes if it is text"


def undefined_alias(text: str, at: int) -> Finding:
    """The error about `*name` without an anchor `&name`."""
    message = "unquoted * starts a YAML alias, and there is no anchor of this name above"
    return _mark(text, at, message, f"define the anchor above, {_IF_TEXT}")


def tag(text: str, at: int, *, on_scalar: bool) -> Finding:
    """The error about `!name`."""
    message = "unquoted ! starts a YAML tag; tags are not supported"
    word = re.compile(r"\S+").match(text, at)
    if word and not on_scalar:
        return Finding(at, message, "delete the tag", width=len(word[0]))
    return _mark(text, at, message, f"delete the tag, {_IF_TEXT}")


def anchor(text: str, at: int) -> Finding:
    """The error about `&name` without a value."""
    return _mark(text, at, "unquoted & starts a YAML anchor, which needs a value", f"add a value, {_IF_TEXT}")


def template(text: str, at: int) -> Finding:
    """The error about `{{ name }}`."""
    return value_at(text, at).finding("templates are not expanded in the file, and unquoted { starts a YAML mapping")


def _mark(text: str, at: int, message: str, help: str) -> Finding:
    """The error about a value that starts with `*`, `&` or `!`. Before a name, that is most likely not a text."""
    value = value_at(text, at)
    if re.match(r"(?:[*&]|!!?)[A-Za-z_][\w-]*(?:\s|$)", value.text):
        return Finding(at, message, help, width=value.end - value.start)
    return value.finding(f"{message}; use quotes")
