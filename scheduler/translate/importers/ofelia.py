"""Import of ofelia's INI files: jobs on the host, in running containers, and in new ones."""

from __future__ import annotations

import re
import shlex

from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.ini_file import Section, read_ini
from scheduler.translate.importers.job_report import JobReport, RefusedError
from scheduler.translate.importers.robfig import as_schedule
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.variables import VARIABLE_NAME
from scheduler.translate.translation import ImportedJob, Keys, Translation

_JOB = re.compile(r"^\s*\[\s*job-(?:exec|run|local|service-run)\b", re.MULTILINE | re.IGNORECASE)
_OF_REPORTS = re.compile(r"(?:smtp|email|mail|slack|save|gotify)-?\w*(?:-\w+)*", re.IGNORECASE)
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}
_ROOT = "ofelia's default; that of the fork netresearch/ofelia is nobody"
_PULL = "ofelia pulls the image before each run, docker only where it is missing; --pull always pulls it, too"
_QUOTES = "words in double quotes are one argument, as in the fork netresearch/ofelia; ofelia drops the quotes"
_DOCKER = "runs the docker program, which schedd's user must be allowed to use"


def looks_like_ofelia(source: SourceFile) -> bool:
    """Whether a section is a job of ofelia's."""
    return _JOB.search(source.text) is not None


def read_ofelia(source: SourceFile, request: Request) -> Translation:
    """Translate an INI file of ofelia."""
    file = read_ini(source.text)
    jobs: list[ImportedJob] = []
    remarks = [source.refuse(number, line, "not a line of an INI file") for number, line in file.others]
    for section in file.sections:
        report = JobReport(source, section.name or section.kind)
        try:
            if section.kind.startswith("job-"):
                keys = _Reading(section, request, report).keys()
                jobs.append(
                    ImportedJob(name=request.names.of(section.name), keys=keys, comments=tuple(section.comments))
                )
            elif section.settings:
                keys_of_all = ", ".join(setting.key for setting in section.settings)
                report.refuse(section.line, keys_of_all, "see on_failure and on_success")
        except RefusedError as refused:
            report.refuse_job(refused)
        remarks += report.remarks
    defaults: Keys = {"timezone": request.zone} if jobs else {}
    return Translation(jobs=tuple(jobs), defaults=defaults, footer=file.comments, remarks=tuple(remarks))


class _Reading:
    """One job. Keys of ofelia are not case sensitive, and some can be given several times."""

    def __init__(self, section: Section, request: Request, report: JobReport) -> None:
        self._line, self._kind, self._settings = section.line, section.kind, section.settings
        self._request, self._report = request, report
        self._known = {"schedule", "command", "no-overlap", "environment", "env"}

    def _all(self, *keys: str) -> list[str]:
        self._known |= {*keys}
        return [setting.value for setting in self._settings if setting.key in keys]

    def _last(self, key: str) -> str:
        return next(iter(self._all(key)[-1:]), "")

    def keys(self) -> Keys:
        """The keys of the job. RefusedError when there is no job."""
        schedule = as_schedule(self._last("schedule"))
        if problem := problem_of(schedule, self._request.zone):
            raise RefusedError(self._line_of("schedule"), problem)
        if self._last("schedule").startswith("@every"):
            self._report.note(self._line_of("schedule"), self._last("schedule"), "intervals are on a fixed grid here")
        overlap = "skip" if self._last("no-overlap").lower() in _TRUE else "allow"
        keys: Keys = {"schedule": schedule, "overlap": overlap}
        keys |= self._target()
        for setting in self._settings:
            if setting.key not in self._known:
                why = "use on_failure and on_success" if _OF_REPORTS.fullmatch(setting.key) else "has no equivalent"
                self._report.refuse(setting.line, setting.key, why)
        return keys

    def _line_of(self, key: str) -> int:
        return next((setting.line for setting in self._settings if setting.key == key), self._line)

    def _target(self) -> Keys:
        command = self._words()
        variables = self._all("environment", "env")
        if self._kind == "job-local":
            if not command:
                raise RefusedError(self._line, "the command is missing")
            pairs = (variable.partition("=") for variable in variables)
            env: Keys = {name: value for name, _, value in pairs if VARIABLE_NAME.fullmatch(name)}
            directory = self._last("dir")
            keys: Keys = {"command": [*command]}
            keys |= {"env": env} if env else {}
            return keys | ({"cwd": directory} if directory.startswith("/") else {})
        options = [word for variable in variables for word in ("-e", variable)]
        options += ["-u", self._last("user") or "root"]
        options += ["-t"] if self._last("tty").lower() in _TRUE else []
        if self._kind == "job-exec":
            container = self._last("container")
            if not container or not command:
                raise RefusedError(self._line, "the container or the command is missing")
            words = ["docker", "exec", *options, container, *command]
            self._note_user()
        elif self._kind == "job-run":
            words = self._run(options, command)
        else:
            raise RefusedError(self._line, "a service of Docker Swarm has no equivalent")
        self._report.note(self._line, " ".join(words[:2]), _DOCKER)
        return {"command": [*words]}

    def _run(self, options: list[str], command: list[str]) -> list[str]:
        image, container = self._last("image"), self._last("container")
        if not image and not container:
            raise RefusedError(self._line, "the image or the container is missing")
        if container:
            return ["docker", "start", "--attach", container]
        self._note_user()
        if self._last("pull").lower() not in _FALSE:
            self._report.note(self._line, f"image: {image}", _PULL)
        for key, option in (("network", "--network"), ("volume", "-v"), ("hostname", "--hostname"), ("dir", "-w")):
            options += [word for value in self._all(key) for word in (option, value)]
        remove = [] if self._last("delete").lower() in _FALSE else ["--rm"]
        return ["docker", "run", *remove, *options, image, *command]

    def _note_user(self) -> None:
        if not self._last("user"):
            self._report.note(self._line, "-u root", _ROOT)

    def _words(self) -> list[str]:
        if '"' in self._last("command"):
            self._report.note(self._line_of("command"), "command", _QUOTES)
        try:
            return shlex.split(self._last("command"))
        except ValueError as error:
            raise RefusedError(self._line_of("command"), f"the command cannot be split: {error}") from None
