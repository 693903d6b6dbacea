"""The Markdown pages of the project, and what is in them: fenced blocks, text, and where they are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

OTHERS = "another program's file"
"""In the comment before a block that is not for schedd; `file: NAME, another program's file` saves it, too."""


def _pages() -> list[Path]:
    """Every page that is, or would be, committed: those of a checkout, or all below a directory without git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split() or [
        "README.md",
        *(f"{path.relative_to(ROOT)}" for path in ROOT.glob("[d-e]*/**/*.md")),
    ]
    return sorted(ROOT / name for name in names if (ROOT / name).exists())


PAGES = _pages()


class Block(NamedTuple):
    """A fenced block: its language, its text, and the comment `<!-- … -->` on the line before it."""

    language: str
    text: str
    comment: str

    @property
    def file(self) -> str | None:
        """The name under which the comment says that the block is to be saved."""
        named = re.match(r"file: ([^\s,]+)", self.comment)
        return named[1] if named else None


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """The blocks of a page, of these languages or all."""
    found = re.finditer(r"(?:<!-- ([^\n]*) -->\n)?^```(\w*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    for match in found:
        if not languages or match[2] in languages:
            yield Block(match[2], match[3], match[1] or "")


def with_blocks(*languages: str) -> list[Path]:
    """The pages with a block of one of these languages."""
    return [page for page in PAGES if any(blocks(page, *languages))]


def name(page: Path) -> str:
    """The path of a page in the project, as the id of a test."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
