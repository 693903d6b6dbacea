"""The command of a crontab line: what `%` and backslashes before it mean, and how a shell gets the input."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

from scheduler.translate.importers.source_file import Dialect
from scheduler.translate.translation import Keys

_DEFAULT_SHELLS = ("/bin/sh", "/usr/bin/sh", "sh")
_BOURNE_SHELLS = {"sh", "bash", "dash", "ash", "ksh", "mksh", "pdksh", "zsh", "busybox"}


class Command(NamedTuple):
    """A command as cron gives it to the shell, and its standard input, which is empty for most."""

    text: str
    stdin: str = ""


def read_command(text: str, dialect: Dialect) -> Command:
    r"""Split at the first `%` that has no backslash before it. `\%` is `%`; `\\` is `\` in Debian's cron only."""
    if dialect in {Dialect.BUSYBOX, Dialect.SUPERCRONIC} or ("%" not in text and "\\" not in text):
        return Command(_trimmed(text))
    written: list[str] = []
    escaped = False
    for index, character in enumerate(text):
        if escaped and (character == "%" or (character == "\\" and dialect is Dialect.DEBIAN)):
            written[-1] = character
            escaped = False
        elif character == "%" and not escaped:
            return Command(_trimmed("".join(written)), _input(text[index + 1 :]))
        else:
            written.append(character)
            escaped = character == "\\" and not escaped
    return Command(_trimmed("".join(written)))


def _input(text: str) -> str:
    r"""Each `%` is a newline and `\%` is `%`; the last line ends with a newline in any case."""
    if not text:
        return ""
    written: list[str] = []
    escaped = False
    for character in text:
        if escaped and character != "%":
            written.append("\\")
        newline = character == "%" and not escaped
        escaped = character == "\\"
        if not escaped:
            written.append("\n" if newline else character)
    if escaped:
        written.append("\\")
    found = "".join(written)
    return found if found.endswith("\n") else f"{found}\n"


def for_shell(command: Command, shell: str) -> Keys:
    """The `command` of a job, and its `shell` if that is not /bin/sh.

    The input is a here-document in front of the command. Braces around the command would not
    do: dash then ignores redirections of a subshell in them.
    """
    if not command.stdin:
        text = command.text
    elif PurePosixPath(shell).name in _BOURNE_SHELLS:
        text = f"exec {_here_document(command.stdin)}\n{command.text}"
    else:
        run_shell = f'exec "$0" -c "$1" {_here_document(command.stdin)}\n'
        return {"command": ["/bin/sh", "-c", run_shell, shell, command.text]}
    return {"command": text} if shell in _DEFAULT_SHELLS else {"shell": [shell, "-c"], "command": text}


def _here_document(stdin: str) -> str:
    lines = stdin.removesuffix("\n").split("\n")
    end = "STDIN"
    while end in lines:
        end += "_"
    return "\n".join([f"<<'{end}'", *lines, end])


def _trimmed(text: str) -> str:
    """Without blanks around it, but for one that a backslash at the end makes part of a word."""
    stripped = text.strip()
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return f"{stripped} " if backslashes % 2 and text.rstrip("\n")[-1:] == " " else stripped
