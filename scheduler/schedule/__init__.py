"""When: text to fire times. Pure; the only owner of croniter."""

from scheduler.schedule.schedule import Schedule

__all__ = ["Schedule"]
