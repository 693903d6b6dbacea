"""Who may do what over HTTP: each attack on such a listener is played against the checks."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.model.web import ListenAddress, parse_listen_address
from scheduler.web.access import FREE_FAILURES, LONGEST_BLOCK, Access, Denied, Scope, Tokens
from scheduler.web.request import Request

LOCAL = "127.0.0.1"
PEER = "192.0.2.17"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def access(
    *, listen: str = "127.0.0.1:8765", token: str | None = None, view: str | None = None, clock: Clock | None = None,
    hosts: tuple[str, ...] = (), proxies: tuple[str, ...] = (),
) -> Access:  # fmt: skip
    return Access(parse_listen_address(listen), Tokens(token, view), hosts, proxies, clock or Clock())


def request(
    method: str = "GET",
    path: str = "/",
    *,
    address: str = LOCAL,
    server: str = LOCAL,
    body: bytes = b"",
    **headers: str,
) -> Request:
    given = {"host": "localhost:8765"} | {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value]
    return Request(method, path, pairs, body, address, server)


def denied(check: object, *arguments: object) -> int:
    with pytest.raises(Denied) as caught:
        check(*arguments)  # type: ignore[operator]
    return caught.value.status


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "127.9.9.9", "[::1]:8765", "[::ffff:127.0.0.1]"]
)
def test_loopback_names_reach_a_loopback_listener(host: str) -> None:
    access().admit(request(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8765", "127.0.0.1@evil.test",
        "evil.example#localhost", "localhost, evil.example", "10.0.0.1", "0.0.0.0", "", " ", "localhost/", "[::2]",
        "jobs.example.com.", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
def test_a_rebound_or_strange_name_is_refused_for_every_method(host: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        assert denied(access(hosts=("jobs.example.com",)).admit, request(method, host=host)) == 421


def test_two_different_host_headers_are_refused() -> None:
    pairs = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert denied(access().admit, Request("GET", "/", pairs, b"", LOCAL, LOCAL)) == 421


def test_names_of_the_file_and_the_address_connected_to_are_ours() -> None:
    exposed = access(listen="0.0.0.0:8765", token="t", hosts=("jobs.example.com",))
    exposed.admit(request(host="Jobs.Example.com:443"))
    exposed.admit(request(host="192.0.2.1:8765", server="192.0.2.1"))
    assert denied(exposed.admit, request(host="192.0.2.2:8765", server="192.0.2.1")) == 421


def test_without_a_token_every_client_may_do_everything() -> None:
    assert access().scope(request()) is Scope.CONTROL


def test_a_token_allows_everything_and_a_view_token_looking() -> None:
    both = access(token="full", view="look")
    assert both.scope(request()) is Scope.NOTHING
    assert both.scope(request(authorization="Bearer full")) is Scope.CONTROL
    assert both.scope(request(authorization="bearer look")) is Scope.VIEW
    assert denied(both.scope, request(authorization="Bearer wrong")) == 401
    assert denied(both.scope, request(authorization="Bearer ")) == 401


def test_guessing_tokens_is_slowed_down_for_the_address_that_guesses() -> None:
    clock = Clock()
    guarded = access(token="full", clock=clock)
    for _ in range(FREE_FAILURES):
        assert denied(guarded.login, PEER, "guess") == 401
    assert denied(guarded.login, PEER, "full") == 429, "not even the right token is looked at"
    assert guarded.login(LOCAL, "full") is Scope.CONTROL, "other addresses are not held up"
    guesses = 0
    end = clock.now + 3600
    while clock.now < end:
        guesses += denied(guarded.login, PEER, "guess") == 401
        clock.now += 0.1
    assert guesses < 3600 / LONGEST_BLOCK + 10
    clock.now += LONGEST_BLOCK
    assert guarded.login(PEER, "full") is Scope.CONTROL
    assert denied(guarded.login, PEER, "guess") == 401, "a success forgets the failures"


def test_addresses_that_guess_are_remembered_within_bounds() -> None:
    guarded = access(token="full")
    for number in range(5_000):
        denied(guarded.login, f"2001:db8::{number:x}", "guess")
    assert len(guarded._failures) <= 1_000


def cookie_of(guarded: Access, scope: Scope = Scope.CONTROL) -> str:
    return guarded.cookie(request(), scope).partition(";")[0]


def test_a_cookie_keeps_the_scope_until_it_is_too_old() -> None:
    clock = Clock()
    guarded = access(token="full", view="look", clock=clock)
    cookie = cookie_of(guarded, Scope.VIEW)
    assert guarded.scope(request(cookie=f"other=1; {cookie}")) is Scope.VIEW
    clock.now += 12 * 3600 + 1
    assert guarded.scope(request(cookie=cookie)) is Scope.NOTHING


def test_a_cookie_cannot_be_forged_or_raised() -> None:
    guarded = access(token="full", view="look")
    name, _, value = cookie_of(guarded, Scope.VIEW).partition("=")
    scope, expires, signature = value.split(".")
    forged = [
        f"2.{expires}.{signature}",
        f"{scope}.{int(expires) + 1}.{signature}",
        f"{scope}.{expires}.",
        "x",
        "2.9.é",
        "..",
    ]
    for value in forged:
        assert guarded.scope(request(cookie=f"{name}={value}")) is Scope.NOTHING
    elsewhere = access(token="another", view="look")
    assert elsewhere.scope(request(cookie=cookie_of(guarded))) is Scope.NOTHING


def test_a_cookie_is_valid_for_each_scheduler_with_the_same_tokens() -> None:
    cookie = cookie_of(access(token="full", view="look"))
    assert access(token="full", view="look").scope(request(cookie=cookie)) is Scope.CONTROL


def test_the_cookie_is_for_this_site_and_hidden_from_scripts() -> None:
    text = access(token="full").cookie(request(), Scope.CONTROL)
    assert "HttpOnly" in text
    assert "SameSite=Strict" in text
    assert "Secure" not in text
    proxied = access(token="full", proxies=(LOCAL,))
    secure = request(x_forwarded_proto="https")
    proxied.admit(secure)
    assert proxied.cookie(secure, Scope.CONTROL).endswith("; Secure")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
@pytest.mark.parametrize("address", [LOCAL, PEER, ""])
def test_a_post_from_another_site_is_refused_with_any_other_headers(site: str, address: str) -> None:
    forged = request(
        "POST", address=address, sec_fetch_site=site, origin="http://localhost:8765", content_type="application/json"
    )
    assert denied(access().check_origin, forged) == 403
    with_token = request("POST", sec_fetch_site=site, authorization="Bearer full")
    assert denied(access(token="full").check_origin, with_token) == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:8766", "http://localhost:8765.evil.example", "localhost:8765"],
)
def test_without_sec_fetch_the_origin_must_be_our_own(origin: str) -> None:
    forged = request("POST", origin=origin, content_type="application/json")
    assert denied(access().check_origin, forged) == 403


def test_our_own_page_and_programs_may_post() -> None:
    local = access()
    local.check_origin(request("POST", sec_fetch_site="same-origin"))
    local.check_origin(request("POST", sec_fetch_site="none"))
    local.check_origin(request("POST", origin="http://localhost:8765"))
    local.check_origin(request("POST", content_type="application/json; charset=utf-8"))
    local.check_origin(request("POST", address="", content_type="application/json"))
    access(token="t").check_origin(request("POST", address=PEER, authorization="Bearer t"))
    https = access(hosts=("jobs.example.com",), proxies=(LOCAL,))
    proxied = request("POST", host="jobs.example.com", origin="https://jobs.example.com", x_forwarded_proto="https")
    https.admit(proxied)
    https.check_origin(proxied)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("address", [LOCAL, PEER, ""])
def test_without_sec_fetch_and_origin_a_form_is_refused(kind: str, address: str) -> None:
    """An old browser sends neither with a form, a program can send JSON."""
    assert denied(access().check_origin, request("POST", address=address, content_type=kind)) == 403
    elsewhere = request("POST", address=PEER, content_type="application/json")
    assert denied(access().check_origin, elsewhere) == 403


def test_a_client_of_a_proxy_is_not_on_this_machine() -> None:
    for address, proxies in (("", ("unix",)), (LOCAL, (LOCAL,))):
        behind = access(proxies=proxies)
        forwarded = request("POST", address=address, content_type="application/json", x_forwarded_for=PEER)
        behind.admit(forwarded)
        assert denied(behind.check_origin, forwarded) == 403


def test_the_password_of_a_proxy_is_no_token_and_does_not_replace_one() -> None:
    guarded = access(token="full")
    basic = "Basic ZnVsbDpmdWxs"
    assert guarded.scope(request(authorization=basic)) is Scope.NOTHING
    assert guarded.scope(request(authorization=basic, cookie=cookie_of(guarded))) is Scope.CONTROL
    forged = request("POST", authorization=basic, cookie=cookie_of(guarded))
    assert denied(guarded.check_origin, forged) == 403


def test_a_cookie_alone_does_not_make_a_post_ours() -> None:
    guarded = access(token="full")
    assert denied(guarded.check_origin, request("POST", cookie=cookie_of(guarded))) == 403


def test_forwarded_headers_count_only_from_a_trusted_proxy() -> None:
    forged = request(
        address=PEER,
        x_forwarded_for="127.0.0.1",
        x_forwarded_proto="https",
        x_forwarded_prefix="/x",
        x_forwarded_user="root",
    )
    access(proxies=("10.0.0.0/8",)).admit(forged)
    assert (forged.address, forged.scheme, forged.root, forged.by.user) == (PEER, "http", "", None)
    honest = request(address="10.1.2.3", x_forwarded_for="127.0.0.1, 198.51.100.7, 10.9.9.9", x_forwarded_user="alice")
    access(proxies=("10.0.0.0/8",)).admit(honest)
    assert (honest.address, honest.by.user) == ("198.51.100.7", "alice"), "what the client wrote itself is not believed"


@pytest.mark.parametrize("prefix", ["//evil.example", "/a b", "/\r\nx", "https://evil", "/../..", "/<script>"])
def test_a_strange_prefix_of_a_proxy_is_ignored(prefix: str) -> None:
    found = request(x_forwarded_prefix=prefix)
    access(proxies=(LOCAL,)).admit(found)
    assert found.root == ""


def test_metrics_are_open_on_loopback_and_need_a_token_elsewhere() -> None:
    guarded = access(listen="0.0.0.0:1", token="full", view="look")
    assert guarded.may_read_metrics(request())
    assert not guarded.may_read_metrics(request(address=PEER))
    assert guarded.may_read_metrics(request(address=PEER, authorization="Bearer look"))


@pytest.mark.parametrize(
    "headers",
    [{"x_forwarded_for": PEER}, {"x_forwarded_proto": "https"}, {"x_forwarded_host": "x"}, {"forwarded": "for=_x"}, {}],
)
@pytest.mark.parametrize(("address", "proxy"), [(LOCAL, LOCAL), ("", "unix")])
def test_metrics_need_a_token_through_a_proxy_on_this_machine(
    headers: dict[str, Any], address: str, proxy: str
) -> None:
    for proxies in ((proxy,), ()):
        guarded = access(listen="0.0.0.0:1", token="full", view="look", proxies=proxies)
        proxied = request(address=address, **headers)
        guarded.admit(proxied)
        assert guarded.may_read_metrics(proxied) is (not headers and not proxies)
    proxied = request(address=address, authorization="Bearer look", **headers)
    guarded.admit(proxied)
    assert guarded.may_read_metrics(proxied)


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("127.0.0.1, 203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8::1]:51234", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("127.0.0.1, 10.0.0.5", "10.0.0.5"),
        ("127.0.0.1, 203.0.113.7, 10.0.0.5, 10.0.0.6", "203.0.113.7"),
        *(
            (text, "unknown")
            for text in (
                "unknown", "", ",", "203.0.113.7,", "_hidden", "127.0.0.1 203.0.113.7", "127.0.0.1:x", "[127.0.0.1",
                "[]:1", "localhost", "127.1", "0x7f.0.0.1", "127.0.0.1:80:80", "::1]:1", "127.0.0.1:123456", "[:1",
                "127.0.0.1, unknown", "unknown, 10.0.0.5",
            )
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("address", "proxy"), [(LOCAL, LOCAL), ("", "unix")])
def test_no_text_of_x_forwarded_for_makes_a_remote_client_one_of_this_machine(
    forwarded: str, client: str, address: str, proxy: str
) -> None:
    pairs = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"x-forwarded-for", forwarded.encode())]
    behind = access(proxies=(proxy, "10.0.0.0/8"))
    remote = Request("POST", "/api/v1/jobs/hello/runs", pairs, b"{}", address, LOCAL)
    behind.admit(remote)
    assert remote.address == client, "wrong tokens are counted for this address, not for the proxy"
    assert denied(behind.check_origin, remote) == 403


@pytest.mark.parametrize("headers", [{"x_forwarded_proto": "https"}, {"forwarded": "for=203.0.113.7"}])
def test_a_client_that_a_proxy_does_not_name_is_not_on_this_machine(headers: dict[str, Any]) -> None:
    for address, proxy in ((LOCAL, LOCAL), ("", "unix")):
        behind = access(proxies=(proxy,))
        remote = request("POST", address=address, content_type="application/json", **headers)
        behind.admit(remote)
        assert denied(behind.check_origin, remote) == 403


@pytest.mark.parametrize("forwarded", ["", "127.0.0.1", "127.0.0.1:51234", "[::1]:51234", "::ffff:127.0.0.1", "::1"])
def test_a_program_of_this_machine_may_post_beside_a_proxy_and_through_it(forwarded: str) -> None:
    behind = access(proxies=(LOCAL, "::1"))
    local = request("POST", content_type="application/json", x_forwarded_for=forwarded)
    behind.admit(local)
    behind.check_origin(local)


def test_a_proxy_may_add_its_x_forwarded_for_after_that_of_the_client() -> None:
    headers = [(b"host", b"localhost"), (b"x-forwarded-for", b"127.0.0.1"), (b"x-forwarded-for", PEER.encode())]
    forged = Request("GET", "/metrics", headers, b"", LOCAL, LOCAL)
    guarded = access(listen="0.0.0.0:1", token="full", proxies=(LOCAL,))
    guarded.admit(forged)
    assert forged.address == PEER
    assert not guarded.may_read_metrics(forged)


@pytest.mark.parametrize(
    ("text", "expected", "local"),
    [
        ("127.0.0.1:8765", ListenAddress("127.0.0.1", 8765), True),
        ("8080", ListenAddress("127.0.0.1", 8080), True),
        ("localhost:1", ListenAddress("localhost", 1), True),
        ("[::1]:80", ListenAddress("::1", 80), True),
        ("0.0.0.0:80", ListenAddress("0.0.0.0", 80), False),
        ("192.0.2.1", ListenAddress("192.0.2.1", 8765), False),
        ("unix:/run/x.sock", ListenAddress(path="/run/x.sock"), True),
    ],
)
def test_addresses_to_listen_on(text: str, expected: ListenAddress, local: bool) -> None:
    found = parse_listen_address(text)
    assert (found, found.is_local) == (expected, local)


@pytest.mark.parametrize(
    "text", ["", ":8765", "host:99999", "http://x:1", "a b:1", "unix:relative", "[::zz]:1", "1.2.3.4:x"]
)
def test_a_strange_address_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_listen_address(text)
