"""Requests over the socket, without asyncio."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from scheduler.client.errors import UnreachableError, WaitTimeoutError
from scheduler.client.place import check_directory, check_peer, nobody
from scheduler.client.protocol import ANSWER_WITHIN, GONE, Answer, Collected, event_of, request_line
from scheduler.client.values import Ended, Event, RunResult


def ask(paths: list[str], operation: str, args: Mapping[str, object]) -> Any:
    """The reply of an operation."""
    answer = Answer()
    for _ in _messages(paths, answer, operation, args, None):
        pass
    return answer.reply


def events(paths: list[str], operation: str, args: Mapping[str, object], end: float | None = None) -> Iterator[Event]:
    """The events of an operation until the run has ended. TimeoutError at `end`, a time of time.monotonic."""
    for raw in _messages(paths, Answer(), operation, args, end):
        event = event_of(raw)
        if event is not None:
            yield event
        if isinstance(event, Ended):
            return


def ended(
    paths: list[str], operation: str, args: Mapping[str, object], seconds: float | None, run_id: str | None = None
) -> RunResult:
    """The end of a run. WaitTimeoutError after so many seconds."""
    collected = Collected(run_id)
    end = None if seconds is None else time.monotonic() + seconds
    try:
        for event in events(paths, operation, args, end):
            collected.add(event)
    except TimeoutError:
        raise WaitTimeoutError(collected.run_id) from None
    if collected.result is None:
        raise UnreachableError(GONE)
    return collected.result


def first_id(paths: list[str], operation: str, args: Mapping[str, object]) -> str:
    """The id of the run of a detached request."""
    for event in events(paths, operation, args):
        return event.run_id
    raise UnreachableError(GONE)


def _messages(
    paths: list[str], answer: Answer, operation: str, args: Mapping[str, object], end: float | None
) -> Iterator[dict[str, Any]]:
    line = request_line(operation, args)
    with _connected(paths) as sock, sock.makefile("rb") as lines:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # rejected: the answer says why
            sock.sendall(line)
        try:
            answer.read(lines.readline())
        except TimeoutError:
            raise UnreachableError(f"schedd has not answered for {ANSWER_WITHIN:g} s") from None
        while not answer.done:
            sock.settimeout(None if end is None else max(end - time.monotonic(), 0.001))
            try:
                message = answer.read(lines.readline())
            except ConnectionError:
                raise UnreachableError(GONE) from None
            if message is not None:
                yield message


def _connected(paths: list[str]) -> socket.socket:
    for path in paths:
        sock = socket.socket(socket.AF_UNIX)
        try:
            check_directory(path)
            sock.settimeout(ANSWER_WITHIN)
            sock.connect(path)
            check_peer(path, sock)
        except OSError:
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise nobody(paths)
