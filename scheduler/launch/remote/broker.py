"""Whether Celery can use the address of a broker on this machine: each kind of broker needs packages of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import kombu


def broker_problem(address: str) -> str:
    """Why it cannot, in one sentence without its password; empty when it can. Nothing is connected."""
    host = urlsplit(address).hostname or "?"
    library: Any = kombu
    try:
        library.Connection(address).transport  # noqa: B018 - loads what it needs
    except ImportError as error:
        return f"the broker at {host} needs the package {error.name}, which is not installed"
    except KeyError:
        kind = address.partition(":")[0]
        return f"the broker at {host}: Celery has no transport {kind}://; use redis:// or amqp://, for example"
    except (RuntimeError, ValueError) as error:  # of a kind that looks for its packages itself
        return f"the broker at {host} cannot be used: {str(error).partition('. ')[0]}"
    return ""
