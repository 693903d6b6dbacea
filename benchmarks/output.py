"""Output: 5 million lines of 200 bytes, 1 GB, through schedd in each form of the log, and what arrives.

    python benchmarks/output.py [--repeats 5] [--peers DIR]

The writer stamps its own beginning and end, so what is measured is how long it was held up. `cat` reads what comes out:
supercronic hands its own stdout to a job whose output it passes through, and into nothing the job would write at once.
Once, in each form, lines that all differ go through a pipe: as many must arrive as were sent, with the same hash.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import peers
from bench import NOT_MEASURED, Row, beside, compiled, main, megabytes, running, schedd, workplace

LINES = 5_000_000
CHECKED = 1_000_000
_WRITER = r"""
#include <string.h>
#include <unistd.h>
static char block[200 * 320];
int main(void) {
    memset(block, 'x', sizeof block);
    for (int end = 199; end < sizeof block; end += 200) block[end] = '\n';
    for (int i = 0; i < 5000000 / 320; i++)
        for (ssize_t n = 0, k; n < sizeof block; n += k)
            if ((k = write(1, block + n, sizeof block - n)) < 0) return 1;
    return 0;
}
"""

_LOOP = """
import os
while block := os.read(0, 65536):
    os.write(1, block)
"""


class Form(NamedTuple):
    """One way through: schedd's options, the job's `output`, supercronic's options for the same, and the goal."""

    name: str
    options: tuple[str, ...]
    output: str
    supercronic: tuple[str, ...]
    goal: str


FORMS = (
    Form("as lines", ("--log-format", "kv"), "log", (), "≥ 5 × supercronic"),
    Form("as JSON", ("--log-format", "json"), "log", ("-json",), "≥ 3 × supercronic"),
    Form("raw", (), "raw", ("-passthrough-logs",), "≥ half of supercronic"),
)


class Passed(NamedTuple):
    """Millions of lines a second, and the growth of the daemon's memory up to its peak in MB."""

    rate: float
    growth: float


def measure(options: argparse.Namespace) -> Iterator[Row]:
    seen: dict[str, list[Passed]] = defaultdict(list)
    theirs: dict[str, list[Passed]] = defaultdict(list)
    supercronic = next((peer for peer in peers.installed(options.peers) if peer.name == "supercronic"), None)
    for _ in range(options.repeats):
        for form in FORMS:
            with workplace() as folder:
                text = _file(_timed(folder), form.output)
                seen[form.name].append(_pass(schedd(folder, text, *form.options), folder))
            if supercronic is not None:
                with workplace() as folder:
                    job = (peers.SECONDLY, f"[ -e begun ] || {{ {_timed(folder)}; }}")
                    program, crontab = supercronic.command(folder, [job])
                    theirs[form.name].append(_pass([program, *form.supercronic, crontab], folder))
        with workplace() as folder:
            (folder / "write").write_text(_timed(folder))
            loop = f"sh {folder}/write | {sys.executable} -c '{_LOOP}'; exec sleep 99"
            seen["floor"].append(_pass(["sh", "-c", loop], folder))
    others = dict.fromkeys(peers.NAMES, NOT_MEASURED)
    for form in FORMS:
        ours = _rates(seen[form.name])
        floor = beside(_rates(seen["floor"]), ours, "M/s")
        others["supercronic"] = beside(_rates(theirs[form.name]), ours, "M/s")
        figure = f"{LINES:,} lines of 200 bytes {form.name}"
        yield Row(figure, form.goal, f"{median(ours):.3g} M/s", floor, dict(others))
    growth = max(passed.growth for form in FORMS for passed in seen[form.name])
    yield Row("memory while 1 GB passes, above that when idle", "flat", f"+{growth:.1f} MB")
    equal = [form.name for form in FORMS if _arrives(form)]
    yield Row(f"{CHECKED:,} lines sent and received have the same hash", "all", ", ".join(equal) or "none")


def _rates(passes: Sequence[Passed]) -> list[float]:
    return [passed.rate for passed in passes]


def _file(command: str, output: str) -> str:
    return f'jobs:\n  job:\n    schedule: "@reboot"\n    output: {output}\n    command: |\n      {command}\n'


def _timed(folder: Path) -> str:
    program = compiled(folder, "writer", _WRITER)
    write = program or f"yes {'x' * 199} | head -n {LINES}"
    return f"date +%s.%N > {folder}/begun; {write}; date +%s.%N > {folder}/over"


def _pass(command: list[str], folder: Path) -> Passed:
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    with reader, running(command, folder, reader.stdin) as process:
        _until(folder / "begun")
        before = megabytes(process.pid)
        _until(folder / "over")
        growth = megabytes(process.pid, "VmHWM") - before
    seconds = float((folder / "over").read_text()) - float((folder / "begun").read_text())
    return Passed(LINES / 1e6 / seconds, growth)


def _until(file: Path) -> None:
    while not (file.exists() and file.read_text()):
        time.sleep(0.02)


def _arrives(form: Form) -> bool:
    """Whether lines that all differ, and whose hash is known, come out as they went in."""
    sent = hashlib.blake2b()
    writer = f"seq -f %0199.0f {CHECKED}"
    for block in _lines_of(subprocess.Popen(["sh", "-c", writer], stdout=subprocess.PIPE)):
        sent.update(block)
    received = hashlib.blake2b()
    with workplace() as folder:
        command = schedd(folder, _file(f"{writer}; sleep 1; kill -TERM $PPID", form.output), *form.options)
        for block in _lines_of(subprocess.Popen(command, stdout=subprocess.PIPE)):
            received.update(_content(block, form))
    return sent.digest() == received.digest()


def _lines_of(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Blocks of whole lines, until the program has closed its output."""
    assert process.stdout is not None
    rest = b""
    while block := process.stdout.read(1 << 20):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        yield whole + newline
    process.wait()


def _content(block: bytes, form: Form) -> bytes:
    """What the job printed, out of the log around it."""
    lines = block.splitlines(keepends=True)
    if form.name == "as JSON":
        records = [json.loads(line) for line in lines if b'"event":"output"' in line]
        return b"".join(record["line"].encode() + b"\n" for record in records)
    if form.name == "as lines":
        return b"".join(line[6:] for line in lines if line.startswith(b"[job] "))
    return b"".join(line for line in lines if line[:1] == b"0" and len(line) == 200)


if __name__ == "__main__":
    main(measure, __doc__)
