"""A reload applies a difference: unchanged jobs are not affected."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from scheduler.launch.simulated import Play
from scheduler.model.job import Job, Overlap, Retry
from scheduler.model.target import ShellCommand
from tests.unit.stage import Script, Stage, job, lines


def reloading(at: float, change: Callable[[dict[str, Job]], dict[str, Job]], until: float) -> Script:
    async def script(stage: Stage) -> None:
        await stage.until(at)
        stage.engine.load(change(dict(stage.jobs)), max_running=None)
        await stage.until(until)

    return script


def test_an_edit_never_creates_a_scheduled_time_in_the_past() -> None:
    """R1"""
    changed = job(schedule="*/5 * * * *")
    stage = Stage(job(schedule="0 0 * * *"))
    stage.play(reloading(301, lambda _: {"j": changed}, 700))
    assert [line.split()[3] for line in stage.lines if "started" in line] == ["12:10:00"]


def test_an_unchanged_schedule_keeps_its_next_time_when_other_keys_change() -> None:
    stage = Stage(job(schedule="@every 10s"))
    stage.play(reloading(9.9, lambda jobs: {"j": replace(jobs["j"], target=ShellCommand("new"))}, 11))
    assert stage.lines[0] == "12:00:10 started j 12:00:10"


def test_with_continuous_reloads_every_scheduled_time_runs_exactly_once() -> None:
    """R2"""

    async def script(stage: Stage) -> None:
        for tick in range(650):
            await stage.until(tick / 10)
            flips = replace(stage.jobs["flips"], description=str(tick))
            stage.engine.load({"j": stage.jobs["j"], "flips": flips}, max_running=None)

    stage = Stage(job("j", "@every 1s"), job("flips", "@every 1s"))
    stage.play(script)
    for name in ("j", "flips"):
        scheduled_times = [line.split()[3] for line in stage.lines if line.split()[1:3] == ["started", name]]
        assert len(scheduled_times) == len(set(scheduled_times)) == 64


def test_a_running_job_keeps_the_definition_it_started_with() -> None:
    stage = Stage(job(schedule="@every 10s", timeout=8.0), play=lambda _: Play(None))
    stage.play(reloading(11, lambda jobs: {"j": replace(jobs["j"], timeout=2.0)}, 19))
    assert stage.lines[1] == "12:00:18 timed-out j 12:00:10"


GONE: dict[str, Callable[[dict[str, Job]], dict[str, Job]]] = {
    "removed": lambda jobs: {name: each for name, each in jobs.items() if name != "j"},
    "disabled": lambda jobs: {**jobs, "j": replace(jobs["j"], enabled=False)},
    "renamed": lambda jobs: {"other": jobs["other"], "new": replace(jobs["j"], name="new")},
}


@pytest.mark.parametrize("how", GONE)
def test_a_job_that_goes_while_its_retry_waits_is_tried_no_more(how: str) -> None:
    """R5"""
    stage = Stage(
        job(schedule="@every 10s", retry=Retry(3, delay=5.0)), job("other", None), play=lambda _: Play(1.0, code=1)
    )
    stage.play(reloading(12, GONE[how], 19))
    assert stage.lines[:3] == lines("""
        12:00:10 started j 12:00:10
        12:00:11 attempt 1 failed j, again in 5s
        12:00:12 stopped j 12:00:10
    """)
    assert not any("BUG" in line for line in stage.lines)


@pytest.mark.parametrize("how", GONE)
def test_a_job_that_goes_while_it_runs_finishes_and_is_not_tried_again(how: str) -> None:
    """R5"""
    stage = Stage(
        job(schedule="@every 10s", retry=Retry(3, delay=1.0)), job("other", None), play=lambda _: Play(5.0, code=1)
    )
    stage.play(reloading(12, GONE[how], 19))
    assert stage.lines[:2] == lines("""
        12:00:10 started j 12:00:10
        12:00:15 failed j 12:00:10
    """)


def test_a_queued_run_of_a_removed_job_is_skipped_as_removed() -> None:
    stage = Stage(job(schedule="@every 10s", overlap=Overlap.QUEUE), job("other", None), play=lambda _: Play(60.0))
    stage.play(reloading(21, GONE["removed"], 25), shutdown_timeout=2.0)
    assert "12:00:21 skipped j 12:00:20 removed" in stage.lines


def test_pause_history_and_counters_survive_a_reload_by_name() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(11)
        stage.engine.pause("j", until=None, note="")
        stage.engine.load({"j": replace(stage.jobs["j"], description="new")}, max_running=None)
        await stage.until(21)

    stage = Stage(job(schedule="@every 10s"))
    stage.play(script)
    assert "12:00:20 skipped j 12:00:20 paused" in stage.lines
    assert len(stage.engine.history.of("j").runs) == 1


def test_the_history_of_a_removed_job_is_deleted() -> None:
    """M1"""

    async def script(stage: Stage) -> None:
        await stage.until(3.7)
        kept = [run.id for run in stage.engine.history.of("j").runs]
        assert [stage.engine.history.tails.of(run_id)[0].data for run_id in kept] == [b"hello"] * 3
        stage.engine.load(GONE["removed"](stage.jobs), max_running=None)
        assert not stage.engine.history.of("j").runs
        assert not any(stage.engine.history.tails.of(run_id) for run_id in kept)

    Stage(job(schedule="@every 1s"), job("other", None), play=lambda _: Play(0.5, says=b"hello")).play(script)
