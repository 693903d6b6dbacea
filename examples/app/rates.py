"""Poll an API: fetch exchange rates and keep the latest of each currency in the database."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from examples.app.database import scheduled_at, transaction

STAND_IN = Path(__file__).parent / "data" / "rates.json"
"""A recorded answer of the API, so that the example needs no network.

Set RATES_URL=https://api.frankfurter.dev/v1/latest for real rates in the same form.
"""

UPSERT = """
INSERT INTO rates VALUES (?, ?, ?)
ON CONFLICT (currency) DO UPDATE SET rate = excluded.rate, scheduled_at = excluded.scheduled_at
WHERE excluded.scheduled_at > rates.scheduled_at
"""


def poll_rates(*, currencies: Sequence[str]) -> None:
    """Store the value of one euro in each of `currencies`. OSError or ValueError if the API does not answer."""
    # Fetch before the transaction begins, so that a slow API does not keep the database locked.
    quoted = _fetch(os.environ.get("RATES_URL") or STAND_IN.as_uri())
    if missing := set(currencies) - quoted.keys():
        raise ValueError(f"the API has no rate for {', '.join(sorted(missing))}")
    rates = {currency: float(quoted[currency]) for currency in currencies}
    with transaction() as db:
        # The row stores its own scheduled time, so a repeated run, or an old one that comes late, changes nothing.
        changed = db.executemany(
            UPSERT, [(currency, rate, scheduled_at()) for currency, rate in rates.items()]
        ).rowcount
    now = ", ".join(f"{rate:.4f} {currency}" for currency, rate in rates.items())
    print(
        f"{changed} rates stored: 1 EUR = {now}" if changed else "nothing to do: already stored for this scheduled time"
    )


def _fetch(url: str) -> dict[str, float | str]:
    with urlopen(url, timeout=10) as response:
        answer = json.load(response)
    if not isinstance(answer, dict) or answer.get("base") != "EUR" or not isinstance(answer.get("rates"), dict):
        raise ValueError(f"not a valid answer of a rates API: {json.dumps(answer)[:100]}")
    rates: dict[str, float | str] = answer["rates"]
    return rates
