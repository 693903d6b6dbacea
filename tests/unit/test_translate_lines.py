"""Each peculiarity of a crontab line, and that every crontab makes a file that loads."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.config.load import load
from scheduler.model.target import DEFAULT_SHELL, Argv, ShellCommand
from scheduler.translate.importers.source_file import Dialect
from tests.unit.importing import imported


def command_of(folder: Path, text: str, **options: Any) -> str:
    (job,) = imported(folder, text, **options).config.jobs.values()
    assert isinstance(job.target, ShellCommand)
    return job.target.text


SCHEDULES = [
    ("*/15 * * * * x", "*/15 * * * *"),
    ("\t */15  *\t* * *   x ", "*/15 * * * *"),
    ("-*/15 * * * * x", "*/15 * * * *"),  # cronie: not to be logged
    ("0~30 3 * * * x", "H(0-30) 3 * * *"),
    ("~ ~6 * * * x", "H H(0-6) * * *"),
    ("@midnight x", "@midnight"),
    ("@annually x", "@annually"),
    ("@every_minute x", "* * * * *"),  # FreeBSD
    ("@300 x", "@every 300s"),
    ("@quarterly x", "0 0 1 1,4,7,10 *"),  # systemd-cron
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
    assert [job.keys["schedule"] for job in done.translation.jobs] == [schedule]
    assert len(done.config.jobs) == 1


@pytest.mark.parametrize("times", ["17 * * * *", "25 6 * * *", "47 6 * * 7", "52 6 1 * *", "*/7 9-17 * 2,3 mon-fri"])
def test_jobs_run_when_an_independent_reader_of_cron_says(tmp_path: Path, times: str) -> None:
    (job,) = imported(tmp_path, f"{times} x").config.jobs.values()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for expected in islice(CronSim(times, moment), 500):
        assert job.schedule is not None
        found = job.schedule.next_after(moment)
        assert found == expected
        moment = expected


def given_stdin(command: str, *lines: str, end: str = "STDIN") -> str:
    return "\n".join([f"exec <<'{end}'", *lines, end, command])


COMMANDS = [
    (r"date +\%F", "date +%F"),
    ("wall%", "wall"),
    ("wall%hello", given_stdin("wall", "hello")),
    ("wall%hello%%you%", given_stdin("wall", "hello", "", "you")),
    ("wall%%", given_stdin("wall", "")),
    ("wall%STDIN%x", given_stdin("wall", "STDIN", "x", end="STDIN_")),
    (r"wall%one\%two\x%three\\", given_stdin("wall", r"one%two\x", "three\\\\")),
    (r"wall%a\\%b", given_stdin("wall", r"a\%b")),
    (r"echo 'a\\b' \d \\\%", r"echo 'a\b' \d \%"),
    ("echo a\\ ", "echo a\\ "),
]


@pytest.mark.parametrize(("command", "shell"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_percent_is_a_newline_and_input_unless_escaped(tmp_path: Path, command: str, shell: str) -> None:
    assert command_of(tmp_path, f"0 * * * * {command}\n") == shell


def test_each_dialect_has_its_own_reading_of_percent_and_backslash(tmp_path: Path) -> None:
    line = r"0 * * * * echo a\\b 5\% %in" + "\n"
    readings = {dialect: command_of(tmp_path, line, dialect=dialect) for dialect in Dialect}
    assert readings == {
        Dialect.DEBIAN: given_stdin(r"echo a\b 5%", "in"),
        Dialect.CRONIE: given_stdin(r"echo a\\b 5%", "in"),
        Dialect.BUSYBOX: r"echo a\\b 5\% %in",
        Dialect.SUPERCRONIC: r"echo a\\b 5\% %in",
    }
    assert imported(tmp_path, line, dialect=Dialect.CRONIE).noted == []


def test_that_a_percent_became_input_is_noted_with_its_line(tmp_path: Path) -> None:
    ((line, why),) = imported(tmp_path, "\n0 * * * * wall%hello\n").noted
    assert line == 2
    assert "--busybox" in why


def test_a_percent_beside_a_line_for_supercronic_is_part_of_the_command(tmp_path: Path) -> None:
    done = imported(tmp_path, "\n* * * * * * echo six\n0 22 * * * mail -s x joe%hello%\n@every 5m echo 5%\n")
    assert done.config.jobs["mail"].target == ShellCommand("mail -s x joe%hello%")
    assert [line for line, _ in done.noted] == [2, 3]
    assert "as line 2 is for supercronic" in done.noted[1][1]


def test_input_reaches_other_shells_too(tmp_path: Path) -> None:
    (job,) = imported(tmp_path, "SHELL=/bin/bash\n0 * * * * wall%hello\n").config.jobs.values()
    assert job.target == ShellCommand(given_stdin("wall", "hello"), (), ("/bin/bash", "-c"))
    (job,) = imported(tmp_path, "SHELL=/bin/tcsh\n0 * * * * wall%hello\n").config.jobs.values()
    script = 'exec "$0" -c "$1" <<\'STDIN\'\nhello\nSTDIN\n'
    assert job.target == Argv(("/bin/sh", "-c", script, "/bin/tcsh", "wall"))


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


def test_variables_apply_from_their_line_on_and_shared_ones_are_in_defaults(tmp_path: Path) -> None:
    text = "PATH=/bin\nA = 'one'\n* * * * * x\nA=two\nHOME=/srv\nCRON_TZ=Asia/Tokyo\n* * * * * y\n"
    done = imported(tmp_path, text, dialect=Dialect.CRONIE)
    x, y = done.config.jobs.values()
    assert [{**x.environment[0].values, **x.environment[-1].values}[name] for name in ("PATH", "A")] == ["/bin", "one"]
    assert y.environment[-1].values == {"A": "two", "HOME": "/srv", "CRON_TZ": "Asia/Tokyo"}
    assert (x.cwd, y.cwd) == ("/home/me", "/srv")
    assert (x.timezone.key, y.timezone.key) == ("UTC", "Asia/Tokyo")
    assert done.text.count("PATH") == 1


def test_shell_and_path_are_set_as_cron_does_in_any_environment_of_schedd(tmp_path: Path) -> None:
    (job,) = imported(tmp_path, "* * * * * x\n").config.jobs.values()
    assert job.environment[0].values == {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    (job,) = imported(tmp_path, "* * * * * x\n", dialect=Dialect.BUSYBOX).config.jobs.values()
    assert job.environment[0].values == {"SHELL": "/bin/sh"}


def test_jobs_in_a_zone_that_does_not_exist_are_refused_one_by_one(tmp_path: Path) -> None:
    done = imported(tmp_path, "* * * * * x\nCRON_TZ=Mars/Phobos\n* * * * * y\n", dialect=Dialect.CRONIE)
    assert list(done.config.jobs) == ["x"]
    assert done.refused == [(3, "unknown time zone 'Mars/Phobos'")]


def test_a_variable_that_no_job_can_have_is_refused_without_its_value(tmp_path: Path) -> None:
    done = imported(tmp_path, '"A B"=hunter2\nSCHED_JOB=hunter2\nA.B=hunter2\nCRON_TZ=\nEMPTY=\n* * * * * x\n')
    assert [line for line, _ in done.refused] == [1, 2, 3]
    assert "hunter2" not in repr(done.translation.remarks) + done.text
    assert done.config.jobs["x"].environment[-1].values == {"EMPTY": "", "CRON_TZ": ""}


@pytest.mark.parametrize(
    ("value", "hint"), [("root,a@x.org", "a@x.org"), ("a@x.org, b@x.org", "[a@x.org, b@x.org]"), ("a@x.org", "a@x.org")]
)
def test_the_hint_for_mailto_is_a_key_that_loads(tmp_path: Path, value: str, hint: str) -> None:
    ((_, why),) = imported(tmp_path, f"MAILTO={value}\n* * * * * x\n").refused
    assert ("instead of root" in why) == ("root" in value)
    advice = why.partition(": ")[2]
    assert advice == f"on_failure: [{{mail: {hint}}}]"
    path = tmp_path / "advised.yaml"
    path.write_text(f"jobs: {{x: {{command: x, {advice}}}}}\n")
    assert load(path).jobs


def test_a_mailto_without_an_address_needs_a_full_one(tmp_path: Path) -> None:
    ((_, why),) = imported(tmp_path, "MAILTO=root\n* * * * * x\n").refused
    assert why.endswith("through SMTP_URL; schedd needs a full address instead of root, such as root@localhost")


def test_debians_cron_ignores_cron_tz_and_cronie_uses_it(tmp_path: Path) -> None:
    text = "CRON_TZ=Asia/Tokyo\n0 5 * * * x\n@reboot y\n"
    done = imported(tmp_path, text)
    assert done.config.jobs["x"].timezone.key == "UTC"
    assert "--dialect cronie" in done.noted[0][1]
    assert "once per boot" in done.noted[1][1]
    done = imported(tmp_path, text, dialect=Dialect.CRONIE)
    assert done.config.jobs["x"].timezone.key == "Asia/Tokyo"
    assert [line for line, _ in done.noted] == [3]


def test_mail_that_is_switched_off_is_not_reported(tmp_path: Path) -> None:
    assert imported(tmp_path, 'MAILTO=""\n* * * * * x\n').translation.remarks == ()


def test_carriage_returns_are_left_out_and_noted_once(tmp_path: Path) -> None:
    done = imported(tmp_path, "A=1\r\n* * * * * x\r\n* * * * * y\r\n")
    assert [job.target for job in done.config.jobs.values()] == [ShellCommand("x"), ShellCommand("y")]
    assert [line for line, _ in done.noted] == [0]


def test_random_delays_and_logging_options_are_noted(tmp_path: Path) -> None:
    done = imported(tmp_path, "-5 4 * * * x\n~ 4 * * * y\nRANDOM_DELAY=30\nLOGNAME=joe\n@60 z\n")
    assert [line for line, _ in done.noted] == [1, 2, 4, 5]
    assert [line for line, _ in done.refused] == [3]


def test_only_comments_about_the_columns_are_dropped(tmp_path: Path) -> None:
    done = imported(
        tmp_path,
        "# Edit this file to introduce tasks to be run by cron.\n#\n# m h  dom mon dow   command\n\n"
        "# === Backups ===\n\n# all of it\n0 3 * * * dump\n#0 4 * * * switched-off\n\n0 5 * * * y\n# The end\n",
    )
    assert done.config.jobs["dump"].description == "all of it"
    comments = [line.strip() for line in done.text.splitlines() if line.lstrip().startswith("#")][1:]
    assert comments == ["# Backups", "# 0 4 * * * switched-off", "# The end"]
    assert [line for line, _ in done.noted] == [1]


@pytest.mark.parametrize(
    "comment",
    [
        "minutes and hours are UTC here",
        "min load, hours of work: see the wiki",
        "+ backups",
        "| tee would hide the exit code",
        "* * * * * /srv/app/poll",
        "- * * * every quarter",
        "dom is the customer, dow the index",
        "MAILTO=root",
        "30 4 * * sun /usr/bin/old % input",
    ],
)
def test_a_comment_that_looks_like_a_heading_survives(tmp_path: Path, comment: str) -> None:
    """G02, G03."""
    done = imported(tmp_path, f"# first\n# {comment}\n\n0 3 * * * dump\n")
    assert "# first" in done.text
    assert f"# {comment}" in done.text


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("*/5 * * * * root x\n0 1 * * * nobody-here y\n", ["root", "nobody-here"]),
        ("*/5 * * * * www-data php -f cron.php\n", ["www-data"]),
        ("0 8 * * * mail -s hi me\n", [None]),
        ("@daily backup run\n@daily other run\n", [None, None]),
        ("0 5 * * * backup --all\n", [None]),
        ("0 5 * * * backup\n", [None]),
        (
            "0 5 * * * metrics /usr/local/bin/collect --fast\n20 4 * * * deploy cd /srv/app && ./rotate\n",
            ["metrics", "deploy"],
        ),
        ("0 5 * * * deploy ./bin/x\n0 6 * * * www-data php x.php\n", ["deploy", "www-data"]),
        ("0 5 * * * app:staff /opt/bin/x\n", ["app"]),
        ("0 5 * * * _svc -n /opt/bin/x\n", ["_svc"]),
        ("0 5 * * * copy-tree /srv/data /mnt\n", [None]),
        ("0 5 * * * php /srv/app/bin/console x\n", [None]),
        ("0 5 * * * python3 /srv/app/x.py\n", [None]),
        ("0 5 * * * dump /var/lib/bin/x\n", [None]),
        ("0 3 * * * mysql /usr/bin/mysqldump app\n0 4 * * * git /usr/bin/git gc\n", ["mysql", "git"]),
        ("0 3 * * * mysql -e x\n0 4 * * * git gc\n", [None, None]),
        ("0 3 * * * mysql app\n0 4 * * * bash /usr/bin/x\n", [None, None]),
        ("0 5 * * * metrics /usr/bin/collect\n0 6 * * * /usr/bin/other\n", [None, None]),
        ("0 5 * * * backup --all\n0 6 * * * backup run\n", [None, None]),
    ],
)
def test_a_column_of_users_is_seen_where_there_is_one(tmp_path: Path, text: str, users: list[str | None]) -> None:
    done = imported(tmp_path, text)
    assert [job.process.user for job in done.config.jobs.values()] == users
    assert ("Read with a user column" in done.text) == any(users)


def test_a_word_that_may_be_a_user_is_noted(tmp_path: Path) -> None:
    done = imported(tmp_path, "0 3 * * * mysql /usr/bin/mysqldump app\n0 4 * * * echo x\n")
    assert [(line, "mysql may be a user" in why) for line, why in done.noted] == [(1, True)]


LINES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    st.text("#@%\\'\"=:* \t-~Aé{[&!|>0123456789", max_size=20),
)
STARTS = st.sampled_from(["* * * * * ", "@daily ", "# ", "A=", "CRON_TZ=", "HOME=", "SHELL=", "*/2 * * * * * * ", ""])


@settings(max_examples=300)
@given(lines=st.lists(st.tuples(STARTS, LINES).map("".join), max_size=5), dialect=st.sampled_from([None, *Dialect]))
def test_any_crontab_becomes_a_file_that_loads_and_means_the_same(
    tmp_path: Path, lines: list[str], dialect: Dialect | None
) -> None:
    done = imported(tmp_path, "\n".join(lines), forced="crontab", dialect=dialect)
    assert list(done.config.jobs) == [job.name for job in done.translation.jobs]
    for job in done.translation.jobs:
        loaded, command = done.config.jobs[job.name], job.keys["command"]
        shell = tuple(map(str, job.keys.get("shell") or DEFAULT_SHELL))  # type: ignore[arg-type]
        as_text = isinstance(command, str)
        assert loaded.target == (ShellCommand(command, (), shell) if as_text else Argv(tuple(map(str, command))))  # type: ignore[arg-type]
        assert loaded.description == job.keys.get("description", "")
        variables = {name: value for layer in loaded.environment for name, value in layer.values.items()}
        assert variables == job.keys.get("env", {})
