"""Six questions of a person who does not know the project, each answered on the page within three actions.

An action is a click, or typing into a field with the Enter that sends it. The page is that of the README's screenshot:
a day of made-up runs at Thu 22 Oct 2026 14:32, with a failing job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from tests.browser.conftest import ARGUMENTS, CHROMIUM, PATIENCE, missing

SCREENSHOT = Path(__file__).parents[2] / "docs/screenshot.py"
MOST_ACTIONS = 3

T = TypeVar("T")


class Person:
    """Looks at a page and counts what has to be done."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.actions = 1  # opening the page

    async def follow(self, name: str) -> None:
        """A link, to the page that it leads to."""
        self.actions += 1
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=name, exact=True).first.click()

    async def click_on(self, selector: str) -> None:
        self.actions += 1
        await self.page.locator(selector).click()

    async def type(self, text: str) -> None:
        """Into the field that has the focus."""
        self.actions += 1
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")

    async def reads(self, selector: str, *texts: str) -> None:
        found = " ".join((await self.page.locator(selector).first.inner_text()).split())
        for text in texts:
            assert text in found, found


async def which_job_is_failing_and_why(person: Person) -> None:
    await person.reads(
        "#alerts",
        "rates-sync has failed 6 times in a row since 14:05",
        "exit 127: command not found",
        "rates-cli: not found",
    )


async def did_the_backup_run_last_night_and_how_long_did_it_take(person: Person) -> None:
    await person.reads("#job-nightly-backup", "succeeded 11h 21m ago", "started 02:30", "40m 26s")
    await person.follow("nightly-backup")
    await person.reads("#history tbody tr", "succeeded", "02:30", "40m 26s")


async def why_did_metrics_rollup_not_run_at_14_07(person: Person) -> None:
    await person.follow("metrics-rollup")
    await person.page.keyboard.press("w")
    await person.type("14:07")
    await person.page.locator("#answer").wait_for()
    await person.reads("#answer", "was skipped", "still", "That previous run started at 14:02:00, and took 7m 8s.")
    await person.reads(".gates", "Overlap")


async def pause_everything_for_an_hour(person: Person) -> None:
    await person.click_on("#all summary")
    await person.page.locator("#all [name=until]:focus").wait_for()
    await person.type("1h")
    await person.reads("#done", "All jobs paused until 15:")
    await person.reads("#counts", "9 paused")
    await person.reads("#alerts", "All jobs are paused until 15:")
    await person.reads("#job-rates-sync", "exit 127: command not found", "paused until 15:")
    await person.reads("#job-import-orders", "running", "paused until 15:")
    await person.reads("#pauses", "Resume all")


async def run_the_report_for_another_customer_now(person: Person) -> None:
    await person.follow("Run… customer-report")
    await person.page.wait_for_url("**open=options")
    await person.type("--customer 42")
    await person.page.wait_for_url("**/runs/*")
    await person.reads("main", "running", "--customer 42")


async def when_is_the_machine_busiest(person: Person) -> None:
    await person.follow("Schedule")
    await person.reads("main .facts", "Busiest minute", "Busiest hour")
    await person.reads("main", "Busiest minutes")


QUESTIONS = (
    which_job_is_failing_and_why,
    did_the_backup_run_last_night_and_how_long_did_it_take,
    why_did_metrics_rollup_not_run_at_14_07,
    pause_everything_for_an_hour,
    run_the_report_for_another_customer_now,
    when_is_the_machine_busiest,
)


def on_a_loop_of_its_own(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread: the session's browser, which is synchronous, keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def screenshot() -> ModuleType:
    spec = util.spec_from_file_location("screenshot", SCREENSHOT)
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_question_is_answered_within_three_actions(tmp_path: Path) -> None:
    if CHROMIUM is None or util.find_spec("playwright") is None:
        missing("playwright and chromium")
    answered = on_a_loop_of_its_own(_ask(tmp_path, QUESTIONS))
    assert [name for name, actions in answered.items() if actions > MOST_ACTIONS] == []


async def _ask(folder: Path, questions: tuple[Callable[[Person], Awaitable[None]], ...]) -> dict[str, int]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not everybody has it

    answered = {}
    async with screenshot().serving(folder) as (url, clock), async_playwright() as playwright:
        browser: Any = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for question in questions:
            clock.set(screenshot().NOW)
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(PATIENCE)
            await page.goto(url)
            person = Person(page)
            await question(person)
            answered[question.__name__] = person.actions
            await page.close()
        await browser.close()
    return answered


def test_the_screenshots_of_the_readme_can_be_made(tmp_path: Path) -> None:
    if CHROMIUM is None or util.find_spec("playwright") is None:
        missing("playwright and chromium")
    on_a_loop_of_its_own(screenshot().make(tmp_path))
    for scheme in ("light", "dark"):
        made = (tmp_path / f"dashboard-{scheme}.png").read_bytes()
        kept = (SCREENSHOT.parent / f"dashboard-{scheme}.png").read_bytes()
        assert made[16:24] == kept[16:24], "width and height"
        assert len(made) > 50_000
