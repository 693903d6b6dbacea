"""One HTTP POST, blocking. Follows no redirect, so that its secrets go to the given address or nowhere."""

from __future__ import annotations

import base64
import contextlib
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit, urlunsplit

from scheduler import __version__
from scheduler.report.notify.exchange import Exchange
from scheduler.report.notify.sender import DeliveryError
from scheduler.server_url import url_problem


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float, exchange: Exchange) -> str:
    """Send it, through the proxy that the environment names, and return the status.

    `timeout` is seconds without a byte; `exchange.abort` ends the call at any moment. The text of a DeliveryError has
    nothing of the address or the headers, only what the system says.
    """
    try:
        url, login = _without_login(url)
        headers = {"User-Agent": f"schedd/{__version__}", **login, **headers}
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the scheme is checked
        with contextlib.closing(exchange), _opener(exchange).open(request, timeout=timeout) as answer:
            return f"answered {answer.status}"
    except urllib.error.HTTPError as answer:
        answer.close()
        raise _refused(answer.code) from None
    except urllib.error.URLError as error:
        raise DeliveryError(_cause(error.reason), again=True) from None
    except TimeoutError:
        raise DeliveryError(f"silent for {timeout:g}s", again=True) from None
    except OSError as error:
        raise DeliveryError(_cause(error), again=True) from None
    except http.client.InvalidURL:
        raise DeliveryError("the address is not a valid http(s) URL") from None
    except http.client.HTTPException as error:
        raise DeliveryError(f"what answered does not speak HTTP ({type(error).__name__})", again=True) from None
    except (ValueError, TypeError):
        raise DeliveryError("the address or a header has characters that HTTP cannot carry") from None


def _opener(exchange: Exchange) -> urllib.request.OpenerDirector:
    """For http and https alone; urllib's own one opens files too, and follows redirects."""
    opener = urllib.request.OpenerDirector()
    opener.addheaders = []
    for handler in (
        urllib.request.ProxyHandler(),
        _HttpHandler(exchange),
        _HttpsHandler(exchange),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _connection(kind: Any, exchange: Exchange, host: str, **keys: Any) -> Any:
    connection = kind(host, **keys)
    connection._create_connection = exchange.connect
    return connection


class _HttpHandler(urllib.request.HTTPHandler):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, http.client.HTTPConnection, self._exchange), req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        connection = partial(_connection, http.client.HTTPSConnection, self._exchange)
        return self.do_open(connection, req, context=ssl.create_default_context())


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """`https://user:password@host/` as urllib takes it: the address, and the header with the login."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise http.client.InvalidURL
    if problem := url_problem(url):  # a socket would take a port modulo 65,536
        raise DeliveryError(f"the address is not valid: {problem}")
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    basic = base64.b64encode(unquote_to_bytes(login)).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {basic}"}


def _refused(status: int) -> DeliveryError:
    if 300 <= status < 400:
        return DeliveryError(f"answered {status}, a redirect: use the address that it leads to")
    return DeliveryError(f"answered {status}", again=status >= 500 or status in {408, 429})


def _cause(error: object) -> str:
    """Of errors only what the system says: their own texts may quote the address."""
    match error:
        case TimeoutError():
            return "no connection in time"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"no TLS connection: {error.reason}"
        case OSError() if error.strerror:
            return error.strerror
    return type(error).__name__
