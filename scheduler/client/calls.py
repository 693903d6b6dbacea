"""What can be asked of schedd: each call with its arguments, and how the messages of the answer become its result."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from scheduler.client.errors import UnreachableError, UsageError
from scheduler.client.exchange import GONE, Message
from scheduler.client.values import Ended, Event, Job, Lost, Output, Retrying, RunResult, Started, Waiting

T = TypeVar("T")

KEPT = 1 << 20
"""Bytes of each stream that a RunResult has; more output loses its beginning."""

MOST_STDIN = 1 << 20


class Call(Generic[T]):
    """An operation that answers with a reply."""

    def __init__(
        self, operation: str, args: Mapping[str, object], result_of: Callable[[Any], T], run_id: str | None = None
    ) -> None:
        self.operation = operation
        self.args = args
        self.run_id = run_id
        self._result_of = result_of

    def add(self, message: Message) -> bool:  # noqa: ARG002 - subclasses use it
        """Take a message of the answer; true when nothing more is needed."""
        return False

    def result(self, reply: Any) -> T:
        """The result, once nothing more is needed or the answer is whole."""
        return self._result_of(reply)


class FirstId(Call[str]):
    """A request for a run that is not waited for: its id is all that is needed."""

    def add(self, message: Message) -> bool:
        event = event_of(message)
        self.run_id = None if event is None else event.run_id
        return event is not None

    def result(self, reply: Any) -> str:  # noqa: ARG002 - the events have said it
        if self.run_id is None:
            raise UnreachableError(GONE)
        return self.run_id


class UntilEnd(Call[RunResult]):
    """A run that is followed to its end, with its output."""

    def __init__(self, operation: str, args: Mapping[str, object], run_id: str | None = None) -> None:
        super().__init__(operation, args, lambda found: found, run_id)
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}
        self._ended: RunResult | None = None

    def add(self, message: Message) -> bool:
        event = event_of(message)
        if event is not None:
            self.run_id = event.run_id
        if isinstance(event, Ended):
            self._ended = event.result
        elif isinstance(event, Output):
            content = self._streams[event.stream]
            content += event.data
            if len(content) > 2 * KEPT:
                del content[:-KEPT]
        return self._ended is not None

    def result(self, reply: Any) -> RunResult:  # noqa: ARG002 - the events have said it
        if self._ended is None:
            raise UnreachableError(GONE)
        self._ended.stdout, self._ended.stderr = (bytes(content[-KEPT:]) for content in self._streams.values())
        return self._ended


def run_request(  # noqa: PLR0913, PLR0917 - what a request can say
    job: str,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    stdin: bytes | str | None,
    key: str | None,
    at: datetime | None,
    force: bool,
    wait: bool,
) -> dict[str, object]:
    """The arguments of the operation `run-now`. UsageError for an `at` or `stdin` that is not valid."""
    if at is not None and not isinstance(at, datetime):
        raise UsageError(f"`at` must be a datetime with a time zone, not {at!r}")
    if at is not None and at.tzinfo is None:
        raise UsageError("`at` must have a time zone")
    words = [os.fspath(each) if isinstance(each, os.PathLike) else str(each) for each in args]
    request: dict[str, object] = {"job": job, "force": force, "args": words, "kwargs": kwargs, "detach": not wait}
    if stdin is not None:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        if len(content) > MOST_STDIN:
            raise UsageError(f"stdin must not be longer than 1 MiB; this has {len(content)} bytes")
        request["stdin"] = b64encode(content).decode()
    if key is not None:
        request["key"] = key
    if at is not None:
        request["at"] = at.isoformat()
    return {**request, **_caller()} if wait else request


def _caller() -> dict[str, str]:
    """The run that this program is part of: schedd refuses to let it wait for a run that waits for it."""
    caller = os.environ.get("SCHED_RUN_ID")
    return {"caller": caller} if caller else {}


def result_call(run_id: str) -> Call[RunResult]:
    """What became of a run."""
    return Call("result", {"run": run_id}, result_of)


def wait_call(run_id: str) -> UntilEnd:
    """The end of a run, with its output."""
    return UntilEnd("wait", {"runs": [run_id], "output": True, **_caller()}, run_id)


def follow_call(run_id: str) -> Call[None]:
    """The events of a run."""
    return Call("wait", {"runs": [run_id], "output": True, **_caller()}, lambda _: None, run_id)


def stop_call(target: str, *, kill: bool) -> Call[None]:
    """Stop a run, or all runs of a job."""
    return Call("stop", {"target": target, "kill": kill}, lambda _: None)


def jobs_call() -> Call[list[Job]]:
    """All jobs."""
    return Call("list", {}, lambda found: [job_of(raw) for raw in found])


def ask_call(operation: str, args: Mapping[str, object]) -> Call[Any]:
    """Any operation, with its reply as it is."""
    return Call(operation, args, lambda found: found)


def event_of(raw: dict[str, Any]) -> Event | None:
    """An event of the protocol; None for one that this version does not know.

    UnreachableError when the run goes on without the schedd that was asked.
    """
    match raw.get("event"):
        case "waiting":
            return Waiting(raw["run_id"], raw["gate"], _moment(raw.get("until")))
        case "started":
            return Started(raw["run"]["id"])
        case "output":
            return Output(raw["run_id"], raw["stream"], b64decode(raw["data"]))
        case "lost":
            return Lost(raw["run_id"], raw["size"])
        case "attempt":
            return Retrying(raw["run_id"], datetime.fromisoformat(raw["retry_at"]))
        case "finished":
            return Ended(_of_run(raw["run"]))
        case "left":
            raise UnreachableError(raw["message"])
        case "skipped":
            return Ended(RunResult(raw["run_id"], raw["job"], "skipped", raw, message=raw["message"]))
    return None


def result_of(raw: dict[str, Any]) -> RunResult:
    """The reply of the operation `result`."""
    if raw.get("run") is None:
        return RunResult(raw["run_id"], raw["job"], raw["state"], raw, message=raw.get("message"))
    found = _of_run(raw["run"])
    found.state = raw["state"]
    return found


def job_of(raw: dict[str, Any]) -> Job:
    """A job of the operation `list`."""
    job = Job(raw["name"], raw["status"], raw)
    job.description, job.schedule, job.next_at = raw["description"], raw["schedule"], _moment(raw["next_at"])
    job.last = None if raw["last"] is None else _of_run(raw["last"])
    return job


def _of_run(run: dict[str, Any]) -> RunResult:
    found = RunResult(run["id"], run["job"], "running" if run["outcome"] is None else "finished", run)
    found.outcome, found.exit_code, found.duration = run["outcome"], run["exit_code"], run["duration"]
    last = run["attempts"][-1] if run["attempts"] else {}
    cause = last.get("cause")
    found.notes = tuple(last.get("notes", ())) if cause is None else (cause,)
    return found


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
