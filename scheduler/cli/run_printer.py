"""What a person sees of a run as it goes: its output untouched, and in words what stands still or goes wrong."""

from __future__ import annotations

import sys

from scheduler.cli import terminal, times
from scheduler.wire.runs import AttemptEnded, Event, Finished, Lost, Output, RunView, Started, Waiting

GATES = {
    "overlap": "the end of the run before it",
    "lock": "its lock",
    "capacity": "a place among the jobs that may run at once",
}
"""What a firing waits for, by the gate that holds it."""


class RunPrinter:
    """Shows events, and remembers how far the run has come."""

    def __init__(self, *, all_to_stderr: bool) -> None:
        self.run: RunView | None = None
        self.run_id: str | None = None
        self.waiting_for: str | None = None
        self._all_to_stderr = all_to_stderr
        self._lost = 0
        # A person at a terminal wants to know what happens; a script wants the job's own words and nothing else.
        self._talks = sys.stderr.isatty()

    def see(self, event: Event) -> None:
        """Show one event. BrokenPipeError when nobody reads any more."""
        match event:
            case Output(stream=stream, data=data):
                out = sys.stdout if stream == "stdout" and not self._all_to_stderr else sys.stderr
                out.buffer.write(data)
                out.buffer.flush()
            case Waiting(run_id=run_id, gate=gate):
                self.run_id, self.waiting_for = run_id, gate
                terminal.note(f"schedctl: run {run_id} waits for {GATES.get(gate, gate)}", "care")
            case Started(run=run):
                self.run, self.run_id, self.waiting_for = run, run.id, None
                if self._talks:
                    terminal.note(f"run {run.id} of {run.job}")
            case AttemptEnded(attempt=attempt, retry_at=retry_at):
                pause = times.span((retry_at - attempt.started_at).total_seconds() - attempt.duration)
                how = attempt.cause or f"{attempt.outcome}, exit {attempt.exit_code}"
                terminal.note(f"schedctl: attempt {attempt.number}: {how}; the next follows in {pause}", "care")
            case Lost(size=size):
                if not self._lost:
                    terminal.note("schedctl: output is missing here: it came faster than it could be shown", "care")
                self._lost += size
            case Finished(run=run):
                self.run = run
                self._tell_end(run)

    def _tell_end(self, run: RunView) -> None:
        if self._lost:
            terminal.note(f"schedctl: {self._lost} bytes of output are missing above", "care")
        last = run.attempts[-1]
        notes = "".join(f"\n  {note}" for note in last.notes)
        if run.outcome == "not-started":
            terminal.note(f"schedctl: {run.job} could not be started: {last.cause}", "bad")
        elif run.outcome == "timed-out":
            terminal.note(f"schedctl: {run.job} timed out after {times.span(last.duration)}{notes}", "bad")
        elif self._talks:
            colour = "good" if run.outcome == "succeeded" else "bad"
            took = times.span(run.duration or 0)
            terminal.note(f"run {run.id} {run.outcome}, exit {run.exit_code}, {took}{notes}", colour)
