"""The pages as HTTP answers: each gathers what its template needs and renders it in slices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from scheduler import __version__
from scheduler.api.handlers import answer
from scheduler.api.service import Service
from scheduler.errors import ConfigError
from scheduler.web import index_page, job_page, reload_page, response, run_page, schedule_page
from scheduler.web.access import Scope
from scheduler.web.board import Board
from scheduler.web.buckets import Buckets
from scheduler.web.recent import Recent
from scheduler.web.request import Request
from scheduler.web.response import Response
from scheduler.web.why_answer import why_answer
from scheduler.web.words import Moment, until_text
from scheduler.wire.daemon import Reload, StatusView
from scheduler.wire.jobs import Show
from scheduler.wire.operations import RELOAD, SHOW

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

HTML = (("content-type", "text/html; charset=utf-8"), response.NO_STORE, response.VARY)

DONE = {
    "paused": "{} paused {}.",
    "passed-on": "{}: the active scheduler has accepted the run, and its dashboard shows it.",
    "requested": "{} will run at the time requested.",
    "resumed": "{} resumed.",
    "resumed-others": "All jobs resumed, except for those that were paused by name: {}.",
    "stopped": "{} stopped.",
    "reloaded": "Reloaded: the file is active.",
}
"""The text after an action, by the word in the address."""


@cache
def _templates() -> dict[str, jinja2.Template]:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
    )
    return {name: environment.get_template(name) for name in environment.list_templates()}


class Pages:
    """Renders pages from a service."""

    def __init__(
        self,
        service: Service,
        board: Board,
        recent: Recent,
        buckets: Buckets,
        max_running: Callable[[], int | None],
        *,
        login: bool,
    ) -> None:
        """`login`: people log in with a token."""
        self._login = login
        self._service = service
        self._board = board
        self._recent = recent
        self._buckets = buckets
        self._slices = service.slices
        self._max_running = max_running
        self._files = {path.name: path.read_bytes() for path in (_HERE / "static").iterdir()}
        self._version = hashlib.sha256(b"".join(self._files.values())).hexdigest()[:12]
        # Compiled now: a template compiled for the first visitor would hold up the runs of that moment for 20 ms.
        self._templates = _templates()

    # The pages.

    async def index(self, request: Request, scope: Scope) -> Response:
        """All jobs."""
        status = await self._slices.one(self._service.status)
        moment = self._moment(status=status)
        query = index_page.Query(
            request.query, young=moment.now - status.started_at < index_page.YOUNG, root=request.root
        )
        found = await index_page.context(self._board, self._buckets, self._recent, query, status, moment, self._slices)
        return await self._page("index.html", request, scope, moment, found, status=status, live=True)

    async def job(self, request: Request, scope: Scope, job: str) -> Response:
        """One job."""
        facts = self._board.facts(job)
        if facts is None:
            return self._unknown(request, scope, f"No job {job!r}", "It may have been removed from the file.")
        moment = self._moment(facts.job.timezone, with_seconds=job_page.is_often(facts))
        details = answer(self._service, SHOW, Show(job))
        why = why_answer(self._service, self._board, facts, request.query.get("at", ""), moment)
        missed = self._recent.missed_runs.get(job)
        found = job_page.context(self._board, facts, details, request.query, moment, why, missed)  # type: ignore[arg-type]
        return await self._page("job.html", request, scope, moment, found, live=True)

    async def run(self, request: Request, scope: Scope, run: str) -> Response:
        """One run."""
        found, live = self._board.run(run)
        if found is None:
            if live is not None:
                return await self._waiting(request, scope, live)
            text = "It was never started here, or it is older than the last 20 runs of its job."
            return self._unknown(request, scope, f"No run {run}", text)
        facts = self._board.facts(found.job)
        job = None if facts is None else facts.job
        moment = self._moment(None if job is None else job.timezone)
        usual = None if facts is None else facts.state.usual_duration
        chunks = self._board.output(found)
        context = run_page.context(job, found, live, chunks, request.query, moment, usual)
        return await self._page("run.html", request, scope, moment, context, live=True)

    async def output(self, _request: Request, _scope: Scope, run: str) -> Response:
        """The kept output of a run, as a text to download."""
        found, _live = self._board.run(run)
        if found is None:
            return response.problem(404, "Not found", f"no run {run}")
        wanted = _request.query.get("stream", "all")
        chunks = self._board.output(found)
        data = b"".join(chunk.data for chunk in chunks if wanted in ("all", chunk.stream.value))
        more = (("content-disposition", f'attachment; filename="{run}.txt"'),)
        headers = (("content-type", "text/plain; charset=utf-8"), response.NO_STORE, *more)
        return Response(headers=headers, body=data)

    async def schedule(self, request: Request, scope: Scope) -> Response:
        """The coming week."""
        moment = self._moment()
        found = await schedule_page.context(self._board, self._max_running(), moment, self._slices)
        return await self._page("schedule.html", request, scope, moment, found)

    async def reload(self, request: Request, scope: Scope) -> Response:
        """The preview of a reload."""
        moment = self._moment()
        status = self._service.status()
        plan: Any
        try:
            plan = await answer(self._service, RELOAD, Reload(plan=True), request.by)  # type: ignore[misc]
        except ConfigError as error:
            plan = error
        found = reload_page.context(plan, status, moment)
        return await self._page("reload.html", request, scope, moment, found, status=status)

    async def login(self, request: Request, _scope: Scope, *, wrong: str = "") -> Response:
        """The form that asks for the token."""
        back = local_path(request.query.get("back", request.form().get("back", "/")))
        return self.message(request, "Log in", wrong, status=401 if wrong else 200, login=True, back=back)

    async def static(self, request: Request, _scope: Scope, file: str) -> Response:
        """The style sheet and the script."""
        content = self._files.get(file)
        if content is None:
            return response.problem(404, "Not found", f"no file {file!r}")
        kind = ("content-type", _KINDS[Path(file).suffix])
        found = Response(headers=(kind, ("cache-control", "max-age=31536000, immutable")), body=content)
        return response.compressed(found, request.header("accept-encoding"))

    def message(
        self, request: Request, title: str, text: str, *, status: int, back: str = "/", login: bool = False,
        form: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """A page with one message, and the `form` as it was sent."""
        content = self._templates["message.html"].render(
            title=title,
            text=text,
            back=back,
            login=login,
            form=form or {},
            path=request.path,
            root=request.root,
            version=self._version,
        )
        return response.text(content, status=status, kind="text/html; charset=utf-8")

    def error_page(self, request: Request, found: Response) -> Response:
        """An error as a page for people."""
        assert isinstance(found.body, bytes), "problems are whole"  # noqa: S101
        about = msgspec.json.decode(found.body)
        detail = about["detail"]
        form = request.form() if about.get("code") == "usage" and request.method == "POST" else {}
        shown = self.message(
            request, "Check what you typed" if form else about["title"], detail[:1].upper() + detail[1:],
            status=found.status, back=local_path(form.get("back") or request.path.rpartition("/")[0]), form=form,
        )  # fmt: skip
        kept = tuple(pair for pair in found.headers if pair[0] not in ("content-type", "cache-control"))
        return Response(status=found.status, headers=(*shown.headers, *kept), body=shown.body)

    # What they share.

    def _moment(
        self, zone: ZoneInfo | None = None, *, with_seconds: bool = False, status: StatusView | None = None
    ) -> Moment:
        return Moment(self._board.now(), zone or self._board.zone(status), with_seconds=with_seconds)

    async def _waiting(self, request: Request, scope: Scope, live: Any) -> Response:
        """A waiting run has nothing to show yet: the page of its job names its gate."""
        del scope
        return response.redirect(f"{request.root}/jobs/{live.job}")

    def _unknown(self, request: Request, _scope: Scope, title: str, text: str) -> Response:
        return self.message(request, title, text, status=404)

    async def _page(
        self,
        template: str,
        request: Request,
        scope: Scope,
        moment: Moment,
        context: dict[str, Any],
        *,
        status: StatusView | None = None,
        live: bool = False,
    ) -> Response:
        if status is None:
            status = await self._slices.one(self._service.status)
        bar = self._bar(status, scope, self._moment(status=status))
        sections = {"job.html": "/", "run.html": "/"}
        shared = {
            "at": moment,
            "bar": bar,
            "root": request.root,
            "version": self._version,
            "live": live,
            "here": request.path,
            "section": sections.get(template, ""),
            "refresh": context.pop("refresh_to", None),
            "done": done_text(request.query),
        }
        pieces = (piece.encode() for piece in self._templates[template].generate(shared | context))
        zipped = response.takes_gzip(request.header("accept-encoding"))
        # A bug in the beginning of a template becomes an error page, not a broken page.
        return await response.streamed(self._slices, pieces, HTML, zipped=zipped)

    def _all_paused(self, moment: Moment) -> str:
        """`until 16:20` while all jobs are paused; else empty."""
        found = self._board.pause_of_all()
        return "" if found is None else until_text(found[0], moment)

    def _bar(self, status: StatusView, scope: Scope, moment: Moment) -> dict[str, Any]:
        failing, there = self._board.failing(), self._service.elsewhere
        return {
            "path": status.file,
            "file": Path(status.file).name,
            "started_at": status.started_at,
            "at": moment,
            "zone": str(moment.zone),
            "failing": failing,
            "icon": icon(failing),
            "all_paused": self._all_paused(moment),
            "can_write": scope >= Scope.CONTROL,
            "login": self._login,
            "ending": not status.ticking,
            "role": "" if there is None else f" · standby; active: {there.active}",
            "version": __version__,
        }


def icon(failing: int) -> str:
    """The favicon: the number of failing jobs, else the mark of success."""
    colour, shown = ("%23b73412", str(min(failing, 99))) if failing else ("%230e7a61", "%E2%9C%93")
    return (
        "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2016%2016'%3E%3Crect%20"
        f"width='16'%20height='16'%20rx='4'%20fill='{colour}'/%3E%3Ctext%20x='8'%20y='12'%20text-anchor='middle'%20"
        f"font-family='sans-serif'%20font-size='11'%20font-weight='700'%20fill='%23fff'%3E{shown}%3C/text%3E%3C/svg%3E"
    )


def done_text(query: Mapping[str, str]) -> str:
    """What an action did, from the address that it led to."""
    text = DONE.get(query.get("done", ""), "")
    return text.format(query.get("what", "")[:80] or "All jobs", query.get("until", "")[:40]).strip()


def local_path(path: str) -> str:
    """A path of this server, never an address elsewhere."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
