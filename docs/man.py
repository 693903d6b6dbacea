"""Writes the man pages into a directory: `python docs/man.py man/`. They come from the same sources as the documents.

schedd(1), schedctl(1) and one page per command from the help texts; schedules.yaml(5) from the forms of the file.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import runpy
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from scheduler import __version__
from scheduler.cli.init import STARTER
from scheduler.cli.schedctl import COMMANDS, EXIT_STATUS
from scheduler.cli.schedctl import command as schedctl
from scheduler.cli.schedd import command as schedd
from scheduler.config.file_form import json_schema

SCHEMA = json_schema()["$defs"]

MOST_WORDS = 10
"""More choices than this, which are the codes of warnings, are not listed."""

_TITLES = runpy.run_path(str(Path(__file__).with_name("form_titles.py")))

FILES = [
    ("./schedules.yaml", "The schedule file, where neither an option nor SCHEDD_CONFIG names another."),
    (
        "/run/schedd, $XDG_RUNTIME_DIR/schedd, /tmp/schedd-UID",
        "Directories for the control socket; the first usable one is taken. The last resort is schedd-UID in $TMPDIR.",
    ),
]

ENVIRONMENT = {
    "schedd": [
        ("SCHEDD_CONFIG", "The schedule file, unless the command line names one."),
        ("SCHEDD_SOCKET", "The path of the control socket."),
        ("SCHEDD_SHUTDOWN_TIMEOUT", "Overrides shutdown_timeout of the file, such as 25s."),
        ("SCHEDD_PAUSED", "1: start with all jobs paused, as with --paused."),
        ("SCHEDD_ALLOW_INSECURE_FILE", "1: the same as --allow-insecure-file."),
        ("SMTP_URL", "The mail server of notifications, such as smtp+starttls://USER:PASSWORD@mail.example.com:587."),
        ("MAIL_FROM", "The sender of mails; by default the user of SMTP_URL if it is an address, else schedd@HOST."),
        ("SENTRY_DSN", "The address of Sentry, for jobs with sentry: true."),
    ],
    "schedctl": [
        ("SCHEDD_CONFIG", "The schedule file, unless an option names it."),
        ("SCHEDD_SOCKET", "The path of the control socket."),
        ("SCHEDD_URL", "The HTTP API of a schedd elsewhere, as with --url."),
        ("SCHEDD_TOKEN", "The token for --url."),
        ("SCHEDD_ALLOW_INSECURE_FILE", "1: as root, use a file that other users can change."),
        ("VISUAL, EDITOR", "The editor of schedctl edit."),
    ],
}


NAMES = {
    "schedd": "run jobs at their scheduled times",
    "schedctl": "query and control a running schedd",
}


def main() -> None:
    """Write every page into the directory named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


def pages() -> dict[str, str]:
    """Every page by its file name."""
    top = click.Context(schedctl, info_name="schedctl", **schedctl.context_settings)
    written = {
        "schedd.1": _page(
            click.Context(schedd, info_name="schedd", **schedd.context_settings),
            see=["schedctl(1)", "schedules.yaml(5)"],
        ),
        "schedctl.1": _page(top, see=["schedd(1)", "schedules.yaml(5)", *(f"schedctl-{name}(1)" for name in COMMANDS)]),
        "schedules.yaml.5": _file_page(),
    }
    for name in COMMANDS:
        found = schedctl.get_command(top, name)
        assert found is not None
        context = click.Context(found, top, name)
        written[f"schedctl-{name}.1"] = _page(context, see=["schedctl(1)", "schedules.yaml(5)"])
    return written


def _page(context: click.Context, *, see: list[str]) -> str:
    name = context.command_path.replace(" ", "-")
    command = context.command
    summary, *paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    lines = [*_head(name, 1, NAMES.get(name, summary))]
    usage = " ".join(command.collect_usage_pieces(context))
    lines += [".SH SYNOPSIS", rf"\fB{_text(context.command_path)}\fR {_text(usage)}", ".SH DESCRIPTION", _text(summary)]
    examples = [text for text in paragraphs if text.startswith("\b\nExamples:\n")]
    lines += [line for text in paragraphs if text not in examples for line in _paragraph(text)]
    lines += _entries("OPTIONS", _options(context))
    if isinstance(command, click.Group):
        found = ((each, command.get_command(context, each)) for each in command.list_commands(context))
        lines += _entries("COMMANDS", ((each, one.get_short_help_str(200)) for each, one in found if one))
    status = getattr(command, "exit_status", EXIT_STATUS)
    if status is not None:
        lines += [".SH EXIT STATUS", _text(status)]
    if context.parent is None:
        lines += _entries("ENVIRONMENT", ENVIRONMENT[name])
        lines += _entries("FILES", FILES)
    for text in examples:
        lines += [".SH EXAMPLES", *_literal(text.removeprefix("\b\nExamples:\n"))]
    return "\n".join([*lines, *_see(see), ""])


