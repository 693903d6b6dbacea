"""The protocol of the socket without the socket: requests as lines, and lines as values."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scheduler.client.errors import BY_CODE, Error, UnreachableError, UsageError
from scheduler.client.values import Ended, Event, Job, Lost, Output, Retrying, RunResult, Started, Waiting

ANSWER_WITHIN = 2.0
"""Seconds after which a schedd that has not accepted a request counts as unreachable."""

GONE = "schedd closed the connection without an answer; it has exited or is about to"

KEPT = 1 << 20
"""Bytes of each stream that a RunResult has; more output loses its beginning."""


def request_line(operation: str, args: Mapping[str, object]) -> bytes:
    """A request. UsageError when the arguments are not JSON."""
    try:
        return json.dumps({"v": 1, "op": operation, "args": args}).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise UsageError(f"the arguments cannot be written as JSON: {error}") from None


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
    """The arguments of the operation `run-now`."""
    if at is not None and at.tzinfo is None:
        raise UsageError("`at` must have a time zone")
    words = [os.fspath(each) if isinstance(each, os.PathLike) else str(each) for each in args]
    request: dict[str, object] = {"job": job, "force": force, "args": words, "kwargs": kwargs, "detach": not wait}
    if stdin is not None:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        request["stdin"] = b64encode(content).decode()
    if key is not None:
        request["key"] = key
    if at is not None:
        request["at"] = at.isoformat()
    if wait and (caller := os.environ.get("SCHED_RUN_ID")):
        request["caller"] = caller
    return request


class Answer:
    """Reads the lines of an answer: `read` for each, until `done`; then `reply` is the result."""

    def __init__(self) -> None:
        self.done = False
        self.reply: Any = None

    def read(self, line: bytes) -> dict[str, Any] | None:
        """The event of a line; None for `accepted` and for the last line. An error is raised by its kind."""
        if not line:
            raise UnreachableError(GONE)
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            raise UnreachableError("the answer is not in the protocol of schedd") from None
        if "error" in message:
            error = message["error"]
            raise BY_CODE.get(error["code"], Error)(error["message"])
        if "ok" in message:
            self.done, self.reply = True, message["ok"]
            return None
        return None if message.get("event") == "accepted" else message


class Collected:
    """What a run has written, and how it ended."""

    def __init__(self, run_id: str | None = None) -> None:
        self.run_id = run_id
        self.result: RunResult | None = None
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}

    def add(self, event: Event) -> None:
        """Take an event of the run."""
        self.run_id = event.run_id
        if isinstance(event, Ended):
            self.result = event.result
            event.result.stdout, event.result.stderr = (bytes(content[-KEPT:]) for content in self._streams.values())
        elif isinstance(event, Output):
            content = self._streams[event.stream]
            content += event.data
            if len(content) > 2 * KEPT:
                del content[:-KEPT]


def event_of(raw: dict[str, Any]) -> Event | None:
    """An event of the protocol; None for one that this version does not know."""
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
    return found


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
