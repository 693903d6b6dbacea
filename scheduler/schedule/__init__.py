"""When a job runs: from text to scheduled times. Pure; the only owner of croniter."""

from scheduler.schedule.cron import LARGEST_STEP
from scheduler.schedule.description import describe, kind
from scheduler.schedule.dst import DstEffect, change_in_words, dst_effects, dst_note, has_cron_dst_effect
from scheduler.schedule.duration import DurationError, format_duration, parse_duration
from scheduler.schedule.exclusion_parser import (
    Exclusion,
    exclusions_of,
    parse_dates,
    parse_exclusion,
    parse_from,
    parse_until,
)
from scheduler.schedule.on_event import predecessors, runs_after
from scheduler.schedule.parse import parse_schedule
from scheduler.schedule.pitfalls import Pitfall, PitfallKind, find_pitfalls
from scheduler.schedule.restricted import Limits, Restricted, delay_of, restrict, starts_at
from scheduler.schedule.schedule import Schedule
from scheduler.schedule.time_check import Mismatch, TimeCheck, check_time
from scheduler.schedule.time_zone import DstChange, find_zone, instant_of, refresh_zones, skipped_by, timezone_pitfall

__all__ = [
    "LARGEST_STEP",
    "DstChange",
    "DstEffect",
    "DurationError",
    "Exclusion",
    "Limits",
    "Mismatch",
    "Pitfall",
    "PitfallKind",
    "Restricted",
    "Schedule",
    "TimeCheck",
    "change_in_words",
    "check_time",
    "delay_of",
    "describe",
    "dst_effects",
    "dst_note",
    "exclusions_of",
    "find_pitfalls",
    "find_zone",
    "format_duration",
    "has_cron_dst_effect",
    "instant_of",
    "kind",
    "parse_dates",
    "parse_duration",
    "parse_exclusion",
    "parse_from",
    "parse_schedule",
    "parse_until",
    "predecessors",
    "refresh_zones",
    "restrict",
    "runs_after",
    "skipped_by",
    "starts_at",
    "timezone_pitfall",
]
