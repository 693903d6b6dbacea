"""`schedctl reload`: apply changes of the schedule file, or preview them."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

from scheduler.cli import output_format, terminal, times
from scheduler.cli.answer_source import Target
from scheduler.cli.output_format import output_options
from scheduler.cli.subcommand import subcommand
from scheduler.cli.zones import timezone_option, zone_for
from scheduler.errors import SchedError
from scheduler.text import plural, printable_line
from scheduler.wire.daemon import JobChange, Reload, ReloadView
from scheduler.wire.operations import RELOAD

LONGEST = 60
"""Cells of a value that are shown."""

MARKS = {"added": ("+", "good"), "changed": ("~", "care"), "removed": ("-", "bad")}


@subcommand("reload")
@click.option("--plan", is_flag=True, help="Show what would change, and change nothing")
@timezone_option
@output_options("an object with the changes")
@click.pass_obj
def reload(target: Target, plan: bool, zone: tzinfo | None, form: str | None) -> None:
    """Apply changes of the file, or preview them with --plan.

    An invalid file changes nothing: the previous configuration stays active. Runs that have started are not affected.
    To change `launcher`, `space`, `web` or `metrics`, restart schedd.

    \b
    Examples:
      schedctl reload --plan
      schedctl reload
    """
    source = target.source(RELOAD)
    try:
        view = source.ask(RELOAD, Reload(plan))
    except SchedError as error:
        if type(error) is not SchedError:
            raise
        what = "a reload would fail" if plan else "reload failed; the previous configuration stays active"
        raise SchedError(f"{what}:\n{error}") from None
    if output_format.shown(view, form):
        return
    print_changes(view, zone_for(zone, source, ()))


def print_changes(view: ReloadView, zone: tzinfo) -> None:
    """Print what a reload changed, or would change."""
    now = times.now()
    for kind, changes in (("added", view.added), ("changed", view.changed), ("removed", view.removed)):
        for change in changes:
            mark, colour = MARKS[kind]
            click.echo(terminal.paint(f"{mark} {change.name}{_moved(change, zone, now)}", colour))
            for key in change.keys if kind == "changed" else ():
                click.echo(f"    {key.key}: {_short(key.before)} → {_short(key.after)}")
    for warning in view.warnings:
        terminal.note(f"{warning.path}:{warning.line}:{warning.column}: warning: {warning.message}", "care")
    total = len(view.added) + len(view.changed) + len(view.removed)
    words = ("added", "changed", "removed") if view.applied else ("to add", "to change", "to remove")
    click.echo(
        f"{len(view.added)} {words[0]}, {len(view.changed)} {words[1]}, {len(view.removed)} {words[2]}, "
        f"{view.unchanged} unchanged"
        if total
        else f"{'nothing changed' if view.applied else 'nothing would change'}: {plural(view.unchanged, 'job')}"
    )


def _short(value: str | None) -> str:
    """A value of a key on one line."""
    return "(not set)" if value is None else terminal.cut(printable_line(" ".join(value.split())), LONGEST)


def _moved(change: JobChange, zone: tzinfo, now: datetime) -> str:
    """The next run, where its time changes."""
    if change.next_after is None or change.next_after == change.next_before:
        return ""
    after = f"next {times.coming(change.next_after, zone, now)}"
    if change.next_before is None:
        return f"  {after}"
    return f"  {after}, was {times.absolute(change.next_before, zone, now)}"
