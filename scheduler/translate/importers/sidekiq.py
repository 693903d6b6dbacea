"""Import of the schedule files of sidekiq-cron and sidekiq-scheduler."""

from __future__ import annotations

import re

from scheduler.schedule import DurationError, format_duration, parse_duration
from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.fugit import FugitError, FugitSchedule, read_fugit
from scheduler.translate.importers.job_report import JobReport, RefusedError
from scheduler.translate.importers.rails_runner import ABOUT, enqueue, run_ruby
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.yaml_items import Item, YamlFile
from scheduler.translate.translation import ImportedJob, Keys, Translation

_TIMES = ("cron", "every", "interval", "at", "in")
_ABOVE = ("scheduler", "schedule")
_KNOWN = {*_TIMES, "class", "klass", "args", "queue", "description", "status", "enabled", "name", "active_job"}
_NO_EFFECT = {"namespace", "source", "symbolize_args", "queue_name_prefix", "queue_name_delimiter"}
_CERTAIN = re.compile(
    r"""(?:^\s*(?:-\s+)?|[{,]\s*):?(?:cron|every|interval):[ \t]*\S|^\s*(?:-\s+)?:?(?:at|in):[ \t]*\S""", re.MULTILINE
)
_CLASS = re.compile(r"""(?:^\s*(?:-\s+)?|[{,]\s*):?(?:class|klass):[ \t]*["']?[A-Z:]""", re.MULTILINE)


def looks_like_sidekiq(source: SourceFile) -> bool:
    """Whether entries have a class and a time under one of the keys that the two libraries know."""
    return bool(_CERTAIN.search(source.text) and _CLASS.search(source.text))


def read_sidekiq(source: SourceFile, request: Request) -> Translation:
    """Translate a schedule file. Each job enqueues the class as the library does."""
    file = YamlFile(source)
    jobs = []
    remarks = file.remarks
    for name, item in (entry for document in file.documents for entry in _entries(document)):
        report = JobReport(source, name)
        comments = file.comments_until(item.last_line)
        try:
            jobs.append(ImportedJob(name=request.names.of(name), keys=_keys(item, request, report), comments=comments))
        except RefusedError as refused:
            report.refuse_job(refused)
        remarks += report.remarks
    if jobs:
        remarks.append(source.note(0, "bin/rails runner", f"{ABOUT}; perform_async and perform_later are a guess"))
    defaults: Keys = {"timezone": request.zone} if jobs else {}
    return Translation(jobs=tuple(jobs), defaults=defaults, footer=file.rest(), remarks=tuple(remarks))


def _entries(document: Item) -> list[tuple[str, Item]]:
    """The jobs by name, wherever the library keeps them."""
    keys = {key.lstrip(":"): value for key, value in document.entries.items()}
    for above in _ABOVE:
        if above in keys and (keys[above].entries or keys[above].items):
            return _entries(keys[above])
    named = [(item.get("name").text, _plain(item)) for item in document.items]
    return named + [(key, _plain(value)) for key, value in keys.items() if value.entries]


def _plain(item: Item) -> Item:
    """The entry with its keys as text, not as symbols of Ruby."""
    return Item(item.line, {key.lstrip(":"): value for key, value in item.entries.items()})


def _keys(item: Item, request: Request, report: JobReport) -> Keys:
    found = _times(item, report)
    if problem := problem_of(found.schedule, found.zone or request.zone):
        raise RefusedError(item.line, problem)
    name = item.get("class") if item.get("class").text else item.get("klass")
    code = enqueue(name, item.get("args"), {"queue": item.get("queue")}, keywords=False)
    description = item.get("description").text
    keys: Keys = {"description": description} if description else {}
    keys |= {"schedule": found.schedule} | ({"timezone": found.zone} if found.zone else {})
    keys["command"] = run_ruby(code)
    enabled = item.get("enabled")
    if item.get("status").text == "disabled" or (enabled.text and not enabled.is_true):
        keys["enabled"] = False
    for key, value in item.entries.items():
        if key in _NO_EFFECT:
            report.note(value.line, key, "no effect here")
        elif key not in _KNOWN:
            report.refuse(value.line, key, "has no equivalent")
    return keys


def _times(item: Item, report: JobReport) -> FugitSchedule:
    if item.get("cron").items:
        raise RefusedError(item.get("cron").line, "options of the schedule have no equivalent")
    if item.get("cron").text:
        try:
            return read_fugit(item.get("cron").text)
        except FugitError as error:
            raise RefusedError(item.get("cron").line, str(error)) from None
    for key in ("every", "interval"):
        value = item.get(key).items[0] if item.get(key).items else item.get(key)
        if value.text:
            report.note(value.line, f"{key}: {value.text}", "counted from the start of Sidekiq; here on a fixed grid")
            try:
                return FugitSchedule(f"@every {format_duration(parse_duration(value.text))}", None)
            except DurationError:
                return _every(value)
    if item.get("at").text:
        moment = re.sub(r"(\d{4})[/-](\d\d)[/-](\d\d)[ T](\d\d:\d\d(?::\d\d)?)", r"\1-\2-\3T\4", item.get("at").text)
        return FugitSchedule(f"@at {moment}", None)
    raise RefusedError(item.line, f"no time that can be carried over: {', '.join(_TIMES[:4])}")


def _every(value: Item) -> FugitSchedule:
    try:
        return read_fugit(value.text if value.text.startswith("every") else f"every {value.text}")
    except FugitError as error:
        raise RefusedError(value.line, str(error)) from None
