"""What an invalid value may be meant to be, by kind. Each replacement is checked before it is offered.

Imported only when a value is not valid.
"""

from __future__ import annotations

import re
import shlex
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from scheduler.config.other_shapes import as_variables, recipient, recipients
from scheduler.config.scalars import InvalidValueError
from scheduler.config.value_formats import WHOLE_VARIABLE
from scheduler.config.zone_names import zones_of
from scheduler.document.flow import in_flow
from scheduler.document.line_context import quote
from scheduler.document.nodes import Node, Scalar, Sequence
from scheduler.schedule.dialects.dates import read_date, read_dates
from scheduler.schedule.dialects.english import read_interval
from scheduler.schedule.dialects.moments import iso_duration
from scheduler.suggestion import Replacement
from scheduler.text import typo_of

_CHOICES = {
    "forbid": "skip", "no": "skip", "false": "skip", "none": "discard", "null": "discard", "/dev/null": "discard",
    "parallel": "allow",
    "concurrent": "allow", "kill": "stop", "cancel": "stop", "terminate": "stop", "enqueue": "queue", "stdout": "raw",
    "clock-change": "dst-change", "crowd": "busy-minute", "never-fires": "never-runs",
}  # fmt: skip
"""Words of other programs and of schedd 0.1, each with the one choice that means the same."""

_CLOCK = r"(?a)(\d{1,3}):([0-5]\d)(?::([0-5]\d))?"
_MILLISECONDS = r"(?ai)(\d+(?:\.\d+)?)\s*(?:ms|msecs?|milliseconds?)"
_SIZE = r"(?ai)(\d+(?:\.\d+)?)\s*(k|m|g|t)?(?:i?b|(?<=[kmgt])i|b?ytes?)?"
_PYTHON_FILE = r"(?:\./)?([\w/]+)\.py:(\w+)"
_SHELLS = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish"}

_TYPOGRAPHIC = str.maketrans("“”„‘’", '"""\'\'')


def suggestions(error: InvalidValueError, node: Node) -> Iterator[Replacement]:
    """Replacements for the value that was rejected with this error, the best one first."""
    if error.candidate:
        yield Replacement(error.candidate)
    if error.kind == "recipient" and error.in_list:
        yield from recipients(node)
        return
    for one in _of_kind(error.kind, node):
        yield Replacement(f"[{one.text}]", one.reading, one.converted) if error.in_list else one
    if error.in_list and isinstance(node, Scalar) and "," in node.value:
        yield from _items(error.kind, node.value)


def _of_kind(kind: str, node: Node) -> Iterable[Replacement]:
    if kind == "item":
        text = in_flow(node)
        return (Replacement(text),) if text else ()
    if kind == "only-item":
        text = in_flow(node.items[0]) if isinstance(node, Sequence) and len(node.items) == 1 else None
        return (Replacement(text),) if text else ()
    if kind == "variables":
        return as_variables(node)
    if kind == "recipient":
        return recipient(node)
    if not kind or not isinstance(node, Scalar):
        return ()
    text = node.value.translate(_TYPOGRAPHIC).strip("'\" ") if kind != "quoted" else node.value
    return _BY_KIND[kind](text) if kind in _BY_KIND else _choice(text, kind.split(","))


def _items(kind: str, text: str) -> Iterator[Replacement]:
    """`0,3` as a list."""
    found = [next(iter(_of_kind(kind, Scalar(part.strip(), 0, True))), None) for part in text.split(",")]
    items = [one for one in found if one is not None]
    if len(items) == len(found):
        converted = tuple(word for one in items for word in one.converted)
        yield Replacement(f"[{', '.join(one.text for one in items)}]", converted=converted)


def _boolean(text: str) -> Iterator[Replacement]:
    word = text.strip().lower()
    if word in {"true", "yes", "on", "y", "1", "enabled"}:
        yield Replacement("true", converted=(word,))
    if word in {"false", "no", "off", "n", "0", "disabled"}:
        yield Replacement("false", converted=(word,))


def _integer(text: str) -> Iterator[Replacement]:
    plain = text.strip().replace("_", "").removesuffix(".0").removesuffix("x")
    digits = re.fullmatch(r"(?a)([-+]?)0*(\d+)", plain)
    if digits:
        yield Replacement(f"{digits[1].strip('+')}{digits[2]}", converted=(text,))


def _duration(text: str) -> Iterator[Replacement]:
    text = text.strip()
    if match := re.fullmatch(_CLOCK, text):
        hours, minutes, seconds = (part and str(int(part)) for part in match.groups())
        if seconds:
            yield Replacement(f"{hours}h{minutes}m{seconds}s")
        else:
            yield Replacement(f"{hours}h{minutes}m", "hours and minutes")
            yield Replacement(f"{hours}m{minutes}s", "minutes and seconds")
    elif re.fullmatch(r"(?a)\d+(?:\.\d+)?|\.\d+", text):
        number = f"0{text}" if text.startswith(".") else text
        yield Replacement(f"{number}s", "seconds", (text,))
        yield Replacement(f"{number}m", "minutes", (text,))
    elif match := re.fullmatch(_MILLISECONDS, text):
        yield Replacement(f"{float(match[1]) / 1000:.6f}".rstrip("0").rstrip(".") + "s", converted=(text,))
    else:
        found = iso_duration(text) or (None if text.lower().startswith(("every", "@")) else read_interval(text))
        if found:
            yield Replacement(found[0], converted=found[1])


