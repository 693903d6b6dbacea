"""What bash understands in a command, and other shells do not: patterns outside of quotes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

PIPEFAIL = "set -o pipefail"
"""POSIX has it since 2024, and newer versions of dash understand it."""

_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|(?:^|(?<=\s))#[^\n]*", re.DOTALL)
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
    _syntax(r"\$\{\w+:\s?[\d$(]", "${name:1:2}", busybox=True),
    _syntax(r"\$\{\w+\^|\$\{\w+,", "${name^^}"),
    _syntax(r"\$\{!\w+", "${!name}"),
    _syntax(r"\$\{\w+@\w\}", "${name@Q}"),
    _syntax(r"\$\(\([^)]*(?:\w\+\+|\+\+\w|\w--(?!\w)|\*\*)", "$(( x++ ))", busybox=True),
)
"""Outside of single quotes."""

_VARIABLES = re.compile(r"\$\{?(RANDOM|SECONDS|EPOCHSECONDS|PIPESTATUS|FUNCNAME|EUID|UID|BASH_[A-Z]+)\b(?!:?[-+=?]|\[)")
_WITH_QUOTES = (
    _syntax(r"(?<![\\$\w'\"])\$'", "$'…'", busybox=True),
    _syntax(rf"{_START}printf\s+['\"]?[^'\"\n]*%q", "printf %q"),
)
_HERE_DOCUMENT = re.compile(r"(<<-?\s*[\\'\"]?(\w+)[^\n]*\n).*?^\s*\2$", re.DOTALL | re.MULTILINE)


def bash_syntax(text: str, shell: str = "dash", variables: Collection[str] = ()) -> Iterator[str]:
    """What of a command `shell` does not understand and bash does; `variables` are known to be set."""

    def found(table: tuple[_Syntax, ...], where: str) -> Iterator[str]:
        for one in table:
            if not (one.busybox and shell == "busybox") and (match := one.pattern.search(where)):
                yield one.name or next(filter(None, match.groups()), match[0]).strip()

    text = _HERE_DOCUMENT.sub(r"\1", text)
    yield from found(_WORDS, without_quotes(text))
    expanded = _QUOTED.sub(lambda quoted: quoted[0] if quoted[0].startswith('"') else " ", text)
    yield from found(_EXPANSIONS, expanded)
    for match in _VARIABLES.finditer(expanded):
        is_set = match[1] in variables or re.search(rf"\b{match[1]}=", text)
        if not is_set and not (shell == "busybox" and match[1] == "RANDOM"):
            yield f"${match[1]}"
    yield from found(_WITH_QUOTES, text)


def without_quotes(text: str) -> str:
    """A command without its comments, and with a `Q` for each quoted part."""
    return _QUOTED.sub(lambda quoted: " " if quoted[0].startswith("#") else "Q", text)
