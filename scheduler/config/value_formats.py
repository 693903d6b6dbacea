"""Scalars with a format: durations, sizes, time zones, addresses, functions; and the table of all kinds."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from scheduler.config.scalars import TEXT, InvalidValueError, Kind, read_name, read_path, read_text
from scheduler.errors import ScheduleError
from scheduler.model.job import SlowAfter
from scheduler.model.web import ListenAddress, is_network, parse_listen_address, token_problem
from scheduler.schedule import DurationError, find_zone, parse_duration, parse_from, parse_until

_SIZE = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(i?)(B?)"
_MODE = r"(?:0o?)?([0-7]{1,3})"
_FUNCTION = r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*"
_MOST_TIMES = 1000
WHOLE_VARIABLE = r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})"
"""A value that is nothing but a variable, as shells and other programs write one."""

_REFERENCE = r"^\$[A-Z_][A-Z0-9_]*$|\$\{[A-Za-z_]\w*(?::?[-+=?][^}]*)?\}|\{\{\s*[\w.]+\s*\}\}"
"""A variable or a template that cannot be part of a real secret or address, unlike `$name` within one."""

_ZERO = r"0[0.]*[wdhms]?"


@lru_cache(maxsize=4096)
def _duration(text: str, _plain: bool) -> float:
    try:
        return parse_duration(text)
    except DurationError as error:
        raise InvalidValueError(str(error), kind="duration") from None


def _longer_than_zero(message: str) -> Callable[[str, bool], float]:
    """Reads a duration that must not be 0s."""

    def read(text: str, plain: bool) -> float:
        seconds = 0.0 if re.fullmatch(_ZERO, text) else _duration(text, plain)
        if seconds == 0:
            raise InvalidValueError(message)
        return seconds

    return read


_limit = _longer_than_zero("must be longer than 0s; null means no limit")
_deadline = _longer_than_zero("must be longer than 0s")


@lru_cache(maxsize=1024)
def _size(text: str, _plain: bool) -> int:
    match = re.fullmatch(_SIZE, text)
    if match is None or (match[3] and not match[2]):
        raise InvalidValueError("not a valid size; a size is a number with K, M, G or T, such as 512M", kind="size")
    if not match[2]:
        raise InvalidValueError("missing unit; a size is a number with K, M, G or T, such as 512M", kind="size")
    if match[3] or match[4] or match[2].islower() or " " in text:
        raise InvalidValueError("a size is a number with K, M, G or T (powers of 1024)", kind="size")
    size = float(match[1]) * 1024 ** ("KMGT".index(match[2]) + 1)
    if not 1024 <= size < 2**63:
        raise InvalidValueError("size out of range; it must be at least 1K and below 8388608T")
    return int(size)


def _mode(text: str, _plain: bool) -> int:
    match = re.fullmatch(_MODE, text)
    if match is None:
        raise InvalidValueError("must be up to three octal digits, such as 027")
    return int(match[1], 8)


@lru_cache(maxsize=1024)
def _zone(text: str, _plain: bool) -> zoneinfo.ZoneInfo:
    zone = find_zone(text)
    if zone is None:
        raise InvalidValueError("not a valid time zone; use an IANA name such as Europe/Berlin", kind="zone")
    return zone


def _variable(text: str, plain: bool) -> str:
    """The name of a variable. The message does not repeat it: people write the secret itself in its place."""
    if not text.strip():
        raise InvalidValueError("must not be empty; it is the name of an environment variable")
    if "=" in text or text.startswith("$"):
        raise InvalidValueError("must be the name of an environment variable, without $ and =")
    return read_text(text, plain)


def _slow_after(text: str, plain: bool) -> SlowAfter:
    if match := re.fullmatch(r"(?ai)(\d+(?:\.\d+)?)\s?x", text.strip()):
        if not 1 < float(match[1]) <= _MOST_TIMES:
            raise InvalidValueError(f"must be more than 1 and at most {_MOST_TIMES} times the usual duration")
        return SlowAfter(times=float(match[1]))
    try:
        return SlowAfter(seconds=_limit(text, plain))
    except InvalidValueError as error:
        message = f"{error.message}; or a multiple of the usual duration, such as 3x"
        raise InvalidValueError(message, kind="slow") from None


def _shell(text: str, plain: bool) -> str:
    if text.lower() in {"true", "false", "yes", "no", "on", "off"}:
        message = "must be the name of a shell, such as bash; without this key, /bin/sh runs a command that is text"
        raise InvalidValueError(f"{message}, and a list runs without a shell")
    if re.search(r"\s-", text):
        raise InvalidValueError("must be a program, or a list of it and its options", kind="words")
    return read_path(text, plain)


def _first_time(text: str, _plain: bool) -> str:
    return _bound(text, parse_from)


def _last_time(text: str, _plain: bool) -> str:
    return _bound(text, parse_until)


def _bound(text: str, parse: Callable[[str, zoneinfo.ZoneInfo], object]) -> str:
    """The text itself: it is parsed again in the job's time zone."""
    try:
        parse(text, zoneinfo.ZoneInfo("UTC"))
    except ScheduleError as error:
        raise InvalidValueError(error.reason, kind="date") from None
    return text


