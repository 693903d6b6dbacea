"""Commands that enqueue an Active Job or a Sidekiq job."""

from __future__ import annotations

import re

from scheduler.translate.importers.job_report import RefusedError
from scheduler.translate.importers.yaml_items import Item
from scheduler.translate.translation import Value

ABOUT = (
    "starts Rails for each run, in `cwd`, which must be the directory of the application, "
    "with the RAILS_ENV of schedd's environment"
)

_CLASS = re.compile(r"[A-Z]\w*(?:::[A-Z]\w*)*", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)


def run_ruby(code: str) -> Value:
    """The command that runs Ruby code in the application."""
    return ["bin/rails", "runner", code]


def enqueue(name: Item, arguments: Item, options: dict[str, Item], *, keywords: bool) -> str:
    """Ruby code that enqueues a job of this class. RefusedError when the name is not one of a class.

    With `keywords`, a mapping at the end of the arguments is keyword arguments. What the class is cannot be known:
    Active Job has perform_later, Sidekiq perform_async.
    """
    if not _CLASS.fullmatch(name.text):
        raise RefusedError(name.line, f"{name.shown or 'nothing'} is not the name of a class")
    given = arguments.items if isinstance(arguments.value, list) else [] if arguments.is_null else [arguments]
    written = [_ruby(argument) for argument in given]
    if keywords and given and given[-1].entries:
        written[-1] = ", ".join(f"{key}: {_ruby(value)}" for key, value in given[-1].entries.items())
    chosen = [f"{key}: {_ruby(value)}" for key, value in options.items() if value.text]
    target = f"{name.text}.set({', '.join(chosen)})" if chosen else name.text
    method = "perform_async" if name.text.endswith("Worker") else "perform_later"
    return f"{target}.{method}" + (f"({', '.join(written)})" if written else "")


def _ruby(item: Item) -> str:
    """The value as a literal of Ruby."""
    if isinstance(item.value, list):
        return f"[{', '.join(map(_ruby, item.value))}]"
    if isinstance(item.value, dict):
        return "{" + ", ".join(f"{_text(key)} => {_ruby(value)}" for key, value in item.value.items()) + "}"
    if item.is_null:
        return "nil"
    if item.plain and (_NUMBER.fullmatch(item.value) or item.value in {"true", "false"}):
        return item.value
    if item.plain and re.fullmatch(r":[a-z_]\w*", item.value, re.ASCII):
        return item.value
    return _text(item.value)


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
