"""`HolidayDates`: the public holidays of a country or a stock exchange, from the optional package python-holidays."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

from scheduler.errors import ScheduleError
from scheduler.package import missing_package


class HolidayDates(msgspec.Struct, frozen=True):
    """The holidays of `code`: a country (`DE`), a part of it (`DE-BE`) or an exchange (`XNYS`)."""

    code: str

    def name_on(self, day: date) -> str | None:
        """The name of the holiday on that date, or None."""
        return holidays_of(self.code, day.year).get(day)


@lru_cache(maxsize=4096)
def holidays_of(code: str, year: int) -> dict[date, str]:
    """The holidays of one year by date. Raises ScheduleError when the code is unknown or python-holidays is missing."""
    try:
        import holidays  # noqa: PLC0415 - an optional extra, and 130 ms
    except ImportError:
        raise ScheduleError(missing_package("holidays", "holidays")) from None
    country, _, part = code.partition("-")
    try:
        if part:
            return dict(holidays.country_holidays(country, subdiv=part, years=year))
        if country in holidays.list_supported_financial():
            return dict(holidays.financial_holidays(country, years=year))
        return dict(holidays.country_holidays(country, years=year))
    except (NotImplementedError, KeyError, ValueError):
        raise _unknown(code, holidays) from None


def _unknown(code: str, holidays: Any) -> ScheduleError:
    countries: dict[str, list[str]] = holidays.list_supported_countries()
    country, _, part = code.partition("-")
    if country in countries and part:
        known = [f"{country}-{name}" for name in countries[country]]
        shown = f"the parts of {country} are {', '.join(countries[country])}" if known else f"{country} has no parts"
        help = code.upper() if code.upper() in known else None
        return ScheduleError(f"unknown holidays {code[:20]!r}; {shown}", field="holidays", help=help)
    known = [*countries, *holidays.list_supported_financial()]
    upper = code.upper()
    help = upper if upper.partition("-")[0] in known and _is_known(upper) and upper != code else None
    reason = f"unknown holidays {code[:20]!r}; use a country code such as DE, US or DE-BE"
    return ScheduleError(reason, field="holidays", help=help)


def _is_known(code: str) -> bool:
    try:
        holidays_of(code, 2026)
    except ScheduleError:
        return False
    return True
