"""Env files: `KEY=VALUE` lines as dotenv tools write them, read again at each launch."""

from __future__ import annotations

import re

from scheduler.launch.launcher import LaunchError
from scheduler.regular_file import read_regular_file
from scheduler.utf8 import other_encoding

LARGEST = 1024 * 1024
"""Bytes. The kernel takes no larger environment from most programs."""

_ASSIGNMENT = r"""(?msx)
    [ \t]* (?: export [ \t]+ )?
    (?P<name> [A-Za-z_][A-Za-z0-9_.-]* ) [ \t]* =
    (?:
        [ \t]* ' (?P<single> [^']* ) ' [ \t]* (?: \#[^\n]* )?
      | [ \t]* " (?P<double> (?: [^"\\] | \\. )* ) " [ \t]* (?: \#[^\n]* )?
      | (?P<bare> (?! [ \t]*['"] ) [^\n]* )
    ) $
    """
_BLANK = r"(?m)[ \t]*(?:#[^\n]*)?$"
_COMMENT = r"[ \t]#"
_ESCAPE = r"(?s)\\(.)"
_MEANINGS = {"n": "\n", "r": "\r", "t": "\t", "\n": "", '"': '"', "\\": "\\", "$": "$"}


def read_env_file(path: str) -> dict[str, str]:
    """The variables that a file sets. LaunchError, which never quotes a value, when it cannot be read or understood.

    `#` begins a comment at the start of a line, after a space or after a closing quote. Quotes may span lines; in
    double ones a backslash escapes `n r t " \\ $` and a line's end, single ones are literal. Nothing is expanded.
    """
    text = read_small_file(path).decode("utf-8-sig", errors="surrogateescape").replace("\r\n", "\n")
    variables: dict[str, str] = {}
    blank, assignment = re.compile(_BLANK), re.compile(_ASSIGNMENT)
    at = 0
    while at < len(text):
        match = blank.match(text, at)
        if match is None:
            match = assignment.match(text, at)
            if match is None:
                line = text.count("\n", 0, at) + 1
                raise LaunchError(f"{path}:{line}: not a line of the form KEY=VALUE, or a quote without its partner")
            variables[match["name"]] = _value(match)
        at = match.end() + 1
    return variables


def read_small_file(path: str) -> bytes:
    """The bytes of a regular file of at most LARGEST. LaunchError when it is missing or anything else."""
    try:
        content = read_regular_file(path, LARGEST)
    except (OSError, ValueError) as error:
        raise LaunchError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if b"\0" in content:
        raise LaunchError(f"{path}: contains NUL bytes; is it {other_encoding(content) or 'UTF-16'}?")
    return content


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(_ESCAPE, lambda escape: _MEANINGS.get(escape[1], escape[0]), match["double"])
    if match["single"] is not None:
        return match["single"]
    return re.split(_COMMENT, match["bare"], maxsplit=1)[0].strip()
