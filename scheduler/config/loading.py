"""Reads a schedule file and its included files: the jobs and settings, and the findings in their sources."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from scheduler.absolute_path import absolute
from scheduler.config.between_jobs import BetweenJobs
from scheduler.config.entry import Entry, entry_of
from scheduler.config.file_form import FileForm, IncludedForm
from scheduler.config.host_checks import HOST_KEYS, Host
from scheduler.config.job_builder import NOTHING, Scope, build
from scheduler.config.job_shape import report_no_job, report_no_mapping
from scheduler.config.key_pattern import MERGED
from scheduler.config.lint_codes import LintWarning
from scheduler.config.node_errors import entries_of, places_within
from scheduler.config.overrides import Overrides
from scheduler.config.reader import reader_of
from scheduler.config.references import withheld
from scheduler.config.web_form import TOKEN_HELP, is_exposed, needs_token, web_settings
from scheduler.config.workers_form import NO_WORKERS, workers_of
from scheduler.document.compose import compose
from scheduler.document.nodes import Broken, IrregularTextError, Mapping, Scalar
from scheduler.document.source import Source, UnreadableError, read_text, reason
from scheduler.errors import Problem
from scheduler.model.job import Job, LauncherName
from scheduler.model.web import WebSettings
from scheduler.model.workers import Workers

_SUFFIXES = (".yaml", ".yml")
_INIT = "`schedctl init -` prints an example"
_ON_WORKERS = Scope({"launcher": LauncherName.CELERY}, (), {})

Ignored = frozenset[str]
OnFile = Callable[["File", Ignored], None]
OnJob = Callable[[Entry, Job, Ignored], None]
OnProgress = Callable[[float], object]
"""Called with the share of the work that is done, 0 to 1."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A valid schedule file.

    `path` is absolute, with its symbolic links. `jobs` are in the order of the file, followed by the included ones.
    `timezone` is that of `defaults`. `max_running` None means no limit; `shutdown_timeout` is in seconds. `workers` are
    those of `launcher`. `files` are the paths that were read: the main file first, then included files and directories.
    `withheld` are variables of schedd's environment that are for notifications and HTTP, and not for jobs.
    """

    path: Path
    jobs: dict[str, Job]
    timezone: str = "UTC"
    max_running: int | None = None
    shutdown_timeout: float = 25.0
    web: WebSettings = WebSettings()
    metrics_per_job: bool = True
    workers: Workers | None = None
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()


class File(msgspec.Struct, frozen=True):
    """One file: its text, the values of its keys, and the positions of the keys of `defaults` and of the file.

    `tops` has the keys within `web` and `launcher`, too: `web.token`.
    """

    source: Source
    values: dict[str, Any]
    places: dict[str, int] = {}
    tops: dict[str, int] = {}


class Loading:
    """One call of `load`: the files read so far.

    `on_file` is called for each file and `on_job` for each valid job, with the lint codes that it ignores. `changed`
    has texts to read instead of those of their files. `on_progress` is called after each job.
    """

    def __init__(
        self,
        path: Path,
        on_file: OnFile | None = None,
        on_job: OnJob | None = None,
        changed: dict[Path, str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._changed = changed or {}
        self._host = Host(os.environ)
        self._on_file = on_file
        self._on_job = on_job
        self._on_progress = on_progress or (lambda _share: None)
        self._shown = path
        self.path = Path(absolute(str(path)))
        self._begin(None if on_job else "jobs")

    def _begin(self, in_parts: str | None) -> None:
        self._in_parts = in_parts
        self.sources: list[Source] = []
        self._files: list[str] = []
        self._names: dict[str, tuple[Source, int]] = {}
        self._between = BetweenJobs()
        self._overrides: Overrides | None = None

    def config(self) -> Config:
        """The configuration; incomplete when there are errors, which are then those of the whole tree of each file."""
        if self._in_parts is not None:
            with suppress(IrregularTextError):
                config = self._config()
                if not any(source.has_errors for source in self.sources):
                    return config
            self._begin(in_parts=None)
        return self._config()

    def _config(self) -> Config:
        main = self._read(str(self._shown), self.path, FileForm)
        workers = workers_of(main.values, main.source, main.tops, self.path.stem)
        defaults = self._defaults(main, NOTHING if workers is None else _ON_WORKERS)
        jobs = self._jobs(main, defaults)
        own = frozenset(self._names)
        self._overrides = overrides = Overrides(main.values.get("overrides"), main.source)
        files = self._included(main)
        complete = all(file.values for file in files) and not any(
            each.key == "include" for each in main.source.findings
        )
        for file in files:
            jobs |= self._jobs(file, self._defaults(file, defaults))
        overrides.check(own, self._names.keys() - own, complete=complete)
        jobs = self._between.finished(jobs)
        if not self._names and "jobs" not in main.values and "include" not in main.values and not main.source.findings:
            main.source.error(None, 'missing key "jobs"', _INIT)
        remote = next((name for name, job in jobs.items() if job.launcher is not LauncherName.LOCAL), None)
        if "launcher" not in main.values and remote is not None:
            message = f'job "{remote}" {NO_WORKERS}'
            main.source.error(None, message, "launcher: {celery: {broker: {from_env: REDIS_URL}}}")
        settings = {key: main.values[key] for key in ("max_running", "shutdown_timeout") if key in main.values}
        zone = defaults.values.get("timezone")
        web = web_settings(main.values.get("web", {}), main.source, main.tops)
        if web.listen is not None and is_exposed(web, web.listen):
            main.source.error(main.tops["web.listen"], needs_token(web.listen), TOKEN_HELP, width=6, key="web.listen")
        return Config(
            path=self.path,
            jobs=jobs,
            timezone="UTC" if zone is None else zone.key,
            web=web,
            metrics_per_job=main.values.get("metrics", {}).get("per_job", True),
            workers=workers,
            files=(*self._files, *(str(path) for source in self.sources for path in source.also_read)),
            withheld=withheld(jobs.values(), web),
            **settings,
        )

    def _read(self, shown: str, path: Path, form: type[IncludedForm]) -> File:
        """One file with its values; without any when it cannot be read."""
        self._files.append(str(path))
        try:
            source = Source(shown, path, self._changed.get(path) or read_text(path))
        except UnreadableError as error:
            source = Source(shown, path, error.text)
            source.error(error.index, str(error), error.help)
            self.sources.append(source)
            return File(source, {})
        self.sources.append(source)
        root = compose(source, {"jobs": "job"}, self._in_parts)
        if root is None:
            if not source.findings:
                source.error(None, "the file is empty", _INIT)
            return File(source, {})
        if not isinstance(root, Mapping | Broken):
            source.error(root.index, 'the file must be a mapping with the key "jobs"', _INIT)
            return File(source, {})
        places = {
            key.value: key.index
            for name, node in entries_of(root)
            if name.value == "defaults"
            for key, _ in entries_of(node)
        }
        tops = {name.value: name.index for name, _ in entries_of(root)} | places_within(root, {"web", "launcher"})
        return File(source, reader_of(form)(root, source, ""), places, tops)

    def _defaults(self, file: File, below: Scope) -> Scope:
        given = file.values.get("defaults", {})
        scope = below.narrowed(given, file.source.directory, "defaults.")
        ignored = _ignored(scope.values)
        effective = given | {"launcher": scope.values.get("launcher")}
        self._check_host(file.source, effective, file.places, "defaults", ignored)
        if self._on_file:
            self._on_file(file, ignored)
        return scope

    def _jobs(self, file: File, defaults: Scope) -> dict[str, Job]:
        node = file.values.get("jobs")
        if not isinstance(node, Mapping):
            if node is not None:
                report_no_mapping(node, file.source)
            return {}
        jobs, directory = {}, str(self.path.parent)
        before, length = self._share_of(file.source)
        for name, value in node.taken():
            is_taken = self._is_taken(name, file.source)
            if isinstance(value, Broken):
                continue
            if not isinstance(value, Mapping):
                report_no_job(name, value, file.source)
                continue
            entry = entry_of(name, value, file.source)
            if self._overrides is not None:
                entry = self._overrides.applied(entry)
            job = None if is_taken else build(entry, defaults, directory)
            if job is not None:
                jobs[name.value] = job
                self._add(entry, job, defaults)
            self._on_progress(before + length * name.index)
        return jobs

    def _share_of(self, source: Source) -> tuple[float, float]:
        """How much of all text that has been read is before this file, and is one character of it."""
        lengths = [len(each.text) for each in self.sources]
        return sum(lengths[: self.sources.index(source)]) / max(1, sum(lengths)), 1 / max(1, sum(lengths))

    def _add(self, entry: Entry, job: Job, defaults: Scope) -> None:
        self._between.add(entry, job)
        parts = (entry,) if entry.override is None else (entry, entry.override)
        for one in parts:
            if job.enabled and not HOST_KEYS.isdisjoint(one.given):
                effective = {key: value for key, value in one.given.items() if key in MERGED or entry.owner(key) is one}
                ignored = _ignored(defaults.values | entry.effective)
                self._check_host(one.source, effective | {"launcher": job.launcher}, one.places, one.path, ignored)
        if self._on_job:
            self._on_job(entry, job, _ignored(defaults.values | entry.effective))

    def _check_host(
        self, source: Source, given: dict[str, Any], places: dict[str, int], where: str, ignored: Ignored
    ) -> None:
        for warning in self._host.warnings(given, source.directory):
            if warning.code not in ignored:
                warn(source, warning, places, where)

    def _is_taken(self, name: Scalar, source: Source) -> bool:
        first, index = self._names.setdefault(name.value, (source, name.index))
        if index == name.index and first is source:
            return False
        line, _ = first.position(index)
        message = f'duplicate job "{name.value}" (first defined in {first.shown} on line {line})'
        source.error(name.index, message, width=len(name.value), key=f"jobs.{name.value}")
        return True

    def _included(self, main: File) -> list[File]:
        """The included files, those of a directory in the order of their names."""
        files = []
        for text, node in main.values.get("include", []):
            path = main.source.directory / text
            shown = Path(main.source.shown).parent / text
            try:
                names = _files_of(path)
            except OSError as error:
                problem = "variables are not expanded in the file" if "$" in text else reason(error)
                message = f"include: {shown}: {problem}"
                help = "patterns are not expanded; name the directory" if "*" in text else None
                main.source.error(node.index, message, help, width=len(text), key="include")
                continue
            if names is not None:
                self._files.append(str(path))
            found = [(shown, path)] if names is None else [(shown / name, path / name) for name in names]
            for one_shown, one in found:
                if str(one) in self._files:
                    message = f"include: {one_shown} is included already"
                    main.source.error(node.index, message, width=len(text), key="include")
                else:
                    files.append(self._read(str(one_shown), one, IncludedForm))
        return files


def _files_of(path: Path) -> list[str] | None:
    """The names of the schedule files in a directory; None for a file. Raises OSError."""
    if not stat.S_ISDIR(path.stat().st_mode):
        return None
    return sorted(one.name for one in path.iterdir() if one.suffix in _SUFFIXES and one.name[0] != ".")


def warn(source: Source, warning: LintWarning, places: dict[str, int], where: str, name: Scalar | None = None) -> None:
    """Record a warning at its key, or at the `name` of the job when the job has no such key."""
    code, key, message, help = warning
    at, width = (name.index, len(name.value)) if name else (0, 1)
    if key in places:
        at, width = places[key], len(key)
    source.warn(at, message, help, code=code, width=width, key=f"{where}.{key}")


def _ignored(values: dict[str, Any]) -> Ignored:
    return frozenset(values.get("lint", {}).get("ignore", ()))
