"""Polling an API: fetch exchange rates and keep the latest of each currency in the database."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from examples.app.database import slot, transaction

STAND_IN = Path(__file__).parent / "data" / "rates.json"
"""What the API would answer, so that the example needs no network.

For real rates in the same form set RATES_URL=https://api.frankfurter.dev/v1/latest.
"""

UPSERT = """
INSERT INTO rates VALUES (?, ?, ?)
ON CONFLICT (currency) DO UPDATE SET rate = excluded.rate, slot = excluded.slot WHERE excluded.slot > rates.slot
"""


def poll_rates(*, currencies: Sequence[str]) -> None:
    """Store what one euro is worth in each of `currencies`. OSError or ValueError when the API has no answer."""
    # Fetched before the transaction begins, so that a slow API never keeps the database locked.
    quoted = _fetch(os.environ.get("RATES_URL") or STAND_IN.as_uri())
    if missing := set(currencies) - quoted.keys():
        raise ValueError(f"the API has no rate for {', '.join(sorted(missing))}")
    rates = {currency: float(quoted[currency]) for currency in currencies}
    with transaction() as db:
        # No record of slots is needed where the row itself remembers its own: a repeated slot, or an old one that
        # comes late, changes nothing.
        changed = db.executemany(UPSERT, [(currency, rate, slot()) for currency, rate in rates.items()]).rowcount
    now = ", ".join(f"{rate:.4f} {currency}" for currency, rate in rates.items())
    print(f"{changed} rates stored: 1 EUR = {now}" if changed else "nothing changed: this slot's rates are stored")


def _fetch(url: str) -> dict[str, float | str]:
    with urlopen(url, timeout=10) as response:  # noqa: S310 - the address is the operator's, a file: is the default
        answer = json.load(response)
    if not isinstance(answer, dict) or answer.get("base") != "EUR" or not isinstance(answer.get("rates"), dict):
        raise ValueError(f"not an answer of a rates API: {json.dumps(answer)[:100]}")
    rates: dict[str, float | str] = answer["rates"]
    return rates
