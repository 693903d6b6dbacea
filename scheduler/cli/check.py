"""`schedctl check`: check files for errors and warnings."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from scheduler.cli import output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.output_format import output_options
from scheduler.cli.progress import Progress
from scheduler.cli.subcommand import subcommand
from scheduler.config import lint
from scheduler.config.lint_codes import LintCode
from scheduler.config.problems import render
from scheduler.config.trusted_files import insecure_files
from scheduler.errors import EXIT_FAILURE, ConfigError, Problem, Severity, UsageError
from scheduler.path_owner import ALLOW
from scheduler.text import plural, printable_line


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one file: whether schedd would accept it, its number of jobs, its problems, and the jobs whose
    function could not be looked for."""

    file: str
    ok: bool
    jobs: int = 0
    problems: tuple[Problem, ...] = ()
    not_checked: tuple[str, ...] = ()


@subcommand(
    "check", exit_status="0 when every file is valid, 1 when one is not, or has warnings and --strict is given."
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path())
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too")
@output_options("an array with an object for each file")
@click.option("--github", is_flag=True, help="Print annotations for GitHub Actions")
@click.option(
    "--run-interpreters", is_flag=True, help="Start the interpreters of jobs to ask where they look for modules"
)
@click.option(
    "--elsewhere",
    is_flag=True,
    help="The file is for another machine: do not look for its users, files, variables, programs and packages here",
)
@click.pass_obj
def check(
    target: Target,
    files: tuple[str, ...],
    strict: bool,
    form: str | None,
    github: bool,
    run_interpreters: bool,
    elsewhere: bool,
) -> int:
    """Check files for errors and warnings.

    Without FILE, check the schedule file itself. No job is run, and no schedd is needed. Users, files and variables
    are looked for on this machine, in this environment, unless --elsewhere is given.

    \b
    Examples:
      schedctl check
      schedctl check --strict schedules.yaml staging.yaml
      schedctl check --strict --elsewhere schedules.yaml
    """
    if elsewhere and run_interpreters:
        raise UsageError("--elsewhere and --run-interpreters exclude each other")
    paths = files or [target.file()]
    checked = [check_file(Path(file), run_interpreters=run_interpreters, elsewhere=elsewhere) for file in paths]
    if output_format.shown(checked, form):
        pass
    elif github:
        for problem in (problem for file in checked for problem in file.problems):
            click.echo(annotation(problem))
    else:
        for file in checked:
            print_checked(file)
    failed = any(not file.ok or (strict and file.problems) for file in checked)
    return EXIT_FAILURE if failed else 0


def check_file(
    path: Path, shown: Path | None = None, *, run_interpreters: bool = False, elsewhere: bool = False
) -> Checked:
    """Load the file as schedd would. The result speaks of it as `shown`; `elsewhere` omits warnings of this machine."""
    try:
        with Progress(f"checking {path.name}") as progress:
            config, not_checked = lint.check(
                path, now=times.now(), run_interpreters=run_interpreters, on_progress=progress.reached
            )
    except ConfigError as error:
        ok, jobs, problems, not_checked = False, 0, error.problems, ()
    else:
        insecure = () if elsewhere or os.environ.get(ALLOW) else insecure_files(config, Severity.WARNING)
        ok, jobs, problems = True, len(config.jobs), (*config.warnings, *insecure)
    if elsewhere:
        of_machine = {code for code in LintCode if code.is_of_machine}
        problems, not_checked = tuple(problem for problem in problems if problem.code not in of_machine), ()
    if shown is not None:
        names = {str(path): str(shown)}
        problems = tuple(replace(problem, path=names.get(problem.path, problem.path)) for problem in problems)
    return Checked(file=str(shown or path), ok=ok, jobs=jobs, problems=problems, not_checked=not_checked)


def annotation(problem: Problem) -> str:
    """The problem as a workflow command of GitHub Actions, which shows it next to its line."""
    place = f"file={_property(problem.path)}"
    if problem.line:
        place += f",line={problem.line},col={problem.column}"
    if problem.code is not None:
        place += f",title={_property(problem.code)}"
    advice = "" if problem.help is None else f"\nhelp: {problem.help}"
    return f"::{problem.severity.value} {place}::{_data(problem.message + advice)}"


def print_checked(file: Checked) -> None:
    """Print the problems of a file, and how many there are."""
    if file.problems:
        for line in render(file.problems).splitlines():
            click.echo(_painted(line))
        click.echo()
    errors = sum(problem.severity is Severity.ERROR for problem in file.problems)
    warnings = len(file.problems) - errors
    found = [plural(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count]
    summary = ", ".join(found) or "no problems"
    jobs = f"{plural(file.jobs, 'job')}, " if file.ok else ""
    colour = "bad" if not file.ok else "care" if warnings else "good"
    click.echo(terminal.paint(f"{printable_line(file.file)}: {jobs}{summary}", colour))
    if file.not_checked:
        names = ", ".join(map(printable_line, file.not_checked[:5])) + (" …" if len(file.not_checked) > 5 else "")
        click.echo(f"not checked: the function of {names}; --run-interpreters asks their interpreter where it is")


def _painted(line: str) -> str:
    """A line of a problem with its severity, its caret and its advice in colour."""
    if match := re.match(r"(\S.*?: )(error|warning)(: .*)$", line):
        colour = "bad" if match[2] == "error" else "care"
        return f"{terminal.paint(match[1], 'head')}{terminal.paint(match[2], colour)}{match[3]}"
    if match := re.match(r"( +\| +)(\^+)$", line):
        return match[1] + terminal.paint(match[2], "bad")
    if match := re.match(r"( +)(help:)( .*)$", line):
        return f"{match[1]}{terminal.paint(match[2], 'good')}{match[3]}"
    return line


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
