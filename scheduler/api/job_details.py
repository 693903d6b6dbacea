"""The verbs `show` and `env`: one job in full, without its secrets."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from scheduler.api.lookup import find
from scheduler.api.scheduled_times import coming
from scheduler.api.secret_values import is_secret, referenced
from scheduler.api.service import JobState, Service
from scheduler.api.views import job_view, run_view
from scheduler.errors import MASK, RefusedError
from scheduler.launch.environment import SCHEDD, Environment, Variables
from scheduler.launch.launcher import LaunchError
from scheduler.model.job import Job
from scheduler.model.run import Launch, Trigger
from scheduler.model.target import Argv, Entrypoint, EnvLayer, ShellCommand
from scheduler.report.notify.notification import Topic, recipients
from scheduler.report.notify.sender import host_of, name_of
from scheduler.schedule import describe, format_duration
from scheduler.text import utf8
from scheduler.wire.jobs import AskEnvironment, EnvironmentView, JobDetails, Show, VariableView

NEXT_SHOWN = 10
RUNS_SHOWN = 10

EACH_RUN = "each run"
"""The origin of variables that differ from run to run; the example is that of the next one."""

EXAMPLE_ID = "k3v9d2qa"


def show(service: Service, ask: Show) -> JobDetails:
    """A job as it is defined and as it stands."""
    state = find(service, ask.job)
    job = state.job
    runs = [run for run in service.runs(job.name) if run.outcome is not None]
    counts: Counter[str] = Counter()
    for decision in service.decisions(job.name):
        counts[decision.word] += decision.count
    shown = definition(job)
    return JobDetails(
        view=job_view(state),
        definition=shown,
        origins=origins_of(job, shown),
        words=None if job.schedule is None else describe(job.schedule),
        next=tuple(islice(coming(state, service.now()), NEXT_SHOWN)),
        runs=tuple(run_view(run) for run in reversed(runs[-RUNS_SHOWN:])),
        counts=dict(counts),
    )


def origins_of(job: Job, keys: Iterable[str]) -> dict[str, str]:
    """Where each key was set."""
    origins = {key: job.origins.get(key, "built in") for key in keys}
    if "env" in origins:  # files of variables set it too
        in_defaults = {layer.origin.startswith("defaults.") for layer in job.environment}
        origins["env"] = "job and defaults" if len(in_defaults) == 2 else "defaults" if True in in_defaults else "job"
    return origins


def definition(job: Job) -> dict[str, Any]:
    """The keys of the file with their effective values. Nothing of `env`, `args` and `kwargs` but names and number."""
    given: dict[str, Any] = {"description": job.description or None}
    if job.schedule is not None:
        given |= {"schedule": job.schedule.text, "timezone": job.timezone.key}
    given |= _target(job)
    given |= {
        "enabled": job.enabled,
        "cwd": job.cwd,
        "env": [_layer(layer) for layer in job.environment] or None,
        "timeout": _duration(job.timeout),
        "stop_grace": _duration(job.stop_grace),
        "overlap": job.overlap.value,
        "lock": job.lock,
        "max_waiting": job.max_waiting,
        "start_deadline": _duration(job.start_deadline),
        "catch_up": _duration(job.catch_up),
        "retry": _retry(job),
        "success_codes": sorted(job.success_codes),
        "on_shutdown": job.on_shutdown.value,
        "output": job.output.value,
        "user": job.process.user,
        "group": job.process.group,
        "umask": None if job.process.umask is None else f"{job.process.umask:03o}",
        "nice": job.process.nice,
        "memory_limit": job.process.memory_limit,
        **_told(job),
    }
    return {key: value for key, value in given.items() if value is not None}


def _target(job: Job) -> dict[str, Any]:
    match job.target:
        case ShellCommand(text):
            return {"command": text}
        case Argv(words):
            return {"command": list(words)}
        case Entrypoint(reference, args, kwargs, interpreter):
            return {
                "python": reference,
                "args": [MASK] * len(args) or None,
                "kwargs": dict.fromkeys(kwargs, MASK) or None,
                "interpreter": interpreter,
            }


def _told(job: Job) -> dict[str, Any]:
    """Who is told of what, each by as much of its address as is no secret."""
    lists = {topic: recipients(job, topic) for topic in (Topic.FAILURE, Topic.SUCCESS, Topic.RECOVERY, Topic.SKIP)}
    return {
        **{f"on_{topic}": [name_of(each) for each in told] for topic, told in lists.items() if told},
        "remind": _duration(job.remind),
        "expect_success_within": _duration(job.expect_success_within),
        "ping": None if job.ping is None else host_of(job.ping),
        "sentry": True if job.sentry else None,
    }


def _layer(layer: EnvLayer) -> dict[str, Any]:
    shown: dict[str, Any] = {"from": layer.origin}
    if layer.file is not None:
        shown["file"] = layer.file
    if layer.values:
        shown["sets"] = {name: None if value is None else MASK for name, value in layer.values.items()}
    return shown


def _retry(job: Job) -> dict[str, Any] | None:
    retry = job.retry
    if not retry.times:
        return None
    return {
        "times": retry.times,
        "delay": format_duration(retry.delay),
        "factor": retry.factor,
        "max_delay": format_duration(retry.max_delay),
    }


def _duration(seconds: float | None) -> str | None:
    return None if seconds is None else format_duration(seconds)


def environment(service: Service, ask: AskEnvironment) -> EnvironmentView:
    """What every run of a job finds in its environment. RefusedError when a part of it is missing."""
    state = find(service, ask.job)
    job = state.job
    try:
        variables = Environment(os.environ).of_job(job)
        variables.set(_of_next_run(state, service.now()), EACH_RUN)
    except LaunchError as error:
        raise RefusedError(f"{ask.job} could not be started: {error}") from None
    secret = referenced(job.environment)
    views = [_variable(name, variables, ask, secret) for name in sorted(variables.values)]
    only_here = sorted(name for name in ask.shell if name not in variables.values)
    return EnvironmentView(
        job=job.name,
        cwd=job.cwd,
        variables=tuple(views),
        only_here=tuple(only_here),
        user=job.process.user,
        group=job.process.group,
        umask=job.process.umask,
        nice=job.process.nice,
        memory_limit=job.process.memory_limit,
    )


def _of_next_run(state: JobState, now: datetime) -> dict[str, str]:
    """The variables that the next run will have besides those of its job."""
    job, last = state.job, state.last
    launch = Launch(
        job=job,
        run_id=EXAMPLE_ID,
        attempt=1,
        scheduled_at=(state.next_at or now).replace(microsecond=0),
        trigger=Trigger.MANUAL if state.next_at is None else Trigger.SCHEDULE,
        previous_at=None if last is None else last.scheduled_at,
    )
    values = Environment(os.environ).of_run(launch)
    return {name: value for name, value in values.items() if name.startswith("SCHED_")}


def _variable(name: str, variables: Variables, ask: AskEnvironment, secret: Container[str]) -> VariableView:
    origin = variables.origins[name]
    value = utf8(variables.values[name])
    shown = ask.reveal or origin in (SCHEDD, EACH_RUN) or not (name in secret or is_secret(name, value))
    here: Literal["same", "other", "missing"] = "missing"
    if name in ask.shell:
        here = "same" if ask.shell[name] == value else "other"
    return VariableView(name=name, origin=origin, value=value if shown else None, here=here)
