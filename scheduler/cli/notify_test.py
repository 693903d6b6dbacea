"""`schedctl notify-test`: whether those whom a job has told would hear of it."""

from __future__ import annotations

from typing import cast, get_args

import click

from scheduler.cli import terminal
from scheduler.cli.arguments import one_job
from scheduler.cli.target import Target
from scheduler.cli.terminal import Cell
from scheduler.errors import EXIT_FAILURE
from scheduler.wire.notify import NotifyEvent, NotifyTest, RecipientView
from scheduler.wire.operations import NOTIFY_TEST

HERE = "sending right from here, in this shell's environment"


@click.command("notify-test")
@one_job
@click.option(
    "--event", type=click.Choice(get_args(NotifyEvent)), default="failure", help="Whose turn it is. Default: failure."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answers as an array.")
@click.pass_obj
def notify_test(target: Target, job: str, event: str, as_json: bool) -> int:
    """Send a specimen to everybody whom JOB has told of an event, once, and show what each answered.

    It says that it is a test. The running schedd sends it, in its own environment; without one, this shell does.

    \b
    Examples:
      schedctl notify-test poll-rates
      schedctl notify-test poll-rates --event recovery

    \b
    Ends with 1 when one of them could not be told.
    """
    ask = NotifyTest(job=job, event=cast("NotifyEvent", event))
    answers = target.ask(NOTIFY_TEST, ask, alone=HERE)
    if as_json:
        terminal.show_json(answers)
    else:
        rows = [[_verdict(each), Cell(each.to), Cell(each.answer)] for each in answers]
        terminal.show_table(("", "TO", "ANSWER"), rows, shrinking=(2,))
    return 0 if all(each.delivered for each in answers) else EXIT_FAILURE


def _verdict(view: RecipientView) -> Cell:
    return Cell("told", "good") if view.delivered else Cell("not told", "bad")
