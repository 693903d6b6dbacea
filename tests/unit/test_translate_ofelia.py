"""INI files of ofelia become jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scheduler.translate.formats import format_of
from scheduler.translate.importers.source_file import SourceFile
from tests.unit.importing import imported

CASES: list[tuple[str, dict[str, Any]]] = [
    ('[job-local "x"]\nschedule = @daily\ncommand = touch a\n', {"command": ["touch", "a"], "schedule": "@daily"}),
    (
        (
            '[job-local "x"]\nschedule = 0 30 4 * * *\ncommand = "sh -c \'a; b\'"\ndir = /srv\n'
            "environment = A=1\nenv=B=2=3\n"
        ),
        {"command": ["sh", "-c", "a; b"], "schedule": "30 4 * * *", "cwd": "/srv", "env": {"A": "1", "B": "2=3"}},
    ),
    (
        (
            '[job-exec "x"]\nschedule = */10 * * * * *\ncontainer = web\ncommand = ./x "a b"\n'
            "user = app\nNo-Overlap = true\n"
        ),
        {
            "command": ["docker", "exec", "-u", "app", "web", "./x", "a b"],
            "schedule": {"second": "*/10", "minute": "*", "hour": "*"},
            "overlap": "skip",
        },
    ),
    (
        '[job-exec "x"]\nschedule=@every 90s\ncontainer=web\ncommand=x\nenvironment=A=1\ntty=false\n',
        {"command": ["docker", "exec", "-e", "A=1", "-u", "root", "web", "x"], "schedule": "@every 90s"},
    ),
    (
        (
            '[job-run "x"]\nschedule = 5 4 * * 1-5\nimage = alpine:3\ncommand = date\nnetwork = n\n'
            "volume = /a:/b\nvolume = /c:/d\n"
        ),
        {
            "command": [
                *("docker", "run", "--rm", "-u", "root", "--network", "n"),
                *("-v", "/a:/b", "-v", "/c:/d", "alpine:3", "date"),
            ],
            "schedule": "5 4 * * 1-5",
        },
    ),
    (
        '[job-run "x"]\nschedule = 0 0 0 */2 * 1\nimage = alpine\ndelete = false\n',
        {"command": ["docker", "run", "-u", "root", "alpine"], "schedule": "0 0 1-31/2 * 1"},
    ),
    (
        '[job-run "x"]\nschedule = @hourly\ncontainer = old\n',
        {"command": ["docker", "start", "--attach", "old"], "schedule": "@hourly"},
    ),
    (
        '; about x\n# more\n[job-local "x"]\nschedule = "0 0 6 ? * MON-FRI" ; note\ncommand = x\n',
        {"command": ["x"], "schedule": "0 6 ? * MON-FRI"},
    ),
    (
        "[job-local \"x\"]\nschedule = @every 1h30m\ncommand = /bin/x --at='1 2'\nno-overlap = false\n",
        {"command": ["/bin/x", "--at=1 2"], "schedule": "@every 1h30m"},
    ),
    (
        '[job-exec "x"]\nschedule = 0 0 3 1,15 * *\ncontainer = db_1\ncommand = pg_dump -U app app\nuser =\n',
        {
            "command": ["docker", "exec", "-u", "root", "db_1", "pg_dump", "-U", "app", "app"],
            "schedule": "0 3 1,15 * *",
        },
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_each_kind_of_job(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert format_of(SourceFile("x", text)).name == "ofelia"
    done = imported(tmp_path, text)
    (job,) = done.translation.jobs
    assert job.keys == {"overlap": "allow", **expected}
    assert (list(done.config.jobs), done.refused) == (["x"], [])
    assert job.comments == (("about x", "more", "note") if text.startswith(";") else ())


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[job-service-run "x"]\nschedule = @daily\nimage = a\n', 1, "Swarm"),
        ('[job-local "x"]\nschedule = 61 * * * *\ncommand = a\n', 2, "61"),
        ('[job-local "x"]\nschedule = 5 0 0 1 * 1\ncommand = a\n', 2, "day"),
        ('[job-local "x"]\nschedule = @daily\n', 1, "the command is missing"),
        ('[job-exec "x"]\nschedule = @daily\ncommand = a\n', 1, "the container or the command is missing"),
        ('[job-run "x"]\nschedule = @daily\n', 1, "the image or the container is missing"),
        ('[job-local "x"]\nschedule = @daily\ncommand = it\'s\n', 3, "cannot be split"),
        ('[job-local "x"]\nschedule = @daily\ncommand = a\nslack-webhook = http://x\n', 4, "on_failure"),
        ('[job-local "x"]\nschedule = @daily\ncommand = a\ncolour = blue\n', 4, "no equivalent"),
        ('[global]\nsmtp-host = x\n[job-local "x"]\nschedule = @daily\ncommand = a\n', 1, "on_failure"),
        ('[job-local "x"]\nschedule = @daily\ncommand = a\nnonsense\n', 4, "not a line of an INI file"),
    ],
)
def test_lines_without_an_equivalent_are_refused_by_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    assert [(number, why in reason) for number, reason in imported(tmp_path, text).refused] == [(line, True)]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("backup --all ; each night", ["backup", "--all"]),
        ("touch /x # note", ["touch", "/x"]),
        ("\"sh -c 'a; b' # x\" ; c", ["sh", "-c", "a; b", "#", "x"]),
        ('"a \\"b c\\" \\\\d"', ["a", "b c", "d"]),
        ("backup \\\n  --all \\\n --now", ["backup", "--all", "--now"]),
        ("backup # not \\\n", ["backup"]),
        ("`sh -c 'a; b'`", ["sh", "-c", "a; b"]),
        ('x "a; b" c', ["x", "a; b", "c"]),
    ],
)
def test_a_value_ends_where_ofelia_ends_it(tmp_path: Path, value: str, words: list[str]) -> None:
    done = imported(tmp_path, f'[job-local "x"] ; of x\nschedule = @daily   # each day\ncommand = {value}\n')
    (job,) = done.translation.jobs
    assert (job.keys["command"], job.keys["schedule"], done.refused) == (words, "@daily", [])
    assert "each day" in job.comments


def test_settings_below_a_head_that_cannot_be_read_are_not_those_of_the_job_above(tmp_path: Path) -> None:
    text = '[Job-Local "x"]\nschedule = @daily\ncommand = a\n[job-local x y]\ncommand = b\n'
    done = imported(tmp_path, text)
    assert done.translation.jobs[0].keys["command"] == ["a"]
    assert [line for line, _ in done.refused] == [4, 5]


RUN = '[job-run "x"]\nschedule = @daily\nimage = a\ncommand = b\n'


@pytest.mark.parametrize(
    ("text", "command", "noted"),
    [
        (f"{RUN}user = app\npull = false\n", ["docker", "run", "--rm", "-u", "app", "a", "b"], ["docker program"]),
        (f"{RUN}tty = true\nuser = app\npull=no\n", ["docker", "run", "--rm", "-u", "app", "-t", "a", "b"], ["docker"]),
        (RUN, ["docker", "run", "--rm", "-u", "root", "a", "b"], ["ofelia's default", "--pull", "docker program"]),
        (f"{RUN}container = c\n", ["docker", "start", "--attach", "c"], ["docker program"]),
        (f'{RUN}user=app\npull=no\ncommand = b "c d"\n', ["docker", "run", "--rm", "-u", "app", "a", "b", "c d"],
         ["double quotes", "docker program"]),
    ],
)  # fmt: skip
def test_defaults_of_ofelia_are_written_or_noted(
    tmp_path: Path, text: str, command: list[str], noted: list[str]
) -> None:
    done = imported(tmp_path, text)
    assert done.translation.jobs[0].keys["command"] == command
    assert [part in why for part, (_, why) in zip(noted, done.noted, strict=True)] == [True] * len(noted)
    assert not done.refused
