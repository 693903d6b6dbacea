"""Import of a crontab that `schedctl export` made: names, and what the command line says about the job."""

from __future__ import annotations

import re

from scheduler.schedule import find_zone
from scheduler.translate.exporters.shell_line import TITLE, read_shell_line
from scheduler.translate.importers.crontab_command import read_command
from scheduler.translate.importers.crontab_times import count_times, problem_of
from scheduler.translate.importers.source_file import Dialect, Request, SourceFile
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation, Value

_OPTIONS = re.compile(r".*--dialect (\w+) --timezone ([\w/+-]+)`\.")
_NAME = re.compile(r"# ([A-Za-z0-9][A-Za-z0-9._-]*)(?:: (.*))?")
_ON_DEMAND = "# manual only: "
_ZONE = "CRON_TZ="
_ABOUT_OTHERS = "not a line that an export made"


def is_exported(source: SourceFile) -> bool:
    """Whether the first line says that an export made the file."""
    return TITLE in source.text.partition("\n")[0]


def read_exported(source: SourceFile, request: Request) -> Translation:
    """Translate the crontab back. Lines that an export did not make are refused."""
    title, *lines = source.text.split("\n")
    given = _OPTIONS.fullmatch(title)
    dialect = request.dialect or Dialect(given[1] if given and given[1] in set(Dialect) else Dialect.DEBIAN)
    zone = given[2] if given and request.timezone is None and find_zone(given[2]) else request.zone
    with_users = "with a user column" in title
    jobs: list[ImportedJob] = []
    remarks: list[Remark] = []
    name, description, is_new = "job", "", True
    for number, line in enumerate(lines, 2):
        if line.startswith(_ZONE) and find_zone(line.removeprefix(_ZONE)):
            zone = line.removeprefix(_ZONE)
        elif keys := _keys(line, dialect, zone, with_users=with_users):
            if is_new or not _may_join(jobs[-1].keys, keys):
                keys |= {"description": description} if description else {}
                jobs.append(ImportedJob(name=request.names.of(name), keys=keys))
            else:
                jobs[-1].keys["schedule"] = [*_listed(jobs[-1].keys["schedule"]), keys["schedule"]]
            is_new = False
        elif match := _NAME.fullmatch(line):
            name, description, is_new = match[1], match[2] or "", True
        elif line and (not line.startswith("#") or line.startswith(_ON_DEMAND)):
            several = line.count("; set +a; ") > 1
            why = "it reads several files of variables; a job has one env_file" if several else _ABOUT_OTHERS
            remarks.append(source.refuse(number, line, why))
    return Translation(jobs=tuple(jobs), defaults={}, remarks=tuple(remarks))


def _may_join(job: Keys, line: Keys) -> bool:
    """Whether a line is a further schedule of a job: all other keys are the same, the time zone included."""
    own = {"schedule", "description"}
    rest = [{key: value for key, value in keys.items() if key not in own} for keys in (job, line)]
    return "schedule" in job and "schedule" in line and rest[0] == rest[1]


def _listed(schedule: Value) -> list[Value]:
    return schedule if isinstance(schedule, list) else [schedule]


def _keys(line: str, dialect: Dialect, zone: str, *, with_users: bool) -> Keys:
    """The keys of the job of a line, empty for a line without a job."""
    if line.startswith(_ON_DEMAND):
        schedule, user, rest = None, "", line.removeprefix(_ON_DEMAND)
    else:
        bare = line.removeprefix("# ")
        count = count_times(bare)
        words = bare.split(None, count + with_users)
        if not count or len(words) <= count + with_users:
            return {}
        schedule, user, rest = " ".join(words[:count]), words[count] if with_users else "", words[-1]
        rest = read_command(rest, dialect).text
        if problem_of(schedule, zone):
            return {}
    made = read_shell_line(rest)
    if made is None or "" in {made.command, *made.keys.values(), *made.keys.get("path", "x").split(":")}:
        return {}
    keys: Keys = {} if schedule is None else {"schedule": schedule, "timezone": zone}
    keys |= {"enabled": False} if schedule is not None and line.startswith("#") else {}
    keys |= {"overlap": "allow", **made.keys, "command": made.command}
    keys |= {"env": {**made.env}} if made.env else {}
    keys |= {"user": user} if user else {}
    keys |= {"nice": int(made.keys["nice"])} if "nice" in made.keys else {}
    keys |= {"path": [*made.keys["path"].split(":")]} if "path" in made.keys else {}
    return keys
