"""How things look: widths in cells, cuts, tables, colours."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.cli import terminal
from scheduler.cli.subcommand import subcommand
from scheduler.cli.terminal import Cell
from scheduler.text import cells


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> FakeTerminal:
    """A terminal of 40 cells. The test itself puts it in place: pytest changes stdout until the test begins."""
    screen = FakeTerminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return screen


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("plain", 5), ("日本語", 6), ("é", 1), ("e\u0301", 1), ("👍", 2), ("a\u200db", 2), ("ｆｕｌｌ", 8)],
)
def test_width_is_counted_in_cells(text: str, count: int) -> None:
    assert cells(text) == count


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("longer", 1, "…"),
        ("longer", 0, ""),
    ],
)
def test_a_cut_ends_in_an_ellipsis(text: str, width: int, shown: str) -> None:
    assert terminal.cut(text, width) == shown


@given(st.text(), st.integers(0, 30))
def test_a_cut_is_never_too_wide(text: str, width: int) -> None:
    assert cells(terminal.cut(text, width)) <= width


def test_a_table_in_a_pipe_is_aligned_whole_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_table(
        ("NAME", "WHAT"),
        [[Cell("a", "good"), Cell("x" * 300)], [Cell("日本", "bad"), Cell("y")]],
        shrinking=(1,),
    )
    assert capsys.readouterr().out.splitlines() == ["NAME  WHAT", "a     " + "x" * 300, "日本  y"]


def test_a_table_on_a_terminal_fits_it(screen: FakeTerminal) -> None:
    rows = [[Cell("n" * 30), Cell("日" * 30), Cell("status")] for _ in range(3)]
    with redirect_stdout(screen):
        terminal.show_table(("NAME", "WHAT", "STATUS"), rows, shrinking=(1, 0))
    lines = screen.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert {cells(line) for line in lines[1:]} <= set(range(38, 41))
    assert all("…" in line and line.endswith("status") for line in lines[1:])


def colour_of(options: list[str], stream: io.StringIO) -> bool:
    """Whether a command with these options paints what it prints to the stream."""

    @subcommand("paint")
    def paint() -> None:
        stream.write(terminal.paint("x", "good", stream))

    paint.main(options, standalone_mode=False)
    return "\x1b[" in stream.getvalue()


@pytest.mark.parametrize(
    ("options", "variables", "on_terminal", "in_pipe"),
    [
        ([], {}, True, False),
        ([], {"NO_COLOR": "1"}, False, False),
        ([], {"NO_COLOR": ""}, True, False),
        ([], {"TERM": "dumb"}, False, False),
        ([], {"FORCE_COLOR": "1"}, True, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ([], {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        (["--color", "always"], {}, True, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False, False),
        (["--color", "auto"], {}, True, False),
        (["--color", "auto"], {"NO_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_as_asked_for(
    screen: FakeTerminal,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variables: dict[str, str],
    on_terminal: bool,
    in_pipe: bool,
) -> None:
    """F11"""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert colour_of(options, screen) == on_terminal
    assert colour_of(options, io.StringIO()) == in_pipe


def test_without_columns_the_terminal_itself_is_asked(screen: FakeTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(screen, "fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", lambda _fd: os.terminal_size((132, 50)))
    with redirect_stdout(screen):
        assert terminal.terminal_width() == 132
