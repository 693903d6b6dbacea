"""Lanes of past and coming runs, as SVG: percentages of the span as x, pixels as y."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec
from markupsafe import Markup

from scheduler.model.run import Decision, Outcome, Run
from scheduler.web.words import Moment, ending, midnight, plural, span
from scheduler.wire.times import REASONS

SPANS = {"10m": 600, "1h": 3_600, "24h": 86_400, "7d": 604_800}
"""Seconds across the whole width by what the address says."""

NAMES = {"10m": "10 min", "1h": "1 h", "24h": "24 h", "7d": "7 d"}

PAST = 2 / 3
"""The share of the width before now."""

NARROW = 18
"""Percent around `now` in which a narrow screen has no room for another label."""

RINGS = 20
"""More coming runs than these are one bar."""

_STEPS = (60, 120, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)


def legend(shapes: Mapping[str, str]) -> Markup:
    """Words with their shapes."""
    parts = (f'<span><svg aria-hidden="true">{drawn}</svg>{word}</span>' for word, drawn in shapes.items())
    return Markup("".join(parts))  # noqa: S704 - fixed words


LEGEND = legend(
    {
        "succeeded": '<rect class="ok" x="1" y="2" width="12" height="8" rx="1"/>',
        "failed": '<use class="ko" href="#f" x="7" y="6"/>',
        "skipped": '<use class="x" href="#x" x="7" y="6"/>',
        "running": '<rect class="run" x="1" y="2" width="12" height="8" rx="1"/>',
        "waiting": '<line class="wt" x1="0" x2="14" y1="6" y2="6"/>',
        "counted runs": '<rect class="ok thin" x="0" y="4" width="14" height="4"/>',
        "no longer kept": '<line class="md" x1="0" x2="14" y1="6" y2="6"/>',
        "next, usual duration": '<rect class="exp" x="5" y="2" width="9" height="8"/>'
        '<circle class="nx" cx="5" cy="6" r="3.5"/>',
    }
)
"""What the shapes of the timeline mean."""


class Window(msgspec.Struct, frozen=True):
    """The time that a drawing shows, from `start` over `seconds`, of which `past` is before now."""

    now: datetime
    seconds: float
    past: float = PAST

    @property
    def start(self) -> datetime:
        """Its left edge."""
        return self.now - timedelta(seconds=self.seconds * self.past)

    @property
    def end(self) -> datetime:
        """Its right edge."""
        return self.start + timedelta(seconds=self.seconds)

    def x(self, moment: datetime) -> float:
        """Percent from the left; below 0 and above 100 outside."""
        return 100 * (moment - self.start).total_seconds() / self.seconds

    def width(self, seconds: float) -> float:
        """Percent."""
        return 100 * seconds / self.seconds


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """The data of one job: finished and live runs, skips, buckets of counted runs, coming times.

    `waiting` is since when it waits, `usual` its usual duration, `counted` are (start, seconds, runs, failures), and
    before `known_from` its runs are no longer kept. Links begin with `root`.
    """

    name: str
    root: str = ""
    known_from: datetime | None = None
    runs: Sequence[Run] = ()
    live: Sequence[Run] = ()
    skips: Sequence[Decision] = ()
    counted: Sequence[tuple[datetime, float, int, int]] = ()
    coming: Sequence[datetime] = ()
    waiting: datetime | None = None
    usual: float | None = None


def axis(window: Window, moment: Moment) -> Markup:
    """Lines at round times, and the line `now`."""
    parts = [f'<rect class="fut" x="{100 * window.past:.2f}%" width="{100 * (1 - window.past):.2f}%" height="100%"/>']
    if not window.past:
        parts.clear()
    step = next((step for step in _STEPS if window.seconds / step <= 8), _STEPS[-1])
    now = window.x(window.now)
    for number, at in enumerate(_marks(window, step, moment)):
        x = window.x(at)
        there = at.astimezone(moment.zone)
        begins = (there.hour, there.minute) == (0, 0)
        line = "bl" if begins and step < 86_400 else "gr"
        parts.append(f'<line class="{line}" x1="{x:.2f}%" x2="{x:.2f}%" y1="20" y2="100%"/>')
        if abs(x - now) > 4 and 2 < x < 98:
            hidden = ' class="hide"' if number % 2 or abs(x - now) < NARROW else ""
            text = there.strftime("%a" if begins and step < 86_400 else "%a %-d" if step >= 86_400 else "%H:%M")
            parts.append(f'<text{hidden} x="{x:.2f}%" y="13" text-anchor="middle">{text}</text>')
    anchor = ' text-anchor="middle"' if window.past else ""
    parts.append(
        f'<line class="now" x1="{now:.2f}%" x2="{now:.2f}%" y1="18" y2="100%"/>'
        f'<text class="nowt" x="{now:.2f}%" y="13"{anchor}>now</text>'
    )
    return Markup('<svg class="axis" aria-hidden="true">{}</svg>').format(Markup("".join(parts)))  # noqa: S704


def lane(about: Lane, window: Window, moment: Moment) -> Markup:
    """The drawing of one job with a sentence that says what it shows."""
    parts = [_counted(window, *bucket) for bucket in about.counted]
    if about.known_from is not None and (x := window.x(about.known_from)) > 0:
        title = "<title>Earlier runs are no longer kept</title>"
        parts.append(f'<line class="md" x2="{x:.2f}%" y1="11" y2="11">{title}</line>')
    parts += _coming(about, window)
    runs = f"{about.root}/runs/"
    parts += [_link(runs + run.id, _finished(run, window, moment)) for run in about.runs if _within(run, window)]
    parts += [_link(runs + run.id, _live(run, about, window, moment)) for run in about.live]
    why = f"{about.root}/jobs/{about.name}?at="
    parts += [_link(f"{why}{quote(moment.typed(each.last))}#why", _skip(each, window, moment)) for each in about.skips]
    if about.waiting is not None:
        x = max(0.0, window.x(about.waiting))
        parts.append(f'<line class="wt" x1="{x:.2f}%" x2="{window.x(window.now):.2f}%" y1="11" y2="11"/>')
        if about.usual:
            parts.append(_bar("exp", window.x(window.now), window.width(about.usual)))
    # The links repeat those of the job's page: the keyboard skips them, and a screen reader reads the sentence.
    return Markup('<svg aria-hidden="true">{1}</svg><span class="vh" role="img" aria-label="{0}"></span>').format(
        sentence(about, window, moment),
        Markup("".join(part for part in parts if part)),  # noqa: S704 - built by the functions below
    )


def _link(path: str, drawn: str) -> str:
    return f'<a tabindex="-1" href="{path}">{drawn}</a>' if drawn else ""


def sentence(about: Lane, window: Window, moment: Moment) -> str:
    """The content of a lane in words, for screen readers."""
    counts = Counter(run.outcome.value for run in about.runs if run.outcome is not None and _within(run, window))
    said = [f"{count} {word}" for word, count in counts.items()]
    earlier = sum(runs for _, _, runs, _ in about.counted)
    if earlier:
        said.append(f"{plural(earlier, 'earlier run')}")
    if skipped := sum(decision.count for decision in about.skips):
        said.append(f"{skipped} skipped")
    said += [f"running since {moment.time(run.started_at)}" for run in about.live]
    if about.waiting is not None:
        said.append(f"waiting since {moment.time(about.waiting)}")
    if about.coming:
        said.append(f"next at {moment.clock(about.coming[0])}")
    return f"{about.name}: {', '.join(said) or 'nothing'}"


def is_empty(about: Lane, window: Window) -> bool:
    """Whether it would show nothing."""
    return not (
        about.live
        or about.waiting
        or about.counted
        or about.skips
        or any(_within(run, window) for run in about.runs)
        or any(at <= window.end for at in about.coming)
    )


def skips_within(decisions: Iterable[Decision], window: Window) -> list[Decision]:
    """Skipped scheduled times that the window shows."""
    return [
        decision
        for decision in decisions
        if decision.reason is not None and decision.last >= window.start and decision.first <= window.end
    ]


def _within(run: Run, window: Window) -> bool:
    return run.finished_at is None or run.finished_at >= window.start


def _finished(run: Run, window: Window, moment: Moment) -> str:
    x, width = window.x(run.started_at), window.width(run.duration or 0.0)
    if x < 0:
        x, width = 0.0, max(0.3, x + width)
    outcome = "" if run.outcome is None else run.outcome.value
    title = Markup("<title>{} {} {}</title>").format(moment.seconds(run.started_at), outcome, _how(run))
    if run.outcome is Outcome.SUCCEEDED or run.outcome is Outcome.STOPPED:
        kind = "ok" if run.outcome is Outcome.SUCCEEDED else "end"
        return (
            f'<rect class="{kind}" x="{x:.2f}%" y="6" width="{max(0.3, width):.2f}%" height="10" rx="1">{title}</rect>'
        )
    bar = _bar("ko", x, width) if width > 1 else ""
    return f'{bar}<use class="ko" href="#f" x="{x:.2f}%" y="11">{title}</use>'


def _how(run: Run) -> str:
    took = span(run.duration or 0.0)
    return f"in {took}" if run.outcome is Outcome.SUCCEEDED else f"after {took}, {ending(run)}".rstrip(", ")


def _live(run: Run, about: Lane, window: Window, moment: Moment) -> str:
    x, now = max(0.0, window.x(run.started_at)), window.x(window.now)
    elapsed = (window.now - run.started_at).total_seconds()
    rest = (about.usual or 0.0) - elapsed
    expected = _bar("exp", now, window.width(rest)) if rest > 0 else ""
    title = Markup("<title>{} running for {}</title>").format(
        moment.seconds(run.started_at), span(max(0, round(elapsed)))
    )
    width = max(0.3, now - x)
    return f'{expected}<rect class="run" x="{x:.2f}%" y="6" width="{width:.2f}%" height="10" rx="1">{title}</rect>'


def _skip(decision: Decision, window: Window, moment: Moment) -> str:
    x = window.x(decision.last)
    times = f" {decision.count} times since {moment.seconds(decision.first)}" if decision.count > 1 else ""
    line = ""
    if decision.count > 1 and (first := max(0.0, window.x(decision.first))) < x:
        line = f'<line class="x" x1="{first:.2f}%" x2="{x:.2f}%" y1="11" y2="11"/>'
    title = Markup("<title>{} skipped{}: {}</title>").format(
        moment.seconds(decision.last), times, REASONS[decision.word]
    )
    return f'{line}<use class="x" href="#x" x="{x:.2f}%" y="11">{title}</use>'


def _counted(window: Window, at: datetime, seconds: float, runs: int, failures: int) -> str:
    """Runs that are only counted: a thin bar over the time in which they were."""
    x, width = window.x(at), window.width(seconds)
    title = Markup("<title>{}, {} failed</title>").format(plural(runs, "run"), failures)
    kind = "ko thin" if failures else "ok thin"
    left = max(0.0, x)
    right = min(x + width, window.x(window.now))
    if right <= left:
        return ""
    return f'<rect class="{kind}" x="{left:.2f}%" y="9" width="{right - left:.2f}%" height="4">{title}</rect>'


def _coming(about: Lane, window: Window) -> list[str]:
    times = [at for at in about.coming if at <= window.end]
    if len(times) > RINGS:
        x = window.x(times[0])
        return [f'<rect class="exp" x="{x:.2f}%" y="8" width="{100 - x:.2f}%" height="6"/>']
    parts = []
    if about.usual and len(times) < RINGS // 2:
        parts += [_bar("exp", window.x(at), window.width(about.usual)) for at in times]
    return parts + [f'<circle class="nx" cx="{window.x(at):.2f}%" cy="11" r="3.5"/>' for at in times]


def _bar(kind: str, x: float, width: float) -> str:
    width = min(max(0.3, width), 100 - x)
    return f'<rect class="{kind}" x="{x:.2f}%" y="6" width="{width:.2f}%" height="10" rx="1"/>' if width > 0 else ""


def _marks(window: Window, step: float, moment: Moment) -> Iterable[datetime]:
    """Round times of the page's zone within the window."""
    at = midnight(window.start, moment.zone)
    days = 0
    if step >= 86_400:
        while (at := midnight(window.start, moment.zone, days)) <= window.end:
            days += max(1, round(step / 86_400))
            if at >= window.start:
                yield at
        return
    at += timedelta(seconds=step * max(0, int((window.start - at).total_seconds() // step)))
    while at <= window.end:
        if at >= window.start:
            yield at
        at += timedelta(seconds=step)


def plan(about: Lane, window: Window, moment: Moment, *, often: bool) -> Markup:
    """Coming runs as bars of their usual duration; one bar for a job that runs `often`."""
    usual = about.usual or 0.0
    if often:
        x = max(0.0, window.x(about.coming[0]))
        parts = [f'<rect class="exp" x="{x:.2f}%" width="{100 - x:.2f}%" y="8" height="6"/>']
    else:
        parts = [_bar("run", window.x(at), max(window.width(usual), 0.35)) for at in about.coming]
    first = moment.clock(about.coming[0])
    said = f"{about.name}: {plural(len(about.coming), 'run')} from {first}, about {span(usual)} each"
    return Markup('<svg role="img" aria-label="{}">{}</svg>').format(said, Markup("".join(parts)))  # noqa: S704
