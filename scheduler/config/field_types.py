"""The types of the values of a schedule file, and the class of all its mappings.

A type says how the reader reads a value (`reads`) and how the JSON Schema describes it.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

JOB_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"

_DURATION = r"^(\d+(\.\d+)?w)?(\d+(\.\d+)?d)?(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?$"

Text = Annotated[str | int | float | bool, Meta(extra={"reads": "text"})]
Name = Annotated[str | int | float, Meta(extra={"reads": "name"})]
Secret = Annotated[str | int | float | bool, Meta(extra={"reads": "secret"}, extra_json_schema={"minLength": 1})]
"""A secret, or an address that may contain one."""
Token = Annotated[
    str | int | float | bool, Meta(extra={"reads": "token"}, extra_json_schema={"pattern": "^[!-~]([ -~]*[!-~])?$"})
]
"""A secret that clients send in a header of HTTP."""
HeaderValue = Annotated[
    str | int | float | bool, Meta(extra={"reads": "header value"}, extra_json_schema={"pattern": "^[ -~]*$"})
]

Duration = Annotated[
    str,
    Meta(
        extra={"reads": "duration"},
        extra_json_schema={"pattern": _DURATION, "minLength": 2, "examples": ["90s", "1h30m"]},
    ),
]
Limit = Annotated[Duration, Meta(extra={"reads": "limit"})]
Deadline = Annotated[Duration, Meta(extra={"reads": "deadline"})]
Size = Annotated[
    str,
    Meta(extra={"reads": "size"}, extra_json_schema={"pattern": r"^\d+(\.\d+)?[KMGT]$", "examples": ["512M", "2G"]}),
]
Mode = Annotated[
    str | int, Meta(extra={"reads": "mode"}, extra_json_schema={"pattern": "^(0o?)?[0-7]{1,3}$", "examples": ["027"]})
]
Zone = Annotated[str, Meta(extra={"reads": "zone"}, extra_json_schema={"examples": ["UTC", "Europe/Berlin"]})]
EnvName = Annotated[str, Meta(extra={"reads": "variable"}, extra_json_schema={"pattern": r"^\s*[^=\s$][^=]*$"})]
"""The name of a variable that may exist: unlike the keys of `env`, it may have dots and dashes."""
FilePath = Annotated[str, Meta(min_length=1, extra={"reads": "path"})]
ExitCode = Annotated[int, Meta(ge=0, le=255)]
Function = Annotated[
    str,
    Meta(
        extra={"reads": "function"},
        extra_json_schema={"pattern": r"^[\w.]+:[\w.]+$", "examples": ["app.tasks:poll_rates"]},
    ),
]
Url = Annotated[
    str,
    Meta(
        extra={"reads": "url"}, extra_json_schema={"pattern": "^https?://", "examples": ["https://example.com/hooks"]}
    ),
]
AppriseUrl = Annotated[
    str,
    Meta(
        extra={"reads": "apprise"},
        extra_json_schema={"pattern": "^[A-Za-z][A-Za-z0-9+.-]*://.", "examples": ["slack://…"]},
    ),
]
Address = Annotated[
    str, Meta(extra={"reads": "address"}, extra_json_schema={"pattern": "@", "examples": ["ops@example.com"]})
]

Listen = Annotated[
    str,
    Meta(extra={"reads": "listen"}, extra_json_schema={"examples": ["127.0.0.1:8765", "unix:/run/schedd/web.sock"]}),
]
HostName = Annotated[str, Meta(extra={"reads": "host"}, extra_json_schema={"examples": ["jobs.example.com"]})]
Network = Annotated[str, Meta(extra={"reads": "network"}, extra_json_schema={"examples": ["127.0.0.1", "10.0.0.0/8"]})]


class Form(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A mapping with a fixed set of keys. `kind` names the suggestions for what is written in its place."""

    kind: ClassVar[str] = ""

    @classmethod
    def type_of(cls, field: str) -> Any:
        """The type of a field. Until then it is text: a file has few of the keys, and all types take 5 ms."""
        owner = next(one for one in cls.__mro__ if field in getattr(one, "__annotations__", ()))
        return eval(owner.__annotations__[field], vars(sys.modules[owner.__module__]))  # noqa: S307 - our own text

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        """Why a mapping cannot have exactly these keys; None when it can."""
        del keys
        return None

    @classmethod
    def ignores(cls, key: str) -> bool:
        """Whether unknown keys are allowed."""
        del key
        return False
