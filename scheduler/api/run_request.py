"""Checks the request for a run, and hides what must not be shown of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from scheduler.api.lookup import in_utc
from scheduler.api.secret_values import is_secret
from scheduler.clock import rfc3339
from scheduler.errors import MASK, RefusedError, UsageError
from scheduler.model.job import Accepts, Job
from scheduler.model.run import NOTHING, RunRequest
from scheduler.wire.arguments import ArgumentsView
from scheduler.wire.requester import Requester
from scheduler.wire.runs import RunNow

LONGEST_KEY = 255
"""Characters of the key of a request."""

MOST_STDIN = 1 << 20
"""Bytes that a run can be given on stdin."""

_OPTION = r"(?s)(--?[\w-]+)(?:=(.*))?"
"""An option on a command line, with its value if that follows an equals sign."""


def run_request(job: Job, ask: RunNow, by: Requester | None, now: datetime) -> RunRequest:
    """The request as the engine takes it. UsageError when it is not valid, RefusedError when the job rejects it."""
    for name, value in ask.env.items():
        if not name or "=" in name or "\0" in name + value:
            raise UsageError(f"{name!r} is not a valid name of an environment variable")
        if name.startswith("SCHED_"):
            raise UsageError(f"{name}: variables that start with SCHED_ are set by schedd")
    _check_arguments(job, ask)
    if ask.key is not None and not 0 < len(ask.key) <= LONGEST_KEY:
        raise UsageError(f"a key must have 1 to {LONGEST_KEY} characters; this has {len(ask.key)}")
    if ask.at is not None and ask.at <= now:
        raise UsageError(f"{rfc3339(in_utc(ask.at))} is in the past")
    return RunRequest(
        force=ask.force,
        as_of=None if ask.as_of is None else in_utc(ask.as_of),
        env=ask.env or NOTHING,
        by=by,
        caller=ask.caller,
        args=ask.args,
        kwargs=ask.kwargs or NOTHING,
        stdin=ask.stdin or b"",
        arguments=shown_arguments(job, ask),
        at=None if ask.at is None else in_utc(ask.at),
        key=ask.key,
    )


def _check_arguments(job: Job, ask: RunNow) -> None:
    given = {Accepts.ARGS: ask.args, Accepts.KWARGS: ask.kwargs, Accepts.STDIN: ask.stdin is not None}
    for kind, value in given.items():
        if value and kind not in job.accepts:
            raise RefusedError(f"{job.name} does not accept {kind.value}; add {kind.value} to its key `accepts`")
    if any("\0" in word for word in ask.args):
        raise UsageError("an argument must not contain a NUL byte")
    if ask.stdin is not None and len(ask.stdin) > MOST_STDIN:
        raise UsageError(f"stdin must not be longer than 1 MiB; this has {len(ask.stdin)} bytes")


def shown_arguments(job: Job, ask: RunNow) -> ArgumentsView | None:
    """The arguments without secrets; None when there are none."""
    if not ask.args and not ask.kwargs and ask.stdin is None:
        return None
    stdin = None if ask.stdin is None else len(ask.stdin)
    if job.secret_arguments:
        return ArgumentsView(args=(MASK,) * len(ask.args), kwargs=dict.fromkeys(ask.kwargs, MASK), stdin=stdin)
    kwargs = {name: MASK if is_secret(name, _text(value)) else value for name, value in ask.kwargs.items()}
    args = tuple(_shown(ask.args))
    return ArgumentsView(args=ask.args if args == ask.args else args, kwargs=kwargs, stdin=stdin)


def _shown(args: tuple[str, ...]) -> Iterator[str]:
    option = ""
    for word in args:
        found = re.fullmatch(_OPTION, word)
        if found is None:
            yield MASK if is_secret(option, word) else word
            option = ""
        elif found[2] is None:
            yield word
            option = found[1].lstrip("-")
        else:
            yield f"{found[1]}={MASK}" if is_secret(found[1].lstrip("-"), found[2]) else word
            option = ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
