"""Dates that come less than once a month, such as 29 February, for which croniter looks. Only this module sees it.

It gets plain numbers in the shape that it reads as everybody does, and naive times. To import it takes 25 ms and 2.5 MB
and starts a child, `file`, so this module is imported with the first schedule that needs it: most files never do.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from croniter import CroniterBadDateError, croniter


def search(expression: str, wall: datetime, *, either_day: bool, back: bool) -> datetime | None:
    """The first match strictly after `wall`; None when there is none for fifty years.

    Or `back`: a match before it, and mostly the last one, since croniter's way back is less sure than its way forward.
    """
    engine = _croniter(expression, either_day)
    look = engine.get_prev if back else engine.get_next
    try:
        found: datetime = look(datetime, start_time=wall)
    except CroniterBadDateError:
        return None
    return found


@lru_cache(maxsize=4096)
def _croniter(expression: str, either_day: bool) -> croniter:
    """One mutable croniter for each expression of five fields, of six with the seconds last, or of seven with the year
    after them. Every question brings its own start time.

    Fifty years are enough for 29 February on a weekday; with years named, the search must reach the last of them.
    """
    years = 50 if len(expression.split()) < 7 else 200
    return croniter(expression, 0.0, day_or=either_day, max_years_between_matches=years)
