"""The pages as a person meets them, on a stage without a socket."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler.launch.launcher import Stream
from scheduler.launch.output import Chunk
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap
from scheduler.web import http_server, timeline
from scheduler.web.output_lines import last_lines
from scheduler.web.recent import Recent
from scheduler.web.words import Moment
from tests.unit.stage import NOON, Stage, job
from tests.unit.test_web_api import Served, play
from tests.unit.test_web_pages import BERLIN, NOW

HTML = "text/html"
FORM = "application/x-www-form-urlencoded"


def text_of(page: Any) -> str:
    """What a person reads of a page."""
    content = page.decode() if isinstance(page, bytes) else str(page)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


def on_pages(
    script: Callable[[Callable[..., Awaitable[str]], Stage], Awaitable[None]], *jobs: Any, **more: Any
) -> None:
    """Run a script with a function that gives the text of a page, or sends a form."""

    async def perform(stage: Stage, ask: Any, _service: Served) -> None:
        async def read(path: str, form: str | None = None) -> str:
            if form is None:
                return text_of((await ask("GET", path, accept="text/html"))[2])
            sent: dict[str, str] = {
                "content_type": "application/x-www-form-urlencoded",
                "sec_fetch_site": "same-origin",
            }
            _, headers, body = await ask("POST", path, form.encode(), accept="text/html", **sent)
            return headers["location"] if "location" in headers else str(body)

        await script(read, stage)

    play(perform, *jobs, **more)


@pytest.fixture(autouse=True)
def _no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "open_listener", lambda _address: None)


def fails(_launch: Any) -> Play:
    return Play(code=3, says=b"connecting\nno route to host\n")


def test_why_without_a_time_answers_at_once_with_the_end_of_the_failed_run() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(3.5)
        page = await read("/jobs/j")
        assert "The run scheduled at" in page
        assert "failed, exit 3" in page
        assert "End of the output of run00003 : connecting no route to host" in page
        assert "Its next scheduled time is" in page
        assert await read("/jobs/j?at=+") == page
        assert "The run scheduled at Mon 2026-06-01 12:00:03" in await read("/jobs/j?at=now")
        assert "there is no record of it" in await read("/jobs/j?at=-2m")
        assert "is not a valid time" in await read("/jobs/j?at=half+past")

    on_pages(script, job(), play=fails)


def test_the_warning_of_a_failing_job_has_the_reason_or_the_last_line_of_its_output() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(1.5)
        assert "failed, exit 3: no route to host" in await read("/")

    on_pages(script, job(), play=fails)


def test_the_last_lines_are_those_of_stderr_before_those_of_stdout() -> None:
    out, err = Chunk(Stream.STDOUT, b"a\nb\n"), Chunk(Stream.STDERR, b"one\n\ntw")
    assert last_lines([out], 1) == ["b"]
    assert last_lines([out, err, Chunk(Stream.STDERR, b"o\n\x1b[31mthree\n"), out], 2) == ["two", "three"]
    assert last_lines([], 2) == []


def test_a_paused_job_shows_the_first_time_after_its_pause_as_its_next_run() -> None:
    async def script(read: Any, stage: Stage) -> None:
        stage.engine.pause("ended", until=NOON + timedelta(minutes=20), note="")
        stage.engine.pause("endless", until=None, note="")
        page = await read("/?sort=name")
        row = page[page.index("Actions") :]
        assert "in 20m 12:20" in row
        assert "paused until 12:20" in row
        assert "@every 7s –" in row
        assert "Next run – paused until resumed" in await read("/jobs/endless")
        assert "12:20 UTC, after the pause" in await read("/jobs/ended")

    on_pages(script, job("ended", "* * * * *"), job("endless", "@every 7s"))


def test_after_pausing_all_the_bar_says_until_when_and_offers_to_resume() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        location = await read("/pause", "until=1h&back=/")
        assert "All jobs paused until 13:00." in await read(location)
        assert "Paused until 13:00 Resume all" in await read("/")
        assert "All jobs resumed." in await read(await read("/resume", "back=/"))
        assert "Resume all" not in await read("/")

    on_pages(script, job("a"), job("b"))


def test_while_all_jobs_are_paused_each_row_and_a_line_above_them_say_so() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(1.5)
        stage.engine.run_now(stage.jobs["long"])
        await asyncio.sleep(0)
        await read("/pause", "until=1h&note=new disk&back=/")
        page = await read("/")
        assert "All jobs are paused until 13:00:01 Since 12:00:01 by 127.0.0.1: new disk." in page
        rows = page[page.index("Actions") : page.index("What happened")]
        assert "exit 3 paused until 13:00:01: new disk" in rows
        assert "running for 0s paused until 13:00:01: new disk" in rows
        assert "2 jobs paused until 13:00:01: new disk" in page

    on_pages(
        script,
        job("failing"),
        job("long", None),
        play=lambda launch: Play(None) if launch.job.name == "long" else fails(launch),
    )


def test_a_pause_of_all_and_its_end_leave_the_pause_of_one_job_as_it_is() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        await read("/jobs/own/pause", "until=3h&note=bounce review&back=/")
        await read("/pause", "until=1h&back=/")
        page = await read("/")
        assert "paused until 15:00: bounce review" in page
        assert "paused until 13:00" in page
        page = await read(await read("/resume", "back=/"))
        assert "All jobs resumed, except for those that were paused by name: own." in page
        assert "paused until 15:00: bounce review" in page
        assert "Pause all" in page
        assert "All jobs are paused" not in page
        assert "Paused until 15:00 bounce review" in await read("/jobs/own")

    on_pages(script, job("own", "* * * * *"), job("other", "* * * * *"))


def test_an_internal_error_is_a_page_with_a_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(read: Any, stage: Stage) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(stage.engine, "live", None)
            page = await read("/jobs/j")
        assert page.endswith("Internal error Schedd's log has the details Back")
        assert "BUG {'message': 'an HTTP request failed'" in stage.lines[-1]
        stage.lines.clear()

    on_pages(script, job())


def test_pausing_all_is_one_entry_of_what_happened() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        await read("/pause", "note=more jobs here")
        await read("/resume", "")
        page = await read("/")
        happened = page[page.index("What happened") :]
        assert "3 jobs paused until resumed: more jobs here" in happened
        assert "3 jobs resumed" in happened
        assert happened.count("paused") == 1

    on_pages(script, *(job(name, None) for name in "abc"))


def test_a_skipped_run_is_a_sentence_with_a_link_to_its_explanation() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(2.5)
        page = await read("/")
        assert "skipped: the previous run was still waiting or running Why?" in page
        why = await read("/jobs/j?at=2026-06-01T12:00:02%2B00:00")
        assert "was skipped: the previous run" in why
        assert "That previous run started at 12:00:01, and is still running." in why
        assert "Previous run run00001" in why
        await stage.until(61.5)
        why = await read("/jobs/j?at=2026-06-01T12:00:02%2B00:00")
        assert "That previous run started at 12:00:01, and took 1m." in why

    on_pages(script, job(), play=lambda _launch: Play(seconds=60))


def test_the_bar_keeps_its_zone_on_the_page_of_a_job_with_another_zone() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        for path in ("/", "/jobs/there"):
            assert "Server time Mon 1 Jun 12:00:00 UTC" in await read(path)
        assert "Times of this job are in Europe/Berlin: now 14:00 CEST." in await read("/jobs/there")
        assert "Times of this job" not in await read("/jobs/here")

    zone = ZoneInfo("Europe/Berlin")
    on_pages(script, job("here"), job("other"), job("there", "0 18 * * *", timezone=zone))


def test_the_timeline_says_where_runs_are_no_longer_kept() -> None:
    async def script(_stage: Stage, ask: Any, _service: Served) -> None:
        await _stage.until(15.5)
        assert "no longer kept</title>" not in (await ask("GET", "/?span=10m", accept="text/html"))[2]
        await _stage.until(25.5)
        assert "no longer kept</title>" in (await ask("GET", "/?span=10m", accept="text/html"))[2]

    play(script, job(), play=lambda _launch: Play())


def test_a_run_without_output_says_so() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(1.5)
        assert "No output." in await read("/runs/run00001")
        run_id = stage.engine.run_now(stage.jobs["long"]).run_id
        await asyncio.sleep(0)
        assert "No output yet." in await read(f"/runs/{run_id}")

    on_pages(script, job(), job("long", None), play=lambda launch: Play(None if launch.job == "long" else 0.0))


def test_a_run_on_demand_has_a_time_of_its_request() -> None:
    async def script(read: Any, stage: Stage) -> None:
        stage.engine.run_now(stage.jobs["j"])
        await asyncio.sleep(0)
        assert "manual requested at 12:00 UTC" in await read("/runs/run00001")

    on_pages(script, job("j", None), play=lambda _launch: Play(None))


def test_without_a_match_the_page_says_so_and_its_counts_are_those_of_the_filter() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        page = await read("/?q=report")
        assert "1 job 1 idle" in page
        assert "0 jobs" in await read("/?q=nothing")
        assert "No job matches." in await read("/?q=nothing")

    on_pages(script, job("report"), job("other"))


def test_a_skip_is_drawn_above_the_bar_of_the_running_run() -> None:
    async def script(_read: Any, stage: Stage, ask: Any) -> None:
        await stage.until(2.5)
        page = (await ask("GET", "/", accept="text/html"))[2]
        lane = page[page.index('title="j">') :]
        assert lane.index('class="run"') < lane.index('href="#x"') < lane.index('aria-label="j: ')
        assert '<a tabindex="-1" href="/runs/run00001"><rect class="run"' in lane
        assert '<a tabindex="-1" href="/jobs/j?at=2026-06-01%2012%3A00%3A02#why"><use class="x"' in lane

    async def perform(stage: Stage, ask: Any, _service: Served) -> None:
        await script(None, stage, ask)

    play(perform, job(), play=lambda _launch: Play(seconds=60))


def test_the_counts_of_states_add_up() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(1.5)
        assert "2 jobs 1 failing 1 idle" in await read("/")
        stage.engine.pause("j", until=None, note="")
        assert "2 jobs 1 failing (1 also paused) 1 idle 1 paused" in await read("/")

    on_pages(script, job(), job("quiet", None), play=fails)


def test_a_job_that_accepts_arguments_offers_them_first() -> None:
    async def script(read: Any, stage: Stage, ask: Any) -> None:
        page = (await ask("GET", "/jobs/a", accept="text/html"))[2]
        assert '<summary class="main" data-key="r">Run with arguments' in page
        assert "<button>Run without arguments" in page

    async def perform(stage: Stage, ask: Any, _service: Served) -> None:
        await script(None, stage, ask)

    play(perform, job("a", None, accepts=frozenset({"args"})))


def test_a_wrong_time_keeps_what_was_typed_and_names_what_is_right() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        page = await read("/pause", "until=tonight&note=a <b>&back=/jobs/j")
        assert "<h1>Check what you typed</h1>" in page
        assert "a duration such as 1h" in html.unescape(page)
        assert 'action="/pause"' in page
        assert 'name="until" value="tonight"' in page
        assert 'name="note" value="a &lt;b&gt;"' in page
        assert 'href="/jobs/j">Back' in page

    on_pages(script, job())


def test_the_schedule_counts_what_overlap_skips_and_names_what_is_not_known() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(400)
        page = await read("/schedule")
        assert "288 of 2 jobs; 1,152 more skipped: overlap" in page.replace("289", "288").replace("1,151", "1,152")
        assert "Duration not known yet, counted as 1s: nightly." in page

    jobs = (job("slow", "* * * * *", overlap=Overlap.SKIP), job("nightly", "0 3 * * *"))
    on_pages(script, *jobs, play=lambda _launch: Play(seconds=290))


def test_hours_that_are_alike_are_not_named() -> None:
    async def script(read: Any, stage: Stage) -> None:
        await stage.until(70)
        page = await read("/schedule")
        assert "Busiest hour all hours alike 6 busy minutes each" in page
        assert "Quietest" not in page

    on_pages(script, job("steady", "* * * * *"), play=lambda _launch: Play(seconds=6))


def test_hours_without_runs_are_counted() -> None:
    async def script(read: Any, _stage: Stage) -> None:
        page = await read("/schedule")
        assert "03:00 less than a busy minute, and in 5 other hours" in page
        assert "Quietest hours 00, 01, 02, 20 more without runs" in page

    on_pages(script, job("nightly", "0 3 * * *"))


def test_no_label_is_so_near_to_now_that_a_narrow_screen_has_no_room_for_it() -> None:
    drawn = str(timeline.axis(timeline.Window(NOW, 600), Moment(NOW, BERLIN)))
    shown = [float(x) for x in re.findall(r'<text x="([\d.]+)%', drawn)]
    assert shown
    assert all(abs(x - 66.67) >= timeline.NARROW for x in shown)


def test_entries_of_pauses_at_different_times_stay_apart() -> None:
    now = [NOW]
    found = Recent(lambda: now[0])
    found._together("a", "paused", "paused", "")
    now[0] += timedelta(seconds=5)
    found._together("b", "paused", "paused", "")
    assert [(entry.job, entry.text) for entry in found.newest(9)] == [("b", "paused"), ("a", "paused")]
