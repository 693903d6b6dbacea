"""Six bare fields are refused, and both readings that are offered instead mean what they say."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from scheduler.errors import ScheduleError
from scheduler.schedule import parse_schedule


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("* * * * * *", '{second: "*"} or * * * * *'),
        ("* 5 * * * *", '{minute: 5, second: "*"} or * 5 * * *'),
        ("*/10 * * * * *", '{second: "*/10"} or */10 * * * *'),
        ("0 */5 * * * *", "*/5 * * * *"),
        ("* 5 * * * 2027", '{year: 2027, hour: 5, minute: "*"}'),
        ("0 12 * * ? 2027", "{year: 2027, hour: 12, minute: 0}"),
        ("0 0 2 * * mon", "0 2 * * mon"),
    ],
)
def test_the_readings_keep_the_finest_field_also_where_it_is_every_one(text: str, help: str) -> None:
    """C3"""
    with pytest.raises(ScheduleError) as raised:
        parse_schedule(text, ZoneInfo("UTC"), job_name="job")
    assert raised.value.help is not None
    assert help in raised.value.help
