"""`schedctl shell`: look around where a job runs."""

from __future__ import annotations

import os
import resource
from typing import NoReturn

import click

from scheduler.cli import moments, terminal
from scheduler.cli.job_argument import one_job
from scheduler.cli.target import Target
from scheduler.clock import rfc3339
from scheduler.control.particulars import AskEnvironment, EnvironmentView
from scheduler.errors import RefusedError
from scheduler.launch.account import find_account
from scheduler.launch.launcher import LaunchError

SHELL = "/bin/sh"
"""What runs a job's command, and reads no start-up file that would change what the job finds."""


@click.command("shell", context_settings={"ignore_unknown_options": True})
@one_job
@click.argument("words", nargs=-1, metavar="[COMMAND]...", type=click.UNPROCESSED)
@click.pass_obj
def shell(target: Target, job: str, words: tuple[str, ...]) -> NoReturn:
    """Open a shell where a job runs.

    Or run COMMAND there.
    Variables, directory, user, umask, nice and memory limit are the job's.

    \b
    Examples:
      schedctl shell poll-rates
      schedctl shell poll-rates python -c 'import app.tasks'
    """
    view = target.source().ask("env", AskEnvironment(job=job, reveal=True), EnvironmentView)
    variables = {variable.name: variable.value or "" for variable in view.variables}
    variables |= {
        "SCHED_JOB": job,
        "SCHED_RUN_ID": "shell",
        "SCHED_SCHEDULED_AT": rfc3339(moments.now()),
        "SCHED_ATTEMPT": "1",
        "SCHED_TRIGGER": "manual",
    }
    try:
        _move_to(view)
        command = words or (SHELL,)
        terminal.note(f"{job}, in {view.cwd}: {' '.join(command)}")
        os.execvpe(command[0], command, variables)  # noqa: S606 - to be that shell is what this verb is for
    except (OSError, ValueError, LaunchError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RefusedError(f"the circumstances of {job} cannot be had here: {reason}") from None


def _move_to(view: EnvironmentView) -> None:
    """Become the job: what needs rights first, then the user, then what the user must be able to reach."""
    account = find_account(view.user, view.group)
    if view.nice is not None:
        os.setpriority(os.PRIO_PROCESS, 0, view.nice)
    if account is not None:
        os.setgroups(account.groups)
        os.setgid(account.gid)
        os.setuid(account.uid)
    if view.umask is not None:
        os.umask(view.umask)
    os.chdir(view.cwd)
    if view.memory_limit is not None:
        resource.setrlimit(resource.RLIMIT_AS, (view.memory_limit, view.memory_limit))
