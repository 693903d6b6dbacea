"""Crontabs as they are found become schedule files with the same times, and what is lost is reported."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.config.loading import Config
from scheduler.model.job import Overlap
from scheduler.model.target import ShellCommand
from scheduler.translate.importers.source_file import Dialect
from tests.unit.importing import imported

DEBIAN = """\
# /etc/crontab: system-wide crontab
# Unlike any other crontab you don't have to run the `crontab'
# command to install the new version when you edit this file.

SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

# Example of job definition:
# .---------------- minute (0 - 59)
# |  .------------- hour (0 - 23)
# |  |  .---------- day of month (1 - 31)
# *  *  *  *  * user-name command to be executed
17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6\t1 * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
#
"""

ALPINE = """\
# do daily/weekly/monthly maintenance
# min\thour\tday\tmonth\tweekday\tcommand
*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min
0\t*\t*\t*\t*\trun-parts /etc/periodic/hourly
0\t2\t*\t*\t*\trun-parts /etc/periodic/daily
0\t3\t*\t*\t6\trun-parts /etc/periodic/weekly
0\t5\t1\t*\t*\trun-parts /etc/periodic/monthly
"""

USER = r"""
MAILTO="ops@example.com"
CRON_TZ=Europe/Berlin
LANG=de_DE.UTF-8

# send the weekly report
# to the whole team
0 8 * * mon /home/me/bin/report.sh --date "$(date +\%F)"

#0 9 * * * /home/me/bin/switched-off
@reboot /home/me/bin/start
@daily FOO=bar nice -n 10 python3 /home/me/clean_up.py >/dev/null 2>&1
30 17 1,15 * * mail -s "Half time" me%Dear me,%it is 50\% done.%
61 * * * * never valid
0 0 30 2 * never due
hello world
SHELL=/bin/bash
*/5 * * * * [[ -f /tmp/x ]] && echo it\'s there
"""

SUPERCRONIC = """\
*/10 * * * * * * echo every ten seconds of 100%
0 30 4 * * 1-5 2027 /app/yearly
*/20 * * * * 2026-2028 /app/for_some_years
*/20 * * * * * /app/not_of_seconds
@every 90s /app/poll
"""


def next_times(config: Config) -> dict[str, str]:
    """The first scheduled time of each job after New Year's morning 2026, which was a Thursday."""
    after = datetime(2026, 1, 1, 5, 20, tzinfo=UTC)
    found = {}
    for name, job in config.jobs.items():
        moment = job.schedule and job.schedule.next_after(after)
        found[name] = f"{moment:%m-%d %H:%M:%S}" if moment else "-"
    return found


def test_debians_system_crontab(tmp_path: Path) -> None:
    done = imported(tmp_path, DEBIAN)
    assert next_times(done.config) == {
        "cron.hourly": "01-01 06:17:00",
        "cron.daily": "01-01 06:25:00",
        "cron.weekly": "01-04 06:47:00",
        "cron.monthly": "01-01 06:52:00",
    }
    job = done.config.jobs["cron.hourly"]
    assert (job.process.user, job.cwd, job.description) == ("root", "/home/root", "")
    assert job.target == ShellCommand("cd / && run-parts --report /etc/cron.hourly")
    assert job.environment[0].values["PATH"] == "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"
    assert job.overlap is Overlap.ALLOW
    assert [line for line, _ in done.noted] == [0, 1]
    assert done.noted[1][1] == "comments that explain the columns of a crontab are left out, 7 in all"
    assert done.refused == []


def test_alpines_crontab(tmp_path: Path) -> None:
    done = imported(tmp_path, ALPINE, name="/etc/crontabs/root")
    assert list(next_times(done.config).items()) == [
        ("15min", "01-01 05:30:00"),
        ("hourly", "01-01 06:00:00"),
        ("daily", "01-02 02:00:00"),
        ("weekly", "01-03 03:00:00"),
        ("monthly", "02-01 05:00:00"),
    ]
    assert all(job.process.user is None for job in done.config.jobs.values())
    assert [job.description for job in done.config.jobs.values()] == ["", "", "", "", ""]
    assert "# do daily/weekly/monthly maintenance" in done.text
    assert done.refused == []


def test_a_users_crontab_with_all_its_peculiarities(tmp_path: Path) -> None:
    done = imported(tmp_path, USER, dialect=Dialect.CRONIE)
    jobs = done.config.jobs
    assert next_times(done.config) == {
        "report": "01-05 07:00:00",
        "start": "-",
        "clean_up": "01-01 23:00:00",
        "mail": "01-01 16:30:00",
        "echo": "01-01 05:25:00",
    }
    assert jobs["report"].description == "send the weekly report to the whole team"
    assert jobs["report"].target == ShellCommand('/home/me/bin/report.sh --date "$(date +%F)"')
    assert {job.timezone.key for job in jobs.values()} == {"Europe/Berlin"}
    assert jobs["start"].schedule is not None and jobs["start"].schedule.at_start
    assert jobs["start"].environment[0].values["LANG"] == "de_DE.UTF-8"
    assert jobs["mail"].target == ShellCommand(
        "exec <<'STDIN'\nDear me,\nit is 50% done.\nSTDIN\nmail -s \"Half time\" me"
    )
    assert jobs["echo"].target == ShellCommand(r"[[ -f /tmp/x ]] && echo it\'s there", (), ("/bin/bash", "-c"))
    assert [line for line, _ in done.refused] == [2, 14, 15, 16]
    assert "on_failure: [{mail: ops@example.com}]" in done.refused[0][1]
    assert "61" in done.refused[1][1]
    assert "# 0 9 * * * /home/me/bin/switched-off" in done.text
    assert "# not imported: hello world" in done.text


