"""The operation `logs`: what a client gets of runs that start and finish while it reads slowly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import timedelta

import pytest

from scheduler.api.follow import job_logs
from scheduler.engine import runs_stream
from scheduler.engine.runs_stream import MOST_UNREAD, QUEUED
from scheduler.errors import RefusedError
from scheduler.launch.output import FOLLOWER_LAG
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap
from scheduler.model.run import RunRequest
from scheduler.wire.runs import Event, Finished, Logs, Lost, Output, Started
from tests.unit.stage import NOON, Stage, job


async def received(events: AsyncGenerator[Event, None], seconds: float = 0.5) -> list[Event]:
    """What comes until so many seconds have passed."""
    found: list[Event] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                found.append(await anext(events))
    return found


def runs(events: list[Event], kind: type[Started | Finished]) -> list[str]:
    return [event.run.id for event in events if isinstance(event, kind)]


def test_a_run_that_starts_while_kept_output_is_sent_is_reported_once() -> None:
    async def script(stage: Stage) -> None:
        await stage.until(1.5)
        async with aclosing(job_logs(stage.engine, Logs(follow=True))) as events:
            first = await anext(events)
            assert isinstance(first, Started)
            assert first.run.job == "early"
            await stage.until(4.5)  # meanwhile a run of `late` begins and ends, and another begins
            rest = await received(events)
        assert runs([first, *rest], Started) == ["run00001", "run00002", "run00003"]
        assert runs(rest, Finished) == ["run00001", "run00002"]
        assert [event.data for event in rest if isinstance(event, Output)] == [b"early", b"late", b"late"]

    stage = Stage(
        job("early", "@at 2026-06-01T12:00:01Z"),
        job("late", "@every 2s"),
        play=lambda launch: Play(0.0 if launch.job.name == "early" else 1.5, says=launch.job.name.encode()),
    )
    stage.play(script)
    assert not [line for line in stage.lines if "BUG" in line]


def test_for_a_client_that_reads_nothing_buffers_are_bounded_and_it_learns_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs_stream, "MOST_UNREAD", 100)
    says = b"x" * 60_000

    async def script(stage: Stage) -> None:
        async with aclosing(job_logs(stage.engine, Logs(follow=True))) as events:
            first = await anext(events)
            before = len(asyncio.all_tasks())
            await stage.until(500.5)
            assert len(asyncio.all_tasks()) <= before + 100
            rest = await received(events)
        assert sorted(runs([first, *rest], Started)) == sorted(runs(rest, Finished))
        shown = sum(len(event.data) for event in rest if isinstance(event, Output))
        assert shown <= FOLLOWER_LAG + QUEUED * len(says)
        assert shown + sum(event.size for event in rest if isinstance(event, Lost)) == 500 * len(says)

    stage = Stage(job("j"), play=lambda _: Play(0.25, says=says))
    stage.play(script)
    assert not [line for line in stage.lines if "BUG" in line]


def test_a_named_run_that_waits_is_followed_to_its_end_or_to_its_skip() -> None:
    async def script(stage: Stage) -> None:
        requested = stage.engine.run_now(stage.jobs["a"], RunRequest(at=NOON + timedelta(seconds=5)))
        holder = stage.engine.run_now(stage.jobs["a"])
        held = [stage.engine.run_now(stage.jobs["a"]) for _ in range(2)]
        await stage.until(1)
        streams = [job_logs(stage.engine, Logs(run=run.run_id, follow=True)) for run in (requested, *held)]
        assert [event async for event in job_logs(stage.engine, Logs(run=held[0].run_id))] == []
        await stage.engine.stop([stage.engine.find_live(held[1].run_id)])  # type: ignore[list-item]
        with pytest.raises(RefusedError, match="was skipped: stopped"):
            await anext(streams.pop())
        await stage.until(60)
        assert holder.ended is not None
        for stream in streams:
            kinds = [type(event) async for event in stream]
            assert kinds == [Started, Output, Finished]

    Stage(job("a", None, overlap=Overlap.QUEUE), play=lambda _: Play(10.0, says=b"text")).play(script)


def test_many_runs_at_once_with_little_output_are_all_shown_to_a_reader_who_reads() -> None:
    async def script(stage: Stage) -> None:
        async with aclosing(job_logs(stage.engine, Logs(follow=True))) as events:
            answer = await received(events, 1.5)
        assert len(runs(answer, Started)) == len(runs(answer, Finished)) == 2 * MOST_UNREAD
        assert sum(isinstance(event, Output) for event in answer) == 2 * MOST_UNREAD

    stage = Stage(*[job(f"j{number}") for number in range(2 * MOST_UNREAD)], play=lambda _: Play(says=b"little"))
    stage.play(script)
