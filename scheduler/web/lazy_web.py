"""HTTP for the daemon: without an address to listen on, no web code is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from scheduler.api.service import Service
from scheduler.engine.engine import Engine
from scheduler.errors import SchedError
from scheduler.model.web import ListenAddress, WebSettings
from scheduler.package import missing_package


class MissingExtraError(SchedError):
    """The extra `web` is not installed."""


class LazyWeb:
    """Does nothing unless the settings have an address."""

    def __init__(
        self, service: Service, engine: Engine, settings: WebSettings, max_running: Callable[[], int | None]
    ) -> None:
        self._service = service
        self._engine = engine
        self._settings = settings
        self._max_running = max_running
        self._web: Any = None

    async def start(self) -> ListenAddress | None:
        """Listen and answer from now on; returns the address. SchedError when that is not possible."""
        if self._settings.listen is None:
            return None
        try:
            from scheduler.web.http_server import Web  # noqa: PLC0415 - an optional extra
        except ModuleNotFoundError as error:
            if error.name not in ("h11", "jinja2", "markupsafe"):
                raise
            raise MissingExtraError(f"HTTP cannot be served: {missing_package(error.name, 'web')}") from None
        self._web = Web(self._service, self._engine, self._settings, self._max_running)
        self._engine.announce.add(self._web.on_event)
        await self._web.start()
        address: ListenAddress = self._web.address
        print(f"dashboard: {address.url}", file=sys.stderr, flush=True)  # noqa: T201 - for who has started schedd
        return address

    def missed(self, job: str, scheduled_at: datetime) -> None:
        """Take note of a scheduled time before the start at which schedd was not running."""
        if self._web is not None:
            self._web.missed(job, scheduled_at)

    async def close(self) -> None:
        """End every stream and connection."""
        if self._web is not None:
            await self._web.close()
