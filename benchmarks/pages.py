"""The dashboard: what it costs, how fast it answers, and that no run starts later because pages are open.

    python benchmarks/pages.py [--repeats 5]

A herd of 1,000 jobs is due in the same second, again and again, once with no page and once with 50 open pages: 32
follow the stream, as many as schedd allows, and fetch the rows in sight when they change; the others ask at times.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import multiprocessing
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench import Row, main, megabytes, running, schedd, workplace

WEB = Path(__file__).parents[1] / "scheduler/web"
HERD = 1_000
PAGES = 50
STREAMS = 32
EVERY = 10
"""Seconds between two herds."""

HERDS = 3
"""Herds that are watched in a repeat; the first, before schedd has settled, is not."""

LOADS = 10_000
SIZES = (10, 100, 1_000)


def measure(options: argparse.Namespace) -> Iterator[Row]:
    yield from _sizes()
    yield from _answers(options.repeats)
    yield _memory()
    yield _lateness(options.repeats)


def _sizes() -> Iterator[Row]:
    files = [*(WEB / "templates").iterdir(), *(WEB / "static").iterdir()]
    total = sum(file.stat().st_size for file in files)
    yield Row("templates, style sheet and script, on disk", "60 KB", f"{total / 1000:.1f} KB")
    with _served(_quiet(10)) as (_, port):
        parts = [_get(port, path)[1] for path in ("/", "/static/style.css", "/static/page.js")]
    yield Row("page, style sheet and script of 10 jobs, compressed", "15 KB", f"{sum(map(len, parts)) / 1000:.1f} KB")


def _answers(repeats: int) -> Iterator[Row]:
    goals = {10: "", 100: "50 ms", 1_000: "300 ms"}
    for jobs in SIZES:
        with _served(_quiet(jobs)) as (_, port):
            _get(port, "/")
            firsts = [_get(port, "/")[0] for _ in range(max(5, repeats))]
            size = len(gzip.decompress(_get(port, "/")[1]))
        yield Row(
            f"first byte of / with {jobs:,} jobs, {size / 1000:.0f} KB", goals[jobs], f"{median(firsts) * 1e3:.1f} ms"
        )


def _memory() -> Row:
    with _served(_quiet(10)) as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        seen = []
        for number in range(LOADS):
            if number % (LOADS // 10) == 0:
                seen.append(megabytes(process.pid))
            connection.request("GET", ("/", "/jobs/job-3", "/schedule", "/reload")[number % 4])
            connection.getresponse().read()
        seen.append(megabytes(process.pid))
    return Row(f"memory added from page load 1,000 to {LOADS:,}", "flat", f"{seen[-1] - seen[1]:.1f} MB")


def _lateness(repeats: int) -> Row:
    """Rounds alternate, since the machine is faster in one minute than in the next."""
    later = []
    for number in range(repeats):
        order = (0, PAGES) if number % 2 == 0 else (PAGES, 0)
        found = {pages: median(_herds(pages)) * 1000 for pages in order}
        later.append(found[PAGES] - found[0])
    figure = f"{HERD:,} jobs in one second, later with {PAGES} open pages, median"
    return Row(figure, "5 ms", f"{median(later):+.1f} ms ({min(later):+.0f} to {max(later):+.0f} in {repeats} rounds)")


def _herds(pages: int) -> list[float]:
    """How late each run of the herds has started."""
    text = "jobs:\n" + "".join(
        f"  job-{number}: {{schedule: '@every {EVERY}s', command: 'true', output: discard}}\n" for number in range(HERD)
    )
    with workplace() as folder, (folder / "log").open("wb") as log:
        command = schedd(folder, text, "--web", "127.0.0.1:0", "--log-format", "json")
        with running(command, folder, log):
            port = _port(folder / "log")
            watchers = [multiprocessing.Process(target=_watch, args=(port, pages), daemon=True)] if pages else []
            for watcher in watchers:
                watcher.start()
            end = time.time() // EVERY * EVERY + EVERY * (HERDS + 1) + EVERY / 2
            time.sleep(end - time.time())
            for watcher in watchers:
                watcher.terminate()
        records = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    started = [record for record in records if record["event"] == "run started"]
    herds = sorted({record["scheduled_at"] for record in started})[1 : HERDS + 1]
    return [record["lateness"] for record in started if record["scheduled_at"] in herds][: HERD * (HERDS - 1)]


def _watch(port: int, pages: int) -> None:
    """What so many browsers do, in one process: only what schedd has to answer counts."""
    import selectors  # noqa: PLC0415

    rows = ",".join(f"job-{number}" for number in range(20))
    chosen = selectors.DefaultSelector()
    for number in range(min(pages, STREAMS)):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(b"GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n")
        chosen.register(sock, selectors.EVENT_READ, number)
    fetch = http.client.HTTPConnection("127.0.0.1", port)
    polls = [time.monotonic() + number / 2 for number in range(max(0, pages - STREAMS))]
    while True:
        for key, _ in chosen.select(0.2):
            if b"event: change" in key.fileobj.recv(65_536):  # type: ignore[union-attr]
                _fetch(fetch, rows)
        for number, at in enumerate(polls):
            if time.monotonic() > at:
                polls[number] += EVERY
                _fetch(fetch, rows)


def _fetch(connection: http.client.HTTPConnection, rows: str) -> None:
    connection.request("GET", f"/?rows={rows}", headers={"accept-encoding": "gzip"})
    connection.getresponse().read()


def _quiet(jobs: int) -> str:
    return "jobs:\n" + "".join(
        f"  job-{number}: {{description: Job {number} of many, schedule: '@reboot', command: 'true'}}\n"
        for number in range(jobs)
    )


@contextmanager
def _served(text: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A schedd whose jobs have run once."""
    jobs = text.count("schedule:")
    options = ("--web", "127.0.0.1:0", "--log-format", "json")
    with (
        workplace() as folder,
        (folder / "log").open("wb") as log,
        running(schedd(folder, text, *options), folder, log) as process,
    ):
        port = _port(folder / "log")
        while (folder / "log").read_text().count('"run finished"') < jobs:
            time.sleep(0.2)
        yield process, port


def _port(log: Path) -> int:
    while '"web listening"' not in log.read_text():
        time.sleep(0.05)
    (line,) = [line for line in log.read_text().splitlines() if '"web listening"' in line]
    return int(json.loads(line)["url"].rstrip("/").rpartition(":")[2])


def _get(port: int, path: str) -> tuple[float, bytes]:
    """Seconds to the first byte, and the body as it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    begun = time.perf_counter()
    connection.request("GET", path, headers={"accept-encoding": "gzip"})
    answer: Any = connection.getresponse()
    first = time.perf_counter() - begun
    body = answer.read()
    connection.close()
    return first, body


if __name__ == "__main__":
    main(measure, __doc__)