def test_supercronics_seconds_years_and_intervals(tmp_path: Path) -> None:
    done = imported(tmp_path, SUPERCRONIC)
    assert next_times(done.config) == {
        "echo": "01-01 05:20:10",
        "yearly": "01-01 04:30:00",
        "for_some_years": "01-01 05:40:00",
        "not_of_seconds": "01-01 05:40:00",
        "poll": "01-01 05:21:00",
    }
    assert done.config.jobs["echo"].target == ShellCommand("echo every ten seconds of 100%")
    assert [line for line, _ in done.noted] == [3, 4]
    assert "a year, as supercronic does" in done.noted[1][1]
    assert {job.overlap for job in done.config.jobs.values()} == {Overlap.SKIP}
    assert {job.cwd for job in done.config.jobs.values()} == {str(tmp_path)}
    assert {layer.file for job in done.config.jobs.values() for layer in job.environment} == set()


def test_a_crontab_of_five_fields_is_read_as_supercronics_on_request(tmp_path: Path) -> None:
    text = "CRON_TZ=Asia/Tokyo\nHOME=/app\n0 5 * * * date +%F\n"
    done = imported(tmp_path, text, dialect=Dialect.SUPERCRONIC)
    (job,) = done.config.jobs.values()
    assert job.target == ShellCommand("date +%F")
    assert (job.overlap, job.cwd) == (Overlap.SKIP, str(tmp_path))
    assert next_times(done.config) == {"date": "01-01 20:00:00"}
    assert "HOME: /app" in done.text
    assert all(word not in done.text for word in ("SHELL", "PATH", "overlap", "cwd"))
    assert (done.noted, done.refused) == ([], [])


def test_six_fields_of_which_the_last_is_not_a_year_begin_with_seconds(tmp_path: Path) -> None:
    done = imported(tmp_path, "30 0 4 * * mon-fri /app/nightly\n")
    assert next_times(done.config) == {"nightly": "01-02 04:00:30"}
    assert "with seconds first" in done.noted[0][1]


@pytest.mark.parametrize(("column", "user", "command"), [(True, "echo", "hi"), (False, None, "echo hi")])
def test_an_option_says_whether_there_is_a_user_column(
    tmp_path: Path, column: bool, user: str | None, command: str
) -> None:
    (job,) = imported(tmp_path, "* * * * * echo hi\n", user_column=column).config.jobs.values()
    assert (job.process.user, job.target) == (user, ShellCommand(command))


def test_names_are_unique_and_a_crontab_without_jobs_makes_a_file_without_jobs(tmp_path: Path) -> None:
    done = imported(tmp_path, "* * * * * /a/poll.sh\n5 * * * * /b/poll.sh\n7 * * * * /c/poll-2\n")
    assert list(done.config.jobs) == ["poll", "poll-2", "poll-2-2"]
    done = imported(tmp_path, "# nothing here\n")
    assert (done.translation.jobs, done.config.jobs) == ((), {})
    assert "# nothing here" in done.text


def test_several_crontabs_become_one_file_in_which_each_job_keeps_its_own(tmp_path: Path) -> None:
    done = imported(
        tmp_path,
        "A=1\n* * * * * x\n",
        "*/10 * * * * * * x\n",
        "CRON_TZ=Asia/Tokyo\n* * * * * y\n",
        dialect=Dialect.CRONIE,
    )
    first, second, third = done.config.jobs.values()
    assert (first.name, second.name, third.name) == ("x", "x-2", "y")
    assert (first.overlap, second.overlap, third.overlap) == (Overlap.ALLOW, Overlap.SKIP, Overlap.ALLOW)
    assert [job.timezone.key for job in (first, second, third)] == ["UTC", "UTC", "Asia/Tokyo"]
    assert [layer.values.get("A") for layer in first.environment] == ["1"]
    assert second.environment == ()


@pytest.mark.parametrize(
    ("command", "is_noted"),
    [
        ("flock -n /run/lock/x /opt/x", True),
        ("cd /srv && /usr/bin/flock -xn /run/lock/x /opt/x", True),
        ("flock --exclusive --nonblock /run/lock/x -c /opt/x", True),
        ("flock -w 5 /run/lock/x /opt/x", True),
        ("flock /run/lock/x nice -n 5 /opt/x", False),
        ("flock -n -E 0 /run/lock/x /opt/x", False),
        ("/opt/flock-nightly -n", False),
    ],
)
def test_a_lock_that_flock_does_not_get_is_a_failure_here_and_is_noted(
    tmp_path: Path, command: str, is_noted: bool
) -> None:
    done = imported(tmp_path, f"*/5 * * * * {command}\n", user_column=False)
    (job,) = done.config.jobs.values()
    assert job.target == ShellCommand(command)
    assert [line for line, why in done.noted if "flock exits with 1" in why] == [1] * is_noted
