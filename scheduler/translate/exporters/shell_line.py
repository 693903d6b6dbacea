"""What a job runs, with its context, as one line for /bin/sh. `read_shell_line` takes such a line apart again."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from scheduler.translate.translation import Keys

TITLE = "exported by `schedctl export crontab"
"""What the first line of an exported crontab contains."""

_WORD = r"""(?:[^\s'"\\;&|<>()$`]|'[^']*'|"'"|"\$\(printf '(?:[^']|'"'"')*'\)")+"""
_LOCKS = 'l="$HOME"; [ -w "$l" ] || l=/tmp; '
"""The directory of lock files: system users have no home, or one that they cannot write to."""

KEEP_PATH, RESTORE_PATH = 'cron_path="$PATH"; ', 'job_path="$PATH"; PATH="$cron_path"; '
"""Around the files that may set PATH: what cron's line itself needs is found in the PATH of cron."""
JOB_PATH = '"$job_path"'

_SETTINGS = {
    "path": re.compile(rf'export PATH=({_WORD}):"\$PATH"; '),
    "umask": re.compile(r"umask ([0-7]{3}); "),
    "memory_limit": re.compile(r"ulimit -v ([1-9]\d{0,11}); "),
    "nice": re.compile(r"renice -n (-20|-?1?\d) \$\$ >/dev/null; "),
    "output": re.compile(r"exec (>)/dev/null 2>&1; "),
    "cwd": re.compile(rf"cd ({_WORD}) \|\| exit; "),
}
"""Steps that set a key of the job; the last one is in each line."""

_OVERLAP = re.compile(re.escape(_LOCKS) + r'exec 9>"\$l/\.schedd-[^"]*\.lock"; flock (-n 9 \|\| exit 0|9); ')
_VARIABLE = re.compile(
    rf'export ([A-Za-z_]\w*)=({_WORD}|); |unset ([A-Za-z_]\w*); |export ([A-Za-z_]\w*)="\$\(cat ({_WORD})\)"; '
)
_FILES = re.compile(rf"(?:{re.escape(KEEP_PATH)})?((?:set -a; \. {_WORD}; set \+a; )+)(?:{re.escape(RESTORE_PATH)})?")
_FILE = re.compile(rf"set -a; \. ({_WORD}); set \+a; ")
_PATH_OF_JOB = re.compile(rf"\bPATH=((?:{_WORD}:)?){re.escape(JOB_PATH)}")
_OF_JOB = re.compile(rf"export PATH=(?:({_WORD}):)?{re.escape(JOB_PATH)}; ")
_PRINTED = re.compile(r""""\$\(printf ('(?:[^']|'"'"')*')\)\"""")
_PRINTED_AS = {"045": "%", "055": "-", "n": "\n", "\\": "\\"}
_EVAL = re.compile(rf"eval ({_WORD})")
_NOT_SIMPLE = re.compile(r"\n|^\s|\s$")


class ShellLine(NamedTuple):
    """Keys of a job and its variables, as the schedule file has them, and its command."""

    keys: dict[str, str]
    env: Keys
    command: str


def quoted(text: str) -> str:
    """The text as one word; printf makes its lines, and percent signs that cron could not be given."""
    if "\n" not in text and "\\%" not in text:
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("%", "\\045").replace("\n", "\\n")
    escaped = re.sub(r"^-", r"\\055", escaped)  # not an option of printf
    return f'"$(printf {shlex.quote(escaped)})"'


def script(text: str) -> str:
    """A script as the last command of a line. Newlines at its end are dropped."""
    bare = text.rstrip("\n")
    return f"eval {quoted(bare)}" if _NOT_SIMPLE.search(bare) or "\\%" in bare else bare


def lock_step(name: str, *, waits: bool, descriptor: int = 9) -> str:
    """Take a lock, or end; the shell and what it starts hold it to their end."""
    how = f"{descriptor}" if waits else f"-n {descriptor} || exit 0"
    return f'{_LOCKS}exec {descriptor}>"$l/.schedd-{name}.lock"; flock {how}; '


def read_shell_line(line: str) -> ShellLine | None:
    """The keys and the command of a line that an export made; None for any other line."""
    keys: dict[str, str] = {}
    env: Keys = {}
    position = 0
    while "cwd" not in keys:
        if match := _VARIABLE.match(line, position):
            env |= _variable(match)
        elif (match := _FILES.match(line, position)) and len(files := _FILE.findall(match[1])) == 1:
            keys["env_file"] = _text(files[0])
        elif found := next(((key, m) for key, form in _SETTINGS.items() if (m := form.match(line, position))), None):
            key, match = found
            keys[key] = _value(key, match[1])
        else:
            return None
        position = match.end()
    if match := _OVERLAP.match(line, position):
        keys["overlap"] = "queue" if match[1] == "9" else "skip"
        position = match.end()
    if match := _OF_JOB.match(line, position):
        keys |= {"path": _text(match[1])} if match[1] else {}
        position = match.end()
    elif (match := _VARIABLE.match(line, position)) and "PATH" in _variable(match):
        env |= _variable(match)
        position = match.end()
    rest = _PATH_OF_JOB.sub(r'PATH=\1"$PATH"', line[position:]) if "env_file" in keys else line[position:]
    evaluated = _EVAL.fullmatch(rest)
    return ShellLine(keys, env, _text(evaluated[1]) if evaluated else rest)


def _variable(step: re.Match[str]) -> Keys:
    """The variable that a step sets or removes."""
    if step[4]:
        return {step[4]: {"from_file": _text(step[5])}}
    return {step[1] or step[3]: None if step[3] else _text(step[2])}


def _value(key: str, text: str) -> str:
    match key:
        case "memory_limit":
            return f"{text}K"
        case "output":
            return "discard"
        case "path" | "cwd":
            return _text(text)
    return text


def _text(word: str) -> str:
    """The text of a word that `quoted` made."""
    if printed := _PRINTED.fullmatch(word):
        text = shlex.split(printed[1])[0]
        return re.sub(r"\\(045|055|n|\\)", lambda match: _PRINTED_AS[match[1]], text)
    return "".join(shlex.split(word))
