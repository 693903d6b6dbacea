"""Every block, command and link of every Markdown page is loaded or parsed here. Sessions are typed in tests/system."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path

import click
import msgspec
import pytest

import scheduler.schedule  # noqa: F401 - croniter starts a child when it is imported, which no unit test may
from docs import man
from scheduler.cli.schedctl import command as schedctl
from scheduler.cli.schedd import command as schedd
from scheduler.config.load import load
from scheduler.wire.http_routes import API, HTTP_ROUTES
from tests.markdown import OTHERS, PAGES, ROOT, blocks, name, prose, with_blocks

PROGRAMS = {"schedctl": schedctl, "schedd": schedd}

ELSEWHERE = {"console", "js", "text"}
"""Languages that are not looked at here: sessions are typed in, examples are run, and text is for people."""

LANGUAGES = {*ELSEWHERE, "crontab", "ini", "json", "procfile", "python", "ruby", "sh", "yaml"}

OUR_FILES = r"(?<![\w/.])(?:deploy|docs|examples|packaging|tests|benchmarks)/[\w./-]*\w|\bschedules\.example\.yaml"
"""Paths of the repository in commands and in the text."""

MADE_BY_THE_READER = ("deploy/container/schedules", "docs/dashboard-", "deploy/schedd")

IN_TEXT = r"`((?:schedctl|schedd) [^`]+)`"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_has_a_language_that_is_looked_at(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= LANGUAGES
    assert len(list(blocks(page))) * 2 == len(re.findall("^ *```", page.read_text(), re.MULTILINE)), "an indented block"


@pytest.mark.parametrize("page", with_blocks("yaml"), ids=name)
def test_every_schedule_file_loads_without_a_warning(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in {"SMTP_URL", *re.findall(r"from_env: (\w+)", page.read_text())}:
        monkeypatch.setenv(variable, "smtp://127.0.0.1")
    for variable in re.findall(r"(?:webhook|ping): \{from_env: (\w+)", page.read_text()):
        monkeypatch.setenv(variable, "https://example.com/hook")
    for block in blocks(page, "yaml"):
        if OTHERS not in block.comment and "typo" not in block.comment:
            named = re.match(r"# ([\w-]+\.yaml)", block.text)  # for other files of the page that include it
            file = tmp_path / (named[1] if named else "schedules.yaml")
            file.write_text(_complete(block.text))
            assert load(file).warnings == ()


def _complete(text: str) -> str:
    """A file of which a page shows only `defaults`, or a comment, has a job too."""
    return text if re.search("^jobs:", text, re.MULTILINE) else f'{text}jobs: {{example: {{command: "true"}}}}\n'


@pytest.mark.parametrize("page", with_blocks("python"), ids=name)
def test_every_python_block_compiles_and_finds_what_it_imports_of_schedd(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scheduler"):
                module = import_module(node.module or "")
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("page", with_blocks("json"), ids=name)
def test_every_json_block_is_json(page: Path) -> None:
    for block in blocks(page, "json"):
        try:
            msgspec.json.decode(block.text)
        except msgspec.DecodeError:
            for line in block.text.splitlines():
                msgspec.json.decode(line)


@pytest.mark.parametrize("page", with_blocks("sh", "procfile", "console"), ids=name)
def test_every_command_line_is_understood(page: Path) -> None:
    for line in _lines(page):
        for words in _commands(line):
            understand(words)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_in_the_text_is_understood(page: Path) -> None:
    for text in re.findall(IN_TEXT, prose(page)):
        for words in _commands(" ".join(text.replace("…", "").split())):
            understand(words)


def _lines(page: Path) -> Iterator[str]:
    """The command lines of a page, continued lines joined, comments left out."""
    for block in blocks(page, "sh", "procfile", "console"):
        text = block.text.replace("\\\n", " ")
        if block.language == "console":
            yield from re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        else:
            yield from text.splitlines()


def _commands(line: str) -> Iterator[list[str]]:
    """The words of each call of ours in a command line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&()<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in chain(lexer, [";"]):
        if set(word) <= set(";|&()<>"):
            begins = next(
                (at for at, each in enumerate(words) if each in PROGRAMS or re.fullmatch(r".*/bin/sched(d|ctl)", each)),
                None,
            )
            if begins is not None and not any(each in {"-t", "-f"} for each in words[:begins]):
                yield words[begins:]
            words = []
        else:
            words.append(word)


