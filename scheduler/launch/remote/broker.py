"""Whether Celery can use the address of a broker on this machine: each kind of broker needs packages of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import kombu

from scheduler.server_url import host_of, redis_url_problem, url_problem

_FOR_EXAMPLE = "redis:// or amqp://, for example"

_WITHIN_ONE_MACHINE = ("memory", "filesystem")
"""Kinds of brokers for tests: within one process, and in directories of which schedd and a worker would need others."""


def broker_problem(address: str) -> str:
    """Why it cannot, in one sentence without its password; empty when it can. Nothing is connected."""
    if "://" not in address:  # Celery takes it for the name of a host
        return f"the address of the broker does not begin with {_FOR_EXAMPLE}"
    host = host_of(address)
    library: Any = kombu
    try:
        kind = library.Connection(address).transport.driver_type  # loads what it needs
    except ImportError as error:
        if error.name is None:
            return f"the broker at {host} cannot be used: {str(error).partition('. ')[0]}"
        return f"the broker at {host} needs the package {error.name}, which is not installed"
    except KeyError:
        kind = address.partition(":")[0]
        return f"the broker at {host}: Celery has no transport {kind}://; use {_FOR_EXAMPLE}"
    except TypeError:  # kombu passes on what follows `?` as arguments
        names = ", ".join(name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True))
        return f"the address of the broker has parameters that Celery does not accept: {names}"
    except ValueError as error:  # its text may quote a part of the password
        return f"the address of the broker is not valid: {url_problem(address) or type(error).__name__}"
    except RuntimeError as error:  # of a kind that looks for its packages itself
        return f"the broker at {host} cannot be used: {str(error).partition('. ')[0]}"
    if kind in _WITHIN_ONE_MACHINE:
        return f"the broker {kind}:// cannot reach workers; use {_FOR_EXAMPLE}"
    problems = map(redis_url_problem, address.split(";")) if kind == "redis" else ()  # Celery tries one after the other
    return next((f"the address of the broker is not valid: {problem}" for problem in problems if problem), "")
