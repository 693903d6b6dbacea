"""The house: rooms import only from rooms below, and each library has one owner."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
OWNERS = {
    "croniter": "scheduler/schedule/",
    "yaml": "scheduler/document/",
    "structlog": "scheduler/report/",
    "click": "scheduler/cli/",
    "gc": "scheduler/fast_start.py",
    "subprocess": "scheduler/launch/",
    "h11": "scheduler/web/",
    "jinja2": "scheduler/web/",
    "markupsafe": "scheduler/web/",
}


@cache
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


FAILURE_CLASSES = """
    P1 P2 P3 P4 P5 P6 P8 T1 T2 T3 T4 T5 T7 T8 T9 T10 T11 R1 R2 R3 R4 R5 S1 S2 S3 S4 M1 M2 M3 L1 L2 L3 C1 C3 C4 C6 D1
    N1 N2
"""
"""Ways in which other schedulers have failed, each the first word of the docstring of the tests that rule it out here:
processes (P), time (T), reload (R), stopping (S), memory and descriptors (M), logs and secrets (L), the file (C), two
daemons (D), notifiers (N)."""


@pytest.mark.parametrize("failure", FAILURE_CLASSES.split())
def test_every_way_in_which_schedulers_fail_has_a_test(failure: str) -> None:
    assert failure in failures_ruled_out()


@cache
def failures_ruled_out() -> set[str]:
    docstrings = [
        ast.get_docstring(node) or ""
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return {failure for text in docstrings for failure in re.findall(r"\b[PTRSNMLCD]\d+\b", text)}


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "scheduler").rglob("*.py"))
}


def modules_imported_by(name: str) -> set[str]:
    """Modules of the package that a module imports anywhere in it, imports within functions included."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & MODULES.keys() - {name}


def test_no_module_imports_itself_by_way_of_others() -> None:
    left = {name: modules_imported_by(name) for name in MODULES}
    while leaves := {name for name, imported in left.items() if not imported & left.keys()}:
        left = {name: imported for name, imported in left.items() if name not in leaves}
    assert left == {}, "these modules form import cycles"


def test_live_runs_never_leave_the_engine() -> None:
    """Others get copies and streams of values; the module has the copy, too."""
    users = {
        name
        for name, path in MODULES.items()
        if re.search(r"\bLiveRun\b", path.read_text()) and not name.startswith("scheduler.engine.")
    }
    assert users == set()


def test_one_module_says_which_characters_are_unsafe_to_show() -> None:
    assert [name for name, path in MODULES.items() if r"\u202a-\u202e" in path.read_text()] == ["scheduler.text"]


def test_no_file_has_two_subjects() -> None:
    """A file of more than 300 lines has."""
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_no_face_of_a_package_shadows_a_module_of_it() -> None:
    for name, path in MODULES.items():
        if path.name == "__init__.py":
            defined = {
                alias.asname or alias.name
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            assert {each for each in defined if f"{name}.{each}" in MODULES} == set(), name


SUBJECTS = ("scheduler.wire.", "scheduler.model.", "scheduler.client.", "scheduler.cli.")
"""Packages whose files are named for a subject that has a file elsewhere too: its messages, its value, its command."""


def test_a_file_name_has_one_meaning() -> None:
    places: dict[str, list[str]] = {}
    for name, path in MODULES.items():
        if path.name not in {"__init__.py", "__main__.py"} and not name.startswith(SUBJECTS):
            # A format of other schedulers has an importer and an exporter.
            places.setdefault(name.rpartition(".")[2], []).append(name.replace(".importers.", ".exporters."))
    assert {file: names for file, names in places.items() if len(set(names)) > 1} == {}
