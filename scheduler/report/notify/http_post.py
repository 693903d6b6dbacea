"""One HTTP POST, blocking. Follows no redirect, so that its secrets go to the given address or nowhere."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import unquote_to_bytes, urlsplit, urlunsplit

from scheduler import __version__
from scheduler.report.notify.sender import DeliveryError


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """None: the redirect itself is the answer."""


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> str:
    """Send it, by the proxy that the environment names, and return the status.

    `timeout` is seconds without a byte. DeliveryError holds nothing of address and headers but what the system says.
    """
    try:
        url, login = _without_login(url)
        headers = {"User-Agent": f"schedd/{__version__}", **login, **headers}
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
        opener = urllib.request.build_opener(_NoRedirect)
        opener.addheaders = []
        with opener.open(request, timeout=timeout) as answer:
            return f"answered {answer.status}"
    except urllib.error.HTTPError as answer:
        answer.close()
        raise _refused(answer.code) from None
    except urllib.error.URLError as error:
        raise DeliveryError(_cause(error.reason), again=True) from None
    except TimeoutError:
        raise DeliveryError(f"silent for {timeout:g} s", again=True) from None
    except OSError as error:
        raise DeliveryError(_cause(error), again=True) from None
    except http.client.InvalidURL:
        raise DeliveryError("the address is not a valid http(s) URL") from None
    except http.client.HTTPException as error:
        raise DeliveryError(f"what answered does not speak HTTP ({type(error).__name__})", again=True) from None
    except (ValueError, TypeError):
        raise DeliveryError("the address or a header has characters that HTTP cannot carry") from None


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """`https://user:password@host/` as urllib takes it: the address, and the header that says who asks."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    basic = base64.b64encode(unquote_to_bytes(login)).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {basic}"}


def _refused(status: int) -> DeliveryError:
    if 300 <= status < 400:
        return DeliveryError(f"answered {status}, a redirect: give the address that it leads to")
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
