"""What a job starts, as words of a command line."""

from __future__ import annotations

from scheduler.model.job import Job
from scheduler.model.target import Argv, Entrypoint, ShellCommand
from scheduler.translate.exporters.exported import LossReport
from scheduler.translate.exporters.shell_text import seconds

_OF_SCHEDD = "SCHED_"


def words_of(job: Job, report: LossReport, python: str) -> list[str]:
    """The program and its arguments. `python` is the interpreter of functions whose job names none."""
    match job.target:
        case ShellCommand(text, _, shell):
            words = [*shell, text]
        case Argv(given):
            words = [*given]
        case Entrypoint() as target:
            words = [target.interpreter or python, "-c", _program(target)]
            report.approximated("python", "a line of Python calls the function; its arguments are in the process list")
    report.exact("command", "shell")
    if any(_OF_SCHEDD in word for word in words):
        report.lost("command", "it uses SCHED_… variables, which do not exist there")
    return words


def condition_of(job: Job) -> list[str]:
    """The words of `run_if` with its time limit; empty where the job has none."""
    match job.run_if:
        case ShellCommand(text, _, shell):
            words = [*shell, text]
        case Argv(given):
            words = [*given]
        case _:
            return []
    return ["timeout", seconds(job.run_if_timeout), *words]


def _program(target: Entrypoint) -> str:
    """Python that calls `setup` and the function, and awaits what the function returns."""
    lines = ["import asyncio, inspect"]
    for reference in filter(None, (target.setup, target.reference)):
        module, _, function = reference.partition(":")
        lines.append(f"from {module} import {function.partition('.')[0]}")
        arguments = f"*{list(target.args)!r}, **{target.kwargs!r}" if reference == target.reference else ""
        lines.append(f"{'result = ' if reference == target.reference else ''}{function}({arguments})")
    return "\n".join(
        [
            *lines,
            "async def wait(): await result",
            "asyncio.run(wait()) if inspect.isawaitable(result) else None",
        ]
    )
