"""From the path of a schedule file to its jobs and settings, or to one error that lists every mistake."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from scheduler import fast_start
from scheduler.config.jobs import NOTHING, Entry, Scope, build
from scheduler.config.lint_codes import LintCode
from scheduler.config.node_errors import entries_of
from scheduler.config.problems import problems_of, render
from scheduler.config.reader import reader_of
from scheduler.config.spec import FileForm, IncludedForm, JobForm
from scheduler.document.line_context import quote
from scheduler.document.nodes import Broken, Digest, Mapping, Node, Scalar, Sequence, compose
from scheduler.document.source import Source, UnreadableError, read_text, reason
from scheduler.errors import MASK, ConfigError, Problem, Severity
from scheduler.launch.envfile import read_env_file
from scheduler.launch.launcher import LaunchError
from scheduler.model.job import Job

_SUFFIXES = (".yaml", ".yml")
_SMALLEST = 'jobs: {hello: {schedule: "* * * * *", command: echo hello}}'


Ignored = frozenset[str]
OnFile = Callable[["File", Ignored], None]
OnJob = Callable[[Entry, Job, Ignored], None]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule file that is good.

    `path` is absolute, its symbolic links kept. `jobs` stand in the order of the file, included ones after its own.
    `max_running` None is no limit; `shutdown_timeout` is seconds. `files` are the paths that were read, the main file
    first, with the directories among them, in which new files may appear.
    """

    path: Path
    jobs: dict[str, Job]
    max_running: int | None = None
    shutdown_timeout: float = 25.0
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()


def load(path: Path) -> Config:
    """Read a schedule file and all that it includes. ConfigError lists every mistake, in the order of the files."""
    return finish(Loading(path))


def finish(loading: Loading, at_the_end: Callable[[], None] = lambda: None) -> Config:
    """The outcome of a loading: ConfigError, or what the files say with the warnings that came up."""
    with fast_start.loading():
        config = loading.config()
        at_the_end()
    problems = [problem for source in loading.sources for problem in problems_of(source)]
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ConfigError(render(problems), tuple(problems))
    return msgspec.structs.replace(config, warnings=tuple(problems))


class File(NamedTuple):
    """One file: its text, the values of its keys, and where the values of `defaults` stand."""

    source: Source
    values: dict[str, Any]
    places: dict[str, int] = {}  # noqa: RUF012 - never changed


class Loading:
    """One call of `load`: the files read so far and what they say.

    `on_file` hears of each file and `on_job` of each good job, with the codes of warnings that it does not want.
    """

    def __init__(self, path: Path, on_file: OnFile | None = None, on_job: OnJob | None = None) -> None:
        self._on_file = on_file
        self._on_job = on_job
        self.sources: list[Source] = []
        self._shown = path
        self._path = Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow symbolic links
        self._files: list[str] = []
        self._names: dict[str, tuple[Source, int]] = {}

    def config(self) -> Config:
        """What the files say; incomplete when there are findings."""
        main = self._read(str(self._shown), self._path, FileForm)
        defaults = self._defaults(main, NOTHING)
        jobs = self._jobs(main, defaults)
        for included in self._included(main):
            jobs |= self._jobs(included, self._defaults(included, defaults))
        if not self._names and "jobs" not in main.values and "include" not in main.values and not main.source.findings:
            main.source.note(None, "no jobs: the file needs the key `jobs`", _SMALLEST)
        settings = {key: main.values[key] for key in ("max_running", "shutdown_timeout") if key in main.values}
        return Config(path=self._path, jobs=jobs, files=tuple(self._files), **settings)

    def _read(self, shown: str, path: Path, form: type[IncludedForm]) -> File:
        """One file's values; {} when there is no reading it."""
        self._files.append(str(path))
        try:
            source = Source(shown, path, read_text(path))
        except UnreadableError as error:
            source = Source(shown, path, error.text)
            source.note(error.index, str(error), error.help)
            self.sources.append(source)
            return File(source, {})
        self.sources.append(source)
        root = compose(source, "jobs", lambda name, node: _entry(name, node, source))
        if root is None:
            if not source.findings:
                source.note(None, "the file is empty", _SMALLEST)
            return File(source, {})
        if not isinstance(root, Mapping | Broken):
            source.note(root.index, "the keys of the file are needed here, of which `jobs` is one", _SMALLEST)
            return File(source, {})
        places = {
            key.value: key.index
            for name, node in entries_of(root)
            if name.value == "defaults"
            for key, _ in entries_of(node)
        }
        return File(source, reader_of(form)(root, source, ""), places)

    def _defaults(self, file: File, below: Scope) -> Scope:
        given = file.values.get("defaults", {})
        scope = below.narrowed(given, file.source.directory, "defaults.")
        ignored = _ignored(scope.values)
        _check_env_file(file.source, given, file.places, "defaults", ignored)
        if self._on_file:
            self._on_file(file, ignored)
        return scope

    def _jobs(self, file: File, defaults: Scope) -> dict[str, Job]:
        node = file.values.get("jobs")
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            _no_mapping_of_jobs(node, file.source)
            return {}
        jobs = {}
        directory = str(self._path.parent)
        node.entries.reverse()
        while node.entries:  # whatever is done with makes room for the next
            name, value = node.entries.pop()
            if isinstance(value, Broken):
                continue
            if isinstance(value, Mapping):  # came by a merge key
                entry = _entry(name, value, file.source)
            elif isinstance(value, Digest):
                entry = value.value
            else:
                _no_job(name, value, file.source)
                continue
            job = None if self._is_taken(entry) else build(entry, defaults, directory)
            if job is not None:
                jobs[name.value] = job
                ignored = _ignored(defaults.values | entry.given)
                _check_env_file(file.source, entry.given, entry.places, f"jobs.{name.value}", ignored)
                if self._on_job:
                    self._on_job(entry, job, ignored)
        return jobs

    def _is_taken(self, entry: Entry) -> bool:
        name = entry.name.value
        if name not in self._names:
            self._names[name] = entry.source, entry.name.index
            return False
        source, index = self._names[name]
        line, _ = source.position(index)
        message = f"{name} is defined already, in {source.shown}, line {line}"
        entry.source.note(entry.name.index, message, f"{name}-2:", width=len(name), key=f"jobs.{name}")
        return True

    def _included(self, main: File) -> list[File]:
        """The files that the main file names, those of a directory by name."""
        files = []
        for text, node in main.values.get("include", []):
            path = main.source.directory / text
            shown = Path(main.source.shown).parent / text
            try:
                names = _files_of(path)
            except OSError as error:
                message = f"include: {shown}: {reason(error)}"
                main.source.note(node.index, message, "a path that can be read", width=len(text), key="include")
                continue
            if names is not None:
                self._files.append(str(path))
            found = [(shown, path)] if names is None else [(shown / name, path / name) for name in names]
            for one_shown, one in found:
                if str(one) in self._files:
                    main.source.note(
                        node.index,
                        f"include: {one_shown} is read already",
                        "each file once",
                        width=len(text),
                        key="include",
                    )
                else:
                    files.append(self._read(str(one_shown), one, IncludedForm))
        return files


