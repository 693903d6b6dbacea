"""Many clients request runs at once, some of them twice, and schedd gets SIGTERM in the middle.

`SCHEDD_LOAD_REQUESTS=2000` makes it as large as that; `-s` shows the counts.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from scheduler.client import Client, RefusedError, UnreachableError
from tests.system.programs import Schedd, schedd

REQUESTS = int(os.environ.get("SCHEDD_LOAD_REQUESTS", "400"))
CLIENTS = 20
JOBS = REQUESTS // 40
"""So many that the 20 runs of each are all kept in history."""

IN_A_ROW = 5
"""Runs that a client requests of one job, before it goes on to the next."""


class Load:
    """What the clients got: the id of each request that was answered."""

    def __init__(self, file: Path, running: Schedd) -> None:
        self.ids: dict[str, set[str]] = defaultdict(set)
        """By what was requested, `JOB CLIENT NUMBER`."""
        self.refused: list[str] = []
        self._answered = 0
        self._client = Client(file)
        self._running = running
        self._lock = Lock()

    def request(self, client: int) -> None:
        """Request each run twice with one key. In the middle of all requests, SIGTERM."""
        for number in range(REQUESTS // CLIENTS // 2):
            job = f"job{(client + number // IN_A_ROW) % JOBS}"
            wanted = f"{job} {client} {number}"
            for _ in range(2):
                try:
                    run_id = self._client.enqueue(job, wanted, key=wanted)
                except (RefusedError, UnreachableError) as error:
                    self.refused.append(str(error))
                    continue
                self.ids[wanted].add(run_id)
                with self._lock:
                    self._answered += 1
                    if self._answered == REQUESTS // 2:
                        self._running.signal(signal.SIGTERM)


def test_each_id_that_was_handed_out_has_one_end_and_no_run_was_started_twice(tmp_path: Path) -> None:
    job = """{command: 'echo "$SCHED_RUN_ID $1" >> ran; sleep 0.4', accepts: args, overlap: queue}"""
    file = tmp_path / "schedules.yaml"
    hold = 'hold: {command: "while [ ! -e go ]; do sleep 0.05; done"}'
    file.write_text("\n".join(["jobs:", f"  {hold}", *(f"  job{number}: {job}" for number in range(JOBS))]))
    with schedd(file, SCHEDD_SHUTDOWN_TIMEOUT="60s") as running:
        Client(file).enqueue("hold")
        load = Load(file, running)
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(load.request, range(CLIENTS)))
        history: Any = Client(file).ask("history", {})
        (tmp_path / "go").touch()
        assert running.ends(60) == 0
        log = running.log
    assert all(len(ids) == 1 for ids in load.ids.values()), "a repeated key is the same run"
    handed_out = {ids.pop(): wanted for wanted, ids in load.ids.items()}
    finished = re.findall(r'event="run finished" job=job\d+ run=(\w+) outcome=succeeded', log)
    skipped = re.findall(r'event="run skipped" job=job\d+ reason=shutdown run=(\w+)', log)
    print(  # noqa: T201 - for `-s`
        f"{REQUESTS} requests: {len(handed_out)} runs with an id, {len(load.refused)} requests refused, "
        f"{len(finished)} runs finished, {len(skipped)} skipped by the shutdown"
    )
    # The answer to a request may be lost with the connection, so that a run may end that nobody knows of.
    ends = Counter([*finished, *skipped])
    assert {run_id: ends[run_id] for run_id in handed_out} == dict.fromkeys(handed_out, 1)
    entries = Counter(entry["run_id"] for entry in history)
    assert {run_id: entries[run_id] for run_id in handed_out} == dict.fromkeys(handed_out, 1)
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    assert sorted(run_id for run_id, *_ in ran) == sorted(finished)
    assert len({tuple(wanted) for _, *wanted in ran}) == len(ran), "ran twice"
    assert all(" ".join(wanted) == handed_out.get(run_id, " ".join(wanted)) for run_id, *wanted in ran)
    assert skipped
    assert finished
    assert all("shutting down" in message or "schedd" in message for message in load.refused)
    for number in range(JOBS):
        accepted = re.findall(rf'event="run (?:waiting|started)" job=job{number} run=(\w+)', log)
        started = re.findall(rf'event="run started" job=job{number} run=(\w+)', log)
        assert started == list(dict.fromkeys(accepted))[: len(started)], "the order of the requests"
        mine = [(int(client), int(nth)) for _, name, client, nth in ran if name == f"job{number}"]
        for client in range(CLIENTS):
            nths = [nth for who, nth in mine if who == client]
            assert nths == sorted(nths), "the order of each client's requests"
