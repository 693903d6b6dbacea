"""The rule for suggestions: the reader that rejected a text accepts the replacement, which keeps every number and name.

Imported only when something is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|[^\W\d_]+")
_NAMES = (
    *("sun", "mon", "tues?", "wed(?:nes)?", "thu(?:rs?)?", "fri", "sat(?:ur)?"),
    *("jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?", "aug(?:ust)?"),
    *("sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?"),
)
_NAME = re.compile(rf"({'|'.join(_NAMES)})(?:days?)?s?")
_UNIT = re.compile(r"(s|m|h|d|w)(?:ecs?|econds?|ins?|inutes?|rs?|ours?|ays?|eeks?)?")


class Candidate(Protocol):
    """A replacement that may be offered.

    `text` is the replacement. `converted` are words and numbers of the original that it expresses in another way, such
    as `9pm` by the hour 21; the code that makes the candidate is responsible for them.
    """

    @property
    def text(self) -> str: ...

    @property
    def converted(self) -> Sequence[str]: ...


C = TypeVar("C", bound=Candidate)


def checked(original: str, candidates: Iterable[C], accepts: Callable[[C], bool]) -> tuple[C, ...]:
    """The candidates that may be offered: they keep the meaning, and the reader of the original `accepts` them."""
    found: dict[str, C] = {}
    for one in candidates:
        if one.text not in found and keeps(original, one) and accepts(one):
            found[one.text] = one
    return tuple(found.values())


def keeps(original: str, candidate: Candidate) -> bool:
    """Whether each number and name of the original is in the replacement, or was converted."""
    lost = tokens(original) - tokens(candidate.text)
    return not lost - tokens(" ".join(candidate.converted))


def tokens(text: str) -> Counter[str]:
    """The numbers and words of a text in one spelling each: `05` is 5, `Mondays` is mon, `minutes` is m."""
    return Counter(_canonical(word) for word in _TOKEN.findall(text.lower()))


def _canonical(word: str) -> str:
    if word[0].isdigit():
        whole, point, fraction = word.partition(".")
        return (whole.lstrip("0") or "0") + (point + fraction).rstrip("0").rstrip(".")
    if _NAME.fullmatch(word):
        return word[:3]
    unit = _UNIT.fullmatch(word)
    return unit[1] if unit else word


class Replacement(NamedTuple):
    """A candidate. `reading` says who reads the original so, where several readings are offered."""

    text: str
    reading: str = ""
    converted: tuple[str, ...] = ()
