"""One HTTP request: its address, its headers, its fields, and who sent it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import parse_qsl, unquote

from scheduler.errors import SchedError
from scheduler.wire.requester import Requester

MOST_FIELDS = 100
"""Parameters of an address or fields of a form."""

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", re.ASCII)
_USER = re.compile(r"[\w.@+-]{1,64}", re.ASCII)


class TooManyFieldsError(SchedError):
    """An address or a form has more than MOST_FIELDS."""


class Request:
    """A whole request. `address` and `scheme` are the client's if a trusted proxy forwards them.

    `server` is the address that was connected to; both addresses are empty over a Unix socket.
    """

    def __init__(
        self, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, address: str, server: str
    ) -> None:
        path, _, query = target.partition("?")
        self.method = method
        self.path = unquote(path, errors="replace")
        self._query = query
        self.body = body
        self.scheme = "http"
        self.over_unix = not address
        self.address = address
        self.server = server
        self.by_proxy = False
        self._headers: dict[str, list[str]] = {}
        for name, value in headers:
            self._headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def header(self, name: str) -> str | None:
        """A header by its lower-case name; None when it is missing or given twice with different values."""
        values = set(self._headers.get(name, ()))
        return values.pop() if len(values) == 1 else None

    @property
    def forwarded_for(self) -> str | None:
        """X-Forwarded-For, whoever sent it; several of it in one, since a proxy may add its own after its client's."""
        return ",".join(self._headers["x-forwarded-for"]) if "x-forwarded-for" in self._headers else None

    @property
    def is_forwarded(self) -> bool:
        """Whether it has a header of a proxy, whoever sent it."""
        return any(name == "forwarded" or name.startswith("x-forwarded-") for name in self._headers)

    @cached_property
    def query(self) -> dict[str, str]:
        """Parameters of the address; the last of equal names counts."""
        return _fields(self._query)

    @property
    def host(self) -> str:
        """The Host header as it came."""
        return self.header("host") or ""

    @cached_property
    def host_name(self) -> str | None:
        """The host without brackets and port, in lower case; None when it is not a valid one."""
        match = _HOST.fullmatch(self.host)
        return None if match is None else match[1].strip("[]").lower()

    @cached_property
    def root(self) -> str:
        """The path under which a trusted proxy serves us."""
        prefix = self.header("x-forwarded-prefix") if self.by_proxy else None
        prefix = (prefix or "").rstrip("/")
        return prefix if _PREFIX.fullmatch(prefix) else ""

    @property
    def by(self) -> Requester:
        """Who asks, for the log and the history."""
        user = self.header("x-forwarded-user") if self.by_proxy else None
        known = user if user is not None and _USER.fullmatch(user) else None
        return Requester(user=known, address=self.address or "unix socket")

    @property
    def wants_html(self) -> bool:
        """Whether a person looks at the answer."""
        return "text/html" in (self.header("accept") or "")

    def form(self) -> dict[str, str]:
        """Fields of a posted form."""
        return _fields(self.body.decode(errors="replace"))


def _fields(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:  # the only one that parse_qsl raises
        raise TooManyFieldsError(f"at most {MOST_FIELDS} fields are read") from None
