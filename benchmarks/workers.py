"""Runs on workers, beside a plain Celery task and an RQ job that start the same process.

    python benchmarks/workers.py [--repeats 5] [--peers DIR]

Needs redis-server and the extra celery. A hand-over is the time from the launch, or from sending the task, to the first
act of the process; they are measured one after the other, in interleaved rounds. The floor is a plain task that asks
the store as schedd does, once before it is sent and once before it starts the process. Then 1,000 at one instant to 8
workers, 100 MB of output, and what a scheduler and a worker cost while nothing happens.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import peers
from bench import (
    NOT_MEASURED,
    STAMP,
    Row,
    beside,
    compiled,
    cpu_nanoseconds,
    main,
    megabytes,
    percentile,
    running,
    schedd,
    stamps,
    workplace,
)

from scheduler.clock import SystemClock
from scheduler.config.load import load
from scheduler.launch.launcher import NotTakenError
from scheduler.launch.output import RunOutput
from scheduler.launch.simulated import NoLog
from scheduler.model.job import OutputMode
from scheduler.model.run import Launch, Trigger

SAMPLES = 200
"""Hand-overs in a round: of fewer, the 99th percentile would be the slowest one."""

REST = 1.0
"""Seconds after a herd."""

HERD = 1000
PLACES = 8
"""Processes of each worker."""

SPACE = "bench"
IDLE = 20.0
"""Seconds."""

_FILE = """
launcher: {{celery: {{broker: {{from_env: REDIS_URL}}}}}}
space: bench
jobs:
  stamp: {{command: [{stamp}, {stamps}]}}
  much: {{command: "head -c 100000000 /dev/zero | tr '\\\\0' x"}}
