"""Read prices from a page and append them to a file, once per scheduled time. Standard library only."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from urllib.request import Request, urlopen

ROW = re.compile(r'<li data-name="([^"]+)">\s*([0-9]+\.[0-9]{2})')


def fetch_prices(*, url: str, into: str) -> None:
    """Append (scheduled time, name, price) rows. Errors of the network, and a page without prices, fail the run."""
    request = Request(url, headers={"User-Agent": "schedd-example/1.0"})
    with urlopen(request, timeout=20) as page:
        prices = ROW.findall(page.read().decode())
    if not prices:
        raise ValueError("the page shows no prices; has its layout changed?")
    at = os.environ.get("SCHED_SCHEDULED_AT", "")
    file = Path(into)
    file.parent.mkdir(parents=True, exist_ok=True)
    stored = file.read_text().splitlines() if file.exists() else []
    kept = [line for line in stored if not line.startswith(f"{at},")]  # of an earlier attempt for the same time
    with file.open("w", newline="") as out:
        out.writelines(f"{line}\n" for line in kept)
        csv.writer(out, lineterminator="\n").writerows((at, name, price) for name, price in prices)
    print(f"{len(prices)} prices stored")