def _function(text: str, _plain: bool) -> str:
    if re.fullmatch(_FUNCTION, text):
        return text
    if re.fullmatch(rf"({_FUNCTION})\(.+\)", text, re.DOTALL):
        raise InvalidValueError(
            "must have the form package.module:function; its arguments go under `args` and `kwargs`"
        )
    is_script = re.search(r"\.py\b|/|^-m\b", text) and ":" not in text
    advice = "; a script is run with the key `command`" if is_script else ""
    raise InvalidValueError(f"must have the form package.module:function{advice}", kind="function")


def _secret(text: str, plain: bool) -> str:
    if not text:
        raise InvalidValueError("must not be empty")
    return _secret_or_empty(text, plain)


def _secret_or_empty(text: str, plain: bool) -> str:
    """A secret, or an address that may contain one: a text without variables, or a `{from_env: …}` instead of it."""
    if re.search(_REFERENCE, text):
        message = "variables are not expanded in the file"
        is_whole = re.fullmatch(WHOLE_VARIABLE, text) is not None
        raise InvalidValueError(message if is_whole else f"{message}; use from_env for the whole value", kind="secret")
    return read_text(text, plain)


def _token(text: str, plain: bool) -> str:
    if problem := token_problem(_secret(text, plain)):
        raise InvalidValueError(problem)
    return text


def _header_value(text: str, plain: bool) -> str:
    """A secret of one line: a line break would add a header of its own."""
    text = _secret_or_empty(text, plain)
    if not (text.isascii() and text.isprintable()):
        raise InvalidValueError("must be printable ASCII characters, without line breaks")
    return text


def _url(text: str, plain: bool) -> str:
    """No message repeats the address: those of webhooks are secrets."""
    text = _secret_or_empty(text, plain)
    if not (re.fullmatch(r"https?://[^\s/?#]+\S*", text) and text.isascii() and text.isprintable()):
        message = "must be a URL that starts with https:// or http:// and has no spaces"
        raise InvalidValueError(message, kind="secret")
    try:
        parts = urlsplit(text)
        if parts.hostname and parts.port != 0:
            return text
    except ValueError:  # a bracket without its partner, or a port beyond 65535
        pass
    raise InvalidValueError("the address has no valid host or port")


def _apprise(text: str, plain: bool) -> str:
    """An address without a scheme is rejected without showing any part of it, which may be secret."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.", _secret_or_empty(text, plain)):
        return text
    raise InvalidValueError("must be an Apprise address, which starts with the name of a service: slack://…")


def _address(text: str, _plain: bool) -> str:
    if re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", text) and text.isprintable():
        return text
    raise InvalidValueError("must be a mail address, such as ops@example.com", kind="address")


def _listen(text: str, _plain: bool) -> ListenAddress:
    try:
        return parse_listen_address(text)
    except ValueError as error:
        raise InvalidValueError(str(error)) from None


def _host(text: str, _plain: bool) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", text):
        raise InvalidValueError("must be a host name, such as jobs.example.com, without https:// and path")
    return text


def _network(text: str, _plain: bool) -> str:
    if text != "unix" and not is_network(text):
        raise InvalidValueError("must be an IP address, a network such as 10.0.0.0/8, or unix")
    return text


KINDS = {
    "text": TEXT,
    "name": Kind("text", read_name),
    "path": Kind("a path", read_path),
    "variable": Kind("the name of a variable", _variable),
    "duration": Kind("a duration", _duration),
    "limit": Kind("a duration", _limit),
    "deadline": Kind("a duration", _deadline),
    "size": Kind("a size", _size),
    "mode": Kind("octal digits", _mode),
    "zone": Kind("a time zone", _zone),
    "shell": Kind("a program", _shell),
    "slow after": Kind("a duration, or a multiple such as 3x", _slow_after),
    "first time": Kind("a date", _first_time),
    "last time": Kind("a date", _last_time),
    "secret": Kind("text", _secret),
    "token": Kind("text", _token),
    "header value": Kind("text", _header_value),
    "url": Kind("an address", _url),
    "apprise": Kind("an Apprise address", _apprise),
    "address": Kind("a mail address", _address),
    "listen": Kind("an address to listen on", _listen),
    "host": Kind("a host name", _host),
    "network": Kind("an address or a network", _network),
    "function": Kind("a Python function", _function),
}
"""By the name that the spec uses."""
