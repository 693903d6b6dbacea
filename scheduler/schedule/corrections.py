"""Corrects an invalid schedule: explains it, and finds replacements that are valid and mean the same.

Imported only when a schedule is not valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.errors import ScheduleError
from scheduler.schedule.dialects.celery import read_celery
from scheduler.schedule.dialects.english import INTERVAL, read_english, read_interval
from scheduler.schedule.dialects.moments import iso_duration, read_date
from scheduler.schedule.dialects.more_fields import read_aws, read_more_fields, zone_name
from scheduler.schedule.dialects.on_calendar import read_on_calendar
from scheduler.schedule.dialects.reading import Dialect, Spec, Translation
from scheduler.schedule.field_corrections import replacements_in_field
from scheduler.schedule.parse import parse_schedule
from scheduler.suggestion import checked
from scheduler.text import is_typo

_FROM = "from|starting(?:\\s+(?:from|on|at))?|since|beginning(?:\\s+(?:on|at))?"
_VARIABLE = re.compile(r"\$\{?\w+|\$\(|\{\{|<%|%[A-Z_]+%")
_TYPOGRAPHY = str.maketrans("–—−‐‑∗＊，；／：\u00a0\u2009\u202f\u3000", "-----**,;/:    ", "\u200b\ufeff“”„‘’´")
_FORMS = (
    "not a valid schedule; use five cron fields (minute hour day month day-of-week), an alias such as @daily, "
    "@every with a duration, or @at with a date"
)
_NO_SCHEDULE = {"never", "none", "no", "off", "false", "manual", "manually", "disabled", "on demand"}
_MOST_REPAIRS = 5
_SECONDS_OR_MINUTES = (("s", "seconds"), ("m", "minutes"))
_OTHER_FIELDS = {
    "weekday": "day_of_week", "weekdays": "day_of_week", "dow": "day_of_week", "wday": "day_of_week",
    "dayofweek": "day_of_week", "dom": "day", "mday": "day", "dayofmonth": "day", "date": "day",
    "monthofyear": "month", "mon": "month", "min": "minute", "sec": "second",
}  # fmt: skip
_PLURALS = {"years": "y", "months": "M", "weeks": "w", "days": "d", "hours": "h", "minutes": "m", "seconds": "s"}
_NAME = "(?:sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|week(?:day|end))[a-z]*"
_FIELD = rf"(?i)(?:[\d*?,/#LWH-]|{_NAME})+"


class Correction(NamedTuple):
    """What is wrong, in one sentence, and the replacements for the whole schedule that may be offered.

    `column` is the offset of the text at fault; None when the whole text is.
    """

    reason: str
    suggestions: tuple[Translation, ...] = ()
    column: int | None = None


def correct(spec: object, error: ScheduleError, timezone: ZoneInfo, job_name: str) -> Correction:
    """The correction of a schedule, text or a mapping, that `parse_schedule` rejected with `error`."""
    return _Corrector(timezone, job_name).correct(spec, error)


class _Corrector(NamedTuple):
    """What a schedule is read with."""

    timezone: ZoneInfo
    job_name: str

    def correct(self, spec: object, error: ScheduleError) -> Correction:
        if isinstance(spec, Mapping):
            if not all(isinstance(part, str) for pair in spec.items() for part in _parts(pair)):
                return Correction(error.reason, column=error.column)
            original = " ".join(f"{name} {value}" for name, value in spec.items())
            found = self._offered(original, self._of_mapping(spec, error))
            return Correction(error.reason, found if all(one.reading for one in found) else found[:1], error.column)
        if not isinstance(spec, str):
            return Correction(error.reason)
        if _VARIABLE.search(spec):
            return Correction("variables are not expanded in the file; write the schedule itself")
        text = _normalized(spec)
        if text.lower().lstrip("@") in _NO_SCHEDULE:
            return Correction("a job without a schedule only runs manually: leave this key out")
        if text and (dialect := self._dialect(text)):
            return Correction(dialect.reason, self._offered(text, dialect.translations))
        joining = tuple(re.findall(r"(?i)\b(?:and|to|through|thru)\b", spec))
        changed = Translation(text, converted=joining)
        candidates = self._repaired(spec, error) if text == spec else self._continued(changed, _MOST_REPAIRS)
        found = self._offered(spec, candidates)[:1]
        if not found and re.search(r"(?i)[a-z]{4,}.* ", text) and not text.startswith("@"):
            return Correction(_FORMS)
        return Correction(error.reason, found, error.column)

    def _accepts(self, spec: Spec) -> bool:
        return self._error(spec) is None

    def _error(self, spec: Spec) -> ScheduleError | None:
        try:
            parse_schedule(_plain(spec), self.timezone, job_name=self.job_name)
        except ScheduleError as error:
            return error
        return None

    def _offered(self, original: str, candidates: Iterable[Translation]) -> tuple[Translation, ...]:
        return checked(original, candidates, lambda one: self._accepts(one.spec))

    def _dialect(self, text: str) -> Dialect | None:
        """What the text is in the syntax of another program or in English, possibly followed by a time zone."""
        if found := self._without_zone(text):
            return found
        rest, _, zone = text.rpartition(" ")
        if rest and (name := zone_name(zone)) and (found := self._without_zone(rest)):
            translations = tuple(Translation(one.spec, name, one.reading, one.converted) for one in found.translations)
            return Dialect(f"{found.reason}; the time zone is a separate key", translations)
        return None

    def _without_zone(self, text: str) -> Dialect | None:
        return (
            read_aws(text, self._accepts)
            or read_celery(text)
            or _interval(text)
            or read_date(text)
            or (None if text.lower().startswith("@at ") else read_english(text))  # `@at` runs once, English daily
            or read_on_calendar(text)
            or read_more_fields(text, self._accepts)
        )

    def _repaired(self, text: str, error: ScheduleError) -> Iterator[Translation]:
        """The text with the parts at fault replaced."""
        yield from self._spliced(Translation(text), error, _MOST_REPAIRS)
        if text.startswith("@") and " " not in text:
            known = error.help or ""
            yield Translation(known, converted=(text,) if is_typo(text, known) else ())

    def _spliced(self, before: Translation, error: ScheduleError, left: int) -> Iterator[Translation]:
        text = before.text
        if error.column is None or not left:
            return
        culprit = re.split(r"[\s,]", text[error.column :], maxsplit=1)[0]
        if not culprit:
            yield from self._continued(Translation(_without_empty_entries(text), converted=before.converted), left)
            return
        end = error.column + len(culprit)
        for replacement in replacements_in_field(culprit, error):
            spliced = text[: error.column] + replacement.text + text[end:]
            yield from self._continued(Translation(spliced, converted=before.converted + replacement.converted), left)

    def _continued(self, candidate: Translation, left: int) -> Iterator[Translation]:
        """The candidate, or its own repairs while it has further errors."""
        error = self._error(candidate.spec)
        if error is None:
            yield candidate
        elif error.field is not None:
            yield from self._spliced(candidate, error, left - 1)

    def _of_mapping(self, spec: Mapping[str, str], error: ScheduleError) -> Iterator[Translation]:
        if len(spec) == 1:
            ((name, value),) = spec.items()
            yield from self._of_single_key(name, value)
        field = error.field or ""
        if field in spec and error.column is not None and isinstance(spec[field], str):
            value = spec[field]
            culprit = re.split(r"[\s,]", value[error.column :], maxsplit=1)[0]
            if not culprit:
                yield Translation({**spec, field: _without_empty_entries(value)})
            for replacement in replacements_in_field(culprit, error) if culprit else ():
                text = value[: error.column] + replacement.text + value[error.column + len(culprit) :]
                yield Translation({**spec, field: text}, converted=replacement.converted)
            return
        lists = {name: _as_list(value) for name, value in spec.items()}
        renamed = {_field_name(name): value for name, value in lists.items()}
        changed = tuple(name for name in spec if name not in renamed)
        counts = {name.lower(): value for name, value in lists.items()}
        if counts.keys() <= _PLURALS.keys() and all(re.fullmatch(r"(?a)\d+(?:\.\d+)?", one) for one in counts.values()):
            # Other programs mean an interval.
            duration = "".join(f"{counts[name]}{unit}" for name, unit in _PLURALS.items() if name in counts)
            yield Translation(f"@every {duration}", reading="an interval")
            if not counts.keys() & {"months", "years"}:
                yield Translation(renamed, reading="a fixed time", converted=changed)
        elif len(renamed) == len(spec):
            yield Translation(renamed, converted=changed)

    def _of_single_key(self, name: str, value: object) -> Iterator[Translation]:
        """`{cron: "0 3 * * *"}` and `{every: 5m}`, as other files have them."""
        if not isinstance(value, str) or name.lower() not in {"cron", "expression", "at", "every", "interval"}:
            return
        text = f"every {value}" if name.lower() in {"every", "interval"} else value
        error = self._error(text)
        words = re.findall(r"[a-zA-Z]+", f"{name} {value}")
        for one in (Translation(text),) if error is None else self.correct(text, error).suggestions:
            yield Translation(one.spec, one.timezone, one.reading, (*one.converted, *words))


def _interval(text: str) -> Dialect | None:
    """`@every 1 day`, `@every 90`, `30.0` of Celery, `5.minutes` of Ruby, `PT5M`: a duration in another spelling."""
    if number := re.fullmatch(r"(?a)(\d+)\.0", text):
        readings = [Translation(f"@every {number[1]}{unit}", reading=name) for unit, name in _SECONDS_OR_MINUTES]
        return Dialect(INTERVAL, tuple(readings))
    if ruby := re.fullmatch(r"(?ai)(?:every )?(\d+)\.([a-z]+)", text):
        found = read_interval(f"every {ruby[1]} {ruby[2]}")
        return Dialect(INTERVAL, (Translation(f"@every {found[0]}", converted=found[1]),)) if found else None
    word, _, amount = text.partition(" ")
    amount, _, keyword, first = re.fullmatch(rf"(?i)(.*?)(\s+({_FROM})\s+(.+))?", amount).groups()  # type: ignore[union-attr]
    start = "" if first is None else f" from {first}"
    is_every = word.lower() in {"@every", "every"}
    if is_every and re.fullmatch(r"(?a)\d+(?:\.\d+)?", amount):
        readings = [Translation(f"@every {amount}{unit}{start}", reading=name) for unit, name in _SECONDS_OR_MINUTES]
        return Dialect("@every: missing unit; a duration is a number with w, d, h, m or s", tuple(readings))
    iso = iso_duration(amount if is_every else text)
    found = iso or (read_interval(f"{word} {amount}") if is_every and (start or word.startswith("@")) else None)
    if not found or f"@every {found[0]}{start}" == text:
        return None
    reason = "@every takes a duration such as 90s, 10m, 1h30m or 2d" if word.startswith("@") else INTERVAL
    words = (keyword or "").split()
    return Dialect(reason, (Translation(f"@every {found[0]}{start}", converted=(*found[1], *words)),))


def _normalized(text: str) -> str:
    """The text without typographic marks, quotes around it, a final semicolon, and blanks within a field."""
    text = " ".join(text.translate(_TYPOGRAPHY).split()).strip("'\"` ").rstrip("; ").removeprefix("OnCalendar=")
    if len(text.split()) <= 5:
        return text
    joined = re.sub(r"(?i)(?:\s*,\s*)+(?:and\s+)?|(?<=\w)\s+(?:and|&|\+)\s+(?=\w)", ",", text)
    joined = re.sub(r"(?<=[\d*])\s*/\s*(?=\d)", "/", joined)
    joined = re.sub(r"(?i)(?<=\w)(?:\s*-\s*|\s+(?:to|through|thru)\s+)(?=\w)", "-", joined)
    words = joined.split()
    return joined if len(words) in {5, 6, 7} and all(re.fullmatch(_FIELD, word) for word in words) else text


def _without_empty_entries(text: str) -> str:
    """The text without commas that separate nothing."""
    return " ".join(",".join(filter(None, field.split(","))) or field for field in text.split())


def _parts(pair: tuple[object, object]) -> list[object]:
    name, value = pair
    return [name, *(value if isinstance(value, list) else [value])]


def _as_list(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _field_name(name: str) -> str:
    plain = re.sub(r"[-_ ]", "", name.lower())
    known = ("second", "minute", "hour", "day", "month", "day_of_week", "year")
    singular = plain.removesuffix("s")
    return next((one for one in known if one in {name.lower(), plain, singular}), _OTHER_FIELDS.get(plain, name))


def _plain(spec: Spec) -> object:
    """The argument of `parse_schedule`."""
    if isinstance(spec, tuple):
        return [_plain(part) for part in spec]
    return spec if isinstance(spec, str) else dict(spec)
