"""Export to Kubernetes: a CronJob for each schedule of each job."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from scheduler.document.dump import as_yaml
from scheduler.model.job import Job, OutputMode, Overlap
from scheduler.model.target import FromEnv, FromFile
from scheduler.schedule import has_cron_dst_effect
from scheduler.translate.exporters.command_words import condition_of, words_of
from scheduler.translate.exporters.exported import (
    Exported,
    ExportedFile,
    Loss,
    LossReport,
    environment_of,
    parts_of,
)
from scheduler.translate.exporters.kubernetes_schedule import NEVER, NoScheduleError, ZonedSchedule, zoned_schedule
from scheduler.translate.exporters.shell_text import quoted_words

_LONGEST_NAME = 52
_POLICIES = {Overlap.SKIP: "Forbid", Overlap.ALLOW: "Allow", Overlap.QUEUE: "Forbid", Overlap.REPLACE: "Replace"}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`image` is that of all containers; `namespace` None leaves it to kubectl; `now` is an instant (UTC)."""

    image: str
    namespace: str | None = None
    now: datetime


def export_kubernetes(jobs: list[Job], options: Options) -> Exported:
    """One manifest for each job that has a schedule there."""
    taken: set[str] = set()
    files: list[ExportedFile] = []
    losses: list[Loss] = []
    for job in jobs:
        manifest = _Manifest(job, options, taken)
        text = manifest.text()
        if text:
            files.append(ExportedFile(f"{manifest.name}.yaml", text))
        losses += manifest.report.finish()
    return Exported(tuple(files), tuple(losses))


def _unique_name(wanted: str, taken: set[str]) -> str:
    """A DNS label of at most 52 letters, which no other CronJob has."""
    base = re.sub(r"[^a-z0-9]+", "-", wanted.lower())[:_LONGEST_NAME].strip("-") or "job"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base[: _LONGEST_NAME - len(str(number)) - 1].rstrip('-')}-{number}"
    taken.add(name)
    return name


