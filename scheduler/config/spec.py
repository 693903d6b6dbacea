"""The shape of a schedule file: every key with its type, limits, default, description and examples.

The one source of all four uses: the reader follows these types, so does the JSON Schema for editors, and tests hold the
defaults to those of `Job` and the documentation to the descriptions. Values are as in the file (`10s`), not in seconds.
"""

# No `from __future__ import annotations`: msgspec would compile each of 240 types from its text, 5 ms of each start.

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import (
    JOB_NAME,
    VARIABLE,
    Deadline,
    Duration,
    ExitCode,
    FilePath,
    Form,
    Function,
    Limit,
    Mode,
    Name,
    Size,
    Text,
    Url,
    Zone,
)
from scheduler.config.lint_codes import LintCode
from scheduler.config.recipient_form import RecipientForm, ReferenceForm
from scheduler.model.job import OnShutdown, OutputMode, Overlap


class RetryForm(Form, frozen=True):
    """How often a failed run is tried again, and how long to wait before each attempt."""

    times: Annotated[int, Meta(ge=0, le=1000, description="Further attempts after the first.")] | UnsetType = UNSET
    delay: Annotated[Duration, Meta(description="Wait before the second attempt.")] = "10s"
    factor: Annotated[float, Meta(ge=1, le=100, description="By how much each wait is longer than the one before.")] = (
        2.0
    )
    max_delay: Annotated[Duration, Meta(description="The longest wait.")] = "10m"


class ScheduleForm(Form, frozen=True):
    """A schedule with named fields. Coarser ones not given mean any, finer ones their lowest; numbers are cron's."""

    year: Annotated[Text | UnsetType, Meta(description="Years.", examples=["2027-2030"])] = UNSET
    month: Annotated[Text | UnsetType, Meta(description="1 to 12, or jan to dec.", examples=["jan,jul"])] = UNSET
    day: Annotated[
        Text | UnsetType, Meta(description="1 to 31, L the last, 15W the weekday nearest to the 15th.", examples=["L"])
    ] = UNSET
    day_of_week: Annotated[
        Text | UnsetType,
        Meta(description="0 to 7, or sun to sat; mon#1 the first in the month, friL the last.", examples=["mon-fri"]),
    ] = UNSET
    hour: Annotated[Text | UnsetType, Meta(description="0 to 23.", examples=["*/6"])] = UNSET
    minute: Annotated[
        Text | UnsetType, Meta(description="0 to 59, or H for one that the job's name picks.", examples=["0,30"])
    ] = UNSET
    second: Annotated[Text | UnsetType, Meta(description="0 to 59.", examples=["*/10"])] = UNSET


class LintForm(Form, frozen=True):
    """What `schedctl check` need not say about this job."""

    ignore: Annotated[list[LintCode], Meta(description="Codes of warnings.", examples=[["never-fires"]])] = []


EnvMap = Annotated[
    dict[Annotated[str, Meta(pattern=f"^{VARIABLE}$")], Text | ReferenceForm | None],
    Meta(
        description="Environment variables: text or numbers as written, null to remove, {from_env: X}, {from_file: p}.",
        examples=[{"APP_ENV": "production", "TOKEN": {"from_file": "/run/secrets/token"}}],
    ),
]
ScheduleText = Annotated[
    str, Meta(min_length=1, examples=["*/5 * * * *", "@daily", "@every 90s", "@at 2027-01-01T09:00:00+01:00"])
]
AnySchedule = Annotated[
    ScheduleText | ScheduleForm | list[ScheduleText | ScheduleForm] | None,
    Meta(
        extra={"reads": "schedule"},
        description="When the job is due: five cron fields, @daily and the like, @every, @at, @reboot, named fields, "
        "or a list of these. Without it the job runs by hand only.",
    ),
]


