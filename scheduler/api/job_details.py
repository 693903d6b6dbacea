"""The operations `show` and `env`: one job in full, without its secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from itertools import islice
from typing import Literal

from scheduler.api.definition import definition
from scheduler.api.lookup import find_state
from scheduler.api.scheduled_times import coming
from scheduler.api.secret_values import is_secret, referenced
from scheduler.api.service import JobState, Service
from scheduler.api.views import job_view, run_view
from scheduler.errors import RefusedError
from scheduler.launch.environment import SCHEDD, Variables
from scheduler.launch.launcher import LaunchError
from scheduler.model.job import Job
from scheduler.model.run import Launch, Trigger
from scheduler.schedule import describe
from scheduler.text import utf8
from scheduler.wire.jobs import AskEnvironment, EnvironmentView, JobDetails, Show, VariableView

NEXT_SHOWN = 10
RUNS_SHOWN = 10

_LAYERS = {"defaults": "defaults", "overrides": "override"}
"""Where a layer of the environment was set, by the start of its origin."""

EACH_RUN = "each run"
"""The origin of variables that differ from run to run; the example is that of the next one."""

EXAMPLE_ID = "k3v9d2qa"


def show(service: Service, ask: Show) -> JobDetails:
    """The definition and the state of a job."""
    state = find_state(service, ask.job)
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
        next=tuple(islice(coming(service, state, service.now()), NEXT_SHOWN)),
        runs=tuple(run_view(run) for run in reversed(runs[-RUNS_SHOWN:])),
        counts=dict(counts),
    )


def origins_of(job: Job, keys: Iterable[str]) -> dict[str, str]:
    """Where each key was set."""
    origins = {key: job.origins.get(key, "built in") for key in keys}
    if "env" in origins:  # files of variables set it too
        layers = dict.fromkeys(_LAYERS.get(layer.origin.partition(".")[0], "job") for layer in job.environment)
        origins["env"] = " and ".join(reversed(layers))
    return origins


def environment(service: Service, ask: AskEnvironment) -> EnvironmentView:
    """The environment that every run of a job gets. RefusedError when a part of it is missing."""
    state = find_state(service, ask.job)
    job = state.job
    try:
        variables = service.environment.of_job(job)
        variables.set(_of_next_run(service, state), EACH_RUN)
    except LaunchError as error:
        raise RefusedError(f"cannot set up the environment of {ask.job}: {error}") from None
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


def _of_next_run(service: Service, state: JobState) -> dict[str, str]:
    """The variables that the next run will have besides those of its job."""
    job, last = state.job, state.last
    launch = Launch(
        job=job,
        run_id=EXAMPLE_ID,
        attempt=1,
        scheduled_at=(state.next_at or service.now()).replace(microsecond=0),
        trigger=Trigger.MANUAL if state.next_at is None else Trigger.SCHEDULE,
        previous_at=None if last is None else last.scheduled_at,
    )
    values = service.environment.of_run(launch)
    return {name: value for name, value in values.items() if name.startswith("SCHED_")}


def _variable(name: str, variables: Variables, ask: AskEnvironment, secret: Container[str]) -> VariableView:
    origin = variables.origins[name]
    value = utf8(variables.values[name])
    shown = ask.reveal or origin in (SCHEDD, EACH_RUN) or not (name in secret or is_secret(name, value))
    here: Literal["same", "other", "missing"] = "missing"
    if name in ask.shell:
        here = "same" if ask.shell[name] == value else "other"
    return VariableView(name=name, origin=origin, value=value if shown else None, here=here)
