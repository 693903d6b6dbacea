"""`schedctl reload`: read the file again, and what that changes."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from scheduler.cli import terminal, times
from scheduler.cli.target import Target
from scheduler.wire.daemon import JobChange, Reload
from scheduler.wire.operations import RELOAD

MARKS = {"added": ("+", "good"), "changed": ("~", "care"), "removed": ("-", "bad")}


@click.command("reload")
@click.option("--plan", is_flag=True, help="Only show what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print the difference as an object.")
@click.pass_obj
def reload(target: Target, plan: bool, as_json: bool) -> None:
    """Make schedd read its file again. A file with a mistake changes nothing; what runs finishes as it began.

    \b
    Examples:
      schedctl reload --plan
      schedctl reload
    """
    view = target.ask(RELOAD, Reload(plan))
    if as_json:
        terminal.show_json(view)
        return
    now = times.now()
    for kind, changes in (("added", view.added), ("changed", view.changed), ("removed", view.removed)):
        for change in changes:
            mark, colour = MARKS[kind]
            click.echo(terminal.paint(f"{mark} {change.name}{_moved(change, now)}", colour))
    for warning in view.warnings:
        terminal.note(f"{warning.path}:{warning.line}:{warning.column}: warning: {warning.message}", "care")
    total = len(view.added) + len(view.changed) + len(view.removed)
    did = "" if view.applied else "would be "
    click.echo(
        f"{len(view.added)} {did}added, {len(view.changed)} {did}changed, {len(view.removed)} {did}removed, "
        f"{view.unchanged} unchanged"
        if total
        else f"nothing {'changes' if not view.applied else 'changed'}: {view.unchanged} jobs"
    )


def _moved(change: JobChange, now: datetime) -> str:
    """The next slot, where it is another than before."""
    if change.next_after is None or change.next_after == change.next_before:
        return ""
    after = f"next {times.relative(change.next_after, now)}, {times.absolute(change.next_after, UTC, now)}"
    if change.next_before is None:
        return f"  {after}"
    return f"  {after}, was {times.absolute(change.next_before, UTC, now)}"
