"""The strip of a job's last scheduled times, and the chart of its durations, as SVG."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup

from scheduler.model.run import Decision, Outcome, Run
from scheduler.web.words import Moment, ending, span

PLACES = 20
"""Scheduled times that a strip shows: as many as there are runs in the history."""

_BASE = 18
_HIGHEST = 16


class Place(msgspec.Struct, frozen=True):
    """One place of a strip: `kind` is `ok`, `ko`, `run`, `skip`; `duration` is None where nothing ran."""

    at: datetime
    kind: str
    duration: float | None
    text: str


def places(
    runs: Iterable[Run], live: Iterable[Run], decisions: Iterable[Decision], now: datetime, most: int = PLACES
) -> list[Place]:
    """The last `most` scheduled times and manual runs of a job, oldest first."""
    found = [_of_run(run) for run in runs]
    found += [Place(run.started_at, "run", max(0.0, (now - run.started_at).total_seconds()), "running") for run in live]
    for decision in decisions:
        if decision.reason is not None:
            skip = Place(decision.last, "skip", None, f"skipped, {decision.word}")
            found += [skip] * min(decision.count, most)
    found.sort(key=lambda place: place.at)
    return found[-most:]


def strip(row: Sequence[Place]) -> Markup:
    """158 x 24 pixels, the newest at the right; one path an outcome."""
    longest = max((place.duration or 0.0 for place in row), default=0.0) or 1.0
    paths: dict[str, list[str]] = {}
    for index, place in enumerate(row):
        x = 8 * (PLACES - len(row) + index)
        if place.duration is None:
            paths.setdefault("x", []).append(f"M{x + 1} 13l4 4m0-4l-4 4")
            continue
        height = max(5 if place.kind == "ko" else 2, round(_HIGHEST * place.duration / longest))
        mark = f"M{x} 24l3-4.5 3 4.5z" if place.kind == "ko" else ""
        paths.setdefault(place.kind, []).append(f"M{x} {_BASE}v-{height}h6v{height}z{mark}")
    drawn = "".join(f'<path class="{kind}" d="{"".join(parts)}"/>' for kind, parts in paths.items())
    return Markup(
        '<svg class="strip" viewBox="0 0 158 24" role="img" aria-label="{}"><path class="bl" d="M0 18.5h158"/>{}</svg>'
    ).format(sentence(row), Markup(drawn))  # noqa: S704 - numbers and fixed words


def sentence(row: Sequence[Place]) -> str:
    """The content of a strip in words, for screen readers."""
    if not row:
        return "no runs yet"
    words = {"ok": "succeeded", "ko": "failed", "end": "stopped", "run": "running", "skip": "skipped"}
    counts = Counter(words[place.kind] for place in row)
    return f"last {len(row)}: " + ", ".join(f"{counts[word]} {word}" for word in words.values() if counts[word])


def chart(row: Sequence[Place], usual: float | None, moment: Moment) -> Markup:
    """Durations as bars, 164 pixels high, with a dotted line at the usual duration."""
    longest = max((place.duration or 0.0 for place in row), default=0.0) or 1.0
    step = _step(longest)
    top = step * math.ceil(longest / step)
    parts = ['<line class="bl" x2="100%" y1="140" y2="140"/><text x="-8" y="144" text-anchor="end">0</text>']
    mark = step
    while mark <= top * 1.001:
        y = 140 - 114 * mark / top
        parts.append(
            f'<line class="gr" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{span(mark)}</text>'
        )
        mark += step
    width = 100 / max(len(row), 8)
    day = moment.day(row[0].at) if moment.day(row[0].at) == moment.day(row[-1].at) else ""
    for index, place in enumerate(row):
        parts.append(_bar(place, width * index, width, top, moment))
        if index % 5 == 0 or index == len(row) - 1:
            before, day = day, moment.day(place.at)
            text = moment.time(place.at) if day == before else day.partition(" ")[2]
            anchor = "end" if index == len(row) - 1 and len(row) > 2 else "middle"
            if index != len(row) - 1 and len(row) - 1 - index < 3:
                continue
            x = width * (index + (0.95 if anchor == "end" else 0.5))
            parts.append(f'<text x="{x:.1f}%" y="160" text-anchor="{anchor}">{text}</text>')
    if usual is not None:
        y = 140 - 114 * usual / top
        parts.append(f'<line class="md" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
    label = f"Durations. {sentence(row).capitalize()}."
    return Markup('<svg role="img" aria-label="{}">{}</svg>').format(label, Markup("".join(parts)))  # noqa: S704


def _bar(place: Place, x: float, width: float, top: float, moment: Moment) -> str:
    if place.duration is None:
        cross = '<use class="x" href="#x" x="{}%" y="132"><title>{}: {}</title></use>'
        return str(Markup(cross).format(f"{x + width / 2:.2f}", moment.clock(place.at), place.text))  # noqa: S704
    height = max(2.0, 114 * place.duration / top)
    bar = Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}" rx="1.5"><title>{}: {}</title></rect>')
    drawn = bar.format(
        place.kind, f"{x + width * 0.18:.2f}", f"{140 - height:.2f}", f"{width * 0.64:.2f}", f"{height:.2f}",
        moment.clock(place.at), f"{place.text} after {span(place.duration)}",
    )  # fmt: skip
    if place.kind != "ko":
        return str(drawn)
    return f'{drawn}<use class="ko" href="#f" x="{x + width / 2:.2f}%" y="{131 - height:.2f}"/>'


def _of_run(run: Run) -> Place:
    kind = {Outcome.SUCCEEDED: "ok", Outcome.STOPPED: "end"}.get(run.outcome or Outcome.FAILED, "ko")
    text = run.outcome.value if run.outcome is not None else "running"
    why = ending(run) if kind == "ko" else ""
    return Place(run.started_at, kind, run.duration or 0.0, f"{text}, {why}" if why else text)


def _step(longest: float) -> float:
    """The distance of the lines: two to four of them."""
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200):
        if longest / step <= 4:
            return step
    return 86_400.0 * max(1, round(longest / 86_400 / 3))
