"""A schedule typed on the command line is read as in a file, in each of the forms that messages name."""

from __future__ import annotations

import msgspec
import pytest
from click.testing import CliRunner

from scheduler.cli.explain import explain
from scheduler.cli.typed_schedule import read_schedule
from scheduler.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("30 2 * * *", "30 2 * * *"),
        ("{hour: 5}", "{hour: 5}"),
        (' {second: "*/30", minute: "*"}', '{minute: "*", second: "*/30"}'),
        ('["@daily", {hour: 5}]', '["@daily", {hour: 5}]'),
        ("[0 5 * * *]", "0 5 * * *"),
    ],
)
def test_each_form_of_a_schedule_can_be_typed(typed: str, text: str) -> None:
    assert read_schedule(typed, "UTC")[0].text == text


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("61 * * * *", "minute 61 is out of range (0-59)\n  61 * * * *\n  ^"),
        ("{hour: 25}", "hour 25 is out of range (0-23)\n  {hour: 25}\n         ^"),
        ('["@daily", 5]', "a cron expression has five"),
        ("[@daily]", 'use quotes\n  [@daily]\n   ^\n  help: "@daily"'),
        ("{hour: 5", "missing comma or }"),
        ("{}", "the mapping is empty"),
        ("[]", "not 0"),
        ("['', {hour: 5}]", "missing value"),
        ("{\udcff: 5}", "is not allowed in a schedule"),
    ],
)
def test_an_error_in_it_is_marked(typed: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_schedule(typed, "UTC")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("0 8 * * mon in Europe/Berlin", "Europe/Berlin"),
        ("@daily in UTC", "UTC"),
        ("0 8 * * mon", "UTC"),
    ],
)
def test_a_schedule_can_be_typed_as_explain_prints_it(typed: str, zone: str) -> None:
    shown = CliRunner().invoke(explain, [typed, "--json"])
    assert (shown.exit_code, msgspec.json.decode(shown.stdout)["timezone"]) == (0, zone)
