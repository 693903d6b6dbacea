"""A number with hundreds of digits is an error with its place, as any other value that is not valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.errors import ConfigError

VALUES = {
    "memory_limit": ("{}K", "{}.5M", "{}"),
    "timeout": ("{}s", "{}w", "{}", "{}ms", "{}:00"),
    "retry": ("{}", "{{times: 1, factor: {}}}", "{{times: 1, factor: {}.5}}", "{{times: {}}}"),
    "nice": ("{}", "-{}"),
    "lock": ("{{name: a, slots: {}}}",),
    "slow_after": ("{}x", "{} times", "{}%"),
    "umask": ("{}",),
    "success_codes": ("[{}]",),
    "schedule": (
        '"{} * * * *"', '"*/{} * * * *"', '"0 0 * * 5#{}"', '"0 0 L-{} * *"', '"0 0 1-{} * *"', '"{}:00"',
        "{{year: {}}}", '"@every {}s"', '"@every {}w from 2026-01-01"', '"@at {}-01-01T00:00Z"', '"every {} minutes"',
        "{}",
    ),
    "max_waiting": ("{}",),
    "start_deadline": ("{}d",),
}  # fmt: skip


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in VALUES.items() for value in values])
def test_it_is_an_error_at_its_key(tmp_path: Path, key: str, value: str, digits: int) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs:\n  a:\n    command: x\n    {key}: {value.format('9' * digits)}\n")
    with pytest.raises(ConfigError, match=r"schedules\.yaml:4:\d+: error: "):
        load(file)
