"""Time zones: data that changes on disk is read again, and misleading names are reported."""

from __future__ import annotations

import shutil
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.schedule import find_zone, parse_schedule, refresh_zones, timezone_pitfall

SYSTEM = next(Path(path) for path in zoneinfo.TZPATH if Path(path, "Europe/Berlin").exists())
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Path]:
    """A directory in place of the system's time zone data."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    refresh_zones()
    yield tmp_path
    zoneinfo.reset_tzpath(to=before)
    refresh_zones()


def next_in(name: str) -> datetime | None:
    zone = find_zone(name)
    assert zone is not None
    return parse_schedule("0 0 * * *", zone, job_name="x").next_after(NOON)


def test_changed_zone_data_is_read_again_and_unchanged_data_is_kept(zones: Path) -> None:
    """B9"""
    for name in ("Testing", "Other"):
        shutil.copy(SYSTEM / "America/New_York", zones / name)
    assert next_in("Testing") == datetime(2026, 1, 2, 5, tzinfo=UTC)
    other = find_zone("Other")
    assert refresh_zones() == ()
    shutil.copy(SYSTEM / "Europe/Berlin", zones / "Testing")
    assert next_in("Testing") == datetime(2026, 1, 2, 5, tzinfo=UTC)
    assert refresh_zones() == ("Testing",)
    assert next_in("Testing") == datetime(2026, 1, 1, 23, tzinfo=UTC)
    assert find_zone("Other") is other
    (zones / "Testing").unlink()
    assert refresh_zones() == ("Testing",)
    assert find_zone("Testing") is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("EST", "fixed offset without daylight saving time; use a city such as America/New_York"),
        ("Etc/GMT+2", "is 2 hours behind UTC, since the sign of these names is reversed"),
        ("Etc/GMT-10", "is 10 hours ahead of UTC"),
        ("localtime", "depends on the machine"),
        ("Factory", "depends on the machine"),
    ],
)
def test_a_zone_name_that_misleads_is_explained(name: str, says: str) -> None:
    """B8"""
    assert says in (timezone_pitfall(name) or "")


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York", "Etc/UTC", "GMT"])
def test_an_ordinary_zone_name_has_no_pitfall(name: str) -> None:
    assert timezone_pitfall(name) is None
