"""Who requested an operation."""

from __future__ import annotations

import msgspec


class Requester(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The requester: over the Unix socket `uid`, `user`, `pid` and `program` of the other end; over HTTP `address`, and
    `user` if a trusted proxy names it in `X-Forwarded-User`. What is not known is left out.
    """

    uid: int | None = None
    user: str | None = None
    pid: int | None = None
    program: str | None = None
    address: str | None = None

    @property
    def text(self) -> str:
        """For people: `deploy (schedctl, pid 4711)`, `alice (10.0.0.7)`."""
        pid = None if self.pid is None else f"pid {self.pid}"
        details = ", ".join(each for each in (self.program, pid, self.address) if each is not None)
        if self.user is None:
            return details or "unknown"
        return f"{self.user} ({details})" if details else self.user
