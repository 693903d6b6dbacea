"""Write values as YAML text."""

from __future__ import annotations

import yaml


def as_yaml(value: object) -> str:
    """The value, made of JSON's types, as a block of YAML with its keys in order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
