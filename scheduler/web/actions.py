"""The forms of the pages: each calls an operation, and redirects to the page that shows the result."""

from __future__ import annotations

import shlex
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from scheduler.api.handlers import answer
from scheduler.api.service import Service
from scheduler.errors import SchedError, UsageError
from scheduler.model.run import Pause
from scheduler.web.board import Board
from scheduler.web.form_times import typed_until
from scheduler.web.pages import local_path
from scheduler.web.request import Request
from scheduler.web.response import Response, redirect
from scheduler.web.words import Moment, until_text
from scheduler.wire.daemon import Reload
from scheduler.wire.jobs import PauseJobs, ResumeJobs
from scheduler.wire.operations import PAUSE, RELOAD, RESUME, RUN_NOW, STOP
from scheduler.wire.runs import RunNow, Started, Stop, Waiting

LONGEST_NOTE = 200


class Actions:
    """Carries out the requested actions. The caller shows their errors."""

    def __init__(self, service: Service, board: Board) -> None:
        self._service = service
        self._board = board

    async def run(self, request: Request, job: str) -> Response:
        """Run a job now, and show the run."""
        form = request.form()
        facts = self._board.facts(job)
        now = self._board.now()
        seconds = None if facts is None else typed_until(form.get("at", ""), now, facts.job.timezone)
        at = None if seconds is None else now + timedelta(seconds=seconds)
        is_standby = self._service.elsewhere is not None
        run_id = await first_run_id(answer(self._service, RUN_NOW, run_request(job, form, at), request.by))
        if is_standby:  # which passes the request on, and does not know the run
            return redirect(f"{request.root}/jobs/{job}?done=passed-on&what={quote(job)}")
        if at is not None:
            return redirect(f"{request.root}/jobs/{job}?done=requested&what={quote(job)}#waiting")
        return redirect(f"{request.root}/runs/{run_id}")

    async def stop_job(self, request: Request, job: str) -> Response:
        """Stop all runs of a job."""
        await self._stop(request, job)
        return self._back(request, "stopped", job)

    async def stop_run(self, request: Request, run: str) -> Response:
        """Stop one run."""
        await self._stop(request, run)
        return self._back(request, "stopped", run)

    async def pause(self, request: Request, job: str | None = None) -> Response:
        """Pause a job, or all."""
        form = request.form()
        facts = None if job is None else self._board.facts(job)
        zone = self._board.zone() if facts is None else facts.job.timezone
        now = self._board.now()
        seconds = typed_until(form.get("until", ""), now, zone)
        note = form.get("note", "").strip()[:LONGEST_NOTE]
        names = () if job is None else (job,)
        ask = PauseJobs(jobs=names, all=job is None, seconds=seconds, note=note)
        await answer(self._service, PAUSE, ask, request.by)  # type: ignore[misc]
        end = None if seconds is None else now + timedelta(seconds=seconds)
        until = until_text(Pause(since=now, until=end), Moment(now, zone))
        return self._back(request, "paused", job, until=until)

    async def resume(self, request: Request, job: str | None = None) -> Response:
        """Resume a job, or all."""
        names = () if job is None else (job,)
        found = await answer(self._service, RESUME, ResumeJobs(jobs=names, all=job is None), request.by)  # type: ignore[misc]
        paused = [view.name for view in found if view.paused is not None]
        return (
            self._back(request, "resumed-others", ", ".join(paused)) if paused else self._back(request, "resumed", job)
        )

    async def reload(self, request: Request) -> Response:
        """Apply the plan that was shown."""
        ask = Reload(plan=False, digest=request.form().get("digest") or None)
        await answer(self._service, RELOAD, ask, request.by)  # type: ignore[misc]
        return redirect(f"{request.root}/reload?done=reloaded")

    async def _stop(self, request: Request, target: str) -> None:
        kill = request.form().get("kill") == "1"
        await answer(self._service, STOP, Stop(target=target, kill=kill), request.by)  # type: ignore[misc]

    def _back(self, request: Request, done: str, what: str | None, **more: str) -> Response:
        path, _, fragment = local_path(request.form().get("back", "/")).partition("#")
        path = path.partition("?")[0]
        told = {"done": done} | ({} if what is None else {"what": what}) | more
        said = "?" + "&".join(f"{key}={quote(value)}" for key, value in told.items())
        return redirect(f"{request.root}{quote(path)}{said}" + (f"#{quote(fragment)}" if fragment else ""))


def run_request(job: str, form: dict[str, str], at: datetime | None = None) -> RunNow:
    """The request that a form describes. UsageError where its arguments cannot be read."""
    more: dict[str, Any] = {}
    if form.get("args", "").strip():
        try:
            more["args"] = tuple(shlex.split(form["args"]))
        except ValueError as error:
            raise UsageError(f"arguments: {error}") from None
    if form.get("kwargs", "").strip():
        more["kwargs"] = dict(_pairs(form["kwargs"]))
    if form.get("stdin", ""):
        more["stdin"] = form["stdin"].replace("\r\n", "\n").encode()
    return RunNow(job=job, force=form.get("force") == "1", detach=True, at=at, **more)


def _pairs(text: str) -> list[tuple[str, Any]]:
    found = []
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not line.strip():
            continue
        if not equals:
            raise UsageError(f"keyword arguments: {line!r} is not name=value")
        try:
            found.append((name.strip(), msgspec.json.decode(value)))
        except msgspec.DecodeError:
            found.append((name.strip(), value.strip()))
    return found


async def first_run_id(events: Any) -> str:
    """The id of the requested run, once it has started or waits."""
    assert isinstance(events, AsyncGenerator), "run-now streams"  # noqa: S101
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Started):
                return event.run.id
            if isinstance(event, Waiting):
                return event.run_id
    raise SchedError("the run ended before it began")
