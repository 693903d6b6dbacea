"""Import of the recurring tasks of Solid Queue."""

from __future__ import annotations

import re

from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.fugit import FugitError, read_fugit
from scheduler.translate.importers.job_report import JobReport, RefusedError
from scheduler.translate.importers.rails_runner import ABOUT, enqueue, run_ruby
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.yaml_items import Item, YamlFile
from scheduler.translate.translation import ImportedJob, Keys, Translation

_KNOWN = {"class", "command", "args", "queue", "priority", "schedule", "description"}
_SCHEDULE = re.compile(r"(?:^[ \t]+|[{,]\s*)schedule:[ \t]*\S", re.MULTILINE)
_TASK = re.compile(r"""(?:^[ \t]+|[{,]\s*)(?:class:[ \t]*["']?[A-Z]|command:[ \t]*\S)""", re.MULTILINE)


def looks_like_solid_queue(source: SourceFile) -> bool:
    """Whether entries have a schedule and a class or command, below an environment or at the top."""
    is_ours = re.search(r"^(?:jobs|defaults):", source.text, re.MULTILINE)
    return not is_ours and bool(_SCHEDULE.search(source.text) and _TASK.search(source.text))


def read_solid_queue(source: SourceFile, request: Request) -> Translation:
    """Translate the tasks of the environment `production`, or those of a file without environments."""
    file = YamlFile(source)
    jobs = []
    remarks = file.remarks
    for document in file.documents:
        environments = {name: item for name, item in document.entries.items() if _is_environment(item)}
        chosen = "production" if "production" in environments else next(iter(environments), None)
        for name, item in environments.items():
            is_merged = chosen is not None and _is_within(item, environments[chosen])
            if not is_merged:
                remarks.append(source.refuse(item.line, name, f"only the tasks of {chosen} are carried over"))
        tasks = document if chosen is None else environments[chosen]
        for name, item in tasks.entries.items():
            report = JobReport(source, name)
            comments = file.comments_until(item.last_line)
            try:
                keys = _keys(item, request, report)
                jobs.append(ImportedJob(name=request.names.of(name), keys=keys, comments=comments))
            except RefusedError as refused:
                report.refuse_job(refused)
            remarks += report.remarks
    if jobs:
        remarks.append(source.note(0, "bin/rails runner", ABOUT))
    defaults: Keys = {"timezone": request.zone} if jobs else {}
    return Translation(jobs=tuple(jobs), defaults=defaults, footer=file.rest(), remarks=tuple(remarks))


def _is_environment(item: Item) -> bool:
    """Whether the entries of an item are tasks."""
    return any(entry.get("schedule").text for entry in item.entries.values())


def _is_within(item: Item, other: Item) -> bool:
    """Whether the other environment has all tasks of this one, as by a merge key."""
    return all(other.entries.get(name) == task for name, task in item.entries.items())


def _keys(item: Item, request: Request, report: JobReport) -> Keys:
    try:
        found = read_fugit(item.get("schedule").text)
    except FugitError as error:
        raise RefusedError(item.get("schedule").line, str(error)) from None
    if problem := problem_of(found.schedule, found.zone or request.zone):
        raise RefusedError(item.get("schedule").line, problem)
    command, description = item.get("command").text, item.get("description").text
    options = {"queue": item.get("queue"), "priority": item.get("priority")}
    keys: Keys = {"description": description} if description else {}
    keys |= {"schedule": found.schedule} | ({"timezone": found.zone} if found.zone else {})
    keys["command"] = run_ruby(command or enqueue(item.get("class"), item.get("args"), options, keywords=True))
    for key, value in item.entries.items():
        if key not in _KNOWN:
            report.refuse(value.line, key, "has no equivalent")
        elif command and key in {"queue", "priority"}:
            report.note(value.line, key, "the command runs in the job itself, not in a queue")
    return keys
