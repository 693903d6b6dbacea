"""Search for dates that do not occur every month, such as 29 February: the only module that imports croniter.

croniter gets plain numbers and naive times. Importing it takes 25 ms and 2.5 MB and starts a child process (`file`), so
this module is imported by the first schedule that needs it; most files need it never.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from threading import get_ident

from croniter import CroniterBadDateError, croniter


def search(expression: str, wall: datetime, *, either_day: bool, back: bool) -> datetime | None:
    """Return the first match strictly after `wall`, or None when there is none for fifty years.

    With `back`, return a match before it: mostly the last one, but `get_prev` can miss a match.
    """
    engine = _croniter(expression, either_day, get_ident())
    look = engine.get_prev if back else engine.get_next
    try:
        found: datetime = look(datetime, start_time=wall)
    except CroniterBadDateError:
        return None
    return found


@lru_cache(maxsize=4096)
def _croniter(expression: str, either_day: bool, _thread: int) -> croniter:
    """Return the croniter of an expression: five fields, six with seconds last, or seven with the year after them.

    It is mutable: each thread has its own, and each call passes its own start time. Fifty years are enough for 29
    February on a given weekday; with a year field the search must reach the last year.
    """
    years = 50 if len(expression.split()) < 7 else 200
    return croniter(expression, 0.0, day_or=either_day, max_years_between_matches=years)
