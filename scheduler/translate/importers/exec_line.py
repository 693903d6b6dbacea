"""The command lines of a systemd service as the command of a job."""

from __future__ import annotations

import re
from typing import NamedTuple

from scheduler.translate.importers.shell_words import SHELLS, CommandWriter, Variable, Word, word_of
from scheduler.translate.importers.unit_file import raw_words_of, words_of
from scheduler.translate.importers.unit_name import UnitError, UnitName
from scheduler.translate.translation import Value

_PREFIXES = re.compile(r"[-@:+!|]*")
_REFERENCE = re.compile(r"\$(?:(\$)|\{([^}:]*)(\}?))")
_ALONE = re.compile(r"\$(?![{$])(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NAMED = (("/bin/bash",), ("-c",), ('exec -a "$0" "$@"',))


class ExecLine(NamedTuple):
    """The words of a command line. One that `ignores_failure` has the prefix `-`, a privileged one `+` or `!`."""

    words: list[Word]
    ignores_failure: bool
    is_privileged: bool


def read_exec_line(value: str, unit: UnitName) -> ExecLine:
    """Read the value of ExecStart= and the like. UnitError when that is impossible."""
    words = words_of(value)
    if not words:
        raise UnitError("the command line is empty, or a quote is not closed, or an escape is not valid")
    if ";" in (raw_words_of(value) or ()):
        raise UnitError("several commands on one line; write an ExecStart= for each")
    match = _PREFIXES.match(words[0])
    prefixes = match[0] if match else ""
    if "|" in prefixes:
        raise UnitError("the prefix | runs the command in the login shell of the user; write the shell")
    program, *arguments = (unit.specified(word) for word in [words[0][len(prefixes) :], *words[1:]])
    if not program:
        raise UnitError("there is no program after the prefix")
    found: list[Word] = [(program,)]
    for argument in arguments:
        word = (argument,) if ":" in prefixes else _substituted(argument)
        found += [] if word is None else [word]
    if "@" in prefixes:
        found = _named(found)
    return ExecLine(found, "-" in prefixes, "+" in prefixes or prefixes.count("!") == 1)


def _substituted(word: str) -> Word | None:
    """The word with variables: `$NAME` alone is split, `${NAME}` is not. None for what is no name: it is removed."""
    if alone := _ALONE.fullmatch(word):
        return (Variable(alone[1], splits=True),) if _NAME.fullmatch(alone[1]) else None

    def meaning(match: re.Match[str]) -> str | Variable:
        if match[1]:
            return "$"
        if not match[3]:
            return match[0]
        return Variable(match[2]) if _NAME.fullmatch(match[2]) else ""

    return word_of(word, _REFERENCE, meaning)


def _named(words: list[Word]) -> list[Word]:
    """The command line in which the second word is the name that the program sees as its own."""
    if len(words) < 2:
        raise UnitError("the prefix @ needs a name after the program")
    program, name, *arguments = words
    if name == program or {program[0], *name} <= SHELLS:
        return [program, *arguments]
    return [*_NAMED, name, program, *arguments]


def command_of(lines: list[ExecLine], writer: CommandWriter) -> Value:
    """The command that runs the lines one after the other, until one fails."""
    if len(lines) == 1 and not lines[0].ignores_failure:
        return writer.command(lines[0].words)
    return " && ".join(
        f"{{ {writer.line(line.words)} || true; }}" if line.ignores_failure else writer.line(line.words)
        for line in lines
    )
