"""Writes translated jobs as a schedule file that a person would like to go on editing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from scheduler.config.syntax import quote
from scheduler.translate.crontab import Crontab, Translated


def schedule_file(crontab: Crontab, *, source: str, timezone: str, home_of: Callable[[str | None], str | None]) -> str:
    """The YAML. `timezone` is the machine's, by which cron goes; `home_of` a user (None: ours) is where cron starts."""
    return "\n".join(_lines(crontab, source, timezone, home_of)) + "\n"


def _lines(crontab: Crontab, source: str, timezone: str, home_of: Callable[[str | None], str | None]) -> Iterator[str]:
    yield f"# Translated from {source} by `schedctl import`."
    yield ""
    yield "defaults:"
    yield f"  timezone: {timezone}"
    yield "  overlap: allow  # as cron does; with skip, the default, a run that takes too long costs its next slot"
    yield ""
    yield "jobs:" if crontab.jobs else "jobs: {}"
    for job in crontab.jobs:
        yield f"  {job.name}:"
        yield from (f"    {line}" for line in _job(job, home_of))
        yield ""


def _job(job: Translated, home_of: Callable[[str | None], str | None]) -> Iterator[str]:
    if job.description:
        yield f"description: {quote(job.description)}"
    if isinstance(job.schedule, str):
        yield f"schedule: {quote(job.schedule)}"
    else:
        yield f"schedule: {{{', '.join(f'{name}: {quote(text)}' for name, text in job.schedule.items())}}}"
    if job.timezone is not None:
        yield f"timezone: {job.timezone}"
    if job.user is not None:
        yield f"user: {quote(job.user)}"
    if (home := home_of(job.user)) is not None:
        yield f"cwd: {quote(home)}"
    if job.env:
        yield "env:"
        yield from (f"  {name}: {quote(value)}" for name, value in job.env.items())
    if isinstance(job.command, list):
        yield f"command: [{', '.join(map(_flow, job.command))}]"
    elif "\n" in job.command:
        yield "command: |-"
        yield from (f"  {line}" for line in job.command.split("\n"))
    else:
        yield f"command: {quote(job.command)}"


def _flow(text: str) -> str:
    """Within brackets, where text may hold newlines: JSON, which YAML reads too."""
    return json.dumps(text, ensure_ascii=False) if "\n" in text else quote(text)
