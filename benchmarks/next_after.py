"""How long `next_after` takes, as a multiple of croniter's own naive `get_next` for the same expression.

Every question is asked once, from a random instant of thirty years, so no remembered answer helps. Processor time is
measured, not the time of the clock. The target is a ratio of 1.5 at most for each expression: what an exact answer
through clock changes may cost. Forms that croniter does not know, and schedules with `from`, `until`, `except` and
`splay`, are compared with what croniter takes for the expression without them.

    python benchmarks/next_after.py [--zone Europe/Berlin] [--questions 2000]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench import Row
from croniter import croniter

from scheduler.schedule import (
    Limits,
    Schedule,
    exclusions_of,
    parse_exclusion,
    parse_from,
    parse_schedule,
    parse_until,
    restrict,
)

EXPRESSIONS = (
    "* * * * *",
    "*/2 * * * *",
    "*/5 * * * *",
    "*/15 * * * *",
    "0,30 * * * *",
    "7 * * * *",
    "0-59/10 * * * *",
    "0 * * * *",
    "0 */2 * * *",
    "15 */6 * * *",
    "*/10 9-17 * * 1-5",
    "0 9-17 * * mon-fri",
    "*/15 2 * * *",
    "30 2 * * *",
    "0 0 * * *",
    "0,30 2 * * *",
    "0 2,3 * * *",
    "0 3 * * 1",
    "0 8 * * mon",
    "30 1 * * sun",
    "0 22 * * 1-5",
    "0 0 1 * *",
    "0 0 1,15 * *",
    "30 6 31 * *",
    "0 0 L * *",
    "0 12 15W * *",
    "0 0 * * 5L",
    "0 0 * * 5#2",
    "0 0 13 * 5",
    "0 0 */2 * 1",
    "5 4 1-7 * 0",
    "0 0 1 1 *",
    "0 0 1 */3 *",
    "59 23 31 12 *",
    "0 0 29 2 *",
)
FORMS = {
    "@every 2w from 1999-01-01T17:00": "0 17 * * 5",
    "@every 3d from 1999-01-01T09:30": "30 9 * * *",
    "0 0 LW * *": "0 0 L * *",
    "0 0 L-2 * *": "0 0 L * *",
}
"""Forms that croniter does not know, and an expression that runs about as often."""

LIMITED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("0 9 * * *", {"except": ["12-25"]}),
    ("0 9 * * *", {"except": ["* * * * sat,sun"]}),
    ("0 9 * * *", {"except": ["12-24..01-02", "05-01", "2026-04-03..2026-04-06"]}),
    ("*/5 * * * *", {"except": ["* 0-6 * * *"]}),
    ("30 2 * * *", {"from": "2000-06-01", "until": "2029-06-01"}),
    ("*/15 * * * *", {"splay": 300.0}),
    ("0 9 * * 1-5", {"from": "2000-06-01", "except": ["12-25", "01-01"], "splay": 300.0}),
)
"""Expressions with keys that limit them."""

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=365 * 30)
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zone", default="Europe/Berlin", type=ZoneInfo)
    parser.add_argument("--questions", default=1_000, type=int)
    options = parser.parse_args()
    print(f"{'schedule':<34} {'croniter µs':>12} {'next_after µs':>14} {'ratio':>6}")
    ratios = []
    for name, plain, ours in times(options.zone, options.questions):
        ratios.append(ours / plain)
        print(f"{name:<34} {plain:12.1f} {ours:14.1f} {ours / plain:6.2f}", flush=True)
    print(f"\n{len(ratios)} schedules in {options.zone}: {summary(ratios)}")
    moment = datetime.now(UTC)
    for jobs in (50, 10_000):
        print(f"{jobs:6} jobs with 50 schedules: {shared(jobs, options.zone, moment):.2f} ms to find all next times")
        moment += timedelta(days=1)


def measure(_options: argparse.Namespace) -> Iterator[Row]:
    ratios = [ours / plain for _, plain, ours in times(ZoneInfo("Europe/Berlin"), 1_000)]
    figure = f"next_after of {len(ratios)} schedules, each as a multiple of croniter's naive get_next"
    yield Row(figure, "≤ 1.5 × for each", summary(ratios))


def summary(ratios: list[float]) -> str:
    return f"median {statistics.median(ratios):.2f} ×, worst {max(ratios):.2f} ×"


def times(zone: ZoneInfo, questions: int) -> Iterator[tuple[str, float, float]]:
    """Of each schedule its name, and the microseconds that croniter and `next_after` take."""
    rng = random.Random(1)  # noqa: S311 - the same instants at every run
    for name, expression, schedule in schedules(zone):
        yield name, *compared(schedule, expression, questions, rng)


def schedules(zone: ZoneInfo) -> Iterator[tuple[str, str, Schedule]]:
    """A name, the expression for croniter, and our schedule."""
    for expression in EXPRESSIONS:
        yield expression, expression, parse_schedule(expression, zone, job_name="benchmark")
    for text, expression in FORMS.items():
        yield text, expression, parse_schedule(text, zone, job_name="benchmark")
    for expression, keys in LIMITED:
        entries = [parse_exclusion(entry, zone, job_name="") for entry in keys.get("except", ())]
        splay = timedelta(seconds=keys.get("splay", 0.0))
        limits = Limits(
            first=parse_from(keys["from"], zone) if "from" in keys else None,
            last=parse_until(keys["until"], zone) if "until" in keys else None,
            exclusions=exclusions_of(entries, zone) if entries else None,
            splay=splay,
            delay=splay / 2,
        )
        schedule = restrict(parse_schedule(expression, zone, job_name="benchmark"), limits)
        yield f"{expression} {' '.join(keys)}", expression, schedule


def compared(schedule: Schedule, expression: str, questions: int, rng: random.Random) -> tuple[float, float]:
    """Microseconds a question: croniter alone and naive, then ours; the best of a few rounds of new instants."""
    engine = croniter(expression.replace("5L", "L5"), 0.0, implement_cron_bug=True)
    for year in range(FIRST.year, (FIRST + YEARS).year + 9):
        schedule.next_after(datetime(year, 1, 1, tzinfo=UTC))  # clock changes are found once in a process's life

    def plain(moment: datetime) -> object:
        return engine.get_next(datetime, start_time=moment)

    best = [float("inf")] * 2
    for _ in range(ROUNDS):
        instants = [FIRST + rng.random() * YEARS for _ in range(questions)]
        best[0] = min(best[0], clocked(plain, [moment.replace(tzinfo=None) for moment in instants]))
        best[1] = min(best[1], clocked(schedule.next_after, instants))
    return best[0], best[1]


def shared(jobs: int, zone: ZoneInfo, moment: datetime) -> float:
    """Milliseconds for the next scheduled times of many jobs that share fifty schedules."""
    schedules = [parse_schedule(f"{job % 50} 3 * * *", zone, job_name=f"job-{job}") for job in range(jobs)]
    begin = time.perf_counter()
    for schedule in schedules:
        schedule.next_after(moment)
    return (time.perf_counter() - begin) * 1e3


def clocked(ask: Callable[[datetime], object], instants: list[datetime]) -> float:
    """Microseconds for each instant, on average."""
    begin = time.thread_time()
    for moment in instants:
        ask(moment)
    return (time.thread_time() - begin) / len(instants) * 1e6


if __name__ == "__main__":
    main()
