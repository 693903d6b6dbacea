"""Sets of numbers as short lists of ranges, for the syntaxes of cron and systemd."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from scheduler.schedule.pattern import Pattern


class Span(NamedTuple):
    """Numbers from `start` to `end`, each `step` apart."""

    start: int
    end: int
    step: int


def spans_of(values: Iterable[int]) -> list[Span]:
    """The numbers as spans: a step where all are evenly spaced, else runs of neighbours."""
    numbers = sorted(set(values))
    if len(numbers) > 2:
        step = numbers[1] - numbers[0]
        if all(later - earlier == step for earlier, later in pairwise(numbers)):
            return [Span(numbers[0], numbers[-1], step)]
    spans: list[Span] = []
    for number in numbers:
        if spans and spans[-1].end == number - 1:
            spans[-1] = Span(spans[-1].start, number, 1)
        else:
            spans.append(Span(number, number, 1))
    return spans


def cron_field(values: Iterable[int], low: int, high: int) -> str:
    """The numbers as a field of cron; `*` for all of them."""
    numbers = set(values)
    if len(numbers) == high - low + 1:
        return "*"
    texts = []
    for start, end, step in spans_of(numbers):
        if step > 1:
            texts.append(f"*/{step}" if start == low and end + step > high else f"{start}-{end}/{step}")
        else:
            texts.append(str(start) if start == end else f"{start}-{end}")
    return ",".join(texts)


def without_star(text: str, low: int, high: int) -> str:
    """A field of which the first letter does not decide how the day fields are joined."""
    return f"{low}-{high}{text[1:]}" if text.startswith("*/") else text


def every_day_matches(pattern: Pattern) -> bool:
    """Whether the day fields allow every day: one that allows all is enough where they are joined by OR."""
    day, weekday = pattern.day.is_full, pattern.day_of_week.is_full
    return (day or weekday) if pattern.either_day else (day and weekday)
