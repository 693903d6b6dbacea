"""What follows from the keys of a job alone: the origin of each value, and which steps its values need."""

from __future__ import annotations

from functools import cache

import msgspec

from scheduler.config.recipients import LISTS
from scheduler.model.job import ProcessSettings

_UNCHANGED = LISTS | {
    "description", "timezone", "enabled", "path", "timeout", "stop_grace", "overlap", "start_deadline", "catch_up",
    "max_waiting", "launcher", "on_shutdown", "output", "secret_arguments", "run_if_timeout",
    "remind", "expect_success_within", "slow_after", "notify_after", "ping", "sentry",
}  # fmt: skip
"""Keys whose value becomes the field of `Job` with the same name."""

OF_PROCESS = frozenset(ProcessSettings.__struct_fields__)
"""Keys whose value is the field of `ProcessSettings` of the same name."""

MERGED = ("env", "env_file", "retry")
"""Keys whose value is merged with that of the defaults."""

ORIGINS = ("defaults", "job", "override")
"""Where a key can be set; each goes before the one before it."""

_LIMITING = frozenset({"from", "until", "except", "splay"})
_ALARMS = frozenset({"remind", "notify_after", "slow_after", "on_slow"})
RARE = OF_PROCESS | {"success_codes", "lock", "accepts", "run_if", "run_if_timeout", "on_shutdown", "launcher"}
"""Keys that take further steps to become fields of `Job`. Most jobs have none, and skip those steps."""


class KeyPattern(msgspec.Struct, frozen=True):
    """What follows from the keys of a job alone: where each was set, and which steps are needed.

    `unchanged` are those of its keys that are in `_UNCHANGED`.
    """

    origins: dict[str, str]
    unchanged: tuple[str, ...]
    is_limited: bool
    has_alarms: bool
    is_rare: bool


@cache
def pattern_of(*keys: tuple[str, ...]) -> KeyPattern:
    """The pattern of the keys of `defaults`, of the job, and of its override. Most jobs of a file share one."""
    origins: dict[str, str] = {}
    for layer, given in zip(ORIGINS, keys, strict=True):
        for key in given:
            origins[key] = f"{layer} and {origins[key]}" if key in MERGED and key in origins else layer
    return KeyPattern(
        origins,
        tuple(key for key in origins if key in _UNCHANGED),
        is_limited=not _LIMITING.isdisjoint(origins),
        has_alarms=not _ALARMS.isdisjoint(origins),
        is_rare=not RARE.isdisjoint(origins),
    )
