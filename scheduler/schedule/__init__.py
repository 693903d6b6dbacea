"""When: text to fire times. Pure; the only owner of croniter."""

from scheduler.schedule.duration import format_duration, parse_duration
from scheduler.schedule.parse import parse_schedule
from scheduler.schedule.schedule import Schedule

__all__ = ["Schedule", "format_duration", "parse_duration", "parse_schedule"]
