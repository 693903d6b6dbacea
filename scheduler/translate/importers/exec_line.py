"""The command lines of a systemd service as the command of a job."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from scheduler.translate.importers.unit_file import raw_words_of, words_of
from scheduler.translate.translation import Value

_PREFIXES = re.compile(r"[-@:+!|]*")
_SPECIFIER = re.compile(r"%(.)")
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)
_SHELLS = {"/bin/sh", "/usr/bin/sh", "sh"}


class ExecLineError(Exception):
    """Why a command line cannot be carried over."""


class ExecLine(NamedTuple):
    """The words of a command line; `ignores_failure` is the prefix `-`, `literal` the prefix `:`."""

    words: list[str]
    ignores_failure: bool
    literal: bool


def read_exec_line(value: str, unit: str) -> ExecLine:
    """Read the value of ExecStart= and the like in the unit of this name. ExecLineError when that is impossible."""
    prefix = _PREFIXES.match(value)
    prefixes = prefix[0] if prefix else ""
    words = words_of(value[len(prefixes) :])
    if not words:
        raise ExecLineError("the command line is empty, or a quote is not closed")
    if ";" in (raw_words_of(value) or ()):
        raise ExecLineError("several commands on one line; write an ExecStart= for each")
    if "@" in prefixes and len(words) > 1:
        words.pop(1)
    return ExecLine([specified(word, unit) for word in words], "-" in prefixes, ":" in prefixes)


def command_of(lines: list[ExecLine]) -> Value:
    """The command that runs the lines one after the other, until one fails."""
    if len(lines) == 1 and not lines[0].ignores_failure:
        (line,) = lines
        if len(line.words) == 3 and line.words[0] in _SHELLS and line.words[1] == "-c":
            return _substituted(line.words[2], line)
        if line.literal or not any(match[1] or match[2] for word in line.words for match in _VARIABLE.finditer(word)):
            return [_substituted(word, line) for word in line.words]
    return " && ".join(map(_shell_line, lines))


def _shell_line(line: ExecLine) -> str:
    text = " ".join(_shell_word(word, line) for word in line.words)
    return f"{{ {text} || true; }}" if line.ignores_failure else text


def _substituted(word: str, line: ExecLine) -> str:
    """A word in which no variable is expanded here: those of a script are left to the shell."""
    return word if line.literal else word.replace("$$", "$")


def _shell_word(word: str, line: ExecLine) -> str:
    """A word for a shell, with systemd's variables as the shell's: `$NAME` alone is split, `${NAME}` is not."""
    if line.literal:
        return shlex.quote(word)
    if alone := re.fullmatch(r"\$(\w+)", word, re.ASCII):
        return f"${alone[1]}"
    made, plain, end = "", "", 0
    for match in _VARIABLE.finditer(word):
        plain += word[end : match.start()]
        end = match.end()
        if match[1]:
            made += (shlex.quote(plain) if plain else "") + f'"${{{match[1]}}}"'
            plain = ""
        else:
            plain += "$" if match[0] == "$$" else match[0]
    plain += word[end:]
    return made + (shlex.quote(plain) if plain or not made else "")


def specified(word: str, unit: str) -> str:
    """The word with specifiers replaced. ExecLineError for one that depends on more than the name of the unit."""
    prefix, _, instance = unit.rpartition(".")[0].partition("@")
    known = {"%": "%", "n": unit, "N": unit.rpartition(".")[0], "p": prefix, "P": prefix, "i": instance, "I": instance}

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise ExecLineError(f"the specifier %{match[1]} has no equivalent; write its value")
        return known[match[1]]

    return _SPECIFIER.sub(value, word)
