"""What tests of every kind need."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import freezegun
import pytest
from hypothesis import HealthCheck, settings

from tests.unprivileged import somebody_else

# How long an example takes depends on what else the machine does, and says nothing about the product. The fixtures of
# our examples need no renewal between two examples.
IGNORED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("any machine", deadline=None, suppress_health_check=IGNORED)
settings.load_profile("any machine")

# msgspec looks at the fields of a type when it is first used, and would keep the datetime of freezegun for good.
freezegun.configure(extend_ignore_list=["scheduler.wire.", "scheduler.model."])

# A shell that starts the tests in the background has SIGINT ignored, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST = ("test_workers", "test_browser_pages", "test_web_attacks", "test_browser_actions", "test_schedd_life")
"""Files that take a minute or more, in parallel with others."""


def pytest_configure(config: pytest.Config) -> None:
    """In parallel, files start in their order, not those with most tests first."""
    config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files start first, since what starts last is waited for."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_collection_finish() -> None:
    """The collected tests and their modules last until the end: garbage collections need not look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory that is closed to us, in one that is open to all; root becomes another user meanwhile."""
    with TemporaryDirectory() as name:
        directory = Path(name) / "closed"
        directory.mkdir()
        directory.parent.chmod(0o777)
        directory.chmod(0)
        with somebody_else():
            yield directory
        directory.chmod(0o700)
