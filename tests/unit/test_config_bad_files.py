"""Every invalid file of the corpus: its message is the golden one, replacements are accepted, and no secret is shown.

NAME.expected is what a terminal shows for NAME.yaml. After a deliberate change of messages run this file with
SCHEDD_ACCEPT=1, and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.errors import EXIT_BAD_FILE, ConfigError
from tests.unit.corrected import errors_of, is_accepted

CORPUS = Path(__file__).parent / "data" / "bad"
NAMES = sorted(path.stem for path in CORPUS.glob("*.yaml"))

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _in_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS)


def refused(name: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(Path(f"{name}.yaml"))
    return caught.value


def test_the_corpus_is_large() -> None:
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_gets_its_golden_message(name: str) -> None:
    """C1"""
    expected = CORPUS / f"{name}.expected"
    message = f"{refused(name)}\n"
    if "SCHEDD_ACCEPT" in os.environ:
        expected.write_text(message)
    assert message == expected.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_each_replacement_that_is_offered_is_accepted_in_its_place(name: str, tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    for source, finding in errors_of(CORPUS / f"{name}.yaml"):
        for fix in finding.fixes:
            assert is_accepted(file, source.text, fix), fix


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_the_file_is_shown(name: str) -> None:
    """L2"""
    error = refused(name)
    assert SECRET not in str(error)
    assert SECRET not in repr(error.problems)


@pytest.mark.parametrize("name", NAMES)
def test_problems_are_in_the_order_of_the_file(name: str) -> None:
    error = refused(name)
    places = [(problem.line, problem.column) for problem in error.problems]
    assert places == sorted(places)
    assert error.exit_code == EXIT_BAD_FILE
