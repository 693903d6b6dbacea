"""What a program gives to `scheduler.client`, before a request is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from scheduler.client import Client, UsageError
from scheduler.client.calls import run_request


@pytest.mark.parametrize("at", ["2027-01-31T09:00:00Z", 1801386000, date(2027, 1, 31)])
def test_a_time_that_is_not_a_datetime_is_a_usage_error_that_names_it(at: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Client("schedules.yaml").enqueue("import", at=at)

    assert str(caught.value) == f"`at` must be a datetime with a time zone, not {at!r}"


def test_a_time_without_a_time_zone_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="must have a time zone"):
        run_request("import", (), {}, None, None, datetime(2027, 1, 31, 9), False, wait=False)  # noqa: DTZ001


def test_a_time_with_a_time_zone_is_part_of_the_request() -> None:
    at = datetime(2027, 1, 31, 9, tzinfo=UTC)

    assert run_request("import", (), {}, None, None, at, False, wait=False)["at"] == "2027-01-31T09:00:00+00:00"
