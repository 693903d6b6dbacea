"""Schedules in the syntax of other programs and in English. Imported only when a schedule is not valid."""
