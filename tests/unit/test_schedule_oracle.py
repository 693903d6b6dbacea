"""Scheduled times against an oracle that shares no code with the product, and laws that hold for every schedule."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduler.schedule import parse_schedule
from scheduler.schedule.cron_expression import read_expression
from scheduler.schedule.pattern import Pattern
from tests.unit.schedule_agreement import answers, disagreement
from tests.unit.schedule_cases import Case, random_case, random_days, random_expression
from tests.unit.schedule_oracle import Job, fire_times

UTC_ZONE = ZoneInfo("UTC")
TICK = timedelta(microseconds=1)
cases = st.builds(random_case, st.randoms(use_true_random=False))


@settings(max_examples=1_500)
@given(case=cases)
def test_agrees_with_the_oracle_around_clock_changes(case: Case) -> None:
    """T1 T2 T3 T5"""
    assert disagreement(case) is None


def test_the_oracle_itself_agrees_with_what_cron_did() -> None:
    near = []
    for row in map(json.loads, Path(__file__).with_name("data").joinpath("cron-golden.jsonl").read_text().splitlines()):
        if not row["expr"].startswith("@"):
            after, until = (datetime.fromisoformat(text) for text in (row["after"], row["next"][-1]))
            if until - after < timedelta(days=2):
                near.append((row, after, until))
    for row, after, until in near[:: len(near) // 300]:
        times = [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in fire_times(row["expr"], ZoneInfo(row["tz"]), after, until)]
        assert times == row["next"], row


@settings(max_examples=150)
@given(rng=st.randoms(use_true_random=False))
def test_dates_agree_with_the_oracle_over_years(rng: random.Random) -> None:
    day, weekday = random_days(rng)
    month = rng.choice(("*", "*/2", "1,3", "2-11/3", "jan-jun"))
    expression = f"0 0 {day} {month} {weekday}"
    job, year = Job(expression), rng.randint(1972, 2090)
    expected = [
        datetime(y, m, d, tzinfo=UTC)
        for y in range(year, year + 3)
        for m in sorted(job.months)
        for d in sorted(job.days(y, m))
    ]
    schedule = parse_schedule(expression, UTC_ZONE, job_name="oracle")
    assert (
        answers(schedule, datetime(year, 1, 1, tzinfo=UTC) - TICK, datetime(year + 2, 12, 31, tzinfo=UTC)) == expected
    )


@settings(max_examples=400)
@given(rng=st.randoms(use_true_random=False))
def test_agrees_with_cronsim_on_utc(rng: random.Random) -> None:
    expression = random_expression(rng, rng.randrange(24))
    assume("W" not in expression and "L-" not in expression)  # which cronsim does not know
    after = datetime(rng.randint(1990, 2040), rng.randint(1, 12), rng.randint(1, 28), rng.randrange(24), tzinfo=UTC)
    theirs = list(
        islice(CronSim(expression.replace("?", "*").replace("sat-sun", "6-7").replace("friL", "5L"), after), 8)
    )
    schedule = parse_schedule(expression, UTC_ZONE, job_name="x")
    assert answers(schedule, after, theirs[-1]) == theirs


@settings(max_examples=150)
@given(case=cases, data=st.data())
def test_scheduled_times_strictly_increase_and_every_instant_between_two_has_the_same_next_one(
    case: Case, data: st.DataObject
) -> None:
    """T4"""
    schedule = parse_schedule(case.expression, case.zone, job_name="x")
    moment, times = case.after, []
    for _ in range(12):
        following = schedule.next_after(moment)
        assert following is not None
        assert following > moment
        assert following.tzinfo is UTC
        times.append(following)
        moment = following
    for low, high in pairwise([case.after, *times]):
        between = low + (high - low) * data.draw(st.floats(0, 1, exclude_max=True))
        fresh = type(schedule)(schedule.text, schedule.pattern, schedule.zone)  # type: ignore[attr-defined, call-arg]
        assert fresh.next_after(min(between, high - TICK)) == high


@settings(max_examples=150)
@given(case=cases)
def test_the_last_scheduled_time_before_an_instant_agrees_with_next_after(case: Case) -> None:
    schedule = parse_schedule(case.expression, case.zone, job_name="x")
    times = answers(schedule, case.after - timedelta(days=1), case.after + timedelta(hours=12))[:60]
    for low, high in pairwise(times):
        assert schedule.last_before(high) == low
        assert schedule.last_before(low + TICK) == low
    before = schedule.last_before(case.after)
    if before is None:
        first = schedule.next_after(datetime(1970, 1, 1, tzinfo=UTC))
        assert "from" in case.expression
        assert first is not None
        assert first >= case.after
        return
    assert before < case.after
    assert (schedule.next_after(before) or case.after) >= case.after
    assert schedule.next_after(before - TICK) == before


@settings(max_examples=400)
@given(
    rng=st.randoms(use_true_random=False),
    days=st.sampled_from(
        (
            "* *",
            "1 *",
            "28 *",
            "L *",
            "1W *",
            "28W *",
            "LW *",
            "L-27 *",
            "L-1,LW *",
            "* 0",
            "* 5L",
            "* 5#2",
            "31 mon",
            "*/7 *",
        )
    ),
    seconds=st.integers(2**25, 2**31 + 2**30),
    fraction=st.sampled_from((0, 1)),
)
def test_monthly_times_are_found_in_both_directions_without_croniter(
    rng: random.Random, days: str, seconds: int, fraction: int
) -> None:
    day, weekday = days.split()
    month = rng.choice(("*", "1", "2", "12", "2,8", "*/3"))
    time = rng.choice(("0 0", "*/7 3", "5-59/9 */8", "0,30 23", "* *"))
    pattern = read_expression(f"{time} {day} {month} {weekday}", "x")
    wall = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None, microsecond=fraction)
    with patch.object(Pattern, "_search", side_effect=AssertionError):
        for _ in range(8):
            after, before = pattern.next_match(wall), pattern.previous_match(wall)
            assert before
            assert after
            assert before < wall < after
            assert pattern.next_match(before) == (wall if pattern.names(wall) and not wall.microsecond else after)
            assert pattern.previous_match(after + TICK) == after
            wall = after


@settings(max_examples=100)
@given(case=cases, rng=st.randoms(use_true_random=False))
def test_a_list_runs_at_the_merged_times_of_its_entries(case: Case, rng: random.Random) -> None:
    entries: list[object] = [case.expression, random_expression(rng, 2), "@every 35m", "@reboot"]
    until = case.after + timedelta(hours=8)
    parts = [parse_schedule(entry, case.zone, job_name="x") for entry in entries]
    merged = sorted({at for part in parts for at in answers(part, case.after, until)})
    schedule = parse_schedule(entries, case.zone, job_name="x")
    assert answers(schedule, case.after, until) == merged
    assert schedule.at_start
    if merged:
        assert schedule.last_before(until + TICK) == merged[-1]
