"""The pages of docs/ agree with the code: generated ones are fresh, and nothing is left out."""

from __future__ import annotations

import ast
import re
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from scheduler.model.job import Overlap
from scheduler.model.run import Outcome, Reason
from scheduler.wire.envelope import FAULTS
from scheduler.wire.http_routes import HTTP_ROUTES
from scheduler.wire.operations import OPERATIONS, Operation

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def generator(name: str = "generate") -> ModuleType:
    spec = util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["configuration.md", "commands.md", "protocol.md", "architecture.md", "openapi.json"])
def test_a_generated_page_is_what_the_generator_writes(name: str) -> None:
    assert (DOCS / name).read_text() == generator().pages()[name], "run: python docs/generate.py"


def test_the_man_pages_have_exit_codes_variables_and_each_key_of_the_file_once() -> None:
    pages = generator("man").pages()
    sections = {name: re.findall(r'^\.SH "?(.+?)"?$', text, re.MULTILINE) for name, text in pages.items()}
    assert {"EXIT STATUS", "ENVIRONMENT", "EXAMPLES"} <= {*sections["schedd.1"]}
    assert {"EXIT STATUS", "ENVIRONMENT"} <= {*sections["schedctl.1"]}
    assert "EXIT STATUS" in sections["schedctl-run-now.1"]
    assert {"EXAMPLE", "TOP LEVEL", "A JOB", "FORMS OF A SCHEDULE"} <= {*sections["schedules.yaml.5"]}
    for term in ("SCHED_PREVIOUS_AT", "SCHED_FILE", '"@every 90s"', "5#2, 5L"):
        assert rf"\fB{term}\fR" in pages["schedules.yaml.5"]
    assert pages["schedules.yaml.5"].count(r"\fBstart_deadline\fR") == 1
    assert r"\fBMAIL_FROM\fR" in pages["schedd.1"]
    for word in ("SCHEDD_URL", "SCHEDD_TOKEN"):
        assert rf"\fB{word}\fR" in pages["schedctl.1"]
        assert word not in pages["schedd.1"]


def test_the_index_links_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "README.md").read_text()))
    assert linked == {page.name for page in PAGES} - {"README.md"}


def test_every_attack_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", (DOCS / "security.md").read_text())
    rows = [line for line in (DOCS / "security.md").read_text().splitlines() if line.startswith("|")][2:]
    assert len(named) == len(rows) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), test


@pytest.mark.parametrize("word", [*Reason, *Outcome, *Overlap], ids=str)
def test_every_decision_and_every_outcome_is_explained(word: str) -> None:
    assert f"`{word}`" in (DOCS / "overlaps.md").read_text()


@pytest.mark.parametrize("code", FAULTS)
def test_every_error_code_of_the_socket_is_documented(code: str) -> None:
    assert f"| `{code}` |" in (DOCS / "protocol.md").read_text()


def _logged_events() -> set[str]:
    """The names of events: the first argument of calls of a log, and the second of three in the tuples of `records`."""
    names: list[ast.expr] = []
    for file in (ROOT / "scheduler").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=of, attr="info" | "warning" | "error" | "_warn"), args=[name, *_]
                ):
                    is_log = "log" in ast.unparse(of).lower() or file.name in {"log.py", "presence.py"}
                    names += [name] if is_log else []
                case ast.Tuple(elts=[_, name, _]) if file.name == "records.py":
                    names.append(name)
    texts = {name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)}
    return {text for text in texts if re.fullmatch("[a-z ]+", text)}


def test_every_event_of_the_log_is_documented() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (DOCS / "log.md").read_text(), re.MULTILINE)
    documented = set(re.findall(r"`([^`]+)`", " ".join(rows)))
    assert documented == _logged_events()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: str(operation.name))
def test_every_operation_is_documented_with_each_field_of_its_request_and_its_reply(
    operation: Operation[Any, Any],
) -> None:
    page = (DOCS / "protocol.md").read_text()
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    request = sections[operation.name]
    assert set(re.findall(r"^\| `(\w+)`", request, re.MULTILINE)) == set(operation.ask.__struct_fields__)
    for reply in get_args(operation.reply) or [operation.reply] * hasattr(operation.reply, "__struct_fields__"):
        assert f"[{reply.__name__}](#{reply.__name__.lower()})" in request
        assert set(re.findall(r"^\| `(\w+)`", sections[reply.__name__], re.MULTILINE)) == set(reply.__struct_fields__)


def test_every_file_that_the_architecture_names_exists() -> None:
    written, _, _ = (DOCS / "architecture.md").read_text().partition("## The files")
    named = re.findall(r"`((?:\w+/)*\w+\.(?:py|yaml)|(?:\w+/)+)`", written)
    assert [name for name in named if not any((root / name).exists() for root in (ROOT / "scheduler", ROOT))] == []


def test_every_page_installs_a_commit_from_one_placeholder_address() -> None:
    """schedd is not published, so that a bare `schedd` in requirements.txt is not found."""
    (address,) = re.findall(r"- repo: (https://\S+/schedd)\n", (DOCS / "ci.md").read_text())
    for page in (DOCS / "heroku.md", ROOT / "examples" / "rails" / "README.md"):
        lines = re.findall(r"(?m)^schedd.*git\+.*$", page.read_text())
        assert lines == [f"schedd @ git+{address}@COMMIT"], page


def test_the_table_of_the_http_api_has_every_route() -> None:
    named = set()
    for row in re.findall(r"^\| (`(?:GET|POST) [^|]+) \|", (DOCS / "http.md").read_text(), re.MULTILINE):
        method, first, *others = re.findall(r"[A-Z]+(?= )|/[\w/-]*(?=[?`])", row)
        parent = re.sub(r"(?<=[A-Z])/\w+$", "", first)
        named |= {(method, path) for other in others for path in (other, parent + other)} | {(method, first)}
    for route in HTTP_ROUTES:
        path = re.sub(r"\{\w+\}", "NAME" if route.path.startswith("/jobs") else "ID", route.path)
        assert (route.method, path) in named, path
