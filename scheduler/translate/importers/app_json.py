"""Import of `cron` in app.json, as Dokku reads it."""

from __future__ import annotations

import re

from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.job_report import JobReport, RefusedError
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.yaml_items import Item, YamlFile
from scheduler.translate.translation import ImportedJob, Keys, Translation

_OVERLAPS = {"": "allow", "allow": "allow", "forbid": "skip", "replace": "replace"}


def looks_like_app_json(source: SourceFile) -> bool:
    """Whether this is JSON with a list `cron`."""
    return source.text.lstrip()[:1] == "{" and re.search(r'"cron"\s*:\s*\[', source.text) is not None


def read_app_json(source: SourceFile, request: Request) -> Translation:
    """Translate the entries of `cron`; the other keys of the file are not schedules."""
    # JSON may be indented with tabs, which cannot be part of its strings.
    file = YamlFile(SourceFile(source.name, source.text.replace("\t", "  ")))
    jobs = []
    remarks = file.remarks
    for item in (entry for document in file.documents for entry in document.get("cron").items):
        report = JobReport(source, item.get("command").shown)
        try:
            keys = _keys(item, request, report)
            jobs.append(ImportedJob(name=request.names.of_command(str(keys["command"])), keys=keys))
        except RefusedError as refused:
            report.refuse_job(refused)
        remarks += report.remarks
    others = [key for document in file.documents for key in document.entries if key != "cron"]
    if others:
        remarks.append(source.note(0, ", ".join(others), "not schedules; left out"))
    defaults: Keys = {"timezone": request.timezone or "UTC"} if jobs else {}
    return Translation(jobs=tuple(jobs), defaults=defaults, remarks=tuple(remarks))


def _keys(item: Item, request: Request, report: JobReport) -> Keys:
    command, schedule, policy = item.get("command").text, item.get("schedule").text, item.get("concurrency_policy")
    if not command.strip():
        raise RefusedError(item.line, "the command is missing")
    if problem := problem_of(schedule, request.timezone or "UTC"):
        raise RefusedError(item.get("schedule").line, problem)
    if policy.text not in _OVERLAPS:
        raise RefusedError(policy.line, f"unknown concurrency_policy {policy.text}")
    keys: Keys = {"schedule": schedule, "command": command, "overlap": _OVERLAPS[policy.text]}
    if item.get("maintenance").is_true:
        keys["enabled"] = False
    for key, value in item.entries.items():
        if key not in {"command", "schedule", "concurrency_policy", "maintenance"}:
            report.refuse(value.line, key, "has no equivalent")
    return keys
