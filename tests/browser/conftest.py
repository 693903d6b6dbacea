"""A real browser, Debian's chromium driven by Playwright, on a schedd that serves its page."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.programs import Schedd, schedd

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
"""Milliseconds for whatever a page is to show."""

REQUIRED = bool(os.environ.get("CI"))
"""In continuous integration a missing browser is a failure."""


def missing(what: str) -> None:
    if REQUIRED:
        pytest.fail(f"the browser tests need {what}")
    pytest.skip(f"the browser tests need {what}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for the tests of a file. Playwright runs an event loop in this thread until the fixture ends, beside
    which no other test could run its own."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not everybody has it
    except ImportError:
        missing("playwright (pip install playwright)")
    if CHROMIUM is None:
        missing("chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


class Site:
    """A schedd and the address of its page."""

    def __init__(self, process: Schedd, url: str, file: Path) -> None:
        self.schedd = process
        self.url = url
        self.file = file


@contextmanager
def site(folder: Path, text: str, *options: str, **environ: Any) -> Iterator[Site]:
    """Start schedd with its page on a free port; options come before the default address."""
    file = folder / "schedules.yaml"
    file.write_text(text)
    with schedd(file, *(options or ("--web", "127.0.0.1:0")), **environ) as running:
        running.says("web listening")
        match = re.search(r"web listening.*?url=\"?(http://[^\s\"]+)", running.log)
        assert match, running.log
        yield Site(running, match[1].rstrip("/"), file)


FASTER_THAN_AUTOFOCUS = "Autofocus processing was blocked because a document already has a focused element."
"""What Chromium says where a person has used the page before it was complete."""


@contextmanager
def opened(browser: Any, url: str = "", **options: Any) -> Iterator[Any]:
    """A page in a context of its own. Errors of scripts and messages of the console fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    said: list[str] = []

    def on_message(message: Any) -> None:
        if message.text != FASTER_THAN_AUTOFOCUS:
            said.append(f"{message.type}: {message.text}")

    page.on("console", on_message)
    page.on("pageerror", lambda error: said.append(f"error: {error}"))

    def on_dialog(dialog: Any) -> None:
        said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", on_dialog)
    try:
        if url:
            page.goto(url)
        yield page
    finally:
        context.close()
    assert [line for line in said if "net::ERR_" not in line and "status of 4" not in line] == []


DEMO = """
defaults: {timezone: Europe/Berlin}
jobs:
  failing: {schedule: "@every 1s", command: "echo '<img src=x onerror=alert(1)>' >&2; exit 3"}
  steady: {schedule: "@every 1s", command: "echo ok"}
  lazy: {description: "<b>Nightly</b> & 'quoted'", schedule: "0 3 * * *", command: "echo lazy"}
  slow: {command: "for i in $(seq 100); do echo line $i; echo warn $i >&2; sleep 0.1; done"}
  quick: {command: "echo one; sleep 1; echo two"}
  locked: {schedule: "@every 1s", command: "sleep 30", lock: only, start_deadline: 1s, overlap: allow}
  arguments: {command: [echo, given], accepts: [args, stdin]}
  off: {schedule: "@daily", enabled: false, command: "true"}
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("demo"), DEMO) as started:
        started.schedd.says("run finished", "job=failing", times=2)
        yield started
