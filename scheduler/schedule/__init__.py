"""When: text to fire times. Pure; the only owner of croniter."""

from scheduler.schedule.cron import LARGEST_STEP
from scheduler.schedule.description import describe, kind
from scheduler.schedule.dst import DstEffect, change_in_words, dst_effects, dst_note
from scheduler.schedule.duration import DurationError, format_duration, parse_duration
from scheduler.schedule.parse import parse_schedule
from scheduler.schedule.pitfalls import Pitfall, PitfallKind, find_pitfalls
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_check import Mismatch, TimeCheck, check_time
from scheduler.schedule.time_zone import DstChange, find_zone, instant_of, refresh_zones, skipped_by, timezone_pitfall

__all__ = [
    "LARGEST_STEP",
    "DstChange",
    "DstEffect",
    "DurationError",
    "Mismatch",
    "Pitfall",
    "PitfallKind",
    "Schedule",
    "TimeCheck",
    "change_in_words",
    "check_time",
    "describe",
    "dst_effects",
    "dst_note",
    "find_pitfalls",
    "find_zone",
    "format_duration",
    "instant_of",
    "kind",
    "parse_duration",
    "parse_schedule",
    "refresh_zones",
    "skipped_by",
    "timezone_pitfall",
]
