"""Every bad file of the corpus: its message is the golden one, the advice is right, and no secret shows.

Beside NAME.yaml stand NAME.expected, what a terminal shows, and NAME.fix, its advice carried out by hand: `4:TEXT`
puts TEXT in the place of line 4 (lines that follow with a space go with it), `4!` deletes line 4.

After a deliberate change of messages run this file with SCHEDD_ACCEPT=1, and read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.errors import EXIT_BAD_FILE, ConfigError

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


def mended(name: str) -> str:
    """The bad file with its recipe carried out."""
    lines = (CORPUS / f"{name}.yaml").read_text().split("\n")
    recipe = (CORPUS / f"{name}.fix").read_text()
    for number, deletes, text in re.findall(r"^(\d+)(?:(!)|:(.*(?:\n .*)*))$", recipe, re.MULTILINE):
        lines[int(number) - 1] = "\0" if deletes else text.replace("\n ", "\n")
    return "\n".join(line for line in lines if line != "\0")


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
def test_a_bad_file_loads_once_its_advice_is_carried_out(name: str, tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(mended(name))
    load(file)


@pytest.mark.parametrize("name", NAMES)
def test_the_recipe_writes_what_the_advice_says(name: str) -> None:
    """Where advice leaves something open (`…`, `•••`, NAME), its innermost key has to be there."""
    text = re.sub(r"\s+", " ", mended(name))
    for problem in refused(name).problems:
        if problem.help is None or not re.match(r"[\w-]+: ", problem.help):
            continue
        if re.search("…|•••|NAME", problem.help):
            wanted = [re.findall(r"[\w-]+: ", problem.help.partition(", or ")[0].replace("NAME: ", ""))[-1]]
        else:
            wanted = [option.strip("\"'") for option in re.split(r",? or (?=[\w\"{\[])", problem.help)]
        assert any(want in text for want in wanted), problem.help


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_the_file_is_shown(name: str) -> None:
    """L2"""
    error = refused(name)
    assert SECRET not in str(error)
    assert SECRET not in repr(error.problems)


@pytest.mark.parametrize("name", NAMES)
def test_problems_stand_in_the_order_of_the_file(name: str) -> None:
    error = refused(name)
    places = [(problem.line, problem.column) for problem in error.problems]
    assert places == sorted(places)
    assert error.exit_code == EXIT_BAD_FILE
