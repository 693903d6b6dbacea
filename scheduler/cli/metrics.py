"""`schedctl metrics`: print metrics for Prometheus, without an HTTP listener."""

from __future__ import annotations

import click

from scheduler.cli.answer_source import Target
from scheduler.cli.output_format import unquoted
from scheduler.cli.subcommand import subcommand
from scheduler.wire.daemon import AskMetrics
from scheduler.wire.operations import METRICS


@subcommand("metrics", exit_status="3 when schedd cannot be reached.")
@click.option("--openmetrics", is_flag=True, help="Print OpenMetrics instead of Prometheus' text format")
@click.pass_obj
def metrics(target: Target, openmetrics: bool) -> None:
    """Print metrics in Prometheus' text format.

    They are the same as on /metrics of `schedd --web`, for the textfile collector of Prometheus' node exporter.

    \b
    Examples:
      schedctl metrics
      schedctl metrics > schedd.prom.new && mv schedd.prom.new schedd.prom
    """
    for text in unquoted(target.ask_text(METRICS, AskMetrics(openmetrics))):
        click.echo(text, nl=False)
