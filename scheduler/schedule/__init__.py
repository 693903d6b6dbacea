"""When: text to fire times. Pure; the only owner of croniter."""

from scheduler.schedule.changes import ChangeEffect, coming_changes, jump, note_on
from scheduler.schedule.cron import LARGEST_STEP
from scheduler.schedule.duration import DurationError, format_duration, parse_duration
from scheduler.schedule.mismatch import Mismatch, Why, why
from scheduler.schedule.parse import parse_schedule
from scheduler.schedule.pitfalls import Pitfall, PitfallKind, find_pitfalls, surprises
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.words import in_words, kind
from scheduler.schedule.zone import ClockChange, find_zone, instant_of, skipping

__all__ = [
    "LARGEST_STEP",
    "ChangeEffect",
    "ClockChange",
    "DurationError",
    "Mismatch",
    "Pitfall",
    "PitfallKind",
    "Schedule",
    "Why",
    "coming_changes",
    "find_pitfalls",
    "find_zone",
    "format_duration",
    "in_words",
    "instant_of",
    "jump",
    "kind",
    "note_on",
    "parse_duration",
    "parse_schedule",
    "skipping",
    "surprises",
    "why",
]
