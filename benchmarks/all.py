"""Every figure in one table, written to benchmarks/RESULTS.md.

    python benchmarks/all.py [--repeats 5] [--peers DIR]

Takes an hour and a quarter with all peers, most of it theirs, and wants the machine for itself. Each part is a command
of its own, too.
"""

from __future__ import annotations

import time
from pathlib import Path

import commands
import delays
import family
import herd
import idle
import lateness
import memory
import next_after
import on_request
import output
import pages
import peers
import questions
import ready
import simulated_day
import workers
from bench import Row, machine, parser, table

PARTS = (
    ready,
    idle,
    lateness,
    herd,
    family,
    next_after,
    simulated_day,
    output,
    commands,
    on_request,
    questions,
    delays,
    memory,
    pages,
    workers,
)

_HEAD = """\
# Results

Written by `python benchmarks/all.py`; medians of {repeats} interleaved repeats, {date}.

{machine}. Peers: {peers}.

In brackets: how many times the figure of schedd in the same row, the median of that over the repeats. The floor of
starting is an interpreter that imports schedd's dependencies and no more; of one job a second, a Python loop around the
same system calls; of a herd, the same in C; of output, a Python loop that only reads and writes; of a command, an
interpreter that imports click and msgspec. *Not measured* says nothing about who is ahead.

"""


def main() -> None:
    options = parser(__doc__).parse_args()
    head = _HEAD.format(
        repeats=options.repeats,
        date=time.strftime("%Y-%m-%d"),
        machine=machine(),
        peers=peers.versions(options.peers),
    )
    rows: list[Row] = []
    for part in PARTS:
        for row in part.measure(options):
            print(f"{row.figure}: {row.schedd}; goal {row.goal or '-'}; floor {row.floor or '-'}", flush=True)
            rows.append(row)
    Path(__file__).with_name("RESULTS.md").write_text(head + table(rows))


if __name__ == "__main__":
    main()
