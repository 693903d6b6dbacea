"""The house: rooms import only from rooms below, and each library has one owner."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
OWNERS = {
    "croniter": "scheduler/schedule/",
    "yaml": "scheduler/config/",
    "structlog": "scheduler/report/",
    "click": "scheduler/cli/",
    "subprocess": "scheduler/launch/",
}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("library", OWNERS)
def test_each_library_is_imported_by_the_room_that_owns_it_alone(library: str) -> None:
    users = [
        path.relative_to(ROOT).as_posix() for path in (ROOT / "scheduler").rglob("*.py") if library in imports_of(path)
    ]
    assert users
    assert [user for user in users if not user.startswith(OWNERS[library])] == []


def test_rooms_import_only_from_rooms_below(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports() == 0, capsys.readouterr().out
