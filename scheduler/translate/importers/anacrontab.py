"""Import of anacrontabs: jobs with a period in days and a delay in minutes."""

from __future__ import annotations

import re

from scheduler.translate.importers.crontab import variable_of
from scheduler.translate.importers.crontab_comments import Comments
from scheduler.translate.importers.crontab_times import count_times
from scheduler.translate.importers.job_report import about_catch_up
from scheduler.translate.importers.logical_lines import logical_lines
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.variables import ABOUT_NAMES, VARIABLE_NAME
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation

_JOB = re.compile(r"(\d+|@\w+)\s+(\d+)\s+([^\s/]+)\s+(\S.*)", re.ASCII)
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})", re.ASCII)
_DAYS = {"1": "* * *", "7": "* * 0", "30": "1 * *"}
_NAMES = {"@daily": "1", "@weekly": "7", "@monthly": "30", "@yearly": "365", "@annually": "365"}
_ABOUT_TIMES = "anacron runs it once a period, whenever the machine is on; here it has a time, and"


def looks_like_anacrontab(source: SourceFile) -> bool:
    """Whether every job line has a period, a delay and an identifier, and none has five time fields."""
    lines = [line for _, line in logical_lines(source.text) if line and not line.startswith("#")]
    jobs = [line for line in lines if variable_of(line) is None]
    return bool(jobs) and all(_JOB.fullmatch(line) and count_times(line) < 2 for line in jobs)


def read_anacrontab(source: SourceFile, request: Request) -> Translation:
    """Translate an anacrontab. Jobs get the earliest time at which anacron would start them."""
    comments = Comments()
    jobs: list[ImportedJob] = []
    remarks: list[Remark] = []
    env: Keys = {}
    start = 0
    for number, line in logical_lines(source.text):
        if line.startswith("#"):
            comments.add(number, line)
        elif variable := variable_of(line):
            comments.detach()
            name, value, _ = variable
            hours = _HOURS.fullmatch(value) if name == "START_HOURS_RANGE" else None
            start = int(hours[1]) % 24 if hours else start
            if not VARIABLE_NAME.fullmatch(name):
                remarks.append(source.refuse(number, f"{name}=…", ABOUT_NAMES))
                continue
            if name == "MAILTO" and value:
                remarks.append(source.refuse(number, line, "anacron mails the output; `on_failure` mails failures"))
            if name == "RANDOM_DELAY":
                remarks.append(source.refuse(number, line, "write H for the minute to spread jobs: 'H 3 * * *'"))
            env = env if hours or name == "RANDOM_DELAY" else {**env, name: value}
        elif (match := _JOB.fullmatch(line)) and (times := _times(match[1], match[2], start)):
            above, description = comments.take()
            keys: Keys = {"description": description} if description else {}
            keys |= times | {"env": env, "command": match[4]}
            jobs.append(ImportedJob(name=request.names.of(match[3]), keys=keys, comments=above))
            remarks.append(source.note(number, line, f"{_ABOUT_TIMES} {about_catch_up(str(times['catch_up']))}"))
        elif line:
            comments.detached.append(f"not imported: {line}")
            remarks.append(source.refuse(number, line, "not an anacrontab line: period, delay, identifier, command"))
        else:
            comments.detach()
    defaults: Keys = {"timezone": request.zone, "cwd": "/"}
    return Translation(jobs=tuple(jobs), defaults=defaults, footer=comments.rest(), remarks=tuple(remarks))


def _times(period: str, delay: str, start: int) -> Keys:
    """The schedule, and how long a missed run is made up for; empty for a period that does not exist."""
    days = _NAMES.get(period.lower(), period)
    if not re.fullmatch(r"[1-9]\d{0,3}", days) or len(delay) > 4:
        return {}
    hour, minute = divmod(start * 60 + int(delay), 60)
    if days in _DAYS:
        return {"schedule": f"{minute} {hour % 24} {_DAYS[days]}", "catch_up": "31d" if days == "30" else f"{days}d"}
    if days == "365":
        return {"schedule": f"{minute} {hour % 24} 1 1 *", "catch_up": "366d"}
    return {"schedule": f"@every {days}d", "catch_up": f"{days}d"}
