"""Import of systemd timers with their services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from scheduler.schedule import format_duration
from scheduler.translate.exporters.unit_text import ABOUT_HARDENING
from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.job_report import about_catch_up
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.systemd_calendar import OnCalendarError, read_on_calendar
from scheduler.translate.importers.systemd_service import ServiceReading
from scheduler.translate.importers.unit_file import Setting, UnitFile, seconds_of
from scheduler.translate.importers.unit_name import Manager, UnitError, UnitName
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation, Value

_SECTION = re.compile(r"^\[(?:Timer|Service)\]\s*$", re.MULTILINE)
_PATH = re.compile(r"/\S+\.(?:timer|service)")
_OF_ADMINISTRATOR = (PurePosixPath("/etc/systemd/system"), PurePosixPath("/etc/systemd/user"))
_INTERVALS = ("OnUnitActiveSec", "OnUnitInactiveSec")
_STARTS = ("OnBootSec", "OnStartupSec", "OnActiveSec")
_DELAYS = ("RandomizedDelaySec", "RandomizedOffsetSec")
_NOTES = {
    "AccuracySec": "schedd starts jobs at the second",
    "RemainAfterElapse": "no effect here",
    "DeferReactivation": "no effect here",
}


def looks_like_systemd(source: SourceFile) -> bool:
    """Whether the text has the section of a timer or a service."""
    return _SECTION.search(source.text) is not None


def read_systemd(source: SourceFile, request: Request) -> Translation:
    """Translate a timer with the service that it starts, which is read from beside it; or the other way round."""
    unit = UnitFile(source.text)
    path = PurePosixPath(source.path or source.name)
    is_timer = any(setting.section == "Timer" for setting in unit.settings)
    if not is_timer and _has_timer(path.stem, source):
        return Translation()  # read with its timer
    name = path.name if path.suffix in {".timer", ".service"} else f"{path.name}.{'timer' if is_timer else 'service'}"
    if path.stem.endswith("@"):
        why = f"a template has no instance: copy it to {path.stem}NAME{path.suffix}, and import that"
        return Translation(remarks=(source.refuse(0, name, why),))
    if is_timer:
        return _translated(source, request, name, unit)
    timer = source.beside(f"{path.stem}.timer")
    if timer is not None:
        timer_path = str(path.with_name(f"{path.stem}.timer")) if source.path else ""
        beside = SourceFile(str(PurePosixPath(source.name).with_name(f"{path.stem}.timer")), timer, timer_path)
        return _translated(beside, request, f"{path.stem}.timer", UnitFile(timer), service=unit)
    note = source.note(0, name, f"there is no {path.stem}.timer, so the job only runs manually")
    return _job(source, request, name, unit, {}, [note, *_drop_ins(source, request, name)])


def _has_timer(stem: str, source: SourceFile) -> bool:
    """Whether the timer of a service, or that of an instance of it, is imported, too."""
    names = (name.removesuffix(".timer") for name in source.together if name.endswith(".timer"))
    return any(name == stem or (stem.endswith("@") and name.startswith(stem)) for name in names)


def _translated(
    source: SourceFile, request: Request, name: str, timer: UnitFile, service: UnitFile | None = None
) -> Translation:
    unit = UnitName(name, _manager(source, request, timer))
    try:
        timer = timer.replaced("Timer", unit.specified)
    except UnitError as error:
        return Translation(remarks=(source.refuse(0, name, str(error)),))
    wanted = timer.last("Timer", "Unit")
    service_name = wanted.value if wanted else f"{name.removesuffix('.timer')}.service"
    if service is None:
        text = source.beside(service_name) or source.beside(_template(service_name))
        if text is None:
            why = f"{service_name} is missing beside it; give both files"
            return Translation(remarks=(source.refuse(0, name, why),))
        service = UnitFile(text)
    keys, remarks, zone, refusal = _times(source, request, name, timer)
    if refusal is not None:
        return Translation(remarks=(*remarks, refusal))
    remarks += _drop_ins(source, request, name, service_name)
    keys |= _described(source, unit, timer, remarks)
    made = _job(source, request, service_name, service, keys, remarks, timer)
    return made if zone is None else _in_zone(made, zone)


def _manager(source: SourceFile, request: Request, unit: UnitFile) -> Manager:
    """The manager of a unit, by its path: the one that `systemctl cat` writes above it, else that of the file."""
    path = unit.comments[0] if unit.comments and _PATH.fullmatch(unit.comments[0]) else source.path
    return Manager.of(str(PurePosixPath(path).parent), request.machine)


def _described(source: SourceFile, name: UnitName, timer: UnitFile, remarks: list[Remark]) -> Keys:
    """The description of a timer, which its job has if the service has none."""
    for setting in timer.of("Unit", "Description")[-1:]:
        try:
            return {"description": name.specified(setting.value)}
        except UnitError as error:
            remarks.append(source.refuse(setting.line, f"{name.text}: Description={setting.value}", str(error)))
    return {}


def _template(name: str) -> str:
    """The name of the template of an instance; that of any other unit itself."""
    return re.sub(r"@.+\.", "@.", name)


def _drop_ins(source: SourceFile, request: Request, *names: str) -> Iterator[Remark]:
    """Drop-ins of units beside the source and, for an installed one, those of the administrator: they are not read."""
    folder = PurePosixPath(source.path).parent
    folders = {folder} | {each for each in _OF_ADMINISTRATOR if folder.match(f"lib/systemd/{each.name}")}
    for name in names if source.path else ():
        for found in sorted(f"{each / unit}.d" for each in folders for unit in {name, _template(name)}):
            if request.machine.has_directory(found):
                yield source.refuse(0, found, f"drop-ins are not read: import the output of `systemctl cat {name}`")


def _in_zone(translation: Translation, zone: str) -> Translation:
    jobs = tuple(
        ImportedJob(name=job.name, keys=job.keys | {"timezone": zone}, comments=job.comments)
        for job in translation.jobs
    )
    return Translation(jobs=jobs, defaults=translation.defaults, remarks=translation.remarks)


def _job(
    source: SourceFile,
    request: Request,
    name: str,
    unit: UnitFile,
    times: Keys,
    remarks: list[Remark],
    timer: UnitFile | None = None,
) -> Translation:
    service = SourceFile(str(PurePosixPath(source.name).with_name(name)), "") if timer else source
    manager = _manager(source, request, timer or unit)
    reading = ServiceReading(service, UnitName(name, manager), unit, manager, request.machine)
    if reading.refusal is not None:
        return Translation(remarks=(*remarks, service.refuse(0, name, reading.refusal)))
    keys = times | reading.keys
    if keys.get("description") == name.rpartition(".")[0]:
        del keys["description"]
    comments = [*(timer.comments if timer else ()), *unit.comments]
    job = ImportedJob(
        name=request.names.of(name.rpartition(".")[0]),
        keys=keys,
        comments=tuple(comment for comment in comments if comment != ABOUT_HARDENING),
    )
    return Translation(jobs=(job,), defaults={"timezone": request.zone}, remarks=(*remarks, *reading.remarks))


def _times(
    source: SourceFile, request: Request, name: str, timer: UnitFile
) -> tuple[Keys, list[Remark], str | None, Remark | None]:
    """The keys that a timer gives a job, remarks, its time zone, and why there is no job."""
    remarks: list[Remark] = []
    schedules: list[Value] = []
    zones: dict[str | None, Setting] = {}
    settings = timer.of_any("Timer", "OnCalendar", *_STARTS, *_INTERVALS)
    for setting in settings:
        if setting.key != "OnCalendar":
            continue
        try:
            found = read_on_calendar(setting.value)
        except OnCalendarError as error:
            return {}, remarks, None, source.refuse(setting.line, f"{name}: OnCalendar={setting.value}", str(error))
        zones[found.zone] = setting
        for schedule in found.schedules:
            if problem := problem_of(schedule, found.zone or request.zone):
                return {}, remarks, None, source.refuse(setting.line, f"{name}: OnCalendar={setting.value}", problem)
        schedules += found.schedules
    if len(zones) > 1:
        setting = list(zones.values())[-1]
        why = "a job has one time zone; split the timer"
        return {}, remarks, None, source.refuse(setting.line, f"{name}: OnCalendar={setting.value}", why)
    schedules += _monotonic(source, name, settings, remarks)
    if not schedules:
        return {}, remarks, None, source.refuse(0, name, "the timer has no time")
    keys: Keys = {"schedule": schedules[0] if len(schedules) == 1 else schedules}
    persistent = timer.last("Timer", "Persistent")
    if persistent and persistent.value.lower() in {"true", "yes", "on", "1"}:
        keys["catch_up"] = "31d"
        remarks.append(source.note(persistent.line, f"{name}: Persistent={persistent.value}", about_catch_up("31d")))
    keys |= _splay(source, name, timer, remarks)
    _report_the_rest(source, name, timer, remarks)
    return keys, remarks, next(iter(zones), None), None


def _splay(source: SourceFile, name: str, timer: UnitFile, remarks: list[Remark]) -> Keys:
    """The limit of a random delay, of which systemd adds up both kinds."""
    settings = [found for key in _DELAYS if (found := timer.last("Timer", key)) and seconds_of(found.value)]
    total = sum(seconds_of(setting.value) or 0 for setting in settings)
    if total < 1:
        return {}
    for setting in settings:
        why = "the delay of a job is the same each time; systemd picks one by the machine, or at random"
        remarks.append(source.note(setting.line, f"{name}: {setting.key}={setting.value}", why))
    return {"splay": format_duration(round(total))}


def _monotonic(source: SourceFile, name: str, settings: list[Setting], remarks: list[Remark]) -> list[Value]:
    """Schedules for times that are counted from an event."""
    found: list[Value] = []
    for setting in settings:
        text = f"{name}: {setting.key}={setting.value}"
        if setting.key in _STARTS:
            found = ["@reboot", *found] if "@reboot" not in found else found
            remarks.append(source.note(setting.line, text, "@reboot is when schedd starts, without a delay"))
        elif setting.key in _INTERVALS:
            seconds = seconds_of(setting.value)
            if not seconds or seconds < 1:
                remarks.append(source.refuse(setting.line, text, "not an interval"))
                continue
            found.append(f"@every {format_duration(round(seconds))}")
            why = "systemd counts from the previous run; here times are on a fixed grid"
            remarks.append(source.note(setting.line, text, why))
    return found


def _report_the_rest(source: SourceFile, name: str, timer: UnitFile, remarks: list[Remark]) -> None:
    known = {"OnCalendar", "Persistent", "Unit", "FixedRandomDelay", *_DELAYS, *_STARTS, *_INTERVALS}
    for line, text in timer.unreadable:
        remarks.append(source.refuse(line, text, "not a line of a unit file"))
    for setting in timer.settings:
        text = f"{name}: {setting.key}={setting.value}"
        if setting.section == "Timer" and setting.key not in known and setting.value:
            why = _NOTES.get(setting.key)
            remarks.append(source.note(setting.line, text, why) if why else source.refuse(setting.line, text, _NONE))
        elif setting.section == "Unit" and setting.key.startswith(("Condition", "Assert")) and setting.value:
            remarks.append(source.refuse(setting.line, text, _NONE))


_NONE = "has no equivalent"
