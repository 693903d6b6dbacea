"""Builds the documents as a static site with search: `python docs/site.py`, into build/site/.

The pages are read from a copy of this folder. Files outside of it that pages link to are copied beside them, so that
every link of the site works without the repository.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES = ROOT / "build" / "pages"


def main() -> None:
    """Copy, then build. Exits with the site generator's code: 1 for a link that does not resolve."""
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    for page in HERE.glob("*.md"):
        name = "index.md" if page.name == "README.md" else page.name
        text = re.sub(r"\]\(\.\./([^)#]+)", _bring, page.read_text())
        (PAGES / name).write_text(re.sub(r"\]\(README\.md", "](index.md", text))
    for name in ("*.png", "*.json", "*.css"):
        for file in HERE.glob(name):
            shutil.copy(file, PAGES)
    zensical = [sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"]
    sys.exit(subprocess.run(zensical, cwd=ROOT, check=False).returncode)


def _bring(link: re.Match[str]) -> str:
    """Copy the file outside of docs/ that a link names; the link to the copy. Markdown becomes text, not a page."""
    name = f"files/{link[1]}.txt" if link[1].endswith(".md") else f"files/{link[1]}"
    copy = PAGES / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / link[1], copy)
    return f"]({name}"


if __name__ == "__main__":
    main()