def understand(words: list[str]) -> None:
    """Parse a call, without running it. Fails where the program would exit with 2 for its words."""
    name = Path(words[0]).name
    words = words[1:]
    program: click.Command = PROGRAMS[name]
    context = click.Context(program, info_name=name, **program.context_settings)
    if isinstance(program, click.Group):
        while words and words[0].startswith("-"):
            words = words[2:] if words[0] in {"-c", "--config", "--url", "--color"} else words[1:]
        if not words or words[0].isupper():  # `schedctl COMMAND --help`
            return
        found = program.get_command(context, words[0])
        assert found is not None, f"no command {words[0]}"
        program, words = found, words[1:]
        context = click.Context(program, parent=context, info_name=program.name, **program.context_settings)
    parser = program.make_parser(context)
    values, rest, _order = parser.parse_args(args=list(words))
    assert rest == [], words
    for parameter in program.params:
        if isinstance(parameter, click.Option) and isinstance(parameter.type, click.Choice):
            given = values.get(parameter.name or "")
            assert not isinstance(given, str) or given in parameter.type.choices, words


@pytest.mark.parametrize("page", with_blocks("procfile"), ids=name)
def test_every_line_of_a_procfile_names_a_process(page: Path) -> None:
    for block in blocks(page, "procfile"):
        assert [line for line in block.text.splitlines() if not re.fullmatch(r"\w+: \S.*", line)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_of_the_repository_that_is_named_exists(page: Path) -> None:
    text = page.read_text() if page.name != "architecture.md" else ""
    for path in set(re.findall(OUR_FILES, text)):
        assert (ROOT / path).exists() or path.startswith(MADE_BY_THE_READER), path


@pytest.mark.parametrize("page", with_blocks("sh"), ids=name)
def test_every_address_of_the_http_api_exists(page: Path) -> None:
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            if (found := re.search(rf"{API}(/[\w/-]*)", line)) and line.startswith("curl"):
                method = "POST" if "-X POST" in line or " -d " in line else "GET"
                ways = [re.sub(r"\{\w+\}", "[^/]+", route.path) for route in HTTP_ROUTES if route.method == method]
                assert any(re.fullmatch(way, found[1]) for way in ways), line


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_resolves(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) + re.findall(
        r'(?:src|srcset)="([^"]+)"', page.read_text()
    ):
        if re.match(r"https?://|mailto:", target):
            assert re.fullmatch(r"https://[\w.-]+\.\w+(/\S*)?|http://127\.0\.0\.1:\d+/?", target), target
            continue
        path, _, fragment = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        assert not fragment or fragment in anchors(found), target


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_man_page_is_written_and_refers_to_others_that_exist() -> None:
    pages = man.pages()
    assert {"schedd.1", "schedctl.1", "schedctl-list.1", "schedules.yaml.5"} <= pages.keys()
    ours = {f"{page.rpartition('.')[0]}({page.rpartition('.')[2]})" for page in pages}
    for text in pages.values():
        plain = re.sub(r"\\f[BIR]", "", text).replace("\\-", "-")
        assert set(re.findall(r"\bsched[\w.-]*\(\d\)", plain)) <= ours


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_nothing_says_that_the_package_can_be_installed_from_where_it_is_not(page: Path) -> None:
    """It is not published yet, and another package may have its name."""
    installs = r"\b(?:pip install|pipx (?:install|run)|uvx|uv (?:tool install|pip install|add)) (?:-\S+ )*'?schedd\b.*"
    assert re.findall(installs, page.read_text()) == []
