"""The client for programs without asyncio."""
# ruff: noqa: PLC0415 - the socket and JSON are imported by the first request, since they take most of the time

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime

from scheduler.client.values import Event, Job, RunResult


class Client:
    """Requests to one schedd. Each request has a connection of its own, so that threads may share a client."""

    def __init__(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        socket: str | os.PathLike[str] | None = None,
        url: str | None = None,
        token: str | None = None,
    ) -> None:
        """The schedd that manages `file`, or listens on `socket`, or serves HTTP at `url`.

        If $SCHEDD_SOCKET is set, the schedd that listens there must manage `file`: else calls raise UsageError.
        Without any, $SCHEDD_URL, $SCHEDD_SOCKET, $SCHEDD_CONFIG or ./schedules.yaml says which, as for schedctl.
        `token` is for `url`, by default $SCHEDD_TOKEN.
        """
        self._place = (file, socket, url, token)

    def run(
        self,
        job: str,
        *args: object,
        wait: float | None = None,
        key: str | None = None,
        at: datetime | None = None,
        stdin: bytes | str | None = None,
        force: bool = False,
        **kwargs: object,
    ) -> RunResult:
        """Run a job and wait for its end, at most `wait` seconds. WaitTimeoutError after that; the run goes on.

        `args`, `kwargs` and `stdin` are passed to the job where its `accepts` allows them. Nothing is started while a
        run that was requested with the same `key` is known: the result is that of that run. `at` is when to run it,
        with a time zone.
        """
        from scheduler.client.calls import UntilEnd, run_request
        from scheduler.client.connection import result

        request = run_request(job, args, kwargs, stdin, key, at, force, wait=True)
        return result(self._place, UntilEnd("run-now", request), wait)

    def enqueue(
        self,
        job: str,
        *args: object,
        key: str | None = None,
        at: datetime | None = None,
        stdin: bytes | str | None = None,
        force: bool = False,
        **kwargs: object,
    ) -> str:
        """Request a run and return its id at once; see `run`."""
        from scheduler.client.calls import FirstId, run_request
        from scheduler.client.connection import result

        request = run_request(job, args, kwargs, stdin, key, at, force, wait=False)
        return result(self._place, FirstId("run-now", request, str))

    def wait(self, run_id: str, timeout: float | None = None) -> RunResult:
        """Wait for the end of a run, with its kept output. WaitTimeoutError after `timeout` seconds."""
        from scheduler.client.calls import wait_call
        from scheduler.client.connection import result

        return result(self._place, wait_call(run_id), timeout)

    def follow(self, run_id: str) -> Iterator[Event]:
        """What happens to a run, from its kept output on, to its end."""
        from scheduler.client.calls import follow_call
        from scheduler.client.connection import events

        return events(self._place, follow_call(run_id))

    def result(self, run_id: str) -> RunResult:
        """What became of a run, without waiting."""
        from scheduler.client.calls import result_call
        from scheduler.client.connection import result

        return result(self._place, result_call(run_id))

    def stop(self, job_or_run: str, *, kill: bool = False) -> None:
        """Stop a run, also one that waits, or all runs of a job. Returns when they have ended."""
        from scheduler.client.calls import stop_call
        from scheduler.client.connection import result

        result(self._place, stop_call(job_or_run, kill=kill))

    def jobs(self) -> list[Job]:
        """All jobs, in the order of the file."""
        from scheduler.client.calls import jobs_call
        from scheduler.client.connection import result

        return result(self._place, jobs_call())

    def ask(self, operation: str, args: Mapping[str, object]) -> object:
        """The reply of any operation of the protocol, as JSON."""
        from scheduler.client.calls import ask_call
        from scheduler.client.connection import result

        return result(self._place, ask_call(operation, args))
