"""The comments of a crontab: which describe the next job, which belong to no job, and which explain the columns."""

from __future__ import annotations

import re

from scheduler.translate.importers.crontab_times import count_times

_COLUMN = (
    r"(?:m|min|mins|minutes?|h|hr|hours?|dom|mon|months?|dow|week|weekday|day|date|of|the|day-of-month|day-of-week|"
    r"user|user-name|username|command|cmd|root|to|be|executed|cron|task)"
)
_HEADING = re.compile(rf"{_COLUMN}(?:[\s,/]+{_COLUMN}){{3,}}", re.IGNORECASE)
_DIAGRAM = re.compile(r"[.|+┌│├└][-─.|\s│┬┴┼├└┌+]*(?:(?:minute|hour|day|month|command)\b.*)?", re.IGNORECASE)
_EXAMPLE = re.compile(
    r"(?:\*\s+){5}(?:user(?:-?name)?\s+)?(?:command|cmd)(?:\s+to\s+(?:be\s+)?execute[d]?)?", re.IGNORECASE
)
_TEMPLATE = frozenset(
    (
        "/etc/crontab: system-wide crontab",
        "Unlike any other crontab you don't have to run the `crontab'",
        "command to install the new version when you edit this file",
        "and files in /etc/cron.d. These files also have username fields,",
        "that none of the other crontabs do.",
        "Example of job definition:",
        "Edit this file to introduce tasks to be run by cron.",
        "Each task to run has to be defined through a single line",
        "indicating with different fields when the task will be run",
        "and what command to run for the task",
        "To define the time you can provide concrete values for",
        "minute (m), hour (h), day of month (dom), month (mon),",
        "and day of week (dow) or use '*' in these fields (for 'any').",
        "and day of week (dow) or use '*' in these fields (for 'any').#",
        "Notice that tasks will be started based on the cron's system",
        "daemon's notion of time and timezones.",
        "Output of the crontab jobs (including errors) is sent through",
        "email to the user the crontab file belongs to (unless redirected).",
        "For example, you can run a backup of all your user accounts",
        "at 5 a.m every week with:",
        "0 5 * * 1 tar -zcf /var/backups/home.tgz /home/",
        "For more information see the manual pages of crontab(5) and cron(8)",
        "For details see man 4 crontabs",
        "For more information see the manual pages of crontab(5) and cron(8).",
    )
)
"""Lines that Debian and Fedora put into every crontab. They would be wrong in a schedule file."""

_RULE = re.compile(r"^[=*~_#-]{3,}\s*|\s*[=*~_#-]{3,}$|^[-=*~_\s]+$")
_VARIABLE = re.compile(r"[A-Za-z_]\w*\s*=.*", re.ASCII)


class Comments:
    """Comments from the top of a crontab on, until a job takes them.

    `detached` belong to no job, `near` describe the next one. `explaining` are the lines that explain the columns.
    """

    def __init__(self) -> None:
        self.detached: list[str] = []
        self.near: list[str] = []
        self.explaining: list[int] = []

    def add(self, number: int, line: str) -> None:
        """Take a line that begins with #."""
        comment = " ".join(line.strip("# \t").split())
        if _explains(comment):
            self.explaining.append(number)
            self.detach()
        elif count_times(comment) or _VARIABLE.fullmatch(comment):  # a job or variable that is switched off
            self.detach()
            self.detached.append(line.lstrip("# \t").rstrip())
        elif words := _RULE.sub("", comment):
            self.near.append(words)

    def detach(self) -> None:
        """Comments so far do not describe the next job."""
        self.detached += self.near
        self.near = []

    def take(self) -> tuple[tuple[str, ...], str]:
        """The comments above the next job, and its description."""
        taken = tuple(self.detached), " ".join(self.near)
        self.detached, self.near = [], []
        return taken

    def rest(self) -> tuple[str, ...]:
        """The comments after the last job."""
        self.detach()
        return tuple(self.detached)


def _explains(comment: str) -> bool:
    if not comment:
        return False
    return comment in _TEMPLATE or any(form.fullmatch(comment) for form in (_HEADING, _DIAGRAM, _EXAMPLE))
