"""Jobs, runs and events as a program sees them.

`raw` is the whole JSON object of the protocol. These are plain classes: to import `typing` or `dataclasses` would take
longer than all the rest of the client.
"""

from __future__ import annotations

from datetime import datetime


class Value:
    """Equal to another one with the same attributes."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(repr(getattr(self, name)) for name in self.__slots__))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__slots__ if name != "raw")
        return f"{type(self).__name__}({', '.join(shown)})"


class RunResult(Value):
    """What became of a run.

    `state` is waiting, running, retrying, finished or skipped. `outcome` is succeeded, failed, timed-out, stopped,
    not-started or lost once it has finished. `exit_code` is that of a shell: 124 for a timeout, 128 + n for signal n.
    `duration` is in seconds. `message` says why it was skipped. `notes` are what schedd knows about the last attempt:
    why it was not started, a probable cause of its failure, what a Python function returned (`returned {'sent': 3}`).
    `run` and `wait` fill `stdout` and `stderr` with the last MiB of each; of what was written before `wait` is called,
    schedd has the last 64 KiB.
    """

    __slots__ = (
        "duration",
        "exit_code",
        "id",
        "job",
        "message",
        "notes",
        "outcome",
        "raw",
        "state",
        "stderr",
        "stdout",
    )

    def __init__(self, id: str, job: str, state: str, raw: dict[str, object], *, message: str | None = None) -> None:  # noqa: A002
        self.id = id
        self.job = job
        self.state = state
        self.raw = raw
        self.message = message
        self.outcome: str | None = None
        self.exit_code: int | None = None
        self.duration: float | None = None
        self.notes: tuple[str, ...] = ()
        self.stdout = b""
        self.stderr = b""

    @property
    def ok(self) -> bool:
        """Whether the run has succeeded."""
        return self.outcome == "succeeded"


class Job(Value):
    """A job and its state. `status` is idle, running, waiting, retrying, paused, disabled or done."""

    __slots__ = ("description", "last", "name", "next_at", "raw", "schedule", "status")

    def __init__(self, name: str, status: str, raw: dict[str, object]) -> None:
        self.name = name
        self.status = status
        self.raw = raw
        self.description = ""
        self.schedule: str | None = None
        self.next_at: datetime | None = None
        self.last: RunResult | None = None


class Waiting(Value):
    """The run waits: `gate` is overlap, lock, capacity, worker, or time and then `until` is set."""

    __slots__ = ("gate", "run_id", "until")

    def __init__(self, run_id: str, gate: str, until: datetime | None) -> None:
        self.run_id = run_id
        self.gate = gate
        self.until = until


class Started(Value):
    """The run has started."""

    __slots__ = ("run_id",)

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id


class Output(Value):
    """The run wrote `data` to `stream`, which is stdout or stderr."""

    __slots__ = ("data", "run_id", "stream")

    def __init__(self, run_id: str, stream: str, data: bytes) -> None:
        self.run_id = run_id
        self.stream = stream
        self.data = data


class Lost(Value):
    """`size` bytes of the run's output are missing here: this program read too slowly."""

    __slots__ = ("run_id", "size")

    def __init__(self, run_id: str, size: int) -> None:
        self.run_id = run_id
        self.size = size


class Retrying(Value):
    """An attempt failed; the next one starts at `at`."""

    __slots__ = ("at", "run_id")

    def __init__(self, run_id: str, at: datetime) -> None:
        self.run_id = run_id
        self.at = at


class Ended(Value):
    """The run has finished or was skipped. Nothing follows."""

    __slots__ = ("result", "run_id")

    def __init__(self, result: RunResult) -> None:
        self.run_id = result.id
        self.result = result


Event = Waiting | Started | Output | Lost | Retrying | Ended
