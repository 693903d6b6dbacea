"""Whether schedd is alive and ready, for platforms that ask over HTTP."""

from __future__ import annotations

from scheduler.api.service import Service
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged
from scheduler.web.access import Scope
from scheduler.web.request import Request
from scheduler.web.response import Response, text


class Health:
    """Answers /healthz and /readyz."""

    def __init__(self, service: Service, engine: Engine) -> None:
        self._service = service
        self._engine = engine
        self._loaded = False

    def on_event(self, event: Event) -> None:
        """The first load makes schedd ready."""
        self._loaded = self._loaded or isinstance(event, JobsChanged)

    async def alive(self, _request: Request, _scope: Scope) -> Response:
        """200 while scheduled times are decided in time; 503 when the engine is behind."""
        problem = self._engine.problem()
        return text("ok\n") if problem is None else text(f"{problem}\n", status=503)

    async def ready(self, _request: Request, _scope: Scope) -> Response:
        """200 once the file is loaded and a scheduler is active, this one or another; 503 while schedd shuts down."""
        if not self._loaded:
            return text("starting\n", status=503)
        if self._engine.runner.draining:
            return text("shutting down\n", status=503)
        there = self._service.elsewhere
        problem = None if there is None else there.problem
        return text("ok\n") if problem is None else text(f"{problem}\n", status=503)
