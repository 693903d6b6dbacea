"""Tables that look like crontabs and are not: anacron's and fcron's."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.model.job import Overlap
from scheduler.model.target import ShellCommand
from scheduler.translate.formats import format_of
from scheduler.translate.importers.source_file import SourceFile
from tests.unit.importing import imported

ANACRONTABS = [
    ("1 5 cron.daily nice run-parts /etc/cron.daily\n", ("cron.daily", "5 0 * * *", 86_400)),
    ("7\t65\tcron.weekly\trun-parts /etc/cron.weekly\n", ("cron.weekly", "5 1 * * 0", 7 * 86_400)),
    ("@monthly 45 cron.monthly x\n", ("cron.monthly", "45 0 1 * *", 31 * 86_400)),
    ("30 45 m x\n", ("m", "45 0 1 * *", 31 * 86_400)),
    ("@yearly 0 y x\n", ("y", "0 0 1 1 *", 366 * 86_400)),
    ("3 10 tidy x\n", ("tidy", "@every 3d", 3 * 86_400)),
    ("START_HOURS_RANGE=6-8\n1 20 d x\n", ("d", "20 6 * * *", 86_400)),
    ("# The daily jobs\n1 5 d /a \\\n  --b\n", ("d", "5 0 * * *", 86_400)),
    ("SHELL=/bin/bash\nPATH=/bin\n1 0 a.b-c_d x\n", ("a.b-c_d", "0 0 * * *", 86_400)),
    ("@daily 0 über.x x\n", ("ber.x", "0 0 * * *", 86_400)),
]


@pytest.mark.parametrize(("text", "expected"), ANACRONTABS, ids=[text for text, _ in ANACRONTABS])
def test_an_anacrontab_is_recognised_and_its_jobs_get_a_time(
    tmp_path: Path, text: str, expected: tuple[str, str, float]
) -> None:
    """G05."""
    assert format_of(SourceFile("x", text)).name == "anacrontab"
    done = imported(tmp_path, text)
    (job,) = done.config.jobs.values()
    (name, schedule, catch_up) = expected
    assert (job.name, job.schedule and job.schedule.text, job.catch_up) == (name, schedule, catch_up)
    assert job.cwd == "/"
    assert (len(done.noted), done.refused) == (1, [])


def test_mail_and_random_delays_of_anacron_are_refused_with_what_to_use(tmp_path: Path) -> None:
    done = imported(tmp_path, "MAILTO=root\nRANDOM_DELAY=30\n1 5 d x\nnonsense\n", forced="anacrontab")
    assert [line for line, _ in done.refused] == [1, 2, 4]
    assert done.config.jobs["d"].environment[-1].values == {"MAILTO": "root"}
    assert "# not imported: nonsense" in done.text


@pytest.mark.parametrize("text", ["5 4 * * * x\n", "@daily 5 x\n", "1 5 d x\n* * * * * y\n", "@daily x\n"])
def test_a_crontab_is_not_an_anacrontab(text: str) -> None:
    assert format_of(SourceFile("x", text)).name == "crontab"


FCRONTABS = [
    ("& 5 4 * * 1-5 notify x\n", ("notify", "5 4 * * 1-5")),
    ("&bootrun,nice(10) 45 3 * * *~0 save\n", ("save", "45 3 * * 1,2,3,4,5,6")),
    ("&bootrun 0 4 * * * new-day\n*/5 9-17~12~13 * * * ok\n", ("ok", "*/5 9,10,11,14,15,16,17 * * *")),
    ("@ 30 getmail\n", ("getmail", "@every 30m")),
    ("@mailto(root) 12h02 check\n", ("check", "@every 12h2m")),
    ("@first(5) 3w2d5h1 check\n", ("check", "@every 23d5h1m")),
    ("%daily * 2-4 tidy\n", ("tidy", "0 2 * * *")),
    ("%nightly,mail(no) * 21-23,3-5 tidy\n", ("tidy", "0 21 * * *")),
    ("%hourly 20-30 tidy\n", ("tidy", "20 * * * *")),
    ("%weekly 0 6-8 tidy\n", ("tidy", "0 6 * * 1")),
    ("%monthly 0 6 20-31 tidy\n", ("tidy", "0 6 20 * *")),
    ("!timezone(Asia/Tokyo)\n& 0 9 * * * x\n", ("x", "0 9 * * *")),
    ("&dayor 0 9 1 * mon x\n", ("x", "0 9 1 * mon")),
]


@pytest.mark.parametrize(("text", "expected"), FCRONTABS, ids=[text for text, _ in FCRONTABS])
def test_an_fcrontab_is_recognised_and_its_lines_are_read_as_fcron_does(
    tmp_path: Path, text: str, expected: tuple[str, str]
) -> None:
    """G15."""
    assert format_of(SourceFile("x", text)).name == "fcrontab"
    done = imported(tmp_path, text)
    name, schedule = expected
    job = done.config.jobs[name]
    assert (job.schedule and job.schedule.text, job.target) == (schedule, ShellCommand(job.target.text))  # type: ignore[union-attr]


def test_options_of_fcron_become_keys_or_are_refused_by_name(tmp_path: Path) -> None:
    text = (
        "SHELL=/bin/bash\nHOME=/srv\n!nice(5),serial\n# All of it\n&runas(www-data),exesev,lavg1(2.5),b 5 4 * * * x\n"
        "!reset\n& 6 4 * * * y\n"
    )
    done = imported(tmp_path, text)
    x, y = done.config.jobs.values()
    assert (x.process.nice, x.process.user) == (5, "www-data")
    assert (x.lock, x.overlap, x.catch_up) == ("serial", Overlap.ALLOW, 31 * 86_400)
    assert (x.description, x.cwd, x.target) == ("All of it", "/srv", ShellCommand("x", (), ("/bin/bash", "-c")))
    assert (y.process.nice, y.lock, y.overlap) == (None, None, Overlap.SKIP)
    assert done.refused == [(5, "the option has no equivalent")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("&2 5 4 * * * x", "runfreq"),
        ("%mins 15 2-4 * * * x", "%mins has no equivalent"),
        ("%daily 0", "needs 2 fields"),
        ("& 5 4 * *", "five time fields"),
        ("@ 0 x", "the frequency is 0"),
        ("@ soon x", "frequency cannot be read"),
        ("& 5 4~4 * * * x", "has no value"),
        ("& 61 4 * * * x", "61"),
        ("&nice( 5 4 * * * x", "options of the line"),
        ("&timezone(Mars/Phobos) 5 4 * * * x", "Mars/Phobos"),
        ("& 5 4 * * *  ", "five time fields"),
    ],
)
def test_features_of_fcron_alone_are_refused_with_the_reason(tmp_path: Path, line: str, why: str) -> None:
    done = imported(tmp_path, f"& 0 0 * * * first\n{line}\n", forced="fcrontab")
    assert list(done.config.jobs) == ["first"]
    ((number, reason),) = done.refused
    assert number == 2
    assert why in reason
    assert f"# not imported: {line.strip()}" in done.text


def test_a_keyword_without_an_equivalent_is_named_also_below_default_options(tmp_path: Path) -> None:
    done = imported(tmp_path, "!serial(true),nice(10)\n%hours * 1 2 3 echo h\n%daily 0 4 echo d\n")
    assert [(line, "%hours has no equivalent" in why) for line, why in done.refused] == [(2, True)]
    (job,) = done.config.jobs.values()
    assert (job.lock, job.process.nice) == ("serial", 10)
