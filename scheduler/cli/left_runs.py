"""Runs that go on without the schedd that was asked: waits for their ends at the next schedd that answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

from scheduler.cli import terminal
from scheduler.cli.answer_source import Target
from scheduler.errors import RefusedError, UnansweredError, UnreachableError
from scheduler.text import listed
from scheduler.wire.operations import WAIT
from scheduler.wire.runs import Finished, Left, Skipped, Wait

PATIENCE = 60.0
"""Seconds until a schedd must know the runs: longer than a restart or a take-over takes."""

AGAIN = 1.0
"""Seconds between two requests."""


def ends_of(target: Target, left: Sequence[Left]) -> Iterator[Finished | Skipped]:
    """The ends of the runs. UnansweredError when no schedd that the target leads to knows them in time."""
    runs = {each.run_id: each for each in left}
    if runs:
        named = f"run {listed(list(runs))} goes" if len(runs) == 1 else f"runs {listed(list(runs))} go"
        terminal.note(f"schedctl: {named} on without this schedd; waiting for the active one", "care")
    until = time.monotonic() + PATIENCE
    while runs:
        begun, cause = time.monotonic(), ""
        try:
            for event in target.stream(WAIT, Wait(tuple(runs), caller=os.environ.get("SCHED_RUN_ID"))):
                if isinstance(event, Finished | Skipped):
                    runs.pop(event.run_id if isinstance(event, Skipped) else event.run.id, None)
                    yield event
        except (UnreachableError, RefusedError) as error:
            cause = f" ({error})"
        now = time.monotonic()
        if now - begun > PATIENCE:
            until = now + PATIENCE
        elif runs and now > until:
            raise UnansweredError(f"{'; '.join(each.message for each in runs.values())}{cause}")
        if runs:
            time.sleep(AGAIN)
