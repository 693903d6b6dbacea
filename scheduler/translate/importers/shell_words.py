"""Command lines in which another scheduler replaces variables before the program starts, as the command of a job."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import NamedTuple

from scheduler.translate.translation import Value

SHELLS = {"/bin/sh", "/usr/bin/sh", "sh"}

_SAME = {"": re.compile(r"[\w./:@%+,-]*", re.ASCII), '"': re.compile(r'[^"\\`$]*'), "'": re.compile(r"[^']*")}
"""By the quote around it, a value that means the same as text of a script and as the value of a variable in it."""

_PLAIN_LIST = re.compile(r"[\w./:@%+,=\s-]*", re.ASCII)
"""A value that a shell splits as systemd does."""

_UNCLEAR = re.compile(r"[`#]|<<|IFS\b|\$[\0']|\\\0|\0[<>]")
"""Where, outside of single quotes, a variable may have another meaning. NUL is in the place of the variable."""

_PART = re.compile(
    r""""((?:[^"\\]|\\.?)*+)(?:"|\Z)|'((?:[^'\\]|\\.?)*+)(?:'|\Z)|\\(.?)|([^\s"'\\]+)|(\s+)""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


class Variable(NamedTuple):
    """The value of a variable in a word. One that `splits` is the whole word, and becomes any number of words."""

    name: str
    splits: bool = False


Word = tuple[str | Variable, ...]


def word_of(text: str, reference: re.Pattern[str], meaning: Callable[[re.Match[str]], str | Variable]) -> Word:
    """The word in which each reference has this meaning."""
    pieces: list[str | Variable] = []
    plain, end = "", 0
    for match in reference.finditer(text):
        plain += text[end : match.start()]
        end = match.end()
        piece = meaning(match)
        if isinstance(piece, str):
            plain += piece
        else:
            pieces += [plain, piece]
            plain = ""
    return tuple(piece for piece in [*pieces, plain + text[end:]] if piece)


class CommandWriter:
    """Writes command lines for a job. `values` are those of the variables that the source file says.

    After that, `unquoted` has the variables of unknown values that a shell splits, and `inserted` those that the other
    scheduler inserts into a script.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.unquoted: dict[str, None] = {}
        self.inserted: dict[str, None] = {}

    def command(self, words: list[Word]) -> Value:
        """The command of a job that is this command line only."""
        words = self._split(words)
        texts = [_text(word) for word in words]
        if len(words) == 3 and texts[0] in SHELLS and texts[1] == "-c":
            script = self._script(words[2])
            if script is not None:
                return script
        return self._line(words) if None in texts else [text for text in texts if text is not None]

    def line(self, words: list[Word]) -> str:
        """The command line for a shell, in which the values of variables are words, or parts of words."""
        return self._line(self._split(words))

    def _line(self, words: list[Word]) -> str:
        return " ".join("".join(map(self._piece, word)) or "''" for word in words)

    def _piece(self, piece: str | Variable) -> str:
        if isinstance(piece, str):
            return shlex.quote(piece)
        if not piece.splits:
            return f'"${{{piece.name}}}"'
        if piece.name not in self._values:
            self.unquoted[piece.name] = None
        return f"${piece.name}"

    def _split(self, words: list[Word]) -> list[Word]:
        """The command line with the words of variables that a shell would split in another way."""
        found: list[Word] = []
        for word in words:
            first = word[0] if word else ""
            value = self._values.get(first.name) if isinstance(first, Variable) and first.splits else None
            found += [word] if value is None or _PLAIN_LIST.fullmatch(value) else [(each,) for each in split(value)]
        return found

    def _script(self, script: Word) -> str | None:
        """The script with its variables as those of the shell; None where that has another meaning."""
        variables = [piece for piece in script if isinstance(piece, Variable)]
        quotes = _quotes("".join(piece if isinstance(piece, str) else "\0" for piece in script)) if variables else []
        if quotes is None or len(quotes) != len(variables) or any(variable.splits for variable in variables):
            return None
        for variable, quote in zip(variables, quotes, strict=True):
            if not _SAME[quote].fullmatch(self._values.get(variable.name, "")):
                return None
        self.inserted |= {each.name: None for each in variables if each.name not in self._values}
        references = (
            f"'\"${{{name}}}\"'" if quote == "'" else f"${{{name}}}"
            for (name, _), quote in zip(variables, quotes, strict=True)
        )
        return "".join(piece if isinstance(piece, str) else next(references) for piece in script)


def _quotes(script: str) -> list[str] | None:
    """The quote around each NUL of a script, empty where there is none; None when that is not clear."""
    found: list[str] = []
    quote, at = "", 0
    while at < len(script):
        character = script[at]
        if quote == "'":
            quote = "" if character == "'" else quote
        elif _UNCLEAR.match(script, at) or (quote and script.startswith(("$(", "${"), at)):
            return None
        elif character == "\\":
            at += 1
        elif character == '"' or (character == "'" and not quote):
            quote = "" if quote else character
        if character == "\0":
            found.append(quote)
        at += 1
    return None if quote else found


def _text(word: Word) -> str | None:
    """The word, or None when it has variables."""
    texts = [piece for piece in word if isinstance(piece, str)]
    return "".join(texts) if len(texts) == len(word) else None


def split(value: str) -> list[str]:
    """The words into which systemd splits the value of `$NAME`: quotes and backslashes are respected and removed."""
    words: list[str] = []
    begun = False
    for double, single, escaped, bare, blank in _PART.findall(value):
        if blank:
            begun = False
            continue
        if not begun:
            words.append("")
            begun = True
        words[-1] += _ESCAPE.sub(r"\1", double or single) + escaped + bare
    return words
