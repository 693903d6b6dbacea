"""Templates of other programs, which are not files of a scheduler before they are rendered."""

from __future__ import annotations

import re
from collections.abc import Callable

from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.translation import Translation

_HELM = "a Helm template; render it first with `helm template`"
_ERB = "an ERB template; render it first with `erb`"
_JINJA = "a Jinja template; render it first"

_IN_YAML = {
    _HELM: re.compile(
        r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|include\s|template\s|toYaml\s|if\s|with\s|range\s|end\b)"
    ),
    _ERB: re.compile(r"<%"),
    _JINJA: re.compile(
        r"^\s*(?:-\s+)?(?:[\w-]+:\s+[\"']?\{\{.*\}\}|(?:[\w-]+:\s+)?[\"']?\{%[-+]?\s*[a-z].*%\})", re.MULTILINE
    ),
}
_IN_LINES = {
    _ERB: re.compile(r"<%=|^\s*<%", re.MULTILINE),
    _JINJA: re.compile(r"^\s*(?:[\w.-]+\s*=\s*[\"']?)?(?:\{\{|\{%)", re.MULTILINE),
}
"""Commands may contain `{{.Names}}` or `{% x %}` for other programs; times and values do not."""


def template_of(text: str) -> str | None:
    """What kind of template a YAML file is, and how to render it; None when it is not one."""
    return next((kind for kind, form in _IN_YAML.items() if form.search(text)), None)


def without_templates(
    read: Callable[[SourceFile, Request], Translation],
) -> Callable[[SourceFile, Request], Translation]:
    """The reader of a format of lines, which refuses a file that is a template."""

    def read_rendered(source: SourceFile, request: Request) -> Translation:
        kind = next((kind for kind, form in _IN_LINES.items() if form.search(source.text)), None)
        return Translation(remarks=(source.refuse(0, "the file", kind),)) if kind else read(source, request)

    return read_rendered
