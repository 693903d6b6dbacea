"""Print a run while it runs: its output unchanged, and notes when it waits or fails."""

from __future__ import annotations

import sys
from datetime import UTC

from scheduler.cli import terminal, times
from scheduler.text import plural
from scheduler.wire.requester import Requester
from scheduler.wire.runs import AttemptEnded, Event, Finished, Lost, Output, RunView, Started, Waiting

GATES = {
    "overlap": "the previous run to finish",
    "lock": "its lock",
    "capacity": "a free place (max_running)",
    "time": "its time",
    "worker": "a worker",
}
"""The reason why a run waits, by its gate."""


class RunPrinter:
    """Prints the events of a run, and keeps its last known state."""

    def __init__(self, *, all_to_stderr: bool) -> None:
        self.run: RunView | None = None
        self.run_id: str | None = None
        self.waiting_for: str | None = None
        self.waiting_on = ""
        self.by: Requester | None = None
        self.is_lost = False
        """Whether the connection was lost, so that no further event can arrive."""
        self._all_to_stderr = all_to_stderr
        self._lost = 0
        # On a terminal, notes say what happens; a script gets the output of the job and nothing else.
        self._verbose = sys.stderr.isatty()

    def see(self, event: Event) -> None:
        """Print one event. BrokenPipeError when the reader of stdout is gone."""
        if isinstance(event, Started | Waiting) and event.requested_before:
            run_id = event.run.id if isinstance(event, Started) else event.run_id
            terminal.note(f"schedctl: no new run: run {run_id} was requested with this key before", "care")
        match event:
            case Output(stream=stream, data=data):
                out = sys.stdout if stream == "stdout" and not self._all_to_stderr else sys.stderr
                out.buffer.write(data)
                out.buffer.flush()
            case Waiting(run_id=run_id, gate=gate, until=until, by=by):
                self.run_id, self.waiting_for, self.by = run_id, gate, by
                self.waiting_on = event.waiting_on or GATES.get(gate, gate)
                when = "" if until is None else f", {times.full(until, UTC)}; it is lost if schedd stops before then"
                terminal.note(f"schedctl: run {run_id} is waiting for {self.waiting_on}{when}", "care")
            case Started(run=run):
                self.run, self.run_id, self.waiting_for, self.by = run, run.id, None, run.by
                if self._verbose:
                    terminal.note(f"run {run.id} of {run.job}")
            case AttemptEnded(attempt=attempt, retry_at=retry_at):
                pause = times.span((retry_at - attempt.started_at).total_seconds() - attempt.duration)
                end = attempt.cause or f"{attempt.outcome}, {attempt.exit_text}"
                terminal.note(f"schedctl: attempt {attempt.number}: {end}; next attempt in {pause}", "care")
            case Lost(size=size):
                if not self._lost:
                    terminal.note("schedctl: output is missing here: it was written faster than it was read", "care")
                self._lost += size
            case Finished(run=run):
                self.run = run
                self._print_end(run)

    def _print_end(self, run: RunView) -> None:
        if self._lost:
            terminal.note(f"schedctl: {plural(self._lost, 'byte')} of output missing above", "care")
        last = run.attempts[-1]
        notes = "".join(f"\n  {note}" for note in last.notes)
        if run.outcome == "not-started":
            terminal.note(f"schedctl: {run.job} could not be started: {last.cause}", "bad")
        elif run.outcome == "timed-out":
            terminal.note(f"schedctl: {run.job} timed out after {times.span(last.duration)}{notes}", "bad")
        elif self._verbose:
            colour = "good" if run.outcome == "succeeded" else "bad"
            took = times.span(run.duration or 0)
            terminal.note(f"run {run.id} {run.outcome}, {run.exit_text}, {took}{notes}", colour)
