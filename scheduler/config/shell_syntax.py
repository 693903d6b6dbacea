"""What bash understands in a command, and other shells do not: patterns outside of quotes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

PIPEFAIL = "set -o pipefail"
"""POSIX has it since 2024, and newer versions of dash understand it."""

_START = r"(?:^|[;&|(\n]|(?<!\$)\{(?=\s)|\b(?:then|do|else|if|elif|while|until)\b)\s*!?\s*"
_TEST = r"(?:\[|\btest)\s[^\]\n;&|]*\s"


class _Syntax(NamedTuple):
    """A pattern and what it is called; without a name, the text that it matches, or its only group.

    `busybox`: whether the shell of BusyBox understands it too.
    """

    pattern: re.Pattern[str]
    name: str
    busybox: bool


def _syntax(pattern: str, name: str = "", *, busybox: bool = False) -> _Syntax:
    return _Syntax(re.compile(pattern, re.MULTILINE), name, busybox)


_WORDS = (
    _syntax(rf"{_START}source\s+\S", "source", busybox=True),
    _syntax(rf"{_START}\[\[\s", "[[ … ]]", busybox=True),
    _syntax(r"&>>?(?!\s*&)", "&>", busybox=True),
    _syntax(r"(?<![\d\w])>&(?!\s*[\d$&-])\s*\S", ">& before a file", busybox=True),
    _syntax(r"\bset\s+(?:-\w+\s+)*-\w*o\s+pipefail\b", PIPEFAIL, busybox=True),
    _syntax(r"[<>]\([^)]", "<( … )", busybox=True),
    _syntax(r"<<<", "<<<"),
    _syntax(r"[<>]&?\s*/dev/(?:tcp|udp)/", "/dev/tcp"),
    _syntax(r"\|&", "|&"),
    _syntax(r"\{-?\w+\.\.-?\w+(?:\.\.-?\d+)?\}"),
    _syntax(r"(?<![$\w])[\w./-]*(\{[\w./-]*(?:,[\w./-]*)+\})"),
    _syntax(rf"{_START}\(\([^)]|\bfor\s+\(\(", "(( … ))"),
    _syntax(r"(?:^|[\s;])\w+\+?=\(", "name=( … )"),
    _syntax(r"(?:^|[\s;&|])\w+\+=(?!\()", "name+="),
    _syntax(rf"{_START}function\s+\w+", "function", busybox=True),
    _syntax(rf"{_START}let\s", "let", busybox=True),
    _syntax(rf"{_START}(declare|typeset|shopt|pushd|popd|mapfile|readarray|disown|coproc|select)\b"),
    _syntax(rf"{_TEST}==\s", "==", busybox=True),
    _syntax(rf"{_START}(?:\[|test)\s+(?:!\s+)?-v\s+[A-Za-z_Q$]", "[ -v … ]"),
    _syntax(rf"{_START}(builtin)\s"),
    _syntax(rf"{_START}(export\s+-\w*f)\b"),
    _syntax(rf"{_START}(read\s+(?:-[rp]\s+(?:Q\s+)?)*-\w*[adeiuN])"),
    _syntax(rf"{_START}(read\s+(?:-[rp]\s+(?:Q\s+)?)*-\w*[tns])", busybox=True),
    _syntax(rf"{_START}(wait\s+-n)\b", busybox=True),
    _syntax(
        rf"{_START}trap\s+\S.*\s(?:ERR|DEBUG|RETURN|SIG[A-Z]+)\b", "trap with ERR, DEBUG or a SIG prefix", busybox=True
    ),
    _syntax(rf"{_START}(kill\s+-SIG[A-Z]+)\b", busybox=True),
    _syntax(rf"{_START}(echo\s+-[nE]*e[neE]*)\s", busybox=True),
    _syntax(rf"{_START}(printf\s+-v)\s"),
    _syntax(rf"{_START}(exec\s+-[acl])\s", busybox=True),
    _syntax(rf"{_START}(type\s+-[apPt])\s", busybox=True),
    _syntax(rf"{_START}(local\s+-\w)"),
    _syntax(rf"{_START}\w+-[\w-]*\s*\(\s*\)", "a function with a hyphen in its name"),
)
"""Outside of all quotes."""

_EXPANSIONS = (
    _syntax(r"\$\{\w+\[", "${name[…]}"),
    _syntax(r"\$\{\w+/", "${name/a/b}", busybox=True),
    _syntax(r"\$\{\w+:(?:\s?[\d$(]|\s+-\s*[\d$(])", "${name:1:2}", busybox=True),
    _syntax(r"\$\(\s*<(?![<(&])\s*(?:\"[^\"]*\"|[^\s()\"]+)\s*\)", "$(< … )"),
    _syntax(r"\$\(\((?:[^)]{0,99}[^\w)])?\d+#\w", "$(( 16#ff ))", busybox=True),
    _syntax(r"\$\{\w+\^|\$\{\w+,", "${name^^}"),
    _syntax(r"\$\{!\w+", "${!name}"),
    _syntax(r"\$\{\w+@\w\}", "${name@Q}"),
    _syntax(r"\$\(\([^)]{0,199}(?:\w\+\+|\+\+\w|\w--(?!\w)|\*\*)", "$(( x++ ))", busybox=True),
)
"""Outside of single quotes."""

_OF_BASH = "S?RANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME|PIPESTATUS|FUNCNAME|EUID|UID|BASHPID|BASH_[A-Z]+"
_VARIABLES = re.compile(rf"\$\{{?({_OF_BASH})\b(?!:?[-+=?]|\[)")
_IN_ARITHMETIC = re.compile(rf"\$\(\((?:[^)]{{0,99}}[^\w$)])?({_OF_BASH})\b")
_BUSYBOX_VARIABLES = {"RANDOM", "EPOCHSECONDS", "EPOCHREALTIME"}
_WITH_QUOTES = (
    _syntax(r"(?<![\\$\w'\"])\$'", "$'…'", busybox=True),
    _syntax(rf"{_START}printf\s+['\"]?[^'\"\n]*%q", "printf %q"),
    _syntax(rf"{_START}printf\s+['\"]?[^'\"\n]*%\([^)\n]*\)T", "printf %( … )T"),
)
_HERE_DOCUMENT = re.compile(r"(<<-?\s*[\\'\"]?(\w+)[^\n]*\n).*?^\s*\2$", re.DOTALL | re.MULTILINE)


def bash_syntax(text: str, shell: str = "dash", variables: Collection[str] = ()) -> Iterator[str]:
    """What of a command `shell` does not understand and bash does; `variables` are known to be set."""

    def found(table: tuple[_Syntax, ...], where: str) -> Iterator[str]:
        for one in table:
            if not (one.busybox and shell == "busybox") and (match := one.pattern.search(where)):
                yield one.name or next(filter(None, match.groups()), match[0]).strip()

    text = _HERE_DOCUMENT.sub(r"\1", text)
    parts = _parts_of(text)
    yield from found(_WORDS, parts.bare)
    yield from found(_EXPANSIONS, parts.expanded)
    for pattern in (_VARIABLES, _IN_ARITHMETIC):
        for match in pattern.finditer(parts.expanded):
            is_set = match[1] in variables or re.search(rf"\b{match[1]}=", text)
            if not is_set and not (shell == "busybox" and match[1] in _BUSYBOX_VARIABLES):
                yield f"${match[1]}"
    yield from found(_WITH_QUOTES, text)
    assigned = re.findall(rf"\b({_OF_BASH})=", text)
    for command in parts.substitutions:
        yield from bash_syntax(command, shell, {*variables, *assigned})


def without_quotes(text: str) -> str:
    """A command without its comments, and with a `Q` for each quoted part."""
    return _parts_of(text).bare


class _Parts(NamedTuple):
    """A command taken apart: `bare` has a `Q` for each quoted part, `expanded` is what the shell looks at for `$`.

    `substitutions` are the commands of `$( … )` in double quotes, which are blanks in `expanded`.
    """

    bare: str
    expanded: str
    substitutions: tuple[str, ...]


_DEEPEST = 20
"""Levels of `"$( … )"` in each other that are looked into."""

_PART = re.compile(r"'[^']*'|\\.|(?:^|(?<=\s))#[^\n]*|[^'\"\\#]+|.", re.DOTALL)


def _parts_of(text: str) -> _Parts:
    """Ends before double quotes of which the end is not certain."""
    bare, expanded, substitutions, place = [], [], [], 0
    while place < len(text):
        if text[place] == '"':
            quoted = _double_quoted(text, place)
            if quoted is None:
                break
            end, content, inner = quoted
            bare.append("Q")
            expanded.append(f'"{content}"')
            substitutions += inner
            place = end
            continue
        match = _PART.match(text, place)
        assert match is not None, "the last alternative matches any character"  # noqa: S101
        part, place = match[0], match.end()
        is_comment, is_quoted = len(part) > 1 and part[0] == "#", len(part) > 1 and part[0] in "'\\"
        bare.append(" " if is_comment else "Q" if is_quoted else part)
        expanded.append(" " if is_comment or is_quoted else part)
    return _Parts("".join(bare), "".join(expanded), tuple(substitutions))


def _double_quoted(text: str, start: int, depth: int = 0) -> tuple[int, str, list[str]] | None:
    """The end of double quotes that begin at `start`, their content without the commands in it, and these.

    None without an end, or where it is not certain.
    """
    content: list[str] = []
    commands: list[str] = []
    place = start + 1
    while place < len(text):
        if text[place] == '"':
            return place + 1, "".join(content), commands
        if text.startswith("$(", place) and not text.startswith("$((", place):
            end = _closing(text, place + 2, depth + 1)
            if end is None:
                return None
            commands.append(text[place + 2 : end])
            is_file = re.fullmatch(r"\s*<(?![<(&])\s*\S+\s*", commands[-1])
            content.append(text[place : end + 1] if is_file else " ")
            place = end + 1
            continue
        width = 2 if text[place] == "\\" else 1
        content.append(text[place : place + width])
        place += width
    return None


def _closing(text: str, place: int, depth: int) -> int | None:
    """Where the parenthesis closes that was opened before `place`; None where it is not certain."""
    start, opened = place, 1
    while place < len(text) and depth < _DEEPEST:
        if text[place] == '"':
            quoted = _double_quoted(text, place, depth)
            if quoted is None:
                return None
            place = quoted[0]
            continue
        match = _PART.match(text, place)
        part = "" if match is None else match[0]
        if part[:1] not in {"'", "\\", "#"}:
            for offset, letter in enumerate(part):
                opened += {"(": 1, ")": -1}.get(letter, 0)
                if opened == 0:
                    is_case = re.search(r"\bcase\b", text[start : place + offset])
                    return None if is_case else place + offset
        place += len(part)
    return None
