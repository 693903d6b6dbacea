"""Every action in a browser: run, follow, stop, pause, resume, reload, log in; also without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Site, opened, site
from tests.system.programs import eventually


def test_a_run_is_started_followed_live_and_ends_before_the_eyes(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/jobs/quick") as page:
        page.get_by_role("button", name="Run now").first.click()
        page.wait_for_url("**/runs/*")
        loads: list[str] = []
        page.on("framenavigated", lambda frame: loads.append(frame.url))
        page.locator("#state-of", has_text="running").wait_for()
        page.locator("#out li", has_text="one").wait_for()
        page.locator("#out li", has_text="two").wait_for()
        page.locator("#state-of", has_text="succeeded").wait_for()
        page.get_by_role("button", name="Run again").wait_for()
        assert page.locator("#out li").all_inner_texts() == ["out\none", "out\ntwo"]
        assert "Requested by" in page.locator("main").inner_text()
        assert loads == []


def test_a_run_gets_the_arguments_that_a_person_types(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/?sort=name") as page:
        page.locator("#job-arguments").get_by_role("link", name="Run…").click()
        page.wait_for_url("**/jobs/arguments?open=options")
        page.keyboard.type("--customer '4 2' <b>")
        page.keyboard.press("Enter")
        page.locator("#out li", has_text="given --customer 4 2 <b>").wait_for()
        page.goto(f"{demo.url}/jobs/arguments?open=options")
        page.get_by_label("Arguments").fill("'unclosed")
        page.locator("#options").get_by_role("button", name="Run now").click()
        page.get_by_text("No closing quotation").wait_for()


def test_a_run_is_requested_for_later_and_cancelled(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/jobs/arguments?open=options") as page:
        page.get_by_label("Arguments").fill("later")
        page.get_by_label("Start").fill("2h")
        page.keyboard.press("Enter")
        page.get_by_text("arguments will run at the time requested.").wait_for()
        row = page.locator("#waiting tr", has_text="later")
        assert "in 1h 59m" in row.inner_text() or "in 2h" in row.inner_text()
        row.get_by_role("button", name="Cancel").click()
        page.wait_for_url("**/jobs/arguments?done=stopped*")
        assert page.locator("#waiting").count() == 0


def test_output_is_paused_filtered_copied_and_downloaded_and_the_run_stopped(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/jobs/slow", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Run now").first.click()
        page.wait_for_url("**/runs/*")
        page.locator("#out li", has_text="line 3").wait_for()
        page.locator("#following a", has_text="Pause").click()
        count = page.locator("#out li").count()
        page.wait_for_timeout(400)
        assert page.locator("#out li").count() == count
        page.locator("#following a", has_text="Follow").click()
        page.wait_for_function("count => document.querySelectorAll('#out li').length > count", arg=count)
        page.locator("#streams a", has_text="stderr").click()
        page.locator("#out li.e", has_text="warn 5").wait_for()
        assert page.locator("#out li:not(.e)").count() == 0
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()").startswith("warn 1\nwarn 2\n")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert Path(download.value.path()).read_text().startswith("warn 1\n")
        page.keyboard.press("s")
        page.get_by_role("button", name="Stop", exact=True).click()
        page.locator("#state-of", has_text="stopped").wait_for()


def test_a_job_is_paused_with_a_note_and_resumed(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/jobs/lazy") as page:
        page.keyboard.press("p")
        page.get_by_label("Until").nth(1).fill("2h")
        page.get_by_label("Note").last.fill("<i>storage</i>")
        page.get_by_role("button", name="Pause", exact=True).click()
        page.locator("#state-of", has_text="paused").wait_for()
        page.get_by_text("<i>storage</i>").first.wait_for()
        page.get_by_text("lazy paused until").wait_for()
        page.goto(demo.url)
        row = page.locator("#job-lazy")
        assert "paused until" in row.inner_text()
        row.locator("summary").last.click()
        row.get_by_role("button", name="Resume").click()
        page.wait_for_url("**/?done=resumed&what=lazy#job-lazy")
        assert "idle" in page.locator("#job-lazy").inner_text()


def test_a_time_in_the_past_is_one_message_with_a_way_back(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/jobs/lazy") as page:
        page.keyboard.press("p")
        page.get_by_label("Until").nth(1).fill("2020-01-01 10:00")
        page.keyboard.press("Enter")
        page.get_by_text("is in the past").wait_for()
        assert page.get_by_label("Until").input_value() == "2020-01-01 10:00"
        page.get_by_label("Until").fill("1h")
        page.get_by_role("button", name="Try again").click()
        page.get_by_text("lazy paused until").wait_for()
        page.get_by_role("button", name="Resume", exact=True).click()
        page.get_by_text("lazy resumed.").wait_for()
        page.keyboard.press("p")
        page.get_by_label("Until").nth(1).fill("half past")
        page.keyboard.press("Enter")
        page.get_by_text("or a duration such as 1h").wait_for()
        page.get_by_role("link", name="Back").click()
        page.locator("#facts").wait_for()


def test_all_jobs_are_paused_for_an_hour_and_resumed(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        page.get_by_text("Pause all", exact=True).click()
        page.locator("#all").get_by_label("Until").fill("1h")
        page.keyboard.press("Enter")
        page.get_by_text("All jobs paused until").wait_for()
        assert page.locator("#counts a.paused b").inner_text() >= "4"
        page.locator("header").get_by_text("Paused until").wait_for()
        page.get_by_role("button", name="Resume all").click()
        page.get_by_text("All jobs resumed.").wait_for()
        assert page.locator("#counts a.paused").count() == 0


def test_runs_of_a_row_are_stopped_after_a_question(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        row = page.locator("#job-slow")
        row.get_by_role("button", name="Run now").click()
        page.wait_for_url("**/runs/*")
        page.goto(demo.url)
        page.locator("#job-slow .running").wait_for()
        page.locator("#job-slow th a").focus()
        page.keyboard.press("s")
        page.locator("#job-slow").get_by_role("button", name="Stop", exact=True).click()
        page.wait_for_url("**#job-slow")
        assert "stopped" in page.locator("#job-slow").inner_text()


RELOAD = "jobs:\n  kept: {{schedule: '@daily', command: 'true'}}\n  {0}\n"


def test_a_plan_is_shown_and_exactly_this_plan_is_applied(tmp_path: Path, browser: Any) -> None:
    with site(tmp_path, RELOAD.format("old: {command: 'true'}")) as served, opened(browser, served.url) as page:
        page.locator("#job-old").wait_for()
        served.file.write_text(
            RELOAD.format("new: {schedule: '0 4 * * *', command: 'echo <b>'}").replace("daily", "hourly")
        )
        watching = page.context.new_page()
        watching.goto(served.url)
        page.keyboard.press("g")
        page.get_by_role("button", name="Apply this plan").wait_for()
        text = page.locator("table.plan").inner_text()
        assert "new" in text and "old" in text and "kept" in text
        assert page.locator("table.plan ins", has_text="echo <b>").count() == 1
        assert page.locator("table.plan del", has_text="@daily").count() == 1

        served.file.write_text(RELOAD.format("newer: {command: 'true'}"))
        page.get_by_role("button", name="Apply this plan").click()
        page.get_by_text("have changed since").wait_for()
        page.goto(f"{served.url}/reload")
        page.get_by_role("button", name="Apply this plan").click()
        page.get_by_text("Reloaded: the file is active.").wait_for()
        watching.locator("#job-newer").wait_for()
        assert watching.locator("#job-old").count() == 0, "the open page has taken the reload over"

        served.file.write_text(RELOAD.format("bad: {schedule: 0 25 * * *, command: 'true'}"))
        page.goto(f"{served.url}/reload")
        page.get_by_text("hour 25 is out of range").first.wait_for()
        assert page.get_by_role("button", name="Apply this plan").count() == 0


def test_without_javascript_every_page_and_action_works(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url, java_script_enabled=False) as page:
        page.locator("#q").fill("nightly")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=nightly")
        assert page.locator("#jobs tbody tr").count() == 1
        page.locator("#job-lazy th a").click()
        page.get_by_text("Run with options").click()
        page.locator("#options").get_by_role("button", name="Run now").click()
        page.wait_for_url("**/runs/*")
        eventually(lambda: page.reload() and "succeeded" in page.locator("h1 + span").inner_text())
        page.goto(f"{demo.url}/jobs/slow")
        page.get_by_role("button", name="Run now").first.click()
        page.wait_for_url("**/runs/*")
        page.get_by_role("link", name="Follow").click()
        page.get_by_text("line 20").wait_for()  # the page comes again by itself
        page.locator("summary", has_text="Stop run").click()
        page.get_by_role("button", name="Kill now").click()
        eventually(lambda: "stopped" in page.locator("h1 + span").inner_text())
        page.goto(f"{demo.url}/schedule")
        page.get_by_role("heading", name="Busiest minutes").wait_for()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    text = "web: {token: {from_env: FULL}, view_token: {from_env: LOOK}}\njobs: {only: {command: echo done}}\n"
    with site(tmp_path_factory.mktemp("guarded"), text, FULL="sesame", LOOK="window") as started:
        yield started


def test_a_person_logs_in_once_and_out_again(guarded: Site, browser: Any) -> None:
    with opened(browser, f"{guarded.url}/jobs/only") as page:
        page.wait_for_url("**/login?back=/jobs/only")
        page.get_by_label("Token").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_text("Wrong token.").wait_for()
        page.get_by_label("Token").fill("sesame")
        page.keyboard.press("Enter")
        page.wait_for_url("**/jobs/only")
        page.get_by_role("button", name="Run now").first.click()
        page.locator("#state-of", has_text="succeeded").wait_for()
        page.get_by_role("link", name="Jobs", exact=True).click()
        page.wait_for_url(f"{guarded.url}/")
        page.keyboard.press("?")
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Token").wait_for()
        page.goto(guarded.url)
        page.wait_for_url("**/login?back=/")


def test_a_view_token_shows_everything_and_offers_no_action(guarded: Site, browser: Any) -> None:
    with opened(browser, guarded.url) as page:
        page.get_by_label("Token").fill("window")
        page.keyboard.press("Enter")
        page.locator("#job-only").wait_for()
        assert page.get_by_role("button", name="Run now").count() == 0
        assert page.get_by_text("Pause all").count() == 0


def test_a_page_says_so_when_schedd_stops(tmp_path: Path, browser: Any) -> None:
    text = "jobs: {only: {schedule: '@every 1s', command: echo}}\n"
    with site(tmp_path, text) as served, opened(browser, served.url) as page:
        page.locator("#happened li").nth(1).wait_for()
        assert served.schedd.stop(5) == 0, "an open stream does not hold up the end"
        page.get_by_text("schedd does not answer").wait_for()
