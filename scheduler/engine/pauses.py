"""`Pauses`: the jobs that are paused, each by a pause of its own, by a pause of all jobs, or by both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from scheduler.model.run import Pause

_LAST = datetime.max.replace(tzinfo=UTC)


class Pauses:
    """Owns all pauses. A pause that is over stays until the job is resumed, and covers nothing."""

    def __init__(self) -> None:
        self._own: dict[str, Pause] = {}
        self._of_all: dict[str, Pause] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._own or self._of_all)

    def begin(self, names: Iterable[str], pause: Pause) -> None:
        """Skip the scheduled runs of jobs from now on. A job's own pause and that of all jobs are kept apart."""
        (self._of_all if pause.of_all else self._own).update(dict.fromkeys(names, pause))

    def end(self, names: Iterable[str], now: datetime, *, of_all: bool = False) -> list[str]:
        """End the pauses of jobs, or only that of all jobs. Returns the names of those that no longer are paused."""
        own, of_everyone = self._own, self._of_all
        if not of_all:
            return [name for name in names if bool(own.pop(name, None)) | bool(of_everyone.pop(name, None))]
        ended = [name for name in names if of_everyone.pop(name, None)]
        return [name for name in ended if name not in own or self.of(name, now) is None]

    def of(self, name: str, moment: datetime) -> Pause | None:
        """The pause of a job that covers a scheduled time, or any other instant: of two the one that ends last."""
        own, of_all = self._own.get(name), self._of_all.get(name)
        if own is None or (of_all is not None and of_all.outlasts(own)):
            own = of_all
        return own if own is not None and own.covers(moment) else None

    def of_all(self, moment: datetime) -> tuple[Pause, int] | None:
        """The latest pause of all jobs, if it covers an instant for any of them, and for how many one does."""
        covered = _covered(self._of_all, moment)
        latest = (pause for pause in reversed(self._of_all.values()) if pause.covers(moment))
        return (next(latest), len(covered)) if covered else None

    def names(self, moment: datetime) -> AbstractSet[str]:
        """The jobs that are paused at an instant."""
        own, of_all = _covered(self._own, moment), _covered(self._of_all, moment)
        return own | of_all if own and of_all else own or of_all

    def endless(self) -> AbstractSet[str]:
        """The jobs whose pause has no end."""
        return self.names(_LAST)


def _covered(pauses: Mapping[str, Pause], moment: datetime) -> AbstractSet[str]:
    """The jobs whose pause covers an instant. Thousands may share one pause, which is asked once."""
    shared = dict(zip(map(id, pauses.values()), pauses.values(), strict=True))
    over = {key for key, pause in shared.items() if not pause.covers(moment)}
    return {name for name, pause in pauses.items() if id(pause) not in over} if over else pauses.keys()