def _files_of(path: Path) -> list[str] | None:
    """The names of the schedule files in a directory; None for a file. OSError when it is neither."""
    if not stat.S_ISDIR(path.stat().st_mode):
        return None
    return sorted(one.name for one in path.iterdir() if one.suffix in _SUFFIXES and one.name[0] != ".")


def _check_env_file(
    source: Source, given: dict[str, Any], places: dict[str, int], where: str, ignored: Ignored
) -> None:
    """The one doubt that schedd tells at its start too: until the file can be used, runs do not start."""
    name = given.get("env_file")
    if name and LintCode.MISSING_ENV_FILE not in ignored and (why := _unusable(source.directory / name)):
        at, key = places["env_file"], f"{where}.env_file"
        source.warn(at, f"env_file: {why}", None, code=LintCode.MISSING_ENV_FILE, width=len("env_file"), key=key)


def _unusable(path: Path) -> str | None:
    """Why no run would start with this env_file now, for whoever asks: a check is not always run by schedd's user."""
    try:
        path.stat()
        readable = os.access(path, os.R_OK, effective_ids=True)
    except PermissionError:
        readable = False
    except OSError:
        return f"there is no {path} now, and without it no run starts"
    if not readable:
        return f"uid {os.geteuid()} may not read {path}, and without it no run starts"
    try:
        read_env_file(str(path))
    except LaunchError as error:
        return f"{error}; until this is mended no run starts"
    return None


def _ignored(values: dict[str, Any]) -> Ignored:
    return frozenset(values.get("lint", {}).get("ignore", ()))


def _entry(name: Scalar, node: Mapping, source: Source) -> Entry:
    given = reader_of(JobForm)(node, source, f"jobs.{name.value}")
    return Entry(name, {key.value: key.index for key, _ in node.entries}, given, source)


def _no_job(name: Scalar, value: Node, source: Source) -> None:
    """What stands directly below `jobs` without being a job's mapping."""
    at, width, key = name.index, max(1, len(name.value)), f"jobs.{name.value}"
    if name.value in JobForm.__struct_fields__:
        message = f"{name.value} is a key of a job: it stands below the job's name, indented further than it"
        source.note(at, message, f"jobs: {{NAME: {{{name.value}: …}}}}", width=width, key=key)
        return
    message = f"{name.value}: the keys of the job are needed below its name"
    text = value.value if isinstance(value, Scalar) else ""
    if glued := re.fullmatch(r"([\w-]+):(\S.*)", text):
        message += "; a space is missing after the colon"
        source.note(value.index, message, MASK, fill=f"{glued[1]}: {glued[2]}", width=len(text), key=key)
    else:
        command = quote(text) if text else "…"
        source.note(at, message, f"{name.value}: {{command: {MASK}}}", fill=command, width=width, key=key)


def _no_mapping_of_jobs(node: Node, source: Source) -> None:
    if isinstance(node, Sequence):
        message, help = "jobs: each job stands under its name, not in a list", "jobs: {NAME: {…}}"
    elif isinstance(node, Scalar) and node.value:
        message, help = "jobs: a mapping of names and jobs is needed", "jobs: {NAME: {…}}"
    else:
        message, help = "jobs: nothing stands below", "jobs: {NAME: {…}}, or jobs: {} for none"
    source.note(node.index, message, help, key="jobs")