def _slow(text: str) -> Iterator[Replacement]:
    """A multiple such as `3 times`, `x3` or `300%`, or a duration."""
    if match := re.fullmatch(r"(?ai)(\d+(?:\.\d+)?)\s*(?:×|times)|[x×]\s*(\d+(?:\.\d+)?)", text.strip()):
        yield Replacement(f"{match[1] or match[2]}x", converted=("times", "x"))
    elif percent := re.fullmatch(r"(?a)(\d+)\s*%", text.strip()):
        yield Replacement(f"{int(percent[1]) / 100:g}x", converted=(percent[1],))
    else:
        yield from _duration(text)


def _words(text: str) -> Iterator[Replacement]:
    """The command line of a shell as a list that ends with its option `-c`."""
    try:
        words = shlex.split(text)
    except ValueError:
        return
    if not re.fullmatch(r"-[A-Za-z]*c[A-Za-z]*", words[-1]):
        pairs = pairwise(words)
        has_only_options = all(word.startswith("-") or re.fullmatch(r"-[a-z]*o", before) for before, word in pairs)
        if not has_only_options or words[0].rpartition("/")[2] not in _SHELLS:
            return
        words.append("-c")
    yield Replacement(f"[{', '.join(str(in_flow(Scalar(word, 0, True))) for word in words)}]")


def _size(text: str) -> Iterator[Replacement]:
    match = re.fullmatch(_SIZE, text.strip())
    if match is None:
        return
    words = tuple(re.findall(r"[a-zA-Z]+", text))
    if match[2]:
        yield Replacement(match[1] + match[2].upper(), converted=words)
        return
    for unit, factor in (("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
        if match[1].isdecimal() and int(match[1]) >= factor and int(match[1]) % factor == 0:
            yield Replacement(f"{int(match[1]) // factor}{unit}", "bytes", (text,))
            return


def _zone(text: str) -> Iterator[Replacement]:
    return zones_of(text, zoneinfo.available_timezones())


def _date(text: str) -> Iterator[Replacement]:
    if found := read_date(text):
        yield Replacement(found[0], converted=found[1])


def _dates(text: str) -> Iterator[Replacement]:
    if found := read_dates(text):
        yield Replacement(f'"{found[0]}"', converted=found[1])


def _function(text: str) -> Iterator[Replacement]:
    text = text.strip()
    if file := re.fullmatch(_PYTHON_FILE, text):
        yield Replacement(f"{file[1].replace('/', '.')}:{file[2]}", converted=("py",))
        return
    text = text.removesuffix("()")
    if ":" in text:
        yield Replacement(text)
        return
    module, _, name = text.rpartition(".")
    if name != "py":
        yield Replacement(f"{module}:{name}")


def _secret(text: str) -> Iterator[Replacement]:
    """`$HOOK` and `${HOOK}`, which other programs replace by the variable."""
    if name := re.fullmatch(WHOLE_VARIABLE, text):
        yield Replacement(f"{{from_env: {name[1] or name[2]}}}")


def _address(text: str) -> Iterator[Replacement]:
    addresses = [part.strip().removeprefix("mailto:") for part in re.split(r"[,;]", text)]
    if len(addresses) == 1:
        yield Replacement(addresses[0], converted=("mailto",))
    elif all(re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address) for address in addresses):
        yield Replacement(f"[{', '.join(addresses)}]", converted=("mailto",))


def _quoted(text: str) -> Iterator[Replacement]:
    words = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    both = text.lower() in words
    yield Replacement(quote(text), "text" if both else "")
    if both:
        yield Replacement(words[text.lower()], "boolean", (text,))


def _launcher(text: str) -> Iterator[Replacement]:
    if text == "celery":
        yield Replacement("{celery: {broker: {from_env: REDIS_URL}}}")


def _metrics(text: str) -> Iterator[Replacement]:
    if text.lower() in {"true", "yes", "on"}:
        yield Replacement("{per_job: true}", converted=(text,))


def _web(text: str) -> Iterator[Replacement]:
    """`web: true` and `web: 8000`."""
    if text.lower() in {"true", "yes", "on"}:
        yield Replacement('{listen: "127.0.0.1:8765"}', converted=(text,))
    elif re.fullmatch(r"(?a)[\w.]*:?\d+", text):
        yield Replacement(f'{{listen: "{text if ":" in text else f"127.0.0.1:{text}"}"}}')


def _choice(text: str, known: list[str]) -> Iterator[Replacement]:
    word = text.strip().lower()
    found = word if word in known else _CHOICES.get(word) or typo_of(word, known)
    if found:
        yield Replacement(found, converted=tuple(re.findall(r"[^\W\d_]+", text)))


_BY_KIND: dict[str, Callable[[str], Iterable[Replacement]]] = {
    "address": _address,
    "boolean": _boolean,
    "integer": _integer,
    "duration": _duration,
    "size": _size,
    "slow": _slow,
    "words": _words,
    "zone": _zone,
    "date": _date,
    "dates": _dates,
    "function": _function,
    "secret": _secret,
    "quoted": _quoted,
    "number": _integer,
    "launcher": _launcher,
    "metrics": _metrics,
    "web": _web,
}
