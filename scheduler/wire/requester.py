"""Who asked for something."""

from __future__ import annotations

import msgspec


class Requester(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked: over the Unix socket `uid`, `user`, `pid` and `program` of the other end; over HTTP `address`, and
    `user` where the client named one. What is not known is left out.
    """

    uid: int | None = None
    user: str | None = None
    pid: int | None = None
    program: str | None = None
    address: str | None = None
