"""The shape of schedules in the file: `schedule`, `from`, `until`, `except`, `splay`."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import Duration, FilePath, Form, Text


class ScheduleForm(Form, frozen=True):
    """A schedule with named fields, each written as in cron. A field that is not given has its lowest value if
    it is a smaller unit than all given ones, and any value otherwise: `{hour: 8}` is every day at 08:00:00."""

    year: Annotated[Text | UnsetType, Meta(description="Years.", examples=["2027-2030"])] = UNSET
    month: Annotated[Text | UnsetType, Meta(description="1 to 12, or jan to dec.", examples=["jan,jul"])] = UNSET
    day: Annotated[
        Text | UnsetType,
        Meta(
            description="1 to 31; L is the last day, L-2 two days before it, LW the last weekday, 15W the weekday "
            "nearest to the 15th.",
            examples=["L"],
        ),
    ] = UNSET
    day_of_week: Annotated[
        Text | UnsetType,
        Meta(
            description="0 to 7, or sun to sat; mon#1 for the first of the month, friL for the last.",
            examples=["mon-fri"],
        ),
    ] = UNSET
    hour: Annotated[
        Text | UnsetType, Meta(description="0 to 23, or H for an hour derived from the job's name.", examples=["*/6"])
    ] = UNSET
    minute: Annotated[
        Text | UnsetType, Meta(description="0 to 59, or H for a minute derived from the job's name.", examples=["0,30"])
    ] = UNSET
    second: Annotated[
        Text | UnsetType, Meta(description="0 to 59, or H for a second derived from the job's name.", examples=["*/10"])
    ] = UNSET


class ExclusionForm(ScheduleForm, frozen=True):
    """An entry of `except`: a file, the holidays of a country, or a schedule with named fields, in which fields that
    are not given match any value."""

    file: Annotated[
        FilePath | UnsetType,
        Meta(description="File with a date, yearly date or range on each line.", examples=["holidays.txt"]),
    ] = UNSET
    holidays: Annotated[
        Text | UnsetType,
        Meta(
            description="Public holidays of a country, a part of it, or a stock exchange (extra `holidays`).",
            examples=["DE-BE", "US", "XNYS"],
        ),
    ] = UNSET


ScheduleText = Annotated[
    str,
    Meta(
        min_length=1,
        examples=[
            "*/5 * * * *",
            "@daily",
            "@every 90s",
            "@every 2w from 2027-01-01T17:00",
            "@at 2027-01-01T09:00:00+01:00",
        ],
    ),
]
AnySchedule = Annotated[
    ScheduleText | ScheduleForm | list[ScheduleText | ScheduleForm] | None,
    Meta(
        extra={"reads": "schedule"},
        description="When the job runs: five cron fields, @daily and the like, @every, @at, @reboot, @after, named "
        "fields, or a list of these. Without it the job only runs manually.",
    ),
]
FirstTime = Annotated[
    str | None,
    Meta(
        extra={"reads": "first time"},
        description="First day, or date and time, at which the job runs.",
        examples=["2027-01-01", "2027-01-01T09:00"],
    ),
]
LastTime = Annotated[
    str | None,
    Meta(
        extra={"reads": "last time"},
        description="Last day, or date and time, at which the job runs.",
        examples=["2027-12-31"],
    ),
]
ExclusionText = Annotated[
    str, Meta(min_length=1, examples=["2026-12-25", "12-25", "2026-12-24..2027-01-01", "* * * * sat,sun"])
]
AnyExclusion = Annotated[
    ExclusionText | ExclusionForm | list[ExclusionText | ExclusionForm] | None,
    Meta(
        extra={"reads": "exclusions"},
        description="When the job does not run: dates, yearly dates, ranges, a file of dates, holidays, schedules.",
    ),
]
Splay = Annotated[
    Duration | None,
    Meta(
        description="Delay each run of the job by a fixed time below this limit, derived from the job's name.",
        examples=["5m"],
    ),
]
