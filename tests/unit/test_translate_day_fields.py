"""Programs join the day of the month and the day of the week in different ways: imported jobs keep the days."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.translate.importers.source_file import Dialect
from tests.unit.importing import imported

# 2027-01-01 is a Friday.
FRIDAY_13, FIRST_MONDAYS = "08-13", "01-04 02-01 03-01 04-05"
ODD_AND_MONDAYS = "01-01 01-03 01-04 01-05 01-07 01-09 01-11 01-13"
EVEN_AND_MONDAYS = "01-02 01-04 01-06 01-08 01-10 01-11 01-12 01-14"
ODD_MONDAYS = "01-11 01-25 02-01 02-15 03-01"

YACRON = "jobs:\n  - name: x\n    command: x\n    schedule: {}\n"
SIDEKIQ = "x:\n  cron: '{}'\n  class: A\n"
SOLID_QUEUE = "x:\n  class: A\n  schedule: '{}'\n"
OFELIA = '[job-local "x"]\nschedule = {}\ncommand = x\n'

CASES = [
    ("yacron", YACRON, "0 8 13 * 5", FRIDAY_13),
    ("yacron", YACRON, "{minute: 0, hour: 8, dayOfMonth: 1-7, dayOfWeek: mon}", FIRST_MONDAYS),
    ("yacron", YACRON, "0 8 */2 * 1", ODD_MONDAYS),
    ("yacron", YACRON, "0 8 1-31 * 1", "01-04 01-11 01-18 01-25 02-01"),
    ("yacron", YACRON, "0 8 L * sat,sun", "01-31 02-28 07-31 10-31"),
    ("yacron", YACRON, "0 8 25-28 * L5", "02-26 03-26 05-28 06-25 08-27"),
    ("yacron", YACRON, "0 8 13 * 5 2027", FRIDAY_13),
    ("yacron", YACRON, "0 0 8 13 * 5 *", FRIDAY_13),
    ("yacron", YACRON, "{minute: 0, hour: 8, dayOfMonth: 13, dayOfWeek: 5, year: '2027'}", FRIDAY_13),
    ("fcrontab", "& {} x\n", "0 8 13 * 5", FRIDAY_13),
    ("fcrontab", "& {} x\n", "0 8 1-7 * 1", FIRST_MONDAYS),
    ("fcrontab", "& {} x\n", "0 8 */2 * *", "01-02 01-04 01-06 01-08"),
    ("fcrontab", "& {} x\n", "0 8 */2~4 * *", "01-02 01-06 01-08"),
    ("fcrontab", "& {} x\n", "0 8 * * 1-7~0", "01-01 01-02 01-04 01-05"),
    ("fcrontab", "&dayor {} x\n", "0 8 */2 * 1", EVEN_AND_MONDAYS),
    ("fcrontab", "&dayor {} x\n", "0 8 13 * *", "01-01 01-02 01-03 01-04"),
    ("busybox", "{} x\n", "0 8 */2 * 1", EVEN_AND_MONDAYS),
    ("busybox", "{} x\n", "0 8 */2 * *", "01-02 01-04 01-06 01-08"),
    ("busybox", "{} x\n", "0 8 13 * 0-6", "01-13 02-13 03-13"),
    ("busybox", "{} x\n", "0 8 13 * *", "01-13 02-13 03-13"),
    ("supercronic", "{} x\n", "0 8 */2 * 1", ODD_AND_MONDAYS),
    ("supercronic", "{} x\n", "0 8 */1 * 1", "01-01 01-02 01-03 01-04"),
    ("debian", "{} x\n", "0 8 */2 * 1", ODD_MONDAYS),
    ("cronie", "{} x\n", "0 8 */2 * 1", ODD_MONDAYS),
    ("sidekiq", SIDEKIQ, "0 8 */2 * 1", ODD_AND_MONDAYS),
    ("sidekiq", SIDEKIQ, "0 8 */1 * 1", "01-04 01-11 01-18"),
    ("sidekiq", SIDEKIQ, "0 8 13 * */1", "01-01 01-02 01-03"),
    ("sidekiq", SIDEKIQ, "0 0 8 */2 * 1 Asia/Tokyo", ODD_AND_MONDAYS),
    ("solid-queue", SOLID_QUEUE, "0 8 */2 * 1", ODD_AND_MONDAYS),
    ("solid-queue", SOLID_QUEUE, "0 8 13 * *", "01-13 02-13 03-13"),
    ("ofelia", OFELIA, "0 0 8 */2 * 1", ODD_AND_MONDAYS),
    ("ofelia", OFELIA, "0 0 8 */1 * 1", "01-04 01-11 01-18"),
]


@pytest.mark.parametrize(("program", "file", "schedule", "expected"), CASES, ids=[f"{c[0]} {c[2]}" for c in CASES])
def test_an_imported_job_runs_on_the_days_on_which_its_program_ran_it(
    tmp_path: Path, program: str, file: str, schedule: str, expected: str
) -> None:
    is_cron = program in {"busybox", "supercronic", "debian", "cronie"}
    text = file.replace("{}", schedule, 1)
    done = imported(tmp_path, text, dialect=Dialect(program)) if is_cron else imported(tmp_path, text, forced=program)
    assert not done.refused
    (job,) = done.config.jobs.values()
    assert job.schedule is not None
    dates: list[str] = []
    now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    while len(dates) < len(expected.split()):
        now = job.schedule.next_after(now) or datetime.max.replace(tzinfo=UTC)
        dates.append(f"{now.astimezone(job.timezone):%m-%d}")
    assert dates == expected.split()


@pytest.mark.parametrize(
    ("dialect", "times", "why"),
    [
        ("debian", "5/15 * * * *", "5/15 goes on to the highest value here"),
        ("busybox", "0 0 * * 7", "7 is Sunday here"),
        ("busybox", "0 0 1 * mon", "in dcron, day 1 with mon is the first Monday"),
    ],
)
def test_times_that_another_cron_reads_in_another_way_are_noted(
    tmp_path: Path, dialect: str, times: str, why: str
) -> None:
    done = imported(tmp_path, f"{times} x\n5 0 * * 1-5 y\n", dialect=Dialect(dialect))
    assert [(line, why in reason) for line, reason in done.noted] == [(1, True)]


def test_busybox_has_no_step_after_a_single_value(tmp_path: Path) -> None:
    done = imported(tmp_path, "5/15 4-6/2 * * * x\n", dialect=Dialect.BUSYBOX)
    assert done.translation.jobs[0].keys["schedule"] == "5 4-6/2 * * *"


def test_both_days_are_refused_where_nothing_here_has_them(tmp_path: Path) -> None:
    done = imported(tmp_path, YACRON.replace("{}", "0 8 L * L5"))
    assert [("both days must match there" in why) for _, why in done.refused] == [True]
