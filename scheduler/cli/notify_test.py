"""`schedctl notify-test`: send a test notification to a job's recipients."""

from __future__ import annotations

from typing import cast, get_args

import click

from scheduler.cli import output_format, terminal
from scheduler.cli.answer_source import Target
from scheduler.cli.job_argument import one_job
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.terminal import Cell
from scheduler.errors import EXIT_FAILURE
from scheduler.wire.notify import NotifyEvent, NotifyTest, RecipientView
from scheduler.wire.operations import NOTIFY_TEST

HERE = "sending from here, with this shell's environment"


@subcommand("notify-test", exit_status="1 when a recipient could not be reached.")
@one_job
@click.option(
    "--event",
    type=click.Choice(get_args(NotifyEvent)),
    default="failure",
    help="Send it to the recipients of this event [default: failure]",
)
@output_options("an array with the answer of each recipient")
@click.pass_obj
def notify_test(target: Target, job: str, event: str, form: str | None) -> int:
    """Send a test notification to a job's recipients.

    The notification says that it is a test. The running schedd sends it, with its own environment. Where none is
    running, it is sent from here, with the environment of this shell.

    \b
    Examples:
      schedctl notify-test poll-rates
      schedctl notify-test poll-rates --event recovery
    """
    ask = NotifyTest(job=job, event=cast("NotifyEvent", event))
    answers = target.ask(NOTIFY_TEST, ask, alone=HERE)
    if not output_format.shown(answers, form):
        rows = [[_result(each), Cell(each.to), Cell(each.answer)] for each in answers]
        terminal.show_table(("RESULT", "RECIPIENT", "ANSWER"), rows, shrinking=(2,))
    return 0 if all(each.delivered for each in answers) else EXIT_FAILURE


def _result(view: RecipientView) -> Cell:
    return Cell("delivered", "good") if view.delivered else Cell("failed", "bad")
