"""Makes the screenshots of the README, when run as `python docs/screenshot.py [FOLDER]`: the real page in a browser.

The page is served by the real server over a real engine, whose past is made up: the events of a day are announced to it
under a clock that is set, so that the picture is always the same.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from scheduler.api.engine_service import EngineService
from scheduler.api.reload_plan import reload_view
from scheduler.clock import SystemClock
from scheduler.config.load import Config, load
from scheduler.engine.engine import Engine
from scheduler.engine.events import JobsChanged, RunFinished, RunSkipped, RunStarted
from scheduler.engine.live_run import LiveRun
from scheduler.engine.timetable import difference
from scheduler.launch.environment import Environment
from scheduler.launch.launcher import Stream
from scheduler.launch.launchers import Launchers
from scheduler.launch.output import Chunk
from scheduler.launch.simulated import NoLog, Play, SimulatedLauncher
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger
from scheduler.model.web import ListenAddress, WebSettings
from scheduler.report.metrics import Metrics
from scheduler.web.http_server import Web
from scheduler.wire.daemon import ReloadView, StatusView
from scheduler.wire.requester import Requester

HERE = Path(__file__).parent
NOW = datetime(2026, 10, 22, 12, 32, 8, tzinfo=UTC)
STARTED = datetime(2026, 10, 1, 6, 14, tzinfo=UTC)
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]

FILE = """
defaults: {timezone: Europe/Berlin}
max_running: 8
jobs:
  rates-sync: {description: Exchange rates into billing, schedule: "*/5 * * * *", command: rates-cli}
  import-orders: {description: Orders from the shop, schedule: "*/15 * * * *", command: import, retry: 2}
  search-reindex: {description: Full rebuild of the product index, schedule: "0 */2 * * *", command: reindex}
  queue-heartbeat: {description: Depth of the work queues, schedule: "* * * * *", command: depth}
  metrics-rollup: {description: Buckets to hours and days, schedule: "2-59/5 * * * *", command: rollup}
  session-cleanup: {description: Expired sessions and carts, schedule: "*/10 * * * *", command: cleanup}
  invoice-mail: {description: "Invoices by mail, office hours", schedule: "0 9-18 * * mon-fri", command: invoices}
  nightly-backup: {description: Main database to the vault, schedule: "30 2 * * *", command: vault-dump, timeout: 1h}
  newsletter: {description: Digest for subscribers, schedule: "0 8 * * mon,thu", command: newsletter}
  ledger-close: {description: Month-end close, schedule: "0 18 L * *", timezone: America/New_York, command: close}
  customer-report: {description: Report for one customer, command: [report], accepts: args}
  legacy-report: {description: Old weekly report, schedule: "@weekly", enabled: false, command: report}