class DefaultsForm(Form, frozen=True):
    """What holds for every job that does not say otherwise."""

    timezone: Annotated[Zone, Meta(description="IANA time zone in which the schedule is read.")] = "UTC"
    enabled: Annotated[bool, Meta(description="false: the job runs by hand only.")] = True
    env: EnvMap = {}
    env_file: Annotated[
        FilePath | None,
        Meta(
            description="File of NAME=value lines, read at each launch; relative to the file that names it.",
            examples=[".env"],
        ),
    ] = None
    interpreter: Annotated[
        FilePath | None,
        Meta(description="Python that runs `python`; by default schedd's own.", examples=[".venv/bin/python"]),
    ] = None
    cwd: Annotated[
        FilePath | None,
        Meta(description="Directory in which the job runs; by default that of the main file.", examples=["/srv/app"]),
    ] = None
    timeout: Annotated[
        Limit | None, Meta(description="How long one attempt may take; by default without limit.", examples=["10m"])
    ] = None
    stop_grace: Annotated[Duration, Meta(description="How long after TERM the KILL comes.", examples=["30s"])] = "10s"
    overlap: Annotated[Overlap, Meta(description="What a firing does while the job still runs.")] = Overlap.SKIP
    start_deadline: Annotated[
        Deadline, Meta(description="How late a firing may start; later it is skipped.", examples=["15m"])
    ] = "60s"
    catch_up: Annotated[
        Duration | None,
        Meta(
            description="How far back a slot missed before the start of schedd is taken; by default never.",
            examples=["1h"],
        ),
    ] = None
    retry: Annotated[
        Annotated[int, Meta(ge=0, le=1000)] | RetryForm,
        Meta(
            description="Further attempts after a failure: how many, or a mapping.",
            examples=[2, {"times": 3, "delay": "1m"}],
        ),
    ] = 0
    lock: Annotated[
        Name | None, Meta(description="Jobs with the same lock never run at once.", examples=["database"])
    ] = None
    on_shutdown: Annotated[OnShutdown, Meta(description="Whether shutdown waits for a run or stops it.")] = (
        OnShutdown.WAIT
    )
    success_codes: Annotated[
        tuple[ExitCode, ...], Meta(min_length=1, description="Exit codes that are no failure.")
    ] = (0,)
    output: Annotated[OutputMode, Meta(description="Where the job's output goes: the log, unprefixed, or nowhere.")] = (
        OutputMode.LOG
    )
    user: Annotated[Name | None, Meta(description="User that runs the job; needs root.", examples=["www-data"])] = None
    group: Annotated[
        Name | None, Meta(description="Group of the job; needs root. By default the user's own.", examples=["www-data"])
    ] = None
    umask: Annotated[Mode | None, Meta(description="File mode creation mask, octal.")] = None
    nice: Annotated[
        Annotated[int, Meta(ge=-20, le=19)] | None,
        Meta(description="CPU niceness; 19 lets all others go first.", examples=[10]),
    ] = None
    memory_limit: Annotated[Size | None, Meta(description="Most address space a process of the job may take.")] = None
    on_failure: Annotated[
        tuple[RecipientForm, ...],
        Meta(
            description="Told when the job begins to fail, after the last attempt.",
            examples=[[{"mail": "ops@example.com"}]],
        ),
    ] = ()
    on_success: Annotated[tuple[RecipientForm, ...], Meta(description="Told of each success.")] = ()
    on_recovery: Annotated[tuple[RecipientForm, ...], Meta(description="Told when the job succeeds again.")] = ()
    on_skip: Annotated[
        tuple[RecipientForm, ...],
        Meta(description="Told when slots begin to be skipped for a reason nobody asked for."),
    ] = ()
    remind: Annotated[
        Duration | None,
        Meta(description="Tell on_failure again this long after it was told, while it lasts.", examples=["1h"]),
    ] = None
    expect_success_within: Annotated[
        Duration | None,
        Meta(description="Tell on_failure when the job has not succeeded for so long.", examples=["26h"]),
    ] = None
    sentry: Annotated[bool, Meta(description="Check in with Sentry Cron Monitoring, through the extra sentry.")] = False
    lint: Annotated[LintForm, Meta(description="Warnings that are not wanted.")] = LintForm()


class JobForm(DefaultsForm, frozen=True):
    """One job: a schedule, and either a command or a Python function."""

    schedule: AnySchedule = None
    command: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1)] | UnsetType,
        Meta(
            extra={"reads": "command"},
            description="Text is run by /bin/sh -c, a list without a shell.",
            examples=["echo hello", ["python", "-m", "app"]],
        ),
    ] = UNSET
    python: Annotated[
        Function | UnsetType, Meta(description="module:function, called in a fresh Python interpreter.")
    ] = UNSET
    args: Annotated[list[Any], Meta(description="Positional arguments of the function.", extra={"reads": "json"})] = []
    kwargs: Annotated[
        dict[str, Any], Meta(description="Keyword arguments of the function.", extra={"reads": "json"})
    ] = {}
    description: Annotated[Text, Meta(description="What the job is for.", examples=["Poll the rates API"])] = ""
    ping: Annotated[
        Url | ReferenceForm | None,
        Meta(
            description="Address, in healthchecks.io's form, that hears how each run starts and ends, not of stops.",
            examples=[{"from_env": "BACKUP_PING_URL"}],
        ),
    ] = None


class IncludedForm(Form, frozen=True):
    """An included file: jobs, and defaults for them on top of the main file's."""

    jobs: Annotated[
        dict[Annotated[str, Meta(pattern=f"^{JOB_NAME}$")], JobForm],
        Meta(description="The jobs by name.", extra={"reads": "jobs"}),
    ]
    defaults: Annotated[DefaultsForm, Meta(description="What holds for all jobs of this file.")] = DefaultsForm()


class FileForm(IncludedForm, frozen=True):
    """A schedule file."""

    max_running: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Most attempts at once; by default without limit.", examples=[4]),
    ] = None
    shutdown_timeout: Annotated[
        Duration,
        Meta(description="From TERM to the end of schedd, at most; below the platform's own limit.", examples=["25s"]),
    ] = "25s"
    include: Annotated[
        FilePath | list[FilePath],
        Meta(
            description="Files, or directories of *.yaml and *.yml files, with further jobs.",
            examples=["schedules.d/"],
            extra={"reads": "placed"},
        ),
    ] = []


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a schedule file, for editors. What needs knowledge of cron is left to `check`."""
    schema = msgspec.json.schema(FileForm)
    definitions = schema["$defs"]
    for definition in definitions.values():
        del definition["title"]  # the name of a class
    definitions[JobForm.__name__]["oneOf"] = [{"required": ["command"]}, {"required": ["python"]}]
    definitions[ReferenceForm.__name__] |= {"minProperties": 1, "maxProperties": 1}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "schedd schedule file", **schema}
