"""The settings that schedd reads only when it starts."""

from __future__ import annotations

from msgspec.structs import replace

from scheduler.config.loading import Config
from scheduler.errors import ConfigError


def require_unchanged(before: Config, after: Config) -> None:
    """ConfigError when a file that is read again changes them: without a word, the change would have no effect.

    A scheduler that should join a space would run jobs beside another, and a token that was replaced would stay valid.
    """
    workers = [None if each.workers is None else replace(each.workers, places={}) for each in (before, after)]
    webs = [replace(each.web, places={}) for each in (before, after)]
    per_job = [each.metrics_per_job for each in (before, after)]
    for keys, (old, new) in (("launcher and space", workers), ("web", webs), ("metrics", per_job)):
        if old != new:
            raise ConfigError(f"{after.path}: error: a reload cannot change {keys}\n  help: restart schedd", ())
