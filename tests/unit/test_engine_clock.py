"""Scheduled times when the wall clock is stepped, while schedd was not running, and at its start."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.engine.events import Event, JobsChanged
from scheduler.engine.missed import MissedRuns
from scheduler.engine.timetable import MOST_COUNTED, Timetable
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap
from scheduler.model.run import RAN, Launch, Reason, Run
from scheduler.schedule.cron import Cron
from tests.unit.stage import NOON, Script, Stage, clock_face, job, lines


def starts(stage: Stage, name: str = "j") -> list[str]:
    return [line.split()[3] for line in stage.lines if line.split()[1:3] == ["started", name]]


def stepping(at: float, by: timedelta, until: float) -> Script:
    async def script(stage: Stage) -> None:
        await stage.until(at)
        stage.clock.step(by)
        await stage.until(until)

    return script


@pytest.mark.parametrize("second", [0, 0.5, 30, 59.9])
def test_the_current_minute_does_not_run_at_start(second: float) -> None:
    """T10"""
    stage = Stage(job(schedule="* * * * *"), start=NOON + timedelta(seconds=second))
    stage.play(61.0)
    assert starts(stage)[0] == "12:01:00"


def test_after_an_hour_back_fixed_times_do_not_repeat_and_minutely_jobs_continue() -> None:
    """T7"""
    fixed = job("fixed", "29,30 11 * * *")
    stage = Stage(fixed, job("minutely", "* * * * *"), start=NOON.replace(hour=11, minute=28, second=30))
    stage.play(stepping(180, timedelta(hours=-1), 180 + 4000))
    assert starts(stage, "fixed") == ["11:29:00", "11:30:00"]
    assert starts(stage, "minutely")[1:6] == ["11:30:00", "11:31:00", "10:32:00", "10:33:00", "10:34:00"]
    assert "10:31:30 clock jumped -1:00:00" in stage.lines


def test_a_day_back_everything_is_computed_again_except_an_at_that_ran() -> None:
    """T7"""
    stage = Stage(
        job("fixed", "30 11 * * *"),
        job("once", "@at 2026-06-01T11:30:00Z"),
        start=NOON.replace(hour=11, minute=29),
    )
    stage.play(stepping(120, timedelta(days=-1), 120 + 90_000))
    assert starts(stage, "fixed") == ["11:30:00", "11:30:00"]
    assert starts(stage, "once") == ["11:30:00"]


def test_a_taken_at_stays_taken_an_hour_back() -> None:
    stage = Stage(job("once", "@at 2026-06-01T12:00:10Z"))
    stage.play(stepping(20, timedelta(hours=-1), 7200))
    assert starts(stage, "once") == ["12:00:10"]


@pytest.mark.parametrize(
    ("schedule", "by", "twice"),
    [
        (["@at 2026-06-01T12:45:00Z", "@every 10m"], timedelta(minutes=-20), {"12:40:00", "12:50:00"}),
        (["45 12 * * *", "@every 10m"], timedelta(minutes=-20), {"12:40:00", "12:50:00"}),
        (["45 12 * * *", "@at 2026-06-01T12:50:00Z", "@every 11m"], timedelta(minutes=-20), {"12:41:00", "12:52:00"}),
        (["@at 2026-06-01T12:45:00Z", "0 */6 * * *"], timedelta(hours=-4), {"12:00:00"}),
    ],
)
def test_each_schedule_of_a_list_follows_its_own_rule_until_the_clock_is_back_where_it_was(
    schedule: list[str], by: timedelta, twice: set[str]
) -> None:
    """T7"""
    stage = Stage(job(schedule=schedule), start=NOON - timedelta(minutes=1))
    stage.play(stepping(3240, by, 3240 + 5 * 3600))  # at 12:53
    times = Counter(starts(stage))
    assert {at for at, count in times.items() if count > 1} == twice
    assert "12:45:00" in times


def test_after_steps_back_of_both_sizes_an_at_does_not_run_again_and_fixed_times_do_after_the_large_one() -> None:
    """T7"""

    async def script(stage: Stage) -> None:
        await stage.until(50 * 60)
        stage.clock.step(timedelta(minutes=-20))
        await stage.until(60 * 60)
        stage.clock.step(timedelta(days=-1))  # to 12:40 of the day before
        await stage.until(70 * 60)
        stage.clock.step(timedelta(minutes=-8))  # and on through 12:45, a second time
        await stage.until(70 * 60 + 25 * 3600)

    stage = Stage(job("once", ["@at 2026-06-01T12:45:00Z", "@every 6h"]), job("fixed", "45 12 * * *"))
    stage.play(script)
    assert starts(stage, "once").count("12:45:00") == 1
    assert starts(stage, "fixed") == ["12:45:00"] * 3  # on the 1st of June, on the 31st of May, and again on the 1st


def test_the_previous_time_is_given_only_if_it_is_earlier() -> None:
    given: list[tuple[str, str | None]] = []

    def play(launch: Launch) -> Play:
        previous = launch.previous_at
        given.append((clock_face(launch.scheduled_at), None if previous is None else clock_face(previous)))
        return Play()

    stage = Stage(job(schedule="*/10 * * * *"), play=play)
    stage.play(stepping(1230, timedelta(minutes=-15), 2500))
    assert given == [
        ("12:10:00", None),
        ("12:20:00", "12:10:00"),
        ("12:10:00", None),
        ("12:20:00", "12:10:00"),
    ]


def test_more_than_a_thousand_times_missed_after_a_step_back_become_the_latest_that_did_not_run() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(3600 + 2)
        stage.clock.step(timedelta(hours=-1))
        await stage.until(3600 + 4)
        stage.clock.advance(3597.5)  # frozen until 13:00:01.5
        await stage.until(7201.6)

    stage = Stage(job(schedule=["@at 2026-06-01T13:00:01Z", "@every 2s"]))
    stage.play(script)
    assert starts(stage).count("13:00:01") == 1
    assert starts(stage)[-1] == "13:00:00"


def test_a_tiny_step_back_across_a_scheduled_time_does_not_run_it_twice() -> None:
    """T7"""
    stage = Stage(job(schedule="* * * * *"))
    stage.play(stepping(60.05, timedelta(seconds=-0.1), 130))
    assert starts(stage) == ["12:01:00", "12:02:00"]


def test_six_hours_forward_gives_one_coalesced_run_and_one_line_about_the_jump() -> None:
    """T8"""
    stage = Stage(job("minutely", "* * * * *"), job("hourly", "@hourly"))
    assert stage.play(stepping(90, timedelta(hours=6, seconds=-10), 91)) == lines("""
        12:01:00 started minutely 12:01:00
        12:01:00 succeeded minutely 12:01:00
        18:01:20 clock jumped 5:59:50
        18:01:20 skipped minutely 359 of 12:02:00..18:00:00 coalesced
        18:01:20 skipped hourly 5 of 13:00:00..17:00:00 coalesced
        18:01:20 skipped hourly 18:00:00 late
        18:01:20 started minutely 18:01:00
        18:01:20 succeeded minutely 18:01:00
        18:01:21 stopping
    """)


def test_more_than_a_thousand_missed_times_are_reported_as_more() -> None:
    """T8"""
    stage = Stage(job(schedule="@every 1s"))
    stage.play(stepping(1.5, timedelta(days=30), 1.6))
    coalesced = next(line for line in stage.lines if "coalesced" in line)
    assert coalesced.startswith("12:00:01.5 skipped j more than 1000 of 12:00:02..12:00:00 coalesced")
    assert starts(stage)[-1] == "12:00:01"  # the latest, of that later day


def test_many_jobs_with_one_schedule_count_what_they_missed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    next_after = Cron.next_after

    def counting(schedule: Cron, moment: datetime) -> datetime | None:
        nonlocal asked
        asked += 1
        return next_after(schedule, moment)

    timetable = Timetable()
    timetable.load({f"j{number}": job(f"j{number}", "* * * * *") for number in range(500)}, NOON)
    monkeypatch.setattr(Cron, "next_after", counting)
    due = timetable.take(NOON + timedelta(days=1))
    assert {each.missed.count for each in due if each.missed} == {MOST_COUNTED}
    assert [each.job.name for each in due] == [f"j{number}" for number in range(500)]
    assert asked < 500 + 2 * MOST_COUNTED


def test_a_frozen_daemon_runs_the_latest_scheduled_time_within_its_deadline() -> None:
    """T8"""

    async def frozen(stage: Stage) -> None:
        await stage.until(30)
        stage.clock.advance(300)  # both clocks move on and nobody was woken, as after SIGSTOP and SIGCONT
        await stage.until(331)

    stage = Stage(job("minutely", "* * * * *", start_deadline=40.0), job("strict", "*/5 * * * *", start_deadline=20.0))
    stage.play(frozen)
    assert stage.lines == lines("""
        12:05:30 clock jumped 0:04:30
        12:05:30 skipped minutely 4 of 12:01:00..12:04:00 coalesced
        12:05:30 skipped strict 12:05:00 late
        12:05:30 started minutely 12:05:00
        12:05:30 succeeded minutely 12:05:00
        12:05:31 stopping
    """)


def test_every_48_hours_runs_in_spite_of_daily_restarts() -> None:
    """T11"""
    fired = []
    for day in range(6):
        stage = Stage(job(schedule="@every 48h"), start=datetime(2026, 6, 1 + day, 13, tzinfo=UTC))
        stage.play(86_400 - 1)
        fired += [line for line in stage.lines if "started" in line]
    assert len(fired) == 3


def test_reboot_runs_when_schedd_starts_and_not_on_reload() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(5)
        stage.engine.load({**stage.jobs, "new": job("new", "@reboot")}, max_running=None)
        await stage.until(10)

    stage = Stage(job(schedule="@reboot"))
    stage.play(script)
    assert stage.lines[:2] == lines("""
        12:00:00 started j 12:00:00 by start
        12:00:00 succeeded j 12:00:00
    """)
    assert len(stage.lines) == 3


def test_an_engine_that_starts_paused_skips_what_is_due_at_the_start() -> None:
    jobs = (job("boot", "@reboot"), job("up", "55 * * * *", catch_up=600.0), job("often", "@every 1m"))
    stage = Stage(*jobs, paused=True)
    stage.play(61.0)
    assert stage.lines == lines("""
        12:00:00 skipped boot 12:00:00 paused
        12:00:00 skipped up 11:55:00 paused
        12:01:00 skipped often 12:01:00 paused
        12:01:01 stopping
    """)


@pytest.mark.parametrize(
    ("catch_up", "started"), [(None, []), (299.0, []), (300.0, ["11:55:00"]), (600.0, ["11:55:00"])]
)
def test_catch_up_runs_the_latest_time_missed_before_the_start(catch_up: float | None, started: list[str]) -> None:
    stage = Stage(job(schedule="55 * * * *", catch_up=catch_up))
    stage.play(1.0)
    assert starts(stage) == started


@pytest.mark.parametrize("schedule", ["45 12 * * *", "*/15 * * * *", "@at 2026-06-01T12:45:00Z"])
def test_a_run_that_is_caught_up_counts_like_any_other(schedule: str) -> None:
    stage = Stage(job(schedule=schedule, catch_up=600.0), start=NOON + timedelta(minutes=50))
    stage.play(stepping(5, timedelta(minutes=-10), 599))
    assert starts(stage) == ["12:45:00"]


def test_a_scheduled_time_between_load_and_start_is_run_by_the_loop() -> None:
    class Slow(Stage):
        """What follows the load takes two seconds."""

        def _hear(self, event: Event) -> None:
            super()._hear(event)
            if isinstance(event, JobsChanged):
                self.clock.advance(2)

    stage = Slow(job(schedule="@every 1m", catch_up=90.0, overlap=Overlap.ALLOW), start=NOON + timedelta(seconds=59))
    stage.play(3.0)
    assert starts(stage) == ["12:00:00", "12:01:00"]


def test_the_latest_missed_time_of_each_job_in_the_hour_before_the_start_is_reported() -> None:
    stage = Stage(
        job("often", "*/20 * * * *"),
        job("at-noon", "0 12 * * *"),
        job("an-hour-ago", "0 11 * * *"),
        job("earlier", "59 10 * * *"),
        job("caught-up", "55 * * * *", catch_up=600.0),
        job("by-hand", None),
        job("disabled", "*/20 * * * *", enabled=False),
    )
    found: list[tuple[str, datetime, bool]] = []

    async def script(stage: Stage) -> None:
        missed = MissedRuns(stage.engine.history, NOON)
        for name, each in stage.engine.timetable.jobs().items():
            if (latest := missed.of(each)) is not None:
                found.append((name, *latest))

    stage.play(script)
    assert found == [("often", NOON, True), ("at-noon", NOON, False), ("an-hour-ago", NOON - timedelta(hours=1), False)]


def test_runs_are_skipped_as_paused_until_the_pause_ends() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.pause("j", until=NOON + timedelta(seconds=25), note="")
        await stage.until(31)
        stage.engine.run_now(stage.jobs["j"])
        stage.engine.pause("j", until=None, note="")
        by_hand = stage.engine.run_now(stage.jobs["j"])
        await stage.until(32)
        assert isinstance(by_hand.ended, Run)  # a pause concerns the schedule, not requests

    stage = Stage(job(schedule="@every 10s", overlap=Overlap.ALLOW), play=lambda _: Play(0.5))
    stage.play(script)
    assert stage.lines[:3] == lines("""
        12:00:10 skipped j 12:00:10 paused
        12:00:20 skipped j 12:00:20 paused
        12:00:30 started j 12:00:30
    """)
    assert stage.engine.history.decided == {Reason.PAUSED: 2, RAN: 3}


@pytest.mark.parametrize(
    ("own", "of_all", "paused_until"), [(25, 45, 45), (45, 25, 45), (None, 25, None), (25, None, None), (25, 25, 25)]
)
def test_of_a_pause_of_a_job_and_one_of_all_the_one_that_ends_last_counts(
    own: float | None, of_all: float | None, paused_until: float | None
) -> None:
    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else NOON + timedelta(seconds=seconds)

    async def script(stage: Stage) -> None:
        stage.engine.pause("j", until=at(own), note="own")
        stage.engine.pause("j", until=at(of_all), note="all", of_all=True)
        await stage.until(61)

    stage = Stage(job(schedule="@every 10s"), play=lambda _: Play(0.5))
    stage.play(script)
    skipped = [second for second in range(10, 70, 10) if paused_until is None or second < paused_until]
    assert stage.engine.history.decided.get(Reason.PAUSED, 0) == len(skipped)


def test_the_end_of_the_pause_of_all_leaves_a_jobs_own_pause_and_resuming_the_job_ends_both() -> None:
    async def script(stage: Stage) -> None:
        stage.engine.pause("j", until=None, note="own")
        stage.engine.pause("j", until=None, note="all", of_all=True)
        stage.engine.resume("j", of_all=True)
        await stage.until(15)
        stage.engine.pause("j", until=None, note="all", of_all=True)
        stage.engine.resume("j")
        await stage.until(25)

    stage = Stage(job(schedule="@every 10s"), play=lambda _: Play(0.5))
    stage.play(script)
    assert [line for line in stage.lines if "resumed" not in line][:2] == lines("""
        12:00:10 skipped j 12:00:10 paused
        12:00:20 started j 12:00:20
    """)


@pytest.mark.parametrize("by", [1, 5, 40, 60])
@pytest.mark.parametrize("schedule", ["@every 1s", "@every 7s", "* * * * *", "*/2 * * * *"])
def test_a_small_step_back_decides_each_scheduled_time_once(schedule: str, by: int) -> None:
    """B18"""
    stage = Stage(job(schedule=schedule))
    stage.play(stepping(180.5, timedelta(seconds=-by), 480))
    assert len(starts(stage)) == len(set(starts(stage))) > 2
    assert starts(stage) == sorted(starts(stage))


def test_two_small_steps_back_that_add_up_are_a_large_one() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(100)
        stage.clock.step(timedelta(seconds=-40))
        await stage.until(101)
        stage.clock.step(timedelta(seconds=-40))
        await stage.until(110.5)

    stage = Stage(job(schedule="@every 1s"))
    stage.play(script)
    assert starts(stage)[-1] == "12:00:30"


@pytest.mark.parametrize(
    ("forward", "catch_up", "started"),
    [
        (timedelta(hours=2), 3600.0, ["13:55:00"]),
        (timedelta(hours=2), 60.0, []),
        (timedelta(hours=2), None, []),
        (timedelta(minutes=3), 3600.0, []),
        (timedelta(days=400), 7 * 86_400.0, ["13:55:00", "13:55:00"]),  # at the start as well
    ],
)
def test_a_step_forward_counts_as_time_in_which_schedd_was_not_running(
    forward: timedelta, catch_up: float | None, started: list[str]
) -> None:
    """B16: a machine that starts with a wrong clock, which a time server then sets."""
    minute = 55 if forward > timedelta(hours=1) else 0
    stage = Stage(job(schedule=f"{minute} 13 * * *", catch_up=catch_up, start_deadline=30.0))
    stage.play(stepping(8, forward, 30))
    assert starts(stage) == started


def test_a_step_forward_catches_up_with_the_latest_time_alone() -> None:
    """B16"""
    stage = Stage(job(schedule="@every 10m", catch_up=3600.0, start_deadline=5.0))
    stage.play(stepping(8, timedelta(minutes=45), 30))
    assert starts(stage) == ["12:00:00", "12:40:00"]
    assert "12:45:08 skipped j 3 of 12:10:00..12:30:00 coalesced" in stage.lines
