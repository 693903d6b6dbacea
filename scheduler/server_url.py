"""Addresses of servers that may contain a password: which part is not valid, in words that show none of it."""

from __future__ import annotations

from urllib.parse import urlsplit

ENCODE = "a character of the user or password must be percent-encoded, such as / as %2F, # as %23, ? as %3F, @ as %40"


def url_problem(url: str) -> str:
    """Why no host and port can be read from it; empty when they can. Any part of it may belong to the password."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket without its partner, or a character that contains one of /?#@:
        return ENCODE
    try:
        if parts.port != 0:
            return ""
    except ValueError:
        if "@" in parts.path + parts.query + parts.fragment:
            return ENCODE
    return "the port must be a number from 1 to 65535"


def host_of(url: str) -> str:
    """The host, or a question mark if there is none."""
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"


def without_login(url: str) -> str:
    """A valid URL without its user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if parts.username is not None else url