def _head(name: str, section: int, summary: str) -> Iterator[str]:
    title = _text(name.upper() if section == 1 else name)
    # As reproducible builds have it: the date of the sources, where the build names it.
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    yield f'.TH "{title}" {section} "{date}" "schedd {__version__}" "schedd manual"'
    yield ".SH NAME"
    yield rf"{_text(name)} \- {_text(' '.join(summary.split()).rstrip('.'))}"


def _paragraph(paragraph: str) -> Iterator[str]:
    """As it is where the help text says so by a backspace character, else filled."""
    yield ".PP"
    if paragraph.startswith("\b"):
        yield from _literal(paragraph.removeprefix("\b\n"))
    else:
        yield _text(" ".join(paragraph.split()))


def _literal(text: str) -> Iterator[str]:
    yield ".nf"
    yield from (_text(line) for line in inspect.cleandoc(text).splitlines())
    yield ".fi"


def _options(context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            yield record


def _entries(title: str, entries: Any) -> Iterator[str]:
    found = list(entries)
    if found:
        yield f".SH {title}"
    for term, text in found:
        yield ".TP"
        yield rf"\fB{_text(term)}\fR"
        yield _text(" ".join(text.split())) or r"\&"


def _see(pages: list[str]) -> Iterator[str]:
    yield ".SH SEE ALSO"
    named = (page.partition("(") for page in pages)
    yield ",\n".join(rf"\fB{_text(name)}\fR({section}" for name, _, section in named)


def _file_page() -> str:
    """Each form of the file as a section with its keys; those of a job in groups."""
    forms, bases = _TITLES["FORMS"], _TITLES["BASES"]
    alone = [key for key in SCHEMA["JobForm"]["properties"] if key not in SCHEMA["DefaultsForm"]["properties"]]
    lines = [*_head("schedules.yaml", 5, "schedule file of schedd")]
    lines += [
        ".SH DESCRIPTION",
        "A YAML file of jobs and when each of them runs. Durations are 90s, 10m, 1h30m, 2d; sizes 64K, 512M, 2G.",
        "An unknown key is an error. Relative paths are relative to the file that contains them, except interpreter",
        "and the program of a command, which are relative to cwd.",
        ".PP",
        _text(f"The key `defaults` has the same keys as a job, except {', '.join(alone)}, for all jobs of the file."),
        _text("The key `overrides` has, by the name of an included job, the keys to replace."),
        ".SH EXAMPLE",
        *_literal(STARTER.read_text(encoding="utf-8")),
    ]
    for name, title in forms.items():
        form = SCHEMA[name]
        shared = SCHEMA[bases[name]]["properties"] if name in bases else {}
        lines += [f'.SH "{_text(title.replace("`", "").upper())}"', _text(" ".join(form["description"].split()))]
        lines += [_text(f"Further keys are those of {forms[bases[name]].lower()}.")] if name in bases else []
        groups = _TITLES["JOB_GROUPS"] if name == "JobForm" else {"": " ".join(form["properties"])}
        for group, keys in groups.items():
            lines += [f'.SS "{_text(group)}"'] if group else []
            for key in keys.split():
                if key not in shared:
                    lines += [".TP", rf"\fB{_text(key)}\fR", _text(_meaning(form["properties"][key])) or r"\&"]
    lines += _table_of("schedules.md", "schedule", "FORMS OF A SCHEDULE")
    lines += _table_of("configuration.md", "variable", "VARIABLES OF A RUN")
    return "\n".join([*lines, *_see(["schedd(1)", "schedctl(1)"]), ""])


def _table_of(page: str, head: str, title: str) -> Iterator[str]:
    """The first table of a document whose first column has this head, and the paragraphs after it, as a section."""
    text = Path(__file__).with_name(page).read_text(encoding="utf-8").partition(f"| {head} |")[2].partition("\n## ")[0]
    table, _, rest = text.partition("\n\n")
    rows = (re.split(r"(?<!\\)\|", line.strip("| ")) for line in table.splitlines()[2:])
    yield from _entries(title, ((_plain(term.strip()), _plain(meaning.strip())) for term, meaning in rows))
    for paragraph in rest.strip().split("\n\n"):
        yield from _paragraph(_plain(paragraph)) if paragraph else ()


def _plain(text: str) -> str:
    """Markdown without its marks and references to sections."""
    text = re.sub(r"; see \[[^]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*([a-z]+)\*", r"\1", text.replace("`", ""))


def _forms_of(value: dict[str, Any]) -> Iterator[str]:
    """The names of the definitions that a value can be."""
    for option in (value, *value.get("anyOf", ()), value.get("items", {})):
        if "$ref" in option:
            yield option["$ref"].rpartition("/")[2]


def _meaning(value: dict[str, Any]) -> str:
    text = value.get("description", "")
    words = [word for name in _forms_of(value) for word in SCHEMA[name].get("enum", ())]
    if 1 < len(words) <= MOST_WORDS:
        text += f" One of {', '.join(words)}."
    if value.get("default") not in (None, "", [], {}):
        text += f" Default: {json.dumps(value['default'])}."
    return re.sub(r"\s+", " ", text)


def _text(text: str) -> str:
    """Text that roff takes literally."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("…", "...")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    main()