"""

_TASKS = """
import os, subprocess
from functools import cache
from celery import Celery
from redis import Redis
app = Celery("plain", broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True
@app.task(name="stamp")
def stamp(command):
    subprocess.run(command)
@app.task(name="claimed")
def claimed(command, key):
    if store().set(key, "1", nx=True, px=60000):
        subprocess.run(command)
@cache
def store():
    return Redis.from_url(os.environ["REDIS_URL"])
"""

_RQ_TASKS = """
import subprocess
def stamp(command):
    subprocess.run(command)
"""

_RQ_SEND = """
import os, sys, json
from redis import Redis
from rq import Queue
queue = Queue("plain", connection=Redis.from_url(os.environ["REDIS_URL"]))
for line in sys.stdin:
    for _ in range(int(line)):
        queue.enqueue("rq_tasks.stamp", json.loads(sys.argv[1]), result_ttl=0)
    print("sent", flush=True)
"""

FLOOR = "Celery with a claim"

Send = Callable[[int], Awaitable[None]]
"""Sends so many at once."""


def measure(options: argparse.Namespace) -> Iterator[Row]:
    if shutil.which("redis-server") is None:
        yield Row("hand-over to a worker", "", NOT_MEASURED)
        return
    with workplace() as folder, ExitStack() as stack:
        yield from asyncio.run(_all(options, folder, stack))


async def _all(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[Row]:
    _redis(folder, stack)
    program = compiled(folder, "stamp", STAMP)
    assert program is not None, "needs a C compiler"
    file = folder / "schedules.yaml"
    file.write_text(_FILE.format(stamp=program, stamps=folder / "stamps"))
    command = [program, str(folder / "stamps")]
    worker = _celery(folder, stack, "scheduler.celery_app", "schedd")
    senders: dict[str, Send] = {"schedd": _ours(file, stack), **_plain(folder, stack, command)}
    if options.peers is not None:
        senders["RQ"] = await _rq(options.peers, folder, stack, command)
    one: dict[str, list[list[float]]] = {name: [] for name in senders}
    herd: dict[str, list[float]] = {name: [] for name in senders}
    for send in senders.values():
        await _late(folder, send, 20)  # until every process of its pool has loaded what it needs
    for _ in range(options.repeats):
        for name, send in senders.items():
            one[name].append([(await _late(folder, send, 1))[0] * 1000 for _ in range(SAMPLES)])
    for _ in range(options.repeats):  # after all of those: of a herd the workers have more to do when its last one runs
        for name, send in senders.items():
            herd[name].append(max(await _late(folder, send, HERD)))
            await asyncio.sleep(REST)
    rows = [
        _row("hand-over to a worker, median", "≤ 1.5 × Celery", one, median),
        _row("hand-over to a worker, p99", "≤ 1.5 × Celery", one, lambda values: percentile(values, 0.99)),
        Row(
            f"{HERD:,} at one instant to {PLACES} workers, last one runs after",
            "",
            f"{median(herd['schedd']):.3g} s",
            floor=f"{median(herd.pop(FLOOR)):.3g} s",
            peers={name: beside(values, herd["schedd"], "s") for name, values in herd.items() if name != "schedd"},
        ),
    ]
    rows.append(await _output(file))
    return [*rows, *_idle(folder, worker)]


def _row(figure: str, goal: str, one: dict[str, list[list[float]]], of: Callable[[list[float]], float]) -> Row:
    figures = {name: [of(values) for values in rounds] for name, rounds in one.items()}
    ours, floor = figures.pop("schedd"), f"{median(figures.pop(FLOOR)):.3g} ms"
    return Row(
        figure, goal, f"{median(ours):.3g} ms", floor, peers={k: beside(v, ours, "ms") for k, v in figures.items()}
    )


async def _late(folder: Path, send: Send, count: int) -> list[float]:
    """Seconds from sending until each process did something."""
    (folder / "stamps").unlink(missing_ok=True)
    began = time.time()
    await send(count)
    while len(found := stamps(folder)) < count:
        assert time.time() - began < 120, f"{len(found)} of {count} have run"
        await asyncio.sleep(0.005 if count == 1 else 0.1)
    return [at - began for at in found]


def _ours(file: Path, stack: ExitStack) -> Send:
    from scheduler.launch.remote.celery_mailbox import CeleryMailbox  # noqa: PLC0415 - an extra
    from scheduler.launch.remote.redis_log import RedisLog  # noqa: PLC0415
    from scheduler.launch.remote.redis_space import RedisSpace  # noqa: PLC0415
    from scheduler.launch.remote.redis_wire import RedisWire  # noqa: PLC0415
    from scheduler.launch.remote.remote_launcher import RemoteLauncher  # noqa: PLC0415

    job = load(file).jobs["stamp"]
    log = RedisLog(os.environ["REDIS_URL"], SPACE)
    mailbox = CeleryMailbox(os.environ["REDIS_URL"], "schedd")
    stack.callback(mailbox.close)
    launcher = RemoteLauncher(RedisWire(log), RedisSpace(log), mailbox, SystemClock())

    async def launch() -> None:
        launch = Launch(job, os.urandom(6).hex(), 1, Trigger.SCHEDULE, datetime.now(UTC))
        child = await launcher.launch(launch, RunOutput("stamp", launch.run_id, OutputMode.DISCARD, NoLog()))
        await child.ended

    async def send(count: int) -> None:
        await asyncio.gather(*(launch() for _ in range(count)))

    return send


def _plain(folder: Path, stack: ExitStack, command: list[str]) -> dict[str, Send]:
    from celery import Celery  # noqa: PLC0415 - an extra
    from redis import Redis  # noqa: PLC0415

    (folder / "plain.py").write_text(_TASKS)
    _celery(folder, stack, "plain", "plain")
    app: Any = Celery("plain", broker=os.environ["REDIS_URL"], set_as_current=False)

    async def send(count: int) -> None:
        for _ in range(count):
            app.send_task("stamp", args=[command], queue="plain", ignore_result=True)

    store = Redis.from_url(os.environ["REDIS_URL"])

    async def send_claimed(count: int) -> None:
        for _ in range(count):
            key = os.urandom(6).hex()
            store.hset("live", key, "1")
            app.send_task("claimed", args=[command, key], queue="plain", ignore_result=True)

    return {"Celery": send, FLOOR: send_claimed}


async def _rq(environments: Path, folder: Path, stack: ExitStack, command: list[str]) -> Send:
    import json  # noqa: PLC0415

    python = peers.python(environments, "rq")
    (folder / "rq_tasks.py").write_text(_RQ_TASKS)
    for _ in range(PLACES):
        words = [str(Path(python).with_name("rq")), "worker", "plain", "--url", os.environ["REDIS_URL"], "--quiet"]
        stack.enter_context(running(words, folder))
    sender = await asyncio.create_subprocess_exec(
        python, "-c", _RQ_SEND, json.dumps(command), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    stack.callback(sender.kill)

    async def send(count: int) -> None:
        assert sender.stdin is not None
        assert sender.stdout is not None
        sender.stdin.write(b"%d\n" % count)
        await sender.stdout.readline()

    return send


async def _output(file: Path) -> Row:
    from scheduler.launch.remote.celery_mailbox import CeleryMailbox  # noqa: PLC0415 - an extra
    from scheduler.launch.remote.redis_log import RedisLog  # noqa: PLC0415
    from scheduler.launch.remote.redis_space import RedisSpace  # noqa: PLC0415
    from scheduler.launch.remote.redis_wire import RedisWire  # noqa: PLC0415
    from scheduler.launch.remote.remote_launcher import RemoteLauncher  # noqa: PLC0415

    log = RedisLog(os.environ["REDIS_URL"], SPACE)
    mailbox = CeleryMailbox(os.environ["REDIS_URL"], "schedd")
    launcher = RemoteLauncher(RedisWire(log), RedisSpace(log), mailbox, SystemClock())
    output = RunOutput("much", "much", OutputMode.DISCARD, NoLog())
    launch = Launch(load(file).jobs["much"], os.urandom(6).hex(), 1, Trigger.SCHEDULE, datetime.now(UTC))
    before, peak = await _memory(log), 0
    began = time.perf_counter()
    try:
        child = await launcher.launch(launch, output)
    except NotTakenError:
        return Row("100 MB of output from a worker", "", "not taken")
    while not child.ended.done():
        peak = max(peak, await _memory(log))
        await asyncio.sleep(0.05)
    took = time.perf_counter() - began
    await log.close()
    mailbox.close()
    held = (peak - before) / 1e6
    return Row("100 MB of output from a worker", "", f"{took:.2f} s, at most {held:.0f} MB in Redis")


async def _memory(log: Any) -> int:
    info: bytes = await log.connection.do("INFO", "memory")
    return int(info.split(b"used_memory:")[1].split()[0])


def _idle(folder: Path, worker: subprocess.Popen[bytes]) -> Iterator[Row]:
    text = (folder / "schedules.yaml").read_text()
    with running(schedd(folder, text), folder) as process:
        time.sleep(15)
        for name, each in (("scheduler", process), ("worker", worker)):
            pids = [each.pid, *_children(each.pid)]
            before = sum(map(cpu_nanoseconds, pids))
            time.sleep(IDLE)
            used = (sum(map(cpu_nanoseconds, pids)) - before) / 1e9 * 3600 / IDLE
            memory = sum(map(megabytes, pids))
            yield Row(
                f"idle {name}: CPU an hour, memory", "", f"{used:.1f} s, {memory:.0f} MB in {len(pids)} processes"
            )


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _redis(folder: Path, stack: ExitStack) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    os.environ |= {"REDIS_URL": f"redis://127.0.0.1:{port}/0", "C_FORCE_ROOT": "1"}
    stack.enter_context(running(["redis-server", "--port", str(port), "--save", ""], folder))
    while socket.socket().connect_ex(("127.0.0.1", port)):
        time.sleep(0.05)


def _celery(folder: Path, stack: ExitStack, module: str, queue: str) -> subprocess.Popen[bytes]:
    words = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        module,
        "worker",
        "-Q",
        queue,
        "-c",
        str(PLACES),
        "-n",
        f"{queue}@here",
    ]
    return stack.enter_context(running(words, folder))


if __name__ == "__main__":
    main(measure, __doc__)
