"""The keys of requests: while the run of a key is known, a further request with that key is about this run."""

from __future__ import annotations

from collections.abc import Callable

SWEPT_FROM = 1000
"""Keys from which on those of forgotten runs are removed, each time that their number has doubled."""


class RequestKeys:
    """The run that was requested with each key, by job."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        """`is_known` says whether a run waits, is live, or is kept in history."""
        self._is_known = is_known
        self._runs: dict[str, dict[str, str]] = {}
        self._added = 0
        self._sweep_at = SWEPT_FROM

    def run_of(self, job: str, key: str | None) -> str | None:
        """The run that was requested of the job with this key, while it is known."""
        run_id = None if key is None else self._runs.get(job, {}).get(key)
        return run_id if run_id is not None and self._is_known(run_id) else None

    def add(self, job: str, key: str | None, run_id: str) -> None:
        """Remember the run of a key. Nothing for a run without one."""
        if key is None:
            return
        self._added += 1
        if self._added >= self._sweep_at:
            self._sweep()
        self._runs.setdefault(job, {})[key] = run_id

    def _sweep(self) -> None:
        for job, keys in tuple(self._runs.items()):
            self._runs[job] = {key: run_id for key, run_id in keys.items() if self._is_known(run_id)}
            if not self._runs[job]:
                del self._runs[job]
        self._added = sum(map(len, self._runs.values()))
        self._sweep_at = max(SWEPT_FROM, 2 * self._added)
