"""HTTP in the daemon: combines listener, access control, pages and API."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from scheduler.api.handlers import answer
from scheduler.api.service import Service
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, report_bug
from scheduler.errors import ConfigError, SchedError
from scheduler.launch.envfile import read_small_file
from scheduler.launch.launcher import LaunchError
from scheduler.model.target import FromEnv, FromFile, Value
from scheduler.model.web import WebSettings, token_problem
from scheduler.web import response
from scheduler.web.access import SAFE, Access, Denied, Scope, Tokens
from scheduler.web.actions import Actions
from scheduler.web.board import Board
from scheduler.web.buckets import Buckets
from scheduler.web.health import Health
from scheduler.web.http_api import HttpApi, problem_of
from scheduler.web.http_connection import MOST_BODY
from scheduler.web.listener import Listener, open_listener
from scheduler.web.live import Live
from scheduler.web.pages import Pages, local_path
from scheduler.web.recent import Recent
from scheduler.web.request import Request, TooManyFieldsError
from scheduler.web.response import Response
from scheduler.web.routes import Route, Routes
from scheduler.wire.daemon import AskMetrics
from scheduler.wire.envelope import MAX_REQUEST
from scheduler.wire.http_routes import API, HTTP_ROUTES, HttpRoute
from scheduler.wire.operations import METRICS

OPENMETRICS = "application/openmetrics-text"


class Web:
    """Serves HTTP on a socket that is open already."""

    def __init__(
        self, service: Service, engine: Engine, settings: WebSettings, max_running: Callable[[], int | None]
    ) -> None:
        """Opens the socket. SchedError when that is not possible, ConfigError when a token cannot be read."""
        clock = engine.clock
        listen = settings.listen
        assert listen is not None, "there is an address, since its socket is open"  # noqa: S101
        self._service = service
        self._access = Access(
            listen, tokens_of(settings), settings.hosts, settings.trusted_proxies, lambda: clock.now().timestamp()
        )
        board = Board(service, engine)
        self._recent = Recent(clock.now)
        self._buckets = Buckets()
        self._live = Live(service.slices.calm)
        self._health = Health(service, engine)
        self._pages = Pages(
            service,
            board,
            self._recent,
            self._buckets,
            max_running,
            login=self._access.needs_token,
        )
        self._actions = Actions(service, board)
        self._api = HttpApi(service, board, self._live, self._access.needs_token)
        self._routes = Routes(self._table())
        opened = open_listener(listen)
        self.address = listen if listen.port else replace(listen, port=opened.getsockname()[1])
        """Where it listens; the port that was given for port 0."""
        self._listener = Listener(opened, self.handle, lambda: clock.now().timestamp(), self._most_body)

    async def start(self) -> None:
        """Begin to answer."""
        await self._listener.start()

    async def close(self) -> None:
        """End every stream and connection."""
        self._live.end()
        await self._listener.close()

    def on_event(self, event: Event) -> None:
        """Take note of an event."""
        self._health.on_event(event)
        self._recent.on_event(event)
        self._buckets.on_event(event)
        self._live.on_event(event)

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """Take note of a scheduled time before the start at which schedd was not running."""
        self._recent.missed(job, scheduled_at)
        self._live.changed(job)

    async def handle(self, request: Request) -> Response:
        """The answer to any request."""
        try:
            self._access.admit(request)
            found = self._routes.find(request)
            if isinstance(found, Response):
                return self._shown(request, found)
            route, places = found
            scope = Scope.NOTHING
            if route.scope is not Scope.NOTHING:
                scope = self._access.scope(request)
                if scope < route.scope:
                    return self._denied(request, scope)
            if request.method not in SAFE:
                self._access.check_origin(request)
            elif route.scope is not Scope.NOTHING:
                await self._service.slices.calm()
            return await route.endpoint(request, scope, **places)
        except Denied as denied:
            return self._shown(request, _denial(denied))
        except TooManyFieldsError as error:
            return self._shown(request, response.problem(400, "Bad request", str(error)))
        except SchedError as error:
            return self._shown(request, problem_of(error))
        except Exception as bug:
            report_bug("an HTTP request failed", bug)
            return self._shown(request, response.problem(500, "Internal error", "schedd's log has the details"))

    def _most_body(self, request: Request) -> int:
        """Bytes of a body: for a run, what the socket accepts, 1 MiB of stdin included, from those who may start it."""
        if request.path.endswith("/runs"):
            with contextlib.suppress(Denied):
                self._access.admit(request)
                self._access.check_origin(request)
                if self._access.scope(request) is Scope.CONTROL:
                    return MAX_REQUEST
        return MOST_BODY

    # Routes.

    def _table(self) -> list[Route]:
        pages, api, nothing, view, control = self._pages, self._api, Scope.NOTHING, Scope.VIEW, Scope.CONTROL
        forms = (
            ("/jobs/{job}/run", self._actions.run),
            ("/jobs/{job}/stop", self._actions.stop_job),
            ("/jobs/{job}/pause", self._actions.pause),
            ("/jobs/{job}/resume", self._actions.resume),
            ("/runs/{run}/stop", self._actions.stop_run),
            ("/pause", self._actions.pause),
            ("/resume", self._actions.resume),
            ("/reload", self._actions.reload),
        )
        return [
            Route("GET", "/healthz", nothing, self._health.alive),
            Route("GET", "/readyz", nothing, self._health.ready),
            Route("GET", "/metrics", nothing, self._metrics),
            Route("GET", "/static/{file}", nothing, pages.static),
            Route("GET", "/login", nothing, self._login_form),
            Route("POST", "/login", nothing, self._login),
            Route("POST", "/logout", nothing, self._logout),
            Route("GET", "/", view, pages.index),
            Route("GET", "/jobs/{job}", view, pages.job),
            Route("GET", "/runs/{run}", view, pages.run),
            Route("GET", "/runs/{run}/output.txt", view, pages.output),
            Route("GET", "/schedule", view, pages.schedule),
            Route("GET", "/reload", view, pages.reload),
            Route("GET", "/live", view, lambda request, _scope: api.events(request)),
            *(Route("POST", path, control, _without_scope(endpoint)) for path, endpoint in forms),
            *(self._api_route(route) for route in HTTP_ROUTES),
            Route("GET", f"{API}/runs/{{run}}", view, lambda request, _scope, run: api.run(request, run)),
            Route("GET", f"{API}/events", view, lambda request, _scope: api.events(request)),
            Route("GET", f"{API}/openapi.json", view, lambda request, _scope: api.openapi(request)),
        ]

    def _api_route(self, route: HttpRoute) -> Route:
        async def call(request: Request, _scope: Scope, **places: str) -> Response:
            return await self._api.call(route, request, _named(route, places))

        path = route.path.replace("{jobs}", "{job}").replace("{runs}", "{run}")
        path = path.replace("{target}", "{run}" if path.startswith("/runs/") else "{job}")
        scope = Scope.CONTROL if route.operation.writes else Scope.VIEW
        return Route(route.method, API + path, scope, call)

    async def _metrics(self, request: Request, _scope: Scope) -> Response:
        if not self._access.may_read_metrics(request):
            raise Denied(401, "a token is needed")
        openmetrics = OPENMETRICS in (request.header("accept") or "")
        found = await answer(self._service, METRICS, AskMetrics(openmetrics=openmetrics))  # type: ignore[misc]
        kind = (
            f"{OPENMETRICS}; version=1.0.0; charset=utf-8"
            if openmetrics
            else "text/plain; version=0.0.4; charset=utf-8"
        )
        pieces = (part.encode() for part in found.parts)
        zipped = response.takes_gzip(request.header("accept-encoding"))
        headers = (("content-type", kind), response.NO_STORE, response.VARY)
        return await response.streamed(self._service.slices, pieces, headers, zipped=zipped)

    # Logging in.

    async def _login_form(self, request: Request, scope: Scope) -> Response:
        if not self._access.needs_token:
            return response.redirect(f"{request.root}/")
        return await self._pages.login(request, scope)

    async def _login(self, request: Request, scope: Scope) -> Response:
        form = request.form()
        try:
            allowed = self._access.login(request.address, form.get("token", ""))
        except Denied as denied:
            return await self._pages.login(request, scope, wrong=f"{denied.reason[:1].upper()}{denied.reason[1:]}.")
        cookie = (("set-cookie", self._access.cookie(request, allowed)),)
        return response.redirect(f"{request.root}{local_path(form.get('back', '/'))}", more=cookie)

    async def _logout(self, request: Request, _scope: Scope) -> Response:
        path = request.root or "/"
        gone = (("set-cookie", f"schedd=; Max-Age=0; Path={path}; HttpOnly; SameSite=Strict"),)
        return response.redirect(f"{request.root}/login", more=gone)

    def _denied(self, request: Request, scope: Scope) -> Response:
        """No token: a person gets the form, a program 401. A token that may only look: 403."""
        if scope is not Scope.NOTHING:
            return self._shown(request, response.problem(403, "Forbidden", "this token is read-only"))
        if request.wants_html and request.method in SAFE:
            return response.redirect(f"{request.root}/login?back={request.path}")
        return self._shown(request, _denial(Denied(401, "a token is needed")))

    def _shown(self, request: Request, found: Response) -> Response:
        """An error as a page, where a person looks at it."""
        if not request.wants_html or request.path.startswith("/api/"):
            return found
        return self._pages.error_page(request, found)


def _denial(denied: Denied) -> Response:
    titles = {401: "Unauthorized", 403: "Forbidden", 421: "Misdirected request", 429: "Too many requests"}
    more: tuple[tuple[str, str], ...] = ()
    if denied.status == 401:
        more = (("www-authenticate", 'Bearer realm="schedd"'),)
    if denied.retry_after is not None:
        more = (("retry-after", str(denied.retry_after)),)
    return response.problem(denied.status, titles[denied.status], denied.reason, more=more)


def _without_scope(endpoint: Any) -> Any:
    async def call(request: Request, _scope: Scope, **places: str) -> Response:
        found: Response = await endpoint(request, **places)
        return found

    return call


def _named(route: HttpRoute, places: dict[str, str]) -> dict[str, str]:
    """The places by the names of the fields that they fill."""
    names = {"job": ("job", "jobs", "target"), "run": ("run", "runs", "target")}
    return {
        next(name for name in names[place] if f"{{{name}}}" in route.path): value for place, value in places.items()
    }


def tokens_of(settings: WebSettings) -> Tokens:
    """The secrets that the settings name. ConfigError when one cannot be read, is empty, or could not be sent."""
    return Tokens(
        control=_secret(settings, "token", settings.token), view=_secret(settings, "view_token", settings.view_token)
    )


def _secret(settings: WebSettings, key: str, value: Value | None) -> str | None:
    if value is None:
        return None
    match value:
        case FromEnv(variable):
            found = os.environ.get(variable, "")
            problem = f"the variable {variable} is not set in this environment, or empty"
        case FromFile(path):
            try:
                found, problem = read_small_file(path).decode().strip(), f"{path} is empty"
            except (LaunchError, UnicodeDecodeError) as error:
                found, problem = "", str(error)
        case str():
            found, problem = value, "the value is empty"
    problem = token_problem(found) if found else problem
    if problem:
        raise ConfigError(f"{settings.places.get(key, 'web')}: error: {key}: {problem}", ())
    return found
