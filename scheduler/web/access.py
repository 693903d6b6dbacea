"""Access control: allowed hosts, tokens and cookies, and requests across sites."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from enum import IntEnum
from http.cookies import CookieError, SimpleCookie

import msgspec

from scheduler.model.web import ListenAddress, is_loopback
from scheduler.web.forwarded import TrustedProxies
from scheduler.web.request import Request

COOKIE = "schedd"
COOKIE_AGE = 12 * 3600
"""Seconds for which a login lasts."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

FREE_FAILURES = 5
"""Number of wrong tokens of one address that are answered at once."""

LONGEST_BLOCK = 60.0
"""Seconds for which an address that continues to guess gets no answer."""

ADDRESSES_KEPT = 1_000


class Scope(IntEnum):
    """What a request may do."""

    NOTHING = 0
    VIEW = 1
    CONTROL = 2


class Denied(Exception):  # noqa: N818 - an answer, not a failure
    """The answer to a request that is denied."""

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Tokens(msgspec.Struct, frozen=True):
    """The secrets; None if the file has none."""

    control: str | None = None
    view: str | None = None


class Access:
    """Decides about requests, and remembers addresses with wrong tokens."""

    def __init__(
        self,
        listen: ListenAddress,
        tokens: Tokens,
        hosts: Iterable[str],
        trusted_proxies: Iterable[str],
        now: Callable[[], float],
    ) -> None:
        """`now` is the wall clock in seconds since the epoch."""
        self._listen = listen
        self._tokens = tokens
        self._hosts = frozenset(host.lower() for host in hosts)
        self._proxies = TrustedProxies(trusted_proxies)
        self._now = now
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        secret = tokens.control or ""
        self._key = hashlib.sha256(b"schedd cookie\0" + secret.encode() + b"\0" + (tokens.view or "").encode()).digest()

    @property
    def needs_token(self) -> bool:
        """Whether there is a login."""
        return self._tokens.control is not None

    def admit(self, request: Request) -> None:
        """The checks that come before anything else. Denied when the request must not be answered."""
        self._check_host(request)
        request.by_proxy = self._proxies.sent(request)
        if request.by_proxy:
            request.address = self._proxies.client_of(request)
            if request.header("x-forwarded-proto") in ("http", "https"):
                request.scheme = request.header("x-forwarded-proto") or "http"

    def scope(self, request: Request) -> Scope:
        """What the request may do by its token or cookie. Denied for a wrong token."""
        if self._tokens.control is None:
            return Scope.CONTROL
        token = _bearer_token(request)
        return self._scope_of_cookie(request) if token is None else self.login(request.address, token)

    def login(self, address: str, token: str) -> Scope:
        """What a token allows. Denied when it is wrong, or when the address has guessed too often."""
        count, until = self._failures.get(address, (0, 0.0))
        now = self._now()
        if now < until:
            seconds = max(1, round(until - now))
            raise Denied(429, f"too many wrong tokens; try again in {seconds}s", retry_after=seconds)
        given = token.encode(errors="surrogateescape")
        found = Scope.NOTHING
        for scope, expected in ((Scope.CONTROL, self._tokens.control), (Scope.VIEW, self._tokens.view)):
            # Both are always compared, so that the time reveals nothing.
            if expected is not None and hmac.compare_digest(given, expected.encode()):
                found = max(found, scope)
        if found is Scope.NOTHING:
            self._remember(address, count + 1, now)
            raise Denied(401, "wrong token")
        self._failures.pop(address, None)
        return found

    def cookie(self, request: Request, scope: Scope) -> str:
        """The value of Set-Cookie that keeps a person logged in."""
        expires = int(self._now()) + COOKIE_AGE
        value = f"{int(scope)}.{expires}.{self._signature(int(scope), expires)}"
        secure = "; Secure" if request.scheme == "https" else ""
        path = request.root or "/"
        return f"{COOKIE}={value}; Max-Age={COOKIE_AGE}; Path={path}; HttpOnly; SameSite=Strict{secure}"

    def check_origin(self, request: Request) -> None:
        """A request that changes something must come from our own page, or from a program. Denied otherwise.

        Browsers send Sec-Fetch-Site or Origin with each POST. A program sends neither: it needs a token, or it is on
        this machine and sends JSON, which no form can send.
        """
        if request.method in SAFE:
            return
        site = request.header("sec-fetch-site")
        if site is not None:
            if site not in ("same-origin", "none"):
                raise Denied(403, "a request from another site is not accepted")
            return
        origin = request.header("origin")
        if origin is not None:
            if _netloc(origin) != _with_port(request.host, request.scheme):
                raise Denied(403, "a request from another site is not accepted")
            return
        is_json = (request.header("content-type") or "").partition(";")[0].strip().lower() == "application/json"
        is_local = not request.address or is_loopback(request.address)
        if not ((self.needs_token and _bearer_token(request) is not None) or (is_json and is_local)):
            raise Denied(403, "send Origin, a bearer token, or from this machine Content-Type: application/json")

    def may_read_metrics(self, request: Request) -> bool:
        """Open to this machine, but not through a proxy, which may forward to all the world; else it needs a token."""
        local = request.over_unix or is_loopback(request.address)
        forwarded = request.by_proxy or request.is_forwarded
        return (local and not forwarded) or self.scope(request) >= Scope.VIEW

    def _check_host(self, request: Request) -> None:
        name = request.host_name
        if name is None:
            raise Denied(421, "the Host header is missing or invalid")
        if name in self._hosts or request.host.lower() in self._hosts:
            return
        if name == "localhost" or is_loopback(name):
            return
        # An address cannot be bound to another name by DNS; only the one that was connected to is ours.
        if name == self._listen.host.lower() or name == request.server:
            return
        raise Denied(421, f"{name!r} is not a name of this server; add it to hosts in web: of the schedule file")

    def _scope_of_cookie(self, request: Request) -> Scope:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(request.header("cookie") or "")
            scope, expires, signature = cookies[COOKIE].value.split(".")
            expected = self._signature(int(scope), int(expires))
        except (CookieError, KeyError, ValueError):
            return Scope.NOTHING
        if not hmac.compare_digest(signature.encode(), expected.encode()) or int(expires) < self._now():
            return Scope.NOTHING
        return Scope(int(scope))

    def _signature(self, scope: int, expires: int) -> str:
        return hmac.new(self._key, f"{scope}.{expires}".encode(), hashlib.sha256).hexdigest()

    def _remember(self, address: str, count: int, now: float) -> None:
        block = 0.0 if count < FREE_FAILURES else min(LONGEST_BLOCK, 2.0 ** (count - FREE_FAILURES))
        self._failures[address] = count, now + block
        self._failures.move_to_end(address)
        while len(self._failures) > ADDRESSES_KEPT:
            self._failures.popitem(last=False)


def _bearer_token(request: Request) -> str | None:
    """The token of a program. Another kind of `Authorization`, such as Basic, is the password of a proxy before us."""
    kind, _, token = (request.header("authorization") or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _netloc(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    return _with_port(rest, scheme) if rest else ""


def _with_port(host: str, scheme: str) -> str:
    """The host with its port, the default one of the scheme written out."""
    host = host.lower()
    if host.endswith("]") or ":" not in host:
        return f"{host}:{443 if scheme == 'https' else 80}"
    return host
