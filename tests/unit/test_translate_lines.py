"""Each peculiarity of a crontab's line, and that no crontab whatever makes a file that does not load."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from cronsim import CronSim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.config.load import Config, load
from scheduler.model.target import Argv, ShellCommand
from scheduler.translate.crontab import Crontab, read_crontab
from scheduler.translate.writer import schedule_file

USERS = {"root", "www-data", "backup"}


class Imported(NamedTuple):
    """A crontab, the file made of it, and what schedd reads in that."""

    crontab: Crontab
    text: str
    config: Config


def imported(folder: Path, text: str) -> Imported:
    crontab = read_crontab(text, USERS.__contains__)
    written = schedule_file(crontab, source="crontab", timezone="UTC", home_of=lambda user: f"/home/{user or 'me'}")
    path = folder / "schedules.yaml"
    path.write_text(written, encoding="utf-8")
    return Imported(crontab, written, load(path))


def command_of(folder: Path, text: str) -> str:
    (job,) = imported(folder, text).config.jobs.values()
    assert isinstance(job.target, ShellCommand)
    return job.target.text


SCHEDULES = [
    ("*/15 * * * * x", "*/15 * * * *"),
    ("-*/15 * * * * x", "*/15 * * * *"),  # cronie: not to be logged
    ("0~30 3 * * * x", "H(0-30) 3 * * *"),
    ("~ ~6 * * * x", "H H(0-6) * * *"),
    ("@midnight x", "@midnight"),
    ("@annually x", "@annually"),
    ("0 0 * * 5L x", "0 0 * * 5L"),
    ("0 9 1-7 * Mon x", "0 9 1-7 * Mon"),
    ("*/5 * * * * * x", "*/5 * * * *"),
    ("*/5 * * * * * * x", {"second": "*/5", "minute": "*"}),
    ("0 5 * * * 2030 x", {"minute": "0", "hour": "5", "year": "2030"}),
]


@pytest.mark.parametrize(("line", "schedule"), SCHEDULES, ids=[line for line, _ in SCHEDULES])
def test_times_are_kept_as_written_where_ours_are_the_same(
    tmp_path: Path, line: str, schedule: str | dict[str, str]
) -> None:
    done = imported(tmp_path, line)
    assert [job.schedule for job in done.crontab.jobs] == [schedule]
    assert len(done.config.jobs) == 1


@pytest.mark.parametrize("times", ["17 * * * *", "25 6 * * *", "47 6 * * 7", "52 6 1 * *", "*/7 9-17 * 2,3 mon-fri"])
def test_jobs_fire_when_an_independent_reader_of_cron_says(tmp_path: Path, times: str) -> None:
    (job,) = imported(tmp_path, f"{times} x").config.jobs.values()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for expected in islice(CronSim(times, moment), 500):
        assert job.schedule is not None
        found = job.schedule.next_after(moment)
        assert found == expected
        moment = expected


COMMANDS = [
    (r"date +\%F", "date +%F"),
    ("wall%", "wall"),
    ("wall%hello", "{ wall\n} <<'STDIN'\nhello\nSTDIN"),
    ("wall%hello%%you%", "{ wall\n} <<'STDIN'\nhello\n\nyou\nSTDIN"),
    ("wall%STDIN%x", "{ wall\n} <<'STDIN_'\nSTDIN\nx\nSTDIN_"),
]


@pytest.mark.parametrize(("command", "shell"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_percent_is_a_newline_and_input_unless_escaped(tmp_path: Path, command: str, shell: str) -> None:
    assert command_of(tmp_path, f"0 * * * * {command}\n") == shell


def test_that_a_percent_became_input_is_said_with_its_line(tmp_path: Path) -> None:
    (remark,) = imported(tmp_path, "\n0 * * * * wall%hello\n").crontab.remarks
    assert (remark.line, remark.carried) == (2, True)
    assert "BusyBox" in remark.why


def test_that_a_percent_means_nothing_beside_a_line_of_supercronics_is_said_with_its_line(tmp_path: Path) -> None:
    done = imported(tmp_path, "\n* * * * * * echo six\n0 22 * * * mail -s x joe%hello%\n@every 5m echo 5%\n")
    assert done.config.jobs["mail"].target == ShellCommand("mail -s x joe%hello%")
    assert [(remark.line, remark.carried) for remark in done.crontab.remarks] == [(2, True), (3, True)]
    assert "as line 2 is supercronic's" in done.crontab.remarks[1].why


def test_input_goes_to_other_shells_too(tmp_path: Path) -> None:
    (job,) = imported(tmp_path, "SHELL=/bin/bash\n0 * * * * wall%hello\n").config.jobs.values()
    assert job.target == Argv(("/bin/bash", "-c", "{ wall\n} <<'STDIN'\nhello\nSTDIN"))


NAMES = [
    ("test -x /usr/bin/certbot -a \\! -d /run && perl -e 'sleep int(rand(43200))' && certbot -q renew", "certbot"),
    ("if [ -x /a/checkarray ] && [ $(date +\\%d) -le 7 ]; then /a/checkarray --all; fi", "checkarray"),
    ("[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean", "sessionclean"),
    ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
    ("flock -n /var/lock/sync.lock /opt/sync.sh", "sync"),
    ("sudo -u www-data php /srv/cron.php", "cron"),
    ("cd /srv/shop && php artisan schedule:run >> /dev/null 2>&1", "shop"),
    ("/usr/bin/python3 -m app.tasks poll", "app.tasks"),
    ("$HOME/bin/x", "job"),
    ("é", "job"),
]


@pytest.mark.parametrize(("command", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_job_is_named_after_what_it_is_about(tmp_path: Path, command: str, name: str) -> None:
    assert list(imported(tmp_path, f"* * * * * {command}\n").config.jobs) == [name]


def test_variables_hold_from_their_line_on_and_shared_ones_stand_in_defaults(tmp_path: Path) -> None:
    done = imported(tmp_path, "PATH=/bin\nA = 'one'\n* * * * * x\nA=two\nHOME=/srv\nCRON_TZ=Asia/Tokyo\n* * * * * y\n")
    x, y = done.config.jobs.values()
    assert [{**x.environment[0].values, **x.environment[-1].values}[name] for name in ("PATH", "A")] == ["/bin", "one"]
    assert y.environment[-1].values == {"A": "two", "HOME": "/srv"}
    assert (x.cwd, y.cwd) == ("/home/me", "/srv")
    assert (x.timezone.key, y.timezone.key) == ("UTC", "Asia/Tokyo")
    assert done.text.count("PATH") == 1


def test_jobs_in_a_zone_that_does_not_exist_are_told_one_by_one(tmp_path: Path) -> None:
    done = imported(tmp_path, "* * * * * x\nCRON_TZ=Mars/Phobos\n* * * * * y\n")
    assert list(done.config.jobs) == ["x"]
    assert [(remark.line, remark.why) for remark in done.crontab.remarks] == [(3, "there is no time zone Mars/Phobos")]


def test_a_variable_that_no_job_could_have_is_told_without_its_value(tmp_path: Path) -> None:
    done = imported(tmp_path, '"A B"=hunter2\nSCHED_JOB=hunter2\nCRON_TZ=\nEMPTY=\n* * * * * x\n')
    assert [remark.line for remark in done.crontab.remarks] == [1, 2]
    assert "hunter2" not in repr(done.crontab.remarks) + done.text
    assert done.config.jobs["x"].environment[0].values == {"EMPTY": ""}


@pytest.mark.parametrize(
    ("value", "hint"), [("root", "ops@example.com"), ("a@x.org, b@x.org", "[a@x.org, b@x.org]"), ("a@x.org", "a@x.org")]
)
def test_the_hint_for_mailto_is_a_key_that_loads(tmp_path: Path, value: str, hint: str) -> None:
    (remark,) = imported(tmp_path, f"MAILTO={value}\n* * * * * x\n").crontab.remarks
    advice = remark.why.partition("failures: ")[2]
    assert advice == f"on_failure: [{{mail: {hint}}}]"
    path = tmp_path / "advised.yaml"
    path.write_text(f"jobs: {{x: {{command: x, {advice}}}}}\n")
    assert load(path).jobs


def test_no_comment_is_lost_but_those_about_the_columns(tmp_path: Path) -> None:
    done = imported(
        tmp_path,
        "# Edit this file to introduce tasks to be run by cron.\n#\n# m h  dom mon dow   command\n\n"
        "# === Backups ===\n\n# all of it\n0 3 * * * dump\n#0 4 * * * switched-off\n\n0 5 * * * y\n# The end\n",
    )
    assert done.config.jobs["dump"].description == "all of it"
    comments = [line.strip() for line in done.text.splitlines() if line.lstrip().startswith("#")][1:]
    assert comments == ["# Backups", "# 0 4 * * * switched-off", "# The end"]


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("*/5 * * * * root x\n0 1 * * * nobody-here y\n", ["root", "nobody-here"]),
        ("*/5 * * * * www-data php -f cron.php\n", ["www-data"]),
        ("0 8 * * * mail -s hi me\n", [None]),
        ("@daily backup run\n@daily other run\n", [None, None]),
        ("0 5 * * * backup --all\n", [None]),
        ("0 5 * * * backup\n", [None]),
        ("0 5 * * * backup --all\n0 6 * * * backup run\n", [None, None]),
    ],
)
def test_a_column_of_users_is_seen_where_there_is_one(tmp_path: Path, text: str, users: list[str | None]) -> None:
    done = imported(tmp_path, text)
    assert [job.user for job in done.config.jobs.values()] == users
    assert done.crontab.guessed == any(users)
    assert ("Read with a column of users" in done.text) == any(users)


LINES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    st.text("#@%\\'\"=:* \t-~Aé{[&!|>0123456789", max_size=20),
)
STARTS = st.sampled_from(["* * * * * ", "@daily ", "# ", "A=", "CRON_TZ=", "HOME=", "SHELL=", "*/2 * * * * * * ", ""])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.tuples(STARTS, LINES).map("".join), max_size=5))
def test_whatever_a_crontab_says_the_file_loads_and_says_the_same(tmp_path: Path, lines: list[str]) -> None:
    done = imported(tmp_path, "\n".join(lines))
    assert list(done.config.jobs) == [job.name for job in done.crontab.jobs]
    for job in done.crontab.jobs:
        loaded = done.config.jobs[job.name]
        assert loaded.target == (
            ShellCommand(job.command) if isinstance(job.command, str) else Argv(tuple(job.command))
        )
        assert loaded.description == job.description
        variables = {name: value for layer in loaded.environment for name, value in layer.values.items()}
        assert variables == job.env
