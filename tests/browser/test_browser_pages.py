"""Every page in a browser: what it shows, its keys, its width, and that a person with a screen reader can use it."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.browser.conftest import PATIENCE, Site, opened, site

AXE = (Path(__file__).parent / "axe.min.js").read_text()
PAGES = (
    "/",
    "/?state=failing&span=24h",
    "/jobs/failing",
    "/jobs/lazy?at=10:05",
    "/schedule",
    "/reload",
    "/runs/RUN",
    "/none",
)


def path_of(demo: Site, page: str) -> str:
    if "RUN" not in page:
        return page
    with urllib.request.urlopen(f"{demo.url}/api/v1/jobs/failing") as answer:
        return page.replace("RUN", msgspec.json.decode(answer.read())["runs"][0]["id"])


@pytest.mark.parametrize("page_name", PAGES)
def test_no_page_has_a_violation_of_axe_in_either_colour_scheme_nor_scrolls_sideways(
    page_name: str, demo: Site, browser: Any
) -> None:
    # The policy forbids scripts from elsewhere, and axe is one.
    with opened(browser, bypass_csp=True) as page:
        page.goto(demo.url + path_of(demo, page_name))
        page.evaluate(AXE)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.removeAttribute('open'))")
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], scheme
        for width in (360, 768, 1280, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("job", ["lazy", "arguments"])
def test_an_open_menu_has_no_violation_of_axe(job: str, scheme: Any, demo: Site, browser: Any) -> None:
    with opened(browser, bypass_csp=True, color_scheme=scheme) as page:
        page.goto(f"{demo.url}/jobs/{job}?open=options")
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_output_and_names_are_shown_as_text(demo: Site, browser: Any) -> None:
    """A dialog or an image would fail: opened() reports the first, and no other was requested."""
    with opened(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(demo.url + path_of(demo, "/runs/RUN"))
        page.get_by_text("<img src=x onerror=alert(1)>").first.wait_for()
        page.goto(f"{demo.url}/jobs/lazy")
        page.get_by_text("<b>Nightly</b> & 'quoted'").wait_for()
        assert [url for url in asked if url.endswith("/x")] == []


def test_the_title_and_the_icon_count_the_failing_jobs(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        assert re.search(r"\(1 failing\) schedd", page.title())
        assert "%3E1%3C" in page.locator("link[rel=icon]").get_attribute("href")
        page.get_by_text("has failed", exact=False).first.wait_for()
        page.get_by_text("exit 3").first.wait_for()


def test_a_row_changes_by_itself_and_keeps_the_focus(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        loads: list[str] = []
        page.on("framenavigated", lambda frame: loads.append(frame.url))
        link = page.locator("#job-steady th a")
        link.focus()
        before = page.locator("#happened").inner_html()
        page.wait_for_function("before => document.querySelector('#happened').innerHTML !== before", arg=before)
        page.wait_for_function("() => document.activeElement.closest('tr')?.id === 'job-steady'")
        assert loads == [], "nothing was loaded anew"


def test_the_filter_hides_rows_and_the_counts_lead_to_a_filtered_page(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        page.locator("#q").fill("nightly")
        assert page.locator("#jobs tbody tr:visible").count() == 1
        page.keyboard.press("Escape")
        assert page.locator("#jobs tbody tr:visible").count() == 8
        page.get_by_role("link", name="1 failing").click()
        page.wait_for_url("**/?state=failing")
        assert page.locator("#jobs tbody tr:visible").count() == 1


def test_the_filter_concerns_the_timeline_too_and_says_when_nothing_matches(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        total = page.locator("#counts b").first.inner_text()
        page.keyboard.press("/")
        page.keyboard.type("fail")
        page.locator("#timeline li", has_text="steady").wait_for(state="hidden")
        assert page.locator("#timeline li", has_text="failing").is_visible()
        assert page.locator("#counts b").first.inner_text() == f"1 of {total}"
        page.keyboard.type("xyz")
        page.get_by_text("No job matches.").wait_for()
        page.keyboard.press("Escape")
        page.get_by_text("No job matches.").wait_for(state="hidden")
        assert page.locator("#counts b").first.inner_text() == total


@pytest.mark.parametrize("script", [True, False])
def test_a_mark_of_the_timeline_leads_to_its_run(script: bool, demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/?q=failing", java_script_enabled=script) as page:
        page.locator("#timeline li a[tabindex]:has(.ko)").last.click()
        page.wait_for_url("**/runs/*")
        assert "exit 3" in page.locator("#facts").inner_text()


def test_the_keys_move_open_and_act(demo: Site, browser: Any) -> None:
    with opened(browser, f"{demo.url}/?sort=name") as page:
        press = page.keyboard.press
        press("/")
        assert page.evaluate("document.activeElement.id") == "q"
        press("Escape")
        press("j")
        press("j")
        press("k")
        assert page.evaluate("document.activeElement.textContent") == "arguments"
        press("j")
        press("p")
        page.get_by_role("button", name="Pause for 1h").first.wait_for()
        press("Escape")
        press("?")
        assert page.locator("#help[open]").count() == 1
        press("Escape")
        press("j")
        press("Enter")
        page.wait_for_url("**/jobs/lazy")
        press("w")
        assert page.evaluate("document.activeElement.id") == "at"
        page.locator("h1").click()
        press("g")
        page.wait_for_url("**/reload")
        page.go_back()
        page.wait_for_url("**/jobs/lazy")
        page.go_back()
        page.locator("#jobs").wait_for()
        page.locator("#job-steady th a").focus()
        press("w")
        page.wait_for_url("**/jobs/steady#why")


def test_everything_is_reached_with_tab(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        seen = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.add(
                page.evaluate("(document.activeElement.textContent || document.activeElement.id).trim().slice(0, 40)")
            )
        assert {"Skip to content", "Jobs", "Pause all", "?", "q", "24 h", "State ↑", "failing", "Run now: lazy"} <= seen


def test_why_answers_for_a_time_as_people_type_it(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        page.locator("#alerts").get_by_role("link", name="Why?").click()
        page.wait_for_url("**/jobs/failing#why")
        assert "failed, exit 3" in page.locator("#answer").inner_text()
        assert "<img src=x" in page.locator("#answer pre").inner_text()
        page.goto(f"{demo.url}/jobs/lazy")
        assert "Its next scheduled time is" in page.locator("#answer").inner_text()
        page.locator("#at").fill("today 10:05")
        page.get_by_role("button", name="Explain").click()
        page.locator("#answer").wait_for()
        assert "hour" in page.locator("#answer").inner_text()
        page.get_by_text("not a scheduled time").wait_for()
        page.locator("#at").fill("half past ten")
        page.keyboard.press("Enter")
        page.get_by_text("is not a valid time").wait_for()


def test_back_and_forward_show_a_live_page(demo: Site, browser: Any) -> None:
    with opened(browser, demo.url) as page:
        page.locator("#job-lazy th a").click()
        page.wait_for_url("**/jobs/lazy")
        page.go_back()
        before = page.locator("#happened").inner_html()
        page.wait_for_function("before => document.querySelector('#happened').innerHTML !== before", arg=before)
        page.go_forward()
        page.locator("h1", has_text="lazy").wait_for()


def test_the_stream_is_closed_while_the_tab_is_hidden(demo: Site, browser: Any) -> None:
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    with opened(browser) as page:
        with page.expect_request("**/live"):
            page.goto(demo.url)
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/live"), timeout=PATIENCE):
            page.evaluate(hide, True)
        with page.expect_request("**/live"):
            page.evaluate(hide, False)


def test_a_thousand_jobs_are_filtered_and_their_strips_come_when_they_are_seen(tmp_path: Path, browser: Any) -> None:
    jobs = "".join(f"  job-{number:03}: {{schedule: '@reboot', command: 'true'}}\n" for number in range(1000))
    with site(tmp_path, f"jobs:\n{jobs}") as many:
        many.schedd.says("run finished", times=1000)
        with opened(browser, f"{many.url}/?sort=name") as page:
            assert page.locator("#jobs tbody tr").count() == 1000
            last = page.locator("#job-job-999")
            assert last.locator("svg.strip").count() == 0
            last.scroll_into_view_if_needed()
            last.locator("svg.strip").wait_for()
            page.locator("#q").fill("job-50")
            assert page.locator("#jobs tbody tr:visible").count() == 10


def test_a_page_without_jobs_says_what_to_do(tmp_path: Path, browser: Any) -> None:
    with site(tmp_path, "jobs: {}\n") as empty, opened(browser, empty.url) as page:
        page.get_by_text("No jobs.").wait_for()
