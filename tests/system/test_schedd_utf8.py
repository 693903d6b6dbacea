"""The file is UTF-8 and reaches jobs as UTF-8, under any locale."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.system.programs import schedctl, schedd, write

JOBS = """
    defaults: {env: {V: "ü ☃", FILE: {from_file: grüße.txt}}}
    jobs:
      tick:
        schedule: "@every 1s"
        command: |
          test "$(printf '✓%s%s' "$V" "$FILE" | od -An -tx1 | tr -d ' \\n')" = EXPECTED && echo ✓ $V
      words: {command: [printf, "%s|%s", "naïve ☃", "日本"]}
      cwd: {command: "pwd; echo $VARIABLE", cwd: unterwegs-ö}
"""


def ascii_locale(_tmp_path: Path) -> dict[str, Any]:
    return {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def latin_locale(tmp_path: Path) -> dict[str, Any]:
    subprocess.run(
        ["localedef", "-f", "ISO-8859-1", "-i", "de_DE", tmp_path / "de_DE.ISO-8859-1"], check=True, capture_output=True
    )
    return {"LC_ALL": "de_DE.ISO-8859-1", "LOCPATH": str(tmp_path)}


LOCALES = [ascii_locale, *([latin_locale] if shutil.which("localedef") and Path("/usr/share/i18n").exists() else [])]


@pytest.mark.parametrize("locale", LOCALES)
def test_text_reaches_jobs_as_utf8_under_any_locale(tmp_path: Path, locale: Callable[[Path], dict[str, Any]]) -> None:
    """B10"""
    (tmp_path / "unterwegs-ö").mkdir()
    (tmp_path / "grüße.txt").write_text("ß\n", encoding="utf-8")
    expected = "✓ü ☃ß".encode().hex()
    file = write(tmp_path / "schédules.yaml", JOBS.replace("EXPECTED", expected))
    environ = {**locale(tmp_path), "VARIABLE": "ü from outside"}
    with schedd(file, **environ) as running:
        running.says("run finished", "job=tick", "outcome=succeeded")
        running.says("[tick] ✓ ü ☃")
        ended = schedctl("-c", file, "run-now", "words", **environ)
        assert (ended.returncode, ended.stdout) == (0, "naïve ☃|日本")
        assert schedctl("-c", file, "run-now", "cwd", **environ).stdout == f"{tmp_path}/unterwegs-ö\nü from outside\n"
        assert running.stop() == 0
    without_daemon = schedctl("-c", file, "run-now", "words", **environ)
    assert (without_daemon.returncode, without_daemon.stdout) == (0, "naïve ☃|日本")
