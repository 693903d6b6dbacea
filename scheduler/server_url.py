"""Addresses of servers that may contain a password: which part is not valid, in words that show none of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

ENCODE = "a character of the user or password must be percent-encoded, such as / as %2F, # as %23, ? as %3F, @ as %40"

_WITH_DATABASE = ("redis", "rediss", "sentinel")
"""Schemes in which the path is a database of Redis. In others, it may be that of a socket."""

_MAIL_SCHEMES = ("smtp+starttls", "smtps", "smtp")


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


def http_url_problem(url: str) -> str:
    """As `url_problem`, for a server that speaks HTTP."""
    if not (re.fullmatch(r"(?i)https?://\S*", url) and url.isascii() and url.isprintable()):
        return "it must start with https:// or http:// and consist of ASCII characters without spaces"
    return url_problem(url) or ("" if urlsplit(url).hostname else "it has no host")


def redis_url_problem(url: str) -> str:
    """As `url_problem`, for a Redis: what follows the host, if anything, is the number of a database."""
    if problem := url_problem(url):
        return problem
    parts = urlsplit(url)
    databases = [value for name, value in parse_qsl(parts.query) if name in {"db", "virtual_host"}]
    if parts.scheme in _WITH_DATABASE:
        databases.append(unquote(parts.path).removeprefix("/"))
    if all(re.fullmatch("[0-9]*", database) for database in databases):
        return ""
    return ENCODE if "@" in parts.path else "the database must be a number, as in redis://host:6379/0"


def mail_url_problem(url: str) -> str:
    """What is wrong with the address of a mail server, as the rest of a sentence; empty when it can be used."""
    if url.partition(":")[0].lower() not in _MAIL_SCHEMES:
        return "is not valid: it must begin with smtp+starttls://, smtps:// or smtp://"
    if problem := url_problem(url):
        return f"is not valid: {problem}"
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        return f"is not valid: {ENCODE}"
    if not parts.hostname:
        return "is not valid: it has no host"
    if parts.scheme == "smtp" and parts.username and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return "has a password, which smtp:// sends without encryption; use smtp+starttls://"
    return ""


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