class _Manifest:
    """The CronJobs of one job."""

    def __init__(self, job: Job, options: Options, taken: set[str]) -> None:
        self._job, self._options, self._taken = job, options, taken
        self.report = LossReport(job)
        self.name = _unique_name(job.name, taken)
        if self.name != job.name:
            self.report.approximated("name", f"the CronJob is called {self.name}")

    def text(self) -> str:
        """The documents; empty when no schedule of the job can be expressed."""
        schedules = self._schedules()
        if not schedules:
            self.report.lost("schedule", "the job is not exported, since it has no other schedule")
        spec = {"jobTemplate": {"spec": self._job_spec()}}
        documents = []
        for number, schedule in enumerate(schedules):
            name = self.name if number == 0 else _unique_name(self.name, self._taken)
            metadata: dict[str, Any] = {"name": name}
            metadata |= {"namespace": self._options.namespace} if self._options.namespace else {}
            metadata |= {"annotations": {"description": self._job.description}} if self._job.description else {}
            documents.append(
                {
                    "apiVersion": "batch/v1",
                    "kind": "CronJob",
                    "metadata": metadata,
                    "spec": schedule | self._policy() | spec,
                }
            )
        return "---\n".join(map(as_yaml, documents))

    def _schedules(self) -> list[dict[str, Any]]:
        job = self._job
        self.report.exact("schedule", "timezone", "enabled")
        found: list[ZonedSchedule] = []
        for part in parts_of(job.schedule):
            try:
                found.append(zoned_schedule(part))
            except NoScheduleError as error:
                self.report.lost("schedule", str(error))
        for each in found:
            if each.why:
                self.report.approximated("schedule", each.why)
        if len(found) > 1:
            self.report.approximated("schedule", "a CronJob for each schedule of the list, which may run at once")
        if job.schedule and has_cron_dst_effect(job.schedule, self._options.now):
            self.report.approximated("timezone", "Kubernetes skips times in a skipped hour, and repeats a repeated one")
        made: list[dict[str, Any]] = [{"schedule": each.schedule, "timeZone": each.zone} for each in found]
        if job.schedule is None:
            self.report.approximated("schedule", "none: a suspended CronJob; start it by kubectl create job --from")
            made = [{"schedule": NEVER, "timeZone": "Etc/UTC", "suspend": True}]
        return [entry if job.enabled else entry | {"suspend": True} for entry in made]

    def _policy(self) -> dict[str, Any]:
        job = self._job
        self.report.exact("start_deadline", "overlap")
        if job.overlap is Overlap.QUEUE:
            self.report.approximated("overlap", "Forbid skips the run instead of starting it afterwards")
        elif job.overlap is Overlap.SKIP and "overlap" in job.origins:
            self.report.approximated("overlap", "Forbid starts a run late when the one before ends within its deadline")
        deadline = max(job.start_deadline, job.catch_up or 0)
        if job.catch_up is not None:
            self.report.approximated("catch_up", "the deadline for late starts is as long")
        if deadline > job.start_deadline:
            self.report.approximated("start_deadline", "as long as catch_up")
        if deadline < 10:
            self.report.approximated("start_deadline", "below 10 s a job may never start")
        return {"concurrencyPolicy": _POLICIES[job.overlap], "startingDeadlineSeconds": max(1, round(deadline))}

    def _job_spec(self) -> dict[str, Any]:
        job = self._job
        if job.retry.times:
            self.report.approximated("retry", "the delays are those of Kubernetes: 10 s, doubled up to 6 min")
        self.report.exact("retry", "stop_grace")
        pod: dict[str, Any] = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": max(0, round(job.stop_grace)),
        }
        if job.timeout is not None:
            self.report.approximated("timeout", "the limit includes the time that a pod needs to start")
            pod["activeDeadlineSeconds"] = max(1, round(job.timeout))
        pod |= self._security()
        pod["containers"] = [self._container()]
        return {"backoffLimit": job.retry.times, "template": {"spec": pod}}

    def _security(self) -> dict[str, Any]:
        context = {}
        for key, theirs in (("user", "runAsUser"), ("group", "runAsGroup")):
            value = getattr(self._job.process, key)
            if value is not None and value.isdigit():
                context[theirs] = int(value)
                self.report.exact(key)
            elif value is not None:
                self.report.lost(key, f"{value}: only numbers can be given, as names are those of the image")
        return {"securityContext": context} if context else {}

    def _container(self) -> dict[str, Any]:
        job = self._job
        words = self._words()
        container: dict[str, Any] = {"name": "job", "image": self._options.image}
        is_script = words[:2] == ["/bin/sh", "-c"] and len(words) == 3
        container["command"] = list(map(_literal, words[:2] if is_script else words))
        container |= {"args": [_literal(words[2])]} if is_script else {}
        if "cwd" in job.origins:
            container["workingDir"] = job.cwd
            self.report.exact("cwd")
        env = self._env()
        container |= {"env": env} if env else {}
        if job.process.memory_limit is not None:
            container["resources"] = {"limits": {"memory": str(job.process.memory_limit)}}
            self.report.approximated("memory_limit", "a limit of memory in use, not of address space")
        return container

    def _words(self) -> list[str]:
        """The command, within a shell or nice(1) for what a container has no key for."""
        job = self._job
        words = words_of(job, self.report, "python3")
        before = ""
        if job.process.umask is not None:
            before += f"umask {job.process.umask:03o}; "
            self.report.approximated("umask", "a shell sets it")
        if job.path:
            before += f'PATH={quoted_words([":".join(job.path)])}:"$PATH"; '
            self.report.approximated("path", "a shell sets it; the image must have the directories")
        if job.process.nice is not None:
            before += f"renice -n {job.process.nice} $$ >/dev/null; "
            self.report.approximated("nice", "a shell sets it by renice(1), which the image must have")
        if condition := condition_of(job):
            before += f"{quoted_words(condition)} || exit 0; "
            self.report.approximated("run_if", "a run that is skipped succeeds")
            self.report.exact("run_if_timeout")
        if job.output is OutputMode.LOG:
            self.report.exact("output")
        return ["/bin/sh", "-c", f'{before}exec "$@"', "sh", *words] if before else words

    def _env(self) -> list[dict[str, Any]]:
        variables, files = environment_of(self._job.environment)
        self.report.exact("env")
        if files:
            self.report.lost("env_file", "make a Secret or ConfigMap of it, and use envFrom")
        env: list[dict[str, Any]] = []
        for name, value in variables.items():
            match value:
                case str():
                    env.append({"name": name, "value": _literal(value)})
                case FromEnv() | FromFile():
                    reference = {"name": self.name, "key": name}
                    env.append({"name": name, "valueFrom": {"secretKeyRef": reference}})
                    self.report.approximated("env", f"{name} is read from the Secret {self.name}")
                case None:
                    self.report.approximated("env", f"{name} keeps the value that the image has")
        return env


def _literal(text: str) -> str:
    """Text in which Kubernetes expands nothing: $(NAME) is a variable there, and $$ is $."""
    return re.sub(r"\$(?=[$(])", "$$", text)
