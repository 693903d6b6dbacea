"""Accepted requests: their keys, and the memory that their stdin takes until their runs are over."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.engine.events import Event, RunFinished, RunSkipped
from scheduler.model.run import RunRequest

MOST_HELD = 64 << 20
"""Bytes of stdin that all requests whose runs are not over may hold together."""

SWEPT_FROM = 1000
"""Keys from which on those of forgotten runs are removed, each time that their number has doubled."""


class Accepted:
    """A listener that knows which request has which key."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        """`is_known` says whether a run waits, is live, or is kept in history."""
        self._is_known = is_known
        self._keys: dict[str, dict[str, str]] = {}
        """The run of each key, by job."""
        self._keys_added = 0
        self._sweep_at = SWEPT_FROM
        self._held: dict[str, int] = {}

    def same(self, job: str, key: str | None) -> str | None:
        """The run that was requested of the job with this key, while it is known."""
        run_id = None if key is None else self._keys.get(job, {}).get(key)
        return run_id if run_id is not None and self._is_known(run_id) else None

    def add(self, run_id: str, job: str, request: RunRequest) -> str | None:
        """Take over a request; a sentence when there is no room for its stdin."""
        size = len(request.stdin)
        if size and size + sum(self._held.values()) > MOST_HELD:
            return f"requests that are not over hold {MOST_HELD >> 20} MiB of stdin already; try again later"
        if size:
            self._held[run_id] = size
        if request.key is not None:
            self._keys_added += 1
            if self._keys_added >= self._sweep_at:
                self._sweep()
            self._keys.setdefault(job, {})[request.key] = run_id
        return None

    def _sweep(self) -> None:
        """Remove the keys of runs that are not known any more."""
        for job, keys in tuple(self._keys.items()):
            self._keys[job] = {key: run for key, run in keys.items() if self._is_known(run)}
            if not self._keys[job]:
                del self._keys[job]
        self._keys_added = sum(map(len, self._keys.values()))
        self._sweep_at = max(SWEPT_FROM, 2 * self._keys_added)

    def on_event(self, event: Event) -> None:
        """Free what a run held that is over."""
        match event:
            case RunFinished(run=run):
                self.over(run.id)
            case RunSkipped(run_id=str(run_id)):
                self.over(run_id)
            case _:
                pass

    def over(self, run_id: str) -> None:
        """Free what a run held."""
        self._held.pop(run_id, None)
