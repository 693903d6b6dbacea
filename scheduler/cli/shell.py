"""`schedctl shell`: open a shell in a job's environment."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import NoReturn

import click

from scheduler.cli import terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import one_job
from scheduler.cli.subcommand import subcommand
from scheduler.clock import rfc3339
from scheduler.errors import RefusedError
from scheduler.launch.account import find_account
from scheduler.launch.environment import DEFAULT_PATH
from scheduler.launch.exit_causes import of_program
from scheduler.launch.launcher import LaunchError
from scheduler.launch.program import directory_problem, find_program
from scheduler.wire.jobs import AskEnvironment, EnvironmentView
from scheduler.wire.operations import ENVIRONMENT

SHELL = "/bin/sh"
"""The shell that runs commands of jobs. It reads no start-up file that would change the environment."""


@subcommand(
    "shell",
    exit_status="that of COMMAND; 126 not executable, 127 not found.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@one_job
@click.argument("words", nargs=-1, metavar="[COMMAND]...", type=click.UNPROCESSED)
@click.pass_obj
def shell(target: Target, job: str, words: tuple[str, ...]) -> int:
    """Open a shell in a job's environment.

    With COMMAND, run that instead of a shell. It gets the environment variables, the directory, the user and group, and
    the limits of the job.

    \b
    Examples:
      schedctl shell poll-rates
      schedctl shell poll-rates python -c 'import app.tasks'
    """
    view = target.source(ENVIRONMENT, runs=True).ask(ENVIRONMENT, AskEnvironment(job=job, reveal=True))
    variables = {variable.name: variable.value or "" for variable in view.variables if variable.origin != "each run"}
    variables |= {
        "SCHED_JOB": job,
        "SCHED_RUN_ID": "shell",
        "SCHED_SCHEDULED_AT": rfc3339(times.now()),
        "SCHED_SCHEDULED_LOCAL": times.now().astimezone().isoformat(timespec="seconds"),
        "SCHED_ATTEMPT": "1",
        "SCHED_TRIGGER": "manual",
    }
    try:
        _move_to(view)
    except (OSError, ValueError, LaunchError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RefusedError(f"cannot set up the environment of {job}: {reason}") from None
    command = words or (SHELL,)
    terminal.note(f"{job}, in {view.cwd}: {' '.join(command)}")
    try:
        _become(command, variables, view.cwd)
    except LaunchError as error:
        click.echo(f"schedctl: {error}", err=True)
        return error.code


def _become(command: tuple[str, ...], variables: dict[str, str], cwd: str) -> NoReturn:
    """Replace this process by the command. LaunchError when it is not found or cannot be executed."""
    program = find_program(command[0], variables.get("PATH", DEFAULT_PATH), cwd)
    try:
        os.execve(program, command, variables)  # noqa: S606 - the purpose of this command
    except OSError as error:
        raise of_program(error, Path(program)) from None
    except ValueError as error:
        raise LaunchError(f"{program}: {error}") from None


def _move_to(view: EnvironmentView) -> None:
    """Set up this process like the job: what needs privileges first, then the user, then what the user must reach."""
    account = find_account(view.user, view.group)
    if view.nice is not None:
        os.setpriority(os.PRIO_PROCESS, 0, view.nice)
    if account is not None:
        os.setgroups(account.groups)
        os.setgid(account.gid)
        os.setuid(account.uid)
    if view.umask is not None:
        os.umask(view.umask)
    if problem := directory_problem(view.cwd):
        raise LaunchError(problem)
    try:
        os.chdir(view.cwd)
    except OSError as error:
        raise LaunchError(f"cannot enter the working directory {view.cwd}: {error.strerror}") from None
    if view.memory_limit is not None:
        resource.setrlimit(resource.RLIMIT_AS, (view.memory_limit, view.memory_limit))
