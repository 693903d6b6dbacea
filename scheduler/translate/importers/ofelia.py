"""Import of ofelia's INI files: jobs on the host, in running containers, and in new ones."""

from __future__ import annotations

import re
import shlex

from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.job_report import JobReport, RefusedError
from scheduler.translate.importers.robfig import as_schedule
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.unit_file import Setting
from scheduler.translate.importers.variables import VARIABLE_NAME
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation

_SECTION = re.compile(r"""\[\s*([\w-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]""")
_JOB = re.compile(r"^\s*\[\s*job-(?:exec|run|local|service-run)\b", re.MULTILINE)
_OF_REPORTS = re.compile(r"(?:smtp|email|mail|slack|save|gotify)-?\w*(?:-\w+)*", re.IGNORECASE)
_DOCKER = "runs the docker program, which schedd's user must be allowed to use"


def looks_like_ofelia(source: SourceFile) -> bool:
    """Whether a section is a job of ofelia's."""
    return _JOB.search(source.text) is not None


def read_ofelia(source: SourceFile, request: Request) -> Translation:
    """Translate an INI file of ofelia."""
    jobs: list[ImportedJob] = []
    remarks: list[Remark] = []
    comments: list[str] = []
    sections: list[tuple[int, str, str, list[Setting], tuple[str, ...]]] = []
    for number, line in enumerate(map(str.strip, source.text.split("\n")), 1):
        if line.startswith((";", "#")):
            comments += filter(None, [line.lstrip("#; \t")])
        elif match := _SECTION.fullmatch(line):
            sections.append((number, match[1], match[2] or "", [], tuple(comments)))
            comments = []
        elif "=" in line and sections:
            key, _, value = line.partition("=")
            sections[-1][3].append(Setting(sections[-1][1], key.strip().lower(), _unquoted(value.strip()), number))
        elif line:
            remarks.append(source.refuse(number, line, "not a line of an INI file"))
    for number, kind, name, settings, above in sections:
        report = JobReport(source, name or kind)
        try:
            if kind.startswith("job-"):
                keys = _Reading(number, kind, settings, request, report).keys()
                jobs.append(ImportedJob(name=request.names.of(name), keys=keys, comments=above))
            elif settings:
                report.refuse(number, ", ".join(setting.key for setting in settings), "see on_failure and on_success")
        except RefusedError as refused:
            report.refuse_job(refused)
        remarks += report.remarks
    defaults: Keys = {"timezone": request.zone} if jobs else {}
    return Translation(jobs=tuple(jobs), defaults=defaults, footer=tuple(comments), remarks=tuple(remarks))


def _unquoted(value: str) -> str:
    match = re.fullmatch(r'"((?:[^"\\]|\\.)*)"\s*(?:[;#].*)?', value)
    return re.sub(r"\\(.)", r"\1", match[1]) if match else value


class _Reading:
    """One job. Keys of ofelia are not case sensitive, and some can be given several times."""

    def __init__(self, line: int, kind: str, settings: list[Setting], request: Request, report: JobReport) -> None:
        self._line, self._kind, self._settings = line, kind, settings
        self._request, self._report = request, report
        self._known = {"schedule", "command", "no-overlap", "environment", "env", "tty"}

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
        overlap = "skip" if self._last("no-overlap").lower() in {"true", "1", "yes", "on"} else "allow"
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
        options += [word for word in ("-u", self._last("user")) if self._last("user")]
        if self._kind == "job-exec":
            container = self._last("container")
            if not container or not command:
                raise RefusedError(self._line, "the container or the command is missing")
            words = ["docker", "exec", *options, container, *command]
        elif self._kind == "job-run":
            words = self._run(options, command)
        else:
            raise RefusedError(self._line, "a service of Docker Swarm has no equivalent")
        self._report.note(self._line, " ".join(words[:2]), _DOCKER)
        return {"command": [*words]}

    def _run(self, options: list[str], command: list[str]) -> list[str]:
        image, container = self._last("image"), self._last("container")
        if not image:
            if not container:
                raise RefusedError(self._line, "the image or the container is missing")
            return ["docker", "start", "--attach", container]
        for key, option in (("network", "--network"), ("volume", "-v"), ("hostname", "--hostname"), ("dir", "-w")):
            options += [word for value in self._all(key) for word in (option, value)]
        remove = [] if self._last("delete").lower() in {"false", "0", "no", "off"} else ["--rm"]
        return ["docker", "run", *remove, *options, image, *command]

    def _words(self) -> list[str]:
        try:
            return shlex.split(self._last("command"))
        except ValueError as error:
            raise RefusedError(self._line_of("command"), f"the command cannot be split: {error}") from None
