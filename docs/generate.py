"""Writes the pages that follow from the code: `python docs/generate.py`.

file.md comes from the structs that the reader follows, verbs.md from the help texts, and the list of files in
architecture.md from the docstrings of the modules. A test checks that the pages are up to date.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from scheduler.cli.schedctl import COMMANDS
from scheduler.cli.schedctl import command as schedctl
from scheduler.cli.schedd import command as schedd
from scheduler.config.spec import json_schema

HERE = Path(__file__).parent
WIDTH = 100
SCHEMA = json_schema()["$defs"]

FORMS = {
    "FileForm": "The file",
    "JobForm": "A job",
    "DefaultsForm": "A job, or `defaults`",
    "ScheduleForm": "A schedule with named fields",
    "RetryForm": "`retry`",
    "ReferenceForm": "A value that stands elsewhere",
    "RecipientForm": "Who is told",
    "LintForm": "`lint`",
}
"""The forms in the order of the page, and what a reader calls them."""

ABOUT_FILE = """\
# The file

<!-- Written by docs/generate.py from the forms in scheduler/config/. Change it there. -->

Every key, with what it means, what can be written and what holds without it.
[`schedules.example.yaml`](../schedules.example.yaml) shows them all at work, and `schedctl schema` prints the same as a
JSON Schema, from which editors complete and explain.

Durations are `90s`, `10m`, `1h30m`, `2d`; sizes `64K`, `512M`, `2G`. An unknown key is an error. Relative paths are
relative to the file that names them; a job runs in the directory of the main file unless `cwd` says otherwise.
"""

ABOUT_VERBS = """\
# The verbs

<!-- Written by docs/generate.py from the help texts. Change them there. -->

`schedd` runs the schedule; `schedctl` shows and steers it. `--help` after either, or after a verb, prints what stands
here.
"""

FILES_BEGIN = "<!-- files: written by docs/generate.py -->\n"
FILES_END = "<!-- end of files -->\n"


def main() -> None:
    """Write both pages."""
    for name, text in pages().items():
        (HERE / name).write_text(text)


def pages() -> dict[str, str]:
    """The generated pages by name."""
    return {"file.md": file_page(), "verbs.md": verbs_page(), "architecture.md": architecture_page()}


def file_page() -> str:
    """A table of keys for each form."""
    return "\n".join([ABOUT_FILE, *(_form(name) for name in FORMS)])


def _form(name: str) -> str:
    form = SCHEMA[name]
    shared = SCHEMA["DefaultsForm"]["properties"] if name == "JobForm" else {}
    rows = [_row(key, value) for key, value in form["properties"].items() if key not in shared]
    lines = [f"## {FORMS[name]}", "", form["description"]]
    if shared:
        lines[-1] += f" Further keys are those of [`defaults`](#{_anchor(FORMS['DefaultsForm'])})."
    return "\n".join([*lines, "", "| key | means | write | default |", "|---|---|---|---|", *rows, ""])


def _row(key: str, value: dict[str, Any]) -> str:
    default = value.get("default")
    told = "" if default in (None, "", [], {}) else f"`{_yaml(default)}`"
    means = value.get("description", "").replace("|", r"\|").replace("*", r"\*")
    ways = ["`true`, `false`"] if value.get("type") == "boolean" else dict.fromkeys(_ways(value))
    return f"| `{key}` | {means} | {', '.join(ways)} | {told} |"


def _ways(value: dict[str, Any]) -> Iterator[str]:
    """What can be written: the words there are, an example, or the mapping's own section."""
    if "examples" in value:
        yield from (f"`{_yaml(example)}`".replace("|", r"\|") for example in value["examples"])
    elif "minimum" in value:
        yield f"{value['minimum']} to {value['maximum']}" if "maximum" in value else f"{value['minimum']} or more"
    elif reference := value.get("$ref"):
        name = reference.rpartition("/")[2]
        if name in FORMS:
            yield f"[{FORMS[name]}](#{_anchor(FORMS[name])})"
        else:
            yield from (f"`{word}`" for word in SCHEMA[name]["enum"])
    for inner in ("items", "additionalProperties"):
        if "examples" not in value and isinstance(value.get(inner), dict):
            yield from _ways(value[inner])
    for choice in value.get("anyOf", ()):
        if "examples" not in value or "$ref" in choice:
            yield from _ways(choice)


def _yaml(value: object) -> str:
    """JSON is YAML; most quotes need not be."""
    return re.sub(r'"([A-Za-z_./~][\w./@: ~-]*[\w/]|\d+[smhdKMGT])"', r"\1", json.dumps(value, ensure_ascii=False))


def _anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def verbs_page() -> str:
    """The help of both programs and of each verb."""
    top = _context(schedctl, "schedctl")
    verbs = {verb: schedctl.get_command(top, verb) for verb in COMMANDS}
    contexts = [
        _context(schedd, "schedd"),
        top,
        *(_context(found, verb, top) for verb, found in verbs.items() if found is not None),
    ]
    return "\n".join([ABOUT_VERBS, *(_help(context) for context in contexts)])


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    return click.Context(command, parent, name, terminal_width=WIDTH, **command.context_settings)


def _help(context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
    return f"## {context.info_name}\n\n```text\n{text}\n```\n"


def architecture_page() -> str:
    """The page as it is, with a fresh list of files."""
    text = (HERE / "architecture.md").read_text()
    before, _, rest = text.partition(FILES_BEGIN)
    _, _, after = rest.partition(FILES_END)
    return before + FILES_BEGIN + "\n".join(_rooms()) + FILES_END + after


def _rooms() -> Iterator[str]:
    """A table per folder of the package: each file, and the first sentence of its docstring."""
    package = HERE.parent / "scheduler"
    for folder in (package, *sorted(path.parent for path in package.rglob("*/__init__.py"))):
        name = folder.relative_to(package.parent).as_posix()
        yield f"\n### `{name}/`\n\n{_summary(folder / '__init__.py')}\n\n| file | |\n|---|---|"
        for path in sorted(folder.glob("*.py")):
            if path.name != "__init__.py":
                yield f"| `{path.name}` | {_summary(path)} |"
    yield ""


def _summary(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", r"\|").replace("*", r"\*")


if __name__ == "__main__":
    main()
