"""Programs that request runs: examples/on-request in each language, and the application in examples/flask-upload."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.system.programs import environment, eventually, schedd

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/on-request"

PROGRAMS = {
    "ruby": ["ruby", "request.rb"],
    "node": ["node", "request.mjs"],
    "sh": ["sh", "request.sh"],
    "python": [sys.executable, "request.py"],
}
NEEDED = {"ruby": ["ruby"], "node": ["node"], "sh": ["jq", "socat"], "python": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("requests") / "on-request"
    shutil.copytree(EXAMPLE, folder)
    folder.chmod(0o700)
    with schedd(folder / "schedules.yaml", SCHEDD_SOCKET=str(folder / "s")):
        yield folder


def request(language: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    if missing := [program for program in NEEDED[language] if shutil.which(program) is None]:
        pytest.skip(f"{' and '.join(missing)} is not installed")
    return subprocess.run(
        [*PROGRAMS[language], *words],
        cwd=folder,
        env=environment({"SCHEDD_SOCKET": str(folder / "s")}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_of_each_language_requests_a_run(language: str, folder: Path) -> None:
    word = f"/uploads/a b of {language}.csv"
    done = request(language, folder, "import", word)
    assert (done.returncode, done.stderr) == (0, "")
    eventually(lambda: f"[import] importing {word}\n" in next(folder.glob("*.log")).read_text())
    if language in ("ruby", "node"):
        assert done.stdout == f"importing {word}\n"
        assert request(language, folder, "import", "").returncode == 1, "the exit code of the job"


@pytest.mark.parametrize("language", PROGRAMS)
def test_an_error_of_schedd_is_shown(language: str, folder: Path) -> None:
    done = request(language, folder, "imprt", "x")
    assert done.returncode != 0
    assert "no job 'imprt'; did you mean 'import'?\n" in done.stderr


def test_the_page_shows_these_files() -> None:
    page = (ROOT / "docs/on-request.md").read_text()
    for name in ("request.rb", "request.mjs", "request.sh"):
        assert f"\n{(EXAMPLE / name).read_text()}```\n" in page


def test_the_flask_application_imports_an_upload_and_shows_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("flask")
    folder = tmp_path / "flask-upload"
    shutil.copytree(ROOT / "examples/flask-upload", folder)
    monkeypatch.delenv("SCHEDD_SOCKET", raising=False)
    with schedd(folder / "schedules.yaml"):
        browser = runpy.run_path(str(folder / "app.py"))["app"].test_client()
        assert b'type="file"' in browser.get("/").data

        def page_of(content: bytes) -> str:
            sent = browser.post("/", data={"file": (BytesIO(content), "items.csv")})
            assert sent.status_code == 303
            eventually(lambda: b"refresh" not in browser.get(sent.location).data)
            return str(browser.get(sent.location).text)

        page = page_of(b"name,price\npears,2.50\nfigs,4\n")
        assert "succeeded" in page
        assert "2 items imported" in page
        page = page_of(b"name,price\npears,cheap\n")
        assert "failed" in page
        assert "could not convert string to float" in page
        assert browser.get("/imports/nosuchid").status_code == 404
