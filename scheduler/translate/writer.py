"""Writes translated jobs as a schedule file that a person would like to go on editing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from scheduler.document.line_context import quote
from scheduler.translate.crontab import Crontab, Translated

_PLAIN = re.compile(r"[A-Za-z/](?:[^\s:#]|:(?=\S)|(?<=\S)#| (?=[^\s#]))*")
_PLAIN_WORD = re.compile(r"-{0,2}[A-Za-z/][\w/.-]*", re.ASCII)
_SPECIAL = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

HomeOf = Callable[[str | None], str | None]
"""The home of a user (None: whoever asks), which is where cron starts their jobs; None when it is not known."""


class _Setting(NamedTuple):
    """What can stand in a job or in `defaults`."""

    keys: dict[str, str]
    env: dict[str, str]

    def without(self, other: _Setting) -> _Setting:
        return _Setting(_less(self.keys, other.keys), _less(self.env, other.env))


def schedule_file(crontab: Crontab, *, source: str, timezone: str, home_of: HomeOf) -> str:
    """The YAML. `timezone` is the machine's, by which cron goes. What all jobs share stands in `defaults`."""
    # supercronic's jobs run where it was started; here that is the directory of the file, unless something is said.
    settings = [_setting(job, None if crontab.supercronic else home_of(job.user)) for job in crontab.jobs]
    shared = _shared(settings)
    lines = [f"# Translated from {source} by `schedctl import`."]
    if crontab.guessed:
        lines.append("# Read with a column of users; if those are commands, import it with --user.")
    lines += ["", "defaults:"]
    lines += _indented(_setting_lines(shared._replace(keys={"timezone": timezone, **shared.keys})))
    if not crontab.supercronic:  # which starts no job beside itself, as we do
        lines.append(
            "  overlap: allow  # as cron does; with skip, the default, a run that takes too long costs its next slot"
        )
    lines += ["", "jobs:" if crontab.jobs else "jobs: {}"]
    for job, setting in zip(crontab.jobs, settings, strict=True):
        lines += [f"  # {comment}" for comment in map(_printable, job.above)]
        lines += [f"  {job.name}:", *_indented(_indented(_job_lines(job, setting.without(shared)))), ""]
    lines += [f"# {comment}" for comment in map(_printable, crontab.after)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _setting(job: Translated, home: str | None) -> _Setting:
    keys = {"timezone": job.timezone, "user": job.user, "cwd": job.cwd or home}
    return _Setting({key: value for key, value in keys.items() if value is not None}, job.env)


def _shared(settings: list[_Setting]) -> _Setting:
    """What is the same in all of them."""
    if not settings:
        return _Setting({}, {})
    first, *others = settings
    return _Setting(
        {key: value for key, value in first.keys.items() if all(other.keys.get(key) == value for other in others)},
        {name: value for name, value in first.env.items() if all(other.env.get(name) == value for other in others)},
    )


def _less(mapping: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in mapping.items() if key not in other}


def _job_lines(job: Translated, setting: _Setting) -> Iterator[str]:
    if job.description:
        yield f"description: {_scalar(job.description)}"
    if isinstance(job.schedule, str):
        yield f"schedule: {quote(job.schedule)}"
    else:
        yield f"schedule: {{{', '.join(f'{name}: {quote(text)}' for name, text in job.schedule.items())}}}"
    yield from _setting_lines(setting)
    command = job.command
    if isinstance(command, str):
        yield from _block("command: ", command)
    elif "\n" in command[-1]:
        yield "command:"
        yield from _indented(line for word in command for line in _block("- ", word))
    else:
        yield f"command: [{', '.join(_scalar(word, _PLAIN_WORD) for word in command)}]"


def _setting_lines(setting: _Setting) -> Iterator[str]:
    for key, value in setting.keys.items():
        yield f"{key}: {_scalar(value)}"
    if setting.env:
        yield "env:"
        yield from (f"  {name}: {_scalar(value)}" for name, value in setting.env.items())


def _block(lead: str, text: str) -> Iterator[str]:
    lines = text.split("\n")
    if len(lines) == 1 or not all(line.replace("\t", "").isprintable() for line in lines):
        yield lead + _scalar(text)
    else:
        yield f"{lead}|-"
        yield from _indented(lines)


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _scalar(text: str, plain: re.Pattern[str] = _PLAIN) -> str:
    """A text, without quotes where it is `plain`: by itself on a line, or (_PLAIN_WORD) in a list in brackets."""
    stands = plain.fullmatch(text) and text.isprintable() and text.lower() not in _SPECIAL
    return text if stands else _quoted(text)


def _quoted(text: str) -> str:
    return quote(text) if text.isprintable() else '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return {"\t": "\\t", "\n": "\\n"}.get(character) or f"\\U{ord(character):08x}"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
