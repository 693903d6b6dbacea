"""Work on request: from a request to the child's first instruction, and what 10,000 waiting requests cost.

    python benchmarks/on_request.py [--repeats 5] [--peers DIR]

A program requests a run of schedd with `scheduler.client`, one of RQ with `Queue.enqueue` and a worker that waits on
Redis; a shell does with `schedctl run-now --detach`, and with `at now`. Each connects anew. RQ needs redis-server and
DIR, at(1) needs root and atd.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import Row, beside, main, megabytes, running, schedctl, schedd, stamp, stamps, until_calm, workplace
from peers import python as python_of

from scheduler.client import Client, UnreachableError

REQUESTS = 20
"""In each repeat, one after the other."""

PATIENCE = 30.0

WAITING = 10_000

_RQ = """
import subprocess, sys, time
from redis import Redis
from rq import Queue
for line in sys.stdin:
    begun = time.time()
    Queue(connection=Redis(unix_socket_path=sys.argv[1])).enqueue(subprocess.call, ["/bin/sh", "-c", sys.argv[2]])
    print(begun, flush=True)
"""

_AT = """
mount --bind {folder}/spool /var/spool/cron/atjobs
mount -t tmpfs none /run
/usr/sbin/atd -f & daemon=$!
trap 'kill $daemon' EXIT
while read _; do date +%s.%N; echo '{command}' | at now 2>/dev/null; done
"""
"""at(1) reads fixed places only: here they are others, and the machine's own jobs are not touched."""


def measure(options: argparse.Namespace) -> Iterator[Row]:
    program: dict[str, list[float]] = {"schedd": [], "RQ": []}
    shell: dict[str, list[float]] = {"schedd": [], "at": []}
    for _ in range(options.repeats):
        with workplace() as folder, _schedd(folder):
            program["schedd"].append(_median(folder, _client(folder)))
            shell["schedd"].append(_median(folder, _schedctl(folder)))
        if options.peers is not None and shutil.which("redis-server"):
            with workplace() as folder, _rq(folder, options.peers) as request:
                program["RQ"].append(_median(folder, request))
        if os.geteuid() == 0 and shutil.which("at"):
            with workplace() as folder, _at(folder) as request:
                shell["at"].append(_median(folder, request))
    for who, seen, peer, goal in (("a program", program, "RQ", "≤ RQ"), ("a shell", shell, "at", "≤ 150 ms")):
        theirs = {peer: beside(seen[peer], seen["schedd"], "ms")}
        yield Row(f"request by {who} to the first instruction", goal, f"{median(seen['schedd']):.3g} ms", "", theirs)
    sizes, ends = zip(*(_waiting() for _ in range(options.repeats)), strict=True)
    yield Row(f"{WAITING:,} waiting requests, memory of each", "≤ 2,048 bytes", f"{median(sizes):,.0f} bytes")
    yield Row(f"TERM with {WAITING:,} waiting requests to exit, all of them logged", "≤ 1 s", f"{median(ends):.3g} s")


def _median(folder: Path, request: Callable[[], float]) -> float:
    """Milliseconds from a request to the first instruction of what it starts."""
    seen = []
    for _ in range(REQUESTS):
        before, begun = len(stamps(folder)), request()
        end = time.time() + PATIENCE
        while len(stamps(folder)) == before:
            assert time.time() < end, "it has not run"
            time.sleep(0.002)
        seen.append((stamps(folder)[-1] - begun) * 1000)
    return median(seen)


@contextmanager
def _schedd(folder: Path) -> Iterator[None]:
    file = f"jobs:\n  stamp: {{command: '{stamp(folder)}', overlap: allow}}\n"
    with running(schedd(folder, file), folder) as process:
        _until_it_answers(folder, process)
        yield


def _until_it_answers(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until_calm(process, time.perf_counter())
    end = time.time() + PATIENCE
    while time.time() < end:
        try:
            Client(folder / "schedules.yaml").jobs()
        except UnreachableError:
            time.sleep(0.05)
        else:
            return


def _client(folder: Path) -> Callable[[], float]:
    def request() -> float:
        begun = time.time()
        Client(folder / "schedules.yaml").enqueue("stamp")
        return begun

    return request


def _schedctl(folder: Path) -> Callable[[], float]:
    def request() -> float:
        begun = time.time()
        subprocess.run(schedctl(folder, "run-now", "stamp", "--detach"), check=True, stdout=subprocess.DEVNULL)
        return begun

    return request


@contextmanager
def _rq(folder: Path, environments: Path) -> Iterator[Callable[[], float]]:
    python = python_of(environments, "rq")
    socket = str(folder / "redis")
    server = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", str(folder)]
    worker = [str(Path(python).with_name("rq")), "worker", "--quiet", "--url", f"unix://{socket}"]
    with running(server, folder) as redis:
        until_calm(redis, time.perf_counter())
        with running(worker, folder) as rq:
            until_calm(rq, time.perf_counter())
            with _asked([python, "-c", _RQ, socket, stamp(folder)]) as request:
                yield request


@contextmanager
def _at(folder: Path) -> Iterator[Callable[[], float]]:
    spool = folder / "spool"
    spool.mkdir()
    (spool / ".SEQ").touch(0o600)
    for path in (spool, spool / ".SEQ"):
        shutil.chown(path, "daemon", "daemon")
    spool.chmod(0o1770)
    script = _AT.format(folder=folder, command=stamp(folder))
    with _asked(["unshare", "--mount", "/bin/sh", "-ec", script]) as request:
        time.sleep(0.5)  # atd has no sign that it is ready
        yield request


@contextmanager
def _asked(command: list[str]) -> Iterator[Callable[[], float]]:
    """A program that requests a run for each line, and prints when it began to."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def request() -> float:
            stdin.write("\n")
            stdin.flush()
            return float(stdout.readline())

        yield request
        stdin.close()


def _waiting() -> tuple[float, float]:
    """Bytes of a waiting request, and seconds until schedd has logged the end of all and has exited."""
    job = f"{{command: exec sleep 600, accepts: args, overlap: queue, max_waiting: {2 * WAITING}, on_shutdown: stop}}"
    with workplace() as folder, (folder / "log").open("wb") as log:
        with running(schedd(folder, f"jobs:\n  import: {job}\n"), folder, log) as process:
            _until_it_answers(folder, process)
            client = Client(folder / "schedules.yaml")
            for number in range(100):
                client.enqueue("import", f"/uploads/{number}.csv")
            before = megabytes(process.pid)
            for number in range(WAITING):
                client.enqueue("import", f"/uploads/{number}.csv", key=f"upload {number}")
            size = (megabytes(process.pid) - before) * (1 << 20) / WAITING
            begun = time.perf_counter()
            process.terminate()
            assert process.wait() == 0
            seconds = time.perf_counter() - begun
        skipped = (folder / "log").read_text().count('event="run skipped"')
        assert skipped == WAITING + 99, f"{skipped} are logged"
    return size, seconds


if __name__ == "__main__":
    main(measure, __doc__)
