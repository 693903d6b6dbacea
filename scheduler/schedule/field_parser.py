"""The parser of one field's text.

It rejects or rewrites what cron implementations read differently, and what croniter reads wrongly.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from scheduler.errors import ScheduleError
from scheduler.schedule.cron_field import LIMITS, Field, FieldName
from scheduler.text import nearest

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

LONGEST_TEXT = 256
"""Limit of characters in an expression: a list of a hundred thousand terms would take a second to parse."""

_WORDS = {
    FieldName.MONTH: {word: number for number, word in enumerate(_MONTHS, 1)},
    FieldName.DAY_OF_WEEK: {word: number for number, word in enumerate(WEEKDAY_NAMES)},
}
_EXAMPLES = {
    FieldName.DAY: "5, 1-15, */2, L, L-2, LW or 15W",
    FieldName.MONTH: "6, jan-mar or */3",
    FieldName.DAY_OF_WEEK: "1, mon-fri, 5L or 5#2",
    FieldName.YEAR: "2027 or 2027-2030",
}

_RANGE = re.compile(r"(?P<low>\*|\d+|[a-z]+)(?:-(?P<high>\d+|[a-z]+))?(?:/(?P<step>\d+))?", re.ASCII)
_HASH = r"(?a)h(?:\((?P<low>\d+)-(?P<high>\d+)\))?(?:/(?P<step>\d+))?"
_MOST_BEFORE_LAST = 27
_BEFORE_LAST = r"(?a)l-(\d+)"
_WEEKDAY_NEAR = r"(?a)(\d+)w|w(\d+)"
_LAST_WEEKDAY = r"(?a)(?P<before>\d|[a-z]{3})l|l(?P<after>\d|[a-z]{3})"
_NTH_WEEKDAY = r"(?a)(?P<weekday>\d|[a-z]{3})#(?P<nth>\d+)"


def check_characters(text: str, field: str | None = None) -> None:
    """Raise ScheduleError unless the text is short and printable ASCII; tabs are accepted as blanks."""
    if len(text) <= LONGEST_TEXT and text.isascii() and text.isprintable():
        return
    for column, character in enumerate(text[: LONGEST_TEXT + 1]):
        if not (" " <= character <= "~" or character == "\t"):
            shown = f"{character} (U+{ord(character):04X})" if character.isprintable() else repr(character)
            raise ScheduleError(f"character {shown} is not valid in a schedule", field=field, column=column)
    if len(text) > LONGEST_TEXT:
        reason = f"a schedule has at most {LONGEST_TEXT} characters; use ranges and steps, or a list of schedules"
        raise ScheduleError(reason, field=field)


def parse_field(name: FieldName, text: str, *, job_name: str = "", column: int = 0) -> Field:
    """Parse one field; `column` is the offset of its text within the expression. Raises ScheduleError."""
    return _parse_field(name, text, column, job_name if "h" in text.lower() else "")


@lru_cache(maxsize=8192)
def _parse_field(name: FieldName, text: str, column: int, job_name: str) -> Field:
    if text == "?" and name in {FieldName.DAY, FieldName.DAY_OF_WEEK}:
        return msgspec.structs.replace(parse_field(name, "*"), text=text)
    values: set[int] = set()
    special: set[str] = set()
    start = column
    for item in text.split(","):
        term = _Term(name, item.lower(), item, column, job_name)
        column += len(item) + 1
        found = term.special()
        if found is None:
            values |= term.values()
        else:
            special.add(found)
    _check_mixture(name, text, start, values, special)
    return Field(name, text, text.startswith("*"), frozenset(values), frozenset(special))


def _check_mixture(name: FieldName, text: str, column: int, values: set[int], special: set[str]) -> None:
    near = {item for item in special if item[-1] == "w" and item != "lw"}
    if near and (values or len(special) > 1) and name is FieldName.DAY:
        raise ScheduleError(
            "W cannot be combined with other days in one field; use a list of schedules", field=name, column=column
        )
    if special and values and name is FieldName.DAY_OF_WEEK:
        raise ScheduleError(
            f"{text!r} combines plain weekdays with # or L in one field; use a list of schedules",
            field=name,
            column=column,
        )


class _Term(msgspec.Struct, frozen=True):
    """One entry of a field's comma-separated list: `text` in lower case, `written` as in the file."""

    name: FieldName
    text: str
    written: str
    column: int
    job_name: str

    def special(self) -> str | None:
        """The entry in croniter's notation when its days depend on the calendar, else None."""
        if self.text == "*" or self.text.isdigit():
            return None
        if self.name is FieldName.DAY:
            if self.text in {"l", "lw"}:
                return self.text
            if before := re.fullmatch(_BEFORE_LAST, self.text):
                return self._before_last(before[1])
            if near := re.fullmatch(_WEEKDAY_NEAR, self.text):
                return self._weekday_near(int(near[1] or near[2]))
        if self.name is FieldName.DAY_OF_WEEK:
            if last := re.fullmatch(_LAST_WEEKDAY, self.text):
                return f"l{self._number(last['before'] or last['after']) % 7}"
            if nth := re.fullmatch(_NTH_WEEKDAY, self.text):
                if not 1 <= int(nth["nth"]) <= 5:
                    raise self._error(f"week {nth['nth'][:6]} is out of range (1-5): 5#2 is the second Friday", None)
                return f"{self._number(nth['weekday']) % 7}#{int(nth['nth'])}"
        return None

    def values(self) -> set[int]:
        """The numbers that the entry allows."""
        if self.text[:1] == "h" and (hashed := re.fullmatch(_HASH, self.text)):
            return self._hashed(hashed)
        match = _RANGE.fullmatch(self.text)
        if match is None or (match["low"] == "*" and match["high"]):
            raise self._unreadable()
        low, high = LIMITS[self.name]
        step = self._step(match["step"])
        if match["low"] == "*":
            return set(range(low, high + 1, step))
        start = self._number(match["low"])
        if match["high"]:
            end = self._end_of_range(start, match["high"], match["step"])
        elif match["step"]:
            if self.name is FieldName.DAY_OF_WEEK:
                help = f"{start}-6/{step}" if 0 < start < 6 else None
                raise self._error("a step after a single weekday differs between crons; use a range or a list", help)
            end = high
        else:
            end = start
        numbers = range(start, end + 1, step)
        return {number % 7 for number in numbers} if self.name is FieldName.DAY_OF_WEEK else set(numbers)

    def _step(self, text: str | None) -> int:
        if text is not None and int(text) == 0:
            raise self._error("step 0 is not valid; a step is at least 1", None)
        return int(text or 1)

    def _end_of_range(self, start: int, word: str, step: str | None) -> int:
        end = self._number(word)
        if word == "sun" and start > 0:
            return 7  # `sat-sun` has only one meaning
        if end < start:
            low, high = LIMITS[self.name]
            if self.name is FieldName.DAY_OF_WEEK and end == 0:
                help = f"{start}-7" + (f"/{step}" if step else "")
            else:
                numbers = [*range(start, high + 1), *range(low, end + 1)][:: int(step or 1)]
                help = ",".join(map(str, numbers)) if step else f"{_span(start, high)},{_span(low, end)}"
            raise self._error(f"range {self.written!r} is reversed", help)
        return end

    def _number(self, word: str) -> int:
        """A number or name as a value; weekday 7 stays 7, so that ranges can end with it."""
        low, high = LIMITS[self.name]
        if self.name is FieldName.DAY_OF_WEEK:
            high = 7
        if not word.isdigit():
            words = _WORDS.get(self.name, {})
            if word not in words:
                raise self._unknown_word(word)
            return words[word]
        if not low <= int(word) <= high:
            shown = word if len(word) <= 6 else f"{word[:6]}…"
            raise self._error(f"{self._label} {shown} is out of range ({low}-{high})", None)
        return int(word)

    def _weekday_near(self, day: int) -> str:
        if not 1 <= day <= 28:
            raise self._error(
                "W needs a day from 1 to 28, since some months have no later days; LW is the last weekday", None
            )
        return f"{day}w"

    def _before_last(self, text: str) -> str:
        days = int(text[:9])
        if not 1 <= days <= _MOST_BEFORE_LAST:
            reason = f"L-{text[:6]} is out of range (L-1 to L-{_MOST_BEFORE_LAST}), since February can have 28 days"
            raise self._error(reason, "L" if days == 0 else None)
        return f"l-{days}"

    def _hashed(self, match: re.Match[str]) -> set[int]:
        """`H`: a value derived from the job's name and the field: stable, and evenly distributed over names."""
        low, high = LIMITS[self.name]
        if self.name is FieldName.DAY:
            high = 28  # exists in every month
        if match["low"]:
            low, high = self._number(match["low"]), self._number(match["high"])
            if high < low:
                raise self._error(f"range {self.written!r} is reversed", None)
        step = self._step(match["step"])
        from hashlib import blake2b  # noqa: PLC0415 - it loads OpenSSL, 3.5 MB, and few files have an H

        digest = blake2b(f"{self.job_name}\0{self.name}".encode(errors="surrogatepass"), digest_size=8).digest()
        size = high - low + 1
        drawn = int.from_bytes(digest) % (min(size, step) if match["step"] else size)
        return set(range(low + drawn, high + 1, step)) if match["step"] else {low + drawn}

    def _unknown_word(self, word: str) -> ScheduleError:
        if word == "r":
            return self._random()
        if self.name is FieldName.DAY_OF_WEEK and word == "l":
            return self._error("L needs a weekday: 5L is the last Friday of the month; Saturday is sat or 6", None)
        if self.name is FieldName.DAY and "l" in self.text:
            return self._misplaced_last()
        words = _WORDS.get(self.name, {})
        near = next((name for name in words if word.startswith(name)), None) or nearest(word, words, 0.5)
        return self._error(f"{word[:20]!r} is not a valid {self._label}", near)

    def _random(self) -> ScheduleError:
        reason = "R (random) would change at every start; H is derived from the job's name and stays the same"
        return self._error(reason, "H" + self.text[1:])

    def _misplaced_last(self) -> ScheduleError:
        start = re.fullmatch(r"(\d{1,2})-l", self.text, re.ASCII)
        reason = (
            f"{self.written[:20]!r} is not a valid day; L is the last day, L-2 two days before, LW the last weekday"
        )
        return self._error(reason, f"{start[1]}-31" if start else None)

    def _unreadable(self) -> ScheduleError:
        if not self.text:
            return self._error(f"empty entry in the {self._label} field", None)
        if self.text.startswith("r("):
            return self._random()
        if random := re.fullmatch(r"(\d*)~(\d*)", self.text):
            return self._cronie_random(random[1], random[2])
        if self.name is FieldName.DAY and "l" in self.text:
            return self._misplaced_last()
        cleaned = self.written.strip("+;.")
        if cleaned != self.written and self._is_valid(cleaned):
            return self._error(f"{self.written[:40]!r} is not a valid {self._label}", cleaned)
        example = _EXAMPLES.get(self.name, "5, 10-20, */15 or 0,30")
        return self._error(f"{self.written[:40]!r} is not a valid {self._label}; examples: {example}", None)

    def _cronie_random(self, low: str, high: str) -> ScheduleError:
        first, last = LIMITS[self.name]
        help = f"H({low or first}-{high or last})" if low or high else "H"
        reason = "~ (random) would change at every start; H is derived from the job's name and stays the same"
        return self._error(reason, help if self._is_valid(help) else None)

    def _is_valid(self, text: str) -> bool:
        try:
            parse_field(self.name, text, job_name=self.job_name)
        except ScheduleError:
            return False
        return True

    @property
    def _label(self) -> str:
        return self.name.replace("_", " ")

    def _error(self, reason: str, help: str | None) -> ScheduleError:
        return ScheduleError(reason, field=self.name.value, column=self.column, help=help)


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"