"""

USUAL = {
    "rates-sync": 0.9,
    "import-orders": 206.0,
    "search-reindex": 2_451.0,
    "queue-heartbeat": 0.4,
    "metrics-rollup": 3.1,
    "session-cleanup": 6.2,
    "invoice-mail": 72.0,
    "nightly-backup": 2_466.0,
    "newsletter": 1_325.0,
}
"""Seconds that the jobs take."""

DAY_BEFORE = NOW - timedelta(days=1)
FAILING_SINCE = datetime(2026, 10, 22, 12, 5, tzinfo=UTC)
SKIPPED = datetime(2026, 10, 22, 12, 7, tzinfo=UTC)
"""The scheduled time of metrics-rollup at which its previous run was still running."""
PAUSED = datetime(2026, 10, 22, 11, 58, 40, tzinfo=UTC)
LIVE = {
    "import-orders": datetime(2026, 10, 22, 12, 30, tzinfo=UTC),
    "search-reindex": datetime(2026, 10, 22, 12, tzinfo=UTC),
}


class SetClock(SystemClock):
    """The wall clock shows what it was set to, and goes on from there."""

    def __init__(self) -> None:
        self._set = NOW
        self._since = self.steady()

    def set(self, now: datetime) -> None:
        """From now on."""
        self._set, self._since = now, self.steady()

    def now(self) -> datetime:
        return self._set + timedelta(seconds=self.steady() - self._since)


class Shown(EngineService):
    """A service with the status of a daemon that has run for three weeks."""

    def __init__(self, engine: Engine, config: Config) -> None:
        super().__init__(engine, Environment({}))
        self.metrics = Metrics()
        self._config = config

    def status(self) -> StatusView:
        return StatusView(
            version="0.2.0", pid=1, started_at=STARTED, uptime=1.0, file="/app/schedules.yaml", loaded_at=STARTED,
            reload_error=None, ticking=True, timezone="Europe/Berlin", jobs=len(self._config.jobs), disabled=1,
            paused=1, running=2, waiting=0, next_at=None, next_job=None, decisions={},
        )  # fmt: skip

    async def reload(self, *, plan: bool, digest: str | None = None, by: Requester | None = None) -> ReloadView:
        """The plan of a file that is unchanged."""
        del digest, by
        changes = difference(self._config.jobs, self._config.jobs)
        return reload_view(changes, self._config.jobs, self._config, ({}, {}), applied=not plan)


def past(config: Config) -> Iterator[tuple[datetime, Run]]:
    """Finished runs: of each job those of the last day, and at least 20 since the start."""
    chance = random.Random(7)  # noqa: S311 - a picture
    found = []
    for name, usual in USUAL.items():
        schedule = config.jobs[name].schedule
        assert schedule is not None
        times = []
        at = LIVE.get(name, NOW)
        while (at := schedule.last_before(at)) is not None and at > STARTED and (len(times) < 20 or at > DAY_BEFORE):
            times.append(at)
        for number, scheduled_at in enumerate(reversed(times)):
            if (name, scheduled_at) == ("metrics-rollup", SKIPPED):
                continue
            failed = name == "rates-sync" and scheduled_at >= FAILING_SINCE
            stuck = name == "nightly-backup" and scheduled_at.day == 17
            took = 3_600.0 if stuck else 0.2 if failed else usual * chance.uniform(0.93, 1.07)
            if (name, scheduled_at) == ("metrics-rollup", SKIPPED - timedelta(minutes=5)):
                took = 428.0
            outcome = Outcome.FAILED if failed else Outcome.TIMED_OUT if stuck else Outcome.SUCCEEDED
            ended = Exit(127 if failed else 143 if stuck else 0, cpu_seconds=took / 5, max_rss=88 << 20)
            started = scheduled_at + timedelta(milliseconds=chance.randint(1, 9))
            attempt = Attempt(1, started, took, outcome, ended)
            finished = started + timedelta(seconds=took)
            run_id = f"m{name[:2]}{number:04}".translate(str.maketrans("0189-", "oibgx")) + "qa"
            run = Run(run_id, name, Trigger.SCHEDULE, scheduled_at, started, (attempt,), outcome, finished, took)
            found.append((finished, run))
    return iter(found)


def story(engine: Engine, config: Config) -> Iterator[tuple[datetime, Callable[[], None]]]:
    """What happened, and when."""
    for finished, run in past(config):
        yield finished, partial(announce, engine, run)
    overlap = Decision("metrics-rollup", Reason.OVERLAP, SKIPPED, SKIPPED)
    yield SKIPPED, lambda: engine.announce(RunSkipped(overlap))
    until = datetime(2026, 10, 26, 6, tzinfo=UTC)
    yield PAUSED, lambda: engine.pause("newsletter", until=until, note="bounce review")


def announce(engine: Engine, run: Run) -> None:
    """The start and the end of a run."""
    engine.announce(RunStarted(run, "pid 1"))
    if run.outcome is Outcome.FAILED:
        engine.history.tails.keep(run.id, (Chunk(Stream.STDERR, b"sh: 1: rates-cli: not found\n"),))
    engine.announce(RunFinished(run))


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[str, SetClock]]:
    """Make up the past and serve the page; yields its address and its clock."""
    file = folder / "schedules.yaml"
    file.write_text(FILE)
    config = load(file)
    clock = SetClock()
    engine = Engine(clock, Launchers(SimulatedLauncher(lambda _launch: Play(seconds=None))), log=NoLog())
    listen = ListenAddress("127.0.0.1", 0)
    web = Web(Shown(engine, config), engine, WebSettings(listen=listen), lambda: 8)
    changes = engine.load(config.jobs, max_running=8)
    engine.announce.add(web.on_event)
    clock.set(STARTED)
    web.on_event(JobsChanged(changes))
    for at, act in sorted(story(engine, config), key=lambda each: each[0]):
        clock.set(at)
        act()
    for number, (name, started) in enumerate(sorted(LIVE.items(), key=lambda each: each[1])):
        clock.set(started + timedelta(milliseconds=3))
        engine.runner.submit(LiveRun(config.jobs[name], f"live{number}qab", Trigger.SCHEDULE, started))
        await asyncio.sleep(0.05)
    clock.set(NOW)
    await web.start()
    try:
        yield str(web.address.url), clock
    finally:
        await web.close()
        file.unlink()


async def make(folder: Path) -> None:
    """Write dashboard-light.png and dashboard-dark.png into a folder."""
    async with serving(folder) as (url, clock):
        await take(url, folder, clock)


async def take(url: str, folder: Path, clock: SetClock) -> None:
    """One picture in each colour scheme."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - for developers

    async with async_playwright() as playwright:
        browser: Any = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            page = await browser.new_page(
                viewport={"width": 1280, "height": 1010}, color_scheme=scheme, java_script_enabled=False
            )
            clock.set(NOW)
            await page.goto(url)
            await page.screenshot(path=folder / f"dashboard-{scheme}.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]) if sys.argv[1:] and sys.argv[1][0] != "-" else HERE))
