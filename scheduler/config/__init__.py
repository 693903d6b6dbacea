"""The schedule file: YAML to Config. The only owner of yaml."""

from scheduler.config.load import Config, load

__all__ = ["Config", "load"]
