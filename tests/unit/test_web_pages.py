"""The parts of the pages: words, drawings, groups of what happened, and typed times."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.cli import times
from scheduler.errors import SchedError
from scheduler.launch.launcher import Stream
from scheduler.launch.output import Chunk
from scheduler.model.web import ListenAddress, WebSettings
from scheduler.text import printable
from scheduler.virtual_clock import VirtualClock
from scheduler.web import pages
from scheduler.web.lazy_web import LazyWeb
from scheduler.web.live import Live
from scheduler.web.output_lines import lines_of, plain
from scheduler.web.pages import local_path
from scheduler.web.recent import IN_A_ROW, KEPT, Recent
from scheduler.web.words import Moment, span

NOW = datetime(2026, 10, 22, 12, 32, 8, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@given(st.floats(0, 1e8))
def test_durations_are_written_as_schedctl_writes_them(seconds: float) -> None:
    assert span(seconds) == times.span(seconds)


@given(st.integers(-(10**8), 10**8))
def test_distances_are_written_as_schedctl_writes_them(seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    assert Moment(NOW, BERLIN).relative(moment) == times.relative(moment, NOW)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(minutes=3), "14:35:08"),
        (timedelta(hours=12, seconds=52), "Fri 02:33"),
        (timedelta(days=4, minutes=28, seconds=-8), "Mon 14:00 CET"),
        (timedelta(days=9, minutes=28, seconds=-8), "Sat 31 Oct 14:00 CET"),
        (timedelta(days=-9, minutes=28, seconds=-8), "Tue 13 Oct 15:00"),
    ],
)
def test_times_say_as_much_of_the_date_as_is_needed(later: timedelta, expected: str) -> None:
    assert Moment(NOW, BERLIN).clock(NOW + later) == expected


def recent() -> tuple[Recent, Iterator[datetime]]:
    clock = iter(NOW + timedelta(seconds=number) for number in range(10_000))
    return Recent(lambda: next(clock)), clock


def test_equal_entries_of_a_job_are_one_with_a_count() -> None:
    found, _ = recent()
    for _ in range(40):
        found.add("heartbeat", "succeeded", "succeeded", detail="in 0.4s")
    found.add("heartbeat", "failed", "failed: exit 1")
    found.add("other", "succeeded", "succeeded")
    entries = list(found.newest(10))
    assert [(entry.job, entry.kind, entry.count) for entry in entries] == [
        ("other", "succeeded", 1),
        ("heartbeat", "failed", 1),
        ("heartbeat", "succeeded", 40),
    ]
    assert entries[-1].first == NOW


def test_a_job_has_at_most_three_entries_in_a_row_and_all_are_bounded() -> None:
    found, _ = recent()
    for number in range(KEPT * 2):
        found.add("flapping", "failed", f"failed: exit {number}")
    assert len(list(found.newest(100))) == IN_A_ROW
    assert len(list(found.newest(1_000, "flapping"))) == KEPT
    assert len(found._last_of) == 1


def test_output_becomes_lines_without_what_a_terminal_would_obey() -> None:
    chunks = [
        Chunk(Stream.STDOUT, b"\x1b[31mred\x1b[0m \x1b]0;title\x07\nprogress 1%\rprogress 100%\nhal"),
        Chunk(Stream.STDERR, b"<b>\xff\x00"),
        Chunk(Stream.STDOUT, b"f\r\n"),
    ]
    assert [(line.stream, line.text) for line in lines_of(chunks)] == [
        ("out", "red "),
        ("out", "progress 100%"),
        ("out", "half"),
        ("err", "<b>\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
    ]
    assert [line.text for line in lines_of(chunks, "stderr")] == [
        "<b>\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    ]


@given(st.text())
def test_no_line_keeps_a_control_character_or_a_mark_that_reorders_it(text: str) -> None:
    assert not any(letter in plain(text) for letter in "\x1b\x00\x07\u202e\u2066\x9b\u200f\u2028")


def test_the_script_of_the_page_replaces_the_same_characters() -> None:
    pattern = re.search(
        r"\.replace\(/(\[\\x00-[^\]]+\])/g", (Path(pages.__file__).parent / "static" / "page.js").read_text()
    )
    assert pattern
    # Text that comes as JSON has no lone surrogates.
    text = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x11000))))
    assert re.sub(pattern[1], "", text) == printable(text, "")


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nx: y"]
)
def test_a_way_back_never_leads_to_another_server(path: str) -> None:
    assert local_path(path) == "/"


def test_changes_are_one_event_a_second_and_a_slow_reader_learns_that_everything_may_have_changed() -> None:
    async def script() -> None:
        live = Live(no_wait)
        quick, slow = live.stream(), live.stream()
        for stream in (quick, slow):
            assert await anext(stream) == b"retry: 3000\n\n"
        live.changed("b")
        live.changed("a")
        assert await anext(quick) == b'event: change\ndata: {"jobs":["a","b"],"all":false}\n\n'
        begin = asyncio.get_running_loop().time()
        live.changed("c")
        assert await anext(quick) == b'event: change\ndata: {"jobs":["c"],"all":false}\n\n'
        assert asyncio.get_running_loop().time() - begin == pytest.approx(1)
        assert b'"all":true' in await anext(slow)
        assert await anext(quick) == b": \n\n", "a comment shows whether it is still there"
        live.end()
        assert [piece async for piece in slow] == []
        await quick.aclose()
        assert not live._readers

    VirtualClock(NOW).run(script())


async def no_wait() -> None:
    pass


def test_templates_style_sheet_and_script_stay_within_60_kb() -> None:
    folder = Path(pages.__file__).parent
    files = [*(folder / "templates").iterdir(), *(folder / "static").iterdir()]
    assert sum(file.stat().st_size for file in files) <= 60_000


def test_no_template_has_a_script_or_a_style_of_its_own_nor_leaves_a_value_unescaped() -> None:
    for file in (Path(pages.__file__).parent / "templates").iterdir():
        text = file.read_text()
        assert not re.search(r"<script(?! src=)|<style| style=| on[a-z]+=|javascript:|\|\s*safe\b|autoescape", text), (
            file
        )


def test_without_its_extra_http_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("h11", "scheduler.web.http_server", "scheduler.web.http_connection", "scheduler.web.listener"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "h11", None)
    web = LazyWeb(cast("Any", None), cast("Any", None), WebSettings(listen=ListenAddress()), lambda: None)
    with pytest.raises(
        SchedError, match=r"package h11 is not installed; install schedd with its extra `web` \(README\.md, Install\)"
    ):
        asyncio.run(web.start())
