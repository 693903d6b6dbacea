"""The shape of a job and of `defaults`: every key with its type, limits, default, description and examples.

The reader, the JSON Schema and docs/configuration.md follow these types; a test compares the defaults with those of
`Job`. Values are as in the file (`10s`), not in seconds.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import (
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
from scheduler.config.schedule_form import AnyExclusion, AnySchedule, FirstTime, LastTime, Splay
from scheduler.model.job import Accepts, LauncherName, OnShutdown, OutputMode, Overlap


class RetryForm(Form, frozen=True):
    """How often a failed run is retried, and how long to wait before each attempt."""

    times: Annotated[
        Annotated[int, Meta(ge=0, le=1000)] | UnsetType,
        Meta(description="Further attempts after the first; required, here or in `defaults`."),
    ] = UNSET
    delay: Annotated[Duration, Meta(description="Delay before the second attempt.")] = "10s"
    factor: Annotated[
        float, Meta(ge=1, le=100, description="Factor by which each delay is longer than the previous one.")
    ] = 2.0
    max_delay: Annotated[Duration, Meta(description="Longest delay.")] = "10m"
    lost: Annotated[
        bool,
        Meta(description="Also retry an attempt that was lost with its worker; its process may still be running."),
    ] = False


class LockForm(Form, frozen=True):
    """A lock that several runs may hold at the same time."""

    name: Annotated[Name, Meta(description="Name of the lock.", examples=["imports"])]
    slots: Annotated[
        int, Meta(ge=1, le=10_000, examples=[3], description="Number of runs that can hold it; the same in all jobs.")
    ]

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        return 'a mapping must have "name" and "slots"' if keys < {"name", "slots"} else None


class LintForm(Form, frozen=True):
    """Settings of `schedctl check` for this job."""

    ignore: Annotated[list[LintCode], Meta(description="Codes of warnings to ignore.", examples=[["never-runs"]])] = []


EnvMap = Annotated[
    dict[Annotated[str, Meta(pattern=f"^{VARIABLE}$")], Text | ReferenceForm | None],
    Meta(
        description="Environment variables: text or numbers as written, null to remove, {from_env: X}, {from_file: p}.",
        examples=[{"APP_ENV": "production", "TOKEN": {"from_file": "/run/secrets/token"}}],
    ),
]


class DefaultsForm(Form, frozen=True):
    """Defaults for every job."""

    timezone: Annotated[Zone, Meta(description="IANA time zone of the schedule.")] = "UTC"
    from_: FirstTime = msgspec.field(name="from", default=None)
    until: LastTime = None
    except_: AnyExclusion = msgspec.field(name="except", default=None)
    splay: Splay = None
    enabled: Annotated[bool, Meta(description="false: the schedule is ignored, the job only runs manually.")] = True
    env: EnvMap = {}
    env_file: Annotated[
        FilePath | None,
        Meta(
            description="File of NAME=value lines, read at each run; relative to the file that names it.",
            examples=[".env"],
        ),
    ] = None
    interpreter: Annotated[
        FilePath | None,
        Meta(
            description="Python interpreter for `python`, relative to `cwd`; by default that of schedd.",
            examples=[".venv/bin/python"],
        ),
    ] = None
    setup: Annotated[
        Function | None,
        Meta(description="Function to call first, before the one in `python`.", examples=["django:setup"]),
    ] = None
    shell: Annotated[
        Annotated[str, Meta(extra={"reads": "shell"})] | Annotated[list[Text], Meta(min_length=1)] | None,
        Meta(
            description="Shell of a `command` that is text: its name, or its command line before the text; by "
            "default /bin/sh.",
            examples=["bash", ["bash", "-eo", "pipefail", "-c"]],
        ),
    ] = None
    path: Annotated[
        FilePath | list[FilePath] | None,
        Meta(
            description="Directories to put in front of PATH; relative to the file that names them.",
            examples=[[".venv/bin"]],
        ),
    ] = []
    cwd: Annotated[
        FilePath | None,
        Meta(description="Working directory; by default the directory of the schedule file.", examples=["/srv/app"]),
    ] = None
    timeout: Annotated[
        Limit | None, Meta(description="Time limit of one attempt; by default none.", examples=["10m"])
    ] = None
    stop_grace: Annotated[
        Duration, Meta(description="Time between SIGTERM and SIGKILL when a run is stopped.", examples=["30s"])
    ] = "10s"
    overlap: Annotated[
        Overlap,
        Meta(
            description="If the job still runs at a scheduled time: skip the new run, run both, queue one without a "
            "time limit, or replace the running one."
        ),
    ] = Overlap.SKIP
    start_deadline: Annotated[
        Deadline, Meta(description="How late a run may start; after that it is skipped.", examples=["15m"])
    ] = "60s"
    catch_up: Annotated[
        Duration | None,
        Meta(
            description="Run for the latest scheduled time if it is no older than this: at each start of schedd, and "
            "when the machine resumes or its clock is set forward; by default never. After a start the job may run "
            "twice for it, unless schedd has a store (workers or a second scheduler).",
            examples=["1h"],
        ),
    ] = None
    retry: Annotated[
        Annotated[int, Meta(ge=0, le=1000)] | RetryForm,
        Meta(
            description="Further attempts after a failure: their number, or a mapping.",
            examples=[2, {"times": 3, "delay": "1m"}],
        ),
    ] = 0
    run_if: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1)] | None,
        Meta(
            extra={"reads": "command"},
            description="Command that must exit with 0 for a run to start; otherwise the run is skipped.",
            examples=["test ! -e /run/maintenance"],
        ),
    ] = None
    run_if_timeout: Annotated[Deadline, Meta(description="Time limit of run_if.", examples=["30s"])] = "10s"
    lock: Annotated[
        Name | LockForm | None,
        Meta(
            description="Name of a lock: jobs with the same lock do not run at the same time, or at most `slots`.",
            examples=["database", {"name": "imports", "slots": 3}],
        ),
    ] = None
    max_waiting: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)],
        Meta(description="Largest number of manual runs of the job that may wait; more are refused."),
    ] = 1000
    accepts: Annotated[
        Accepts | list[Accepts],
        Meta(
            description="What `run-now` may pass to the job: args, kwargs (of a Python function), stdin; by default "
            "nothing.",
            examples=["args", ["kwargs", "stdin"]],
        ),
    ] = []
    secret_arguments: Annotated[bool, Meta(description="Never show the arguments of manual runs.")] = False
    on_shutdown: Annotated[
        OnShutdown,
        Meta(
            description="Whether a shutdown waits for runs, stops them, or leaves them to their workers; the default "
            "for jobs on workers is `leave`."
        ),
    ] = OnShutdown.WAIT
    launcher: Annotated[
        LauncherName,
        Meta(
            description="Where the job runs: local, on the machine of schedd, or celery, on a worker. With a top-level "
            "`launcher` the default is celery."
        ),
    ] = LauncherName.LOCAL
    success_codes: Annotated[
        tuple[ExitCode, ...], Meta(min_length=1, description="Exit codes that count as success.")
    ] = (0,)
    output: Annotated[
        OutputMode, Meta(description="Where the job's output goes: to the log, unprefixed to stdout (raw), or nowhere.")
    ] = OutputMode.LOG
    user: Annotated[
        Name | None,
        Meta(description="User, with its groups, HOME, USER, LOGNAME and SHELL; requires root.", examples=["www-data"]),
    ] = None
    group: Annotated[
        Name | None,
        Meta(description="Group of the job; requires root; by default the user's primary one.", examples=["www-data"]),
    ] = None
    umask: Annotated[Mode | None, Meta(description="File mode creation mask, in octal.")] = None
    nice: Annotated[
        Annotated[int, Meta(ge=-20, le=19)] | None,
        Meta(description="CPU niceness from -20 to 19, the lowest priority.", examples=[10]),
    ] = None
    memory_limit: Annotated[Size | None, Meta(description="Largest address space of a process (RLIMIT_AS).")] = None
    on_failure: Annotated[
        tuple[RecipientForm, ...],
        Meta(
            description="Recipients to notify when the job starts failing, after the last attempt of the run.",
            examples=[[{"mail": "ops@example.com"}]],
        ),
    ] = ()
    on_success: Annotated[tuple[RecipientForm, ...], Meta(description="Recipients to notify of each success.")] = ()
    on_recovery: Annotated[
        tuple[RecipientForm, ...], Meta(description="Recipients to notify when the job succeeds again.")
    ] = ()
    on_skip: Annotated[
        tuple[RecipientForm, ...],
        Meta(
            description="Recipients to notify when runs start being skipped: overlap, late, lock, capacity and so on."
        ),
    ] = ()
    on_slow: Annotated[
        tuple[RecipientForm, ...], Meta(description="Recipients to notify when a run takes longer than slow_after.")
    ] = ()
    slow_after: Annotated[
        Text | None,
        Meta(
            extra={"reads": "slow after"},
            description="When to report a run as slow: after a duration, or a multiple of the usual one, such as 3x.",
            examples=["10m", "3x"],
        ),
    ] = None
    notify_after: Annotated[
        int, Meta(ge=1, le=1000, description="Failed runs in a row before on_failure is notified.", examples=[3])
    ] = 1
    remind: Annotated[
        Duration | None,
        Meta(description="Repeat a failure notification at this interval until the job recovers.", examples=["1h"]),
    ] = None
    expect_success_within: Annotated[
        Duration | None,
        Meta(
            description="Notify the recipients of on_failure when the job had no success within this time.",
            examples=["26h"],
        ),
    ] = None
    sentry: Annotated[bool, Meta(description="Send check-ins to Sentry Cron Monitoring (extra `sentry`).")] = False
    lint: Annotated[LintForm, Meta(description="Settings of `schedctl check`.")] = LintForm()


class JobForm(DefaultsForm, frozen=True):
    """A job: a schedule, and either a command or a Python function."""

    schedule: AnySchedule = None
    command: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1)] | UnsetType,
        Meta(
            extra={"reads": "command"},
            description="Command to run: text by /bin/sh -c, a list without a shell.",
            examples=["echo hello", ["python", "-m", "app"]],
        ),
    ] = UNSET
    python: Annotated[
        Function | UnsetType, Meta(description="Function to call, as module:function, in a new Python process.")
    ] = UNSET
    args: Annotated[list[Any], Meta(description="Positional arguments of the function.", extra={"reads": "json"})] = []
    kwargs: Annotated[
        dict[str, Any], Meta(description="Keyword arguments of the function; a date is text.", extra={"reads": "json"})
    ] = {}
    description: Annotated[Text, Meta(description="Description of the job.", examples=["Poll the rates API"])] = ""
    ping: Annotated[
        Url | ReferenceForm | None,
        Meta(
            description="URL of a check (healthchecks.io), requested at the start and the end of each run.",
            examples=["https://hc-ping.com/your-uuid", {"from_env": "BACKUP_PING_URL"}],
        ),
    ] = None


class OverrideForm(JobForm, frozen=True):
    """Keys that replace those of an included job."""
