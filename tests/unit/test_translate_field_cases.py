"""Crontabs that an earlier version converted wrongly or silently lost parts of."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from scheduler.model.job import Overlap
from scheduler.model.target import ShellCommand
from scheduler.translate.importers.source_file import Dialect
from tests.unit.importing import imported


def test_a_column_of_users_that_this_machine_does_not_have(tmp_path: Path) -> None:
    """G01."""
    done = imported(tmp_path, "*/5 * * * * telemetry /opt/agent/bin/push -q\n5 1 * * * ops cd /srv && ./tidy\n")
    assert [(job.process.user, job.target) for job in done.config.jobs.values()] == [
        ("telemetry", ShellCommand("/opt/agent/bin/push -q")),
        ("ops", ShellCommand("cd /srv && ./tidy")),
    ]
    assert [line for line, why in done.noted if "this machine has no user" in why] == [1, 2]
    assert "import it with --user" in done.text


def test_a_word_that_may_be_a_user_is_noted_where_the_other_lines_have_no_column(tmp_path: Path) -> None:
    """G01."""
    done = imported(tmp_path, "*/5 * * * * telemetry /srv/data\n5 1 * * * dump --all\n")
    assert [job.process.user for job in done.config.jobs.values()] == [None, None]
    assert [(line, "--system" in why) for line, why in done.noted] == [(1, True)]


@pytest.mark.parametrize("command", ["/usr/bin/foo --bar", "A=b /usr/bin/foo", "~/bin/foo x", "$HOME/bin/foo x"])
def test_a_line_without_the_user_of_the_others_is_refused(tmp_path: Path, command: str) -> None:
    done = imported(tmp_path, f"5 8 * * * root /usr/bin/first\n5 9 * * 1-5 {command}\n")
    assert list(done.config.jobs) == ["first"]
    assert f"# not imported: 5 9 * * 1-5 {command}" in done.text
    ((line, why),) = done.refused
    word = command.partition(" ")[0]
    assert (line, why.partition(";")[0]) == (2, f"this line has no user column: {word} is not a user")


def test_jobs_that_are_switched_off_stay_as_comments(tmp_path: Path) -> None:
    """G02."""
    text = (
        "# 40 1 * * * /opt/nightly\n#* * * * * /opt/tick\n# Weekly tidy\n5 5 * * 0 /opt/tidy\n#@daily /opt/x # later\n"
    )
    done = imported(tmp_path, text)
    assert done.config.jobs["tidy"].description == "Weekly tidy"
    for comment in ("# 40 1 * * * /opt/nightly", "# * * * * * /opt/tick", "# @daily /opt/x # later"):
        assert comment in done.text


def test_a_comment_about_minutes_and_hours_describes_its_job(tmp_path: Path) -> None:
    """G03."""
    done = imported(
        tmp_path, "# 40 1 * * * /opt/nightly\n# Every 10 minutes in the hours of work\n*/10 9-17 * * * /opt/x\n"
    )
    assert done.config.jobs["x"].description == "Every 10 minutes in the hours of work"
    assert "# 40 1 * * * /opt/nightly" in done.text


def test_mailto_and_shell_are_in_the_environment_of_jobs(tmp_path: Path) -> None:
    """G04."""
    text = 'SHELL=/bin/dash\nMAILTO=a@example.org\n1 1 * * * echo "$MAILTO"\n2 1 * * * exec "$SHELL" -c x\n'
    jobs = imported(tmp_path, text).config.jobs.values()
    for job in jobs:
        assert job.environment[0].values["SHELL"] == "/bin/dash"
        assert job.environment[0].values["MAILTO"] == "a@example.org"
    assert [job.target for job in jobs] == [
        ShellCommand('echo "$MAILTO"', (), ("/bin/dash", "-c")),
        ShellCommand('exec "$SHELL" -c x', (), ("/bin/dash", "-c")),
    ]


def test_flags_of_openbsd_and_freebsd_are_not_part_of_the_command(tmp_path: Path) -> None:
    """G06."""
    done = imported(tmp_path, "~ 4 * * * -n /opt/a\n0~29 4 * * * -sq sleep 2; /opt/b\n5 4 * * * -v\n")
    a, b, c = done.config.jobs.values()
    assert [job.target for job in (a, b, c)] == [
        ShellCommand("/opt/a"),
        ShellCommand("sleep 2; /opt/b"),
        ShellCommand("-v"),
    ]
    assert (a.overlap, b.overlap) == (Overlap.ALLOW, Overlap.SKIP)
    assert {line for line, _ in done.noted} == {1, 2}


def test_a_percent_is_an_ordinary_character_to_busybox(tmp_path: Path) -> None:
    """G07."""
    text = "5 0 * * * dump > /var/tmp/d-$(date +%F-%H).gz\n"
    command = ShellCommand("dump > /var/tmp/d-$(date +%F-%H).gz")
    for done in (
        imported(tmp_path, text, dialect=Dialect.BUSYBOX),
        imported(tmp_path, text, name="image/etc/crontabs/root"),
    ):
        assert [job.target for job in done.config.jobs.values()] == [command]
    assert "--busybox" in imported(tmp_path, text).noted[0][1]


@pytest.mark.parametrize(
    ("command", "shell"),
    [
        (r"echo a\\%b", "exec <<'STDIN'\nb\nSTDIN\necho a\\"),
        (r"echo a\\\%b", r"echo a\%b"),
        (r"echo a\%b%c\%d", "exec <<'STDIN'\nc%d\nSTDIN\necho a%b"),
    ],
)
def test_backslashes_before_a_percent(tmp_path: Path, command: str, shell: str) -> None:
    """G08."""
    (job,) = imported(tmp_path, f"3 0 * * * {command}\n").config.jobs.values()
    assert job.target == ShellCommand(shell)


def test_two_backslashes_are_one_to_debians_cron(tmp_path: Path) -> None:
    """G09."""
    done = imported(tmp_path, r"3 0 * * * printf 'x\\n'" + "\n")
    assert done.config.jobs["printf"].target == ShellCommand(r"printf 'x\n'")
    assert "--dialect cronie" in done.noted[0][1]


def test_a_home_directory_that_does_not_exist(tmp_path: Path) -> None:
    """G10."""
    done = imported(tmp_path, "7 3 * * * nobody /usr/bin/id\n8 3 * * * nobody /usr/bin/id -u\n")
    assert [job.cwd for job in done.config.jobs.values()] == ["/", "/"]
    assert [line for line, why in done.noted if "/home/nobody does not exist" in why] == [1]


def test_job_names_that_yaml_1_1_does_not_read_as_text_are_quoted(tmp_path: Path) -> None:
    """G12."""
    commands = ["yes", "/opt/bin/0x10", "/opt/on", "NO", "/opt/1e3", "/opt/12_000", "/opt/null", "/opt/y", "/opt/0o17"]
    done = imported(tmp_path, "".join(f"5 * * * * {command} | /opt/x\n" for command in commands))
    names = yaml.safe_load(done.text)["jobs"]
    assert list(names) == list(done.config.jobs) == ["yes", "0x10", "on", "NO", "1e3", "12_000", "null", "y", "0o17"]


def test_a_comment_after_a_quoted_value_is_not_part_of_the_value(tmp_path: Path) -> None:
    """G13."""
    done = imported(tmp_path, "STAGE=\"live\"  # not test\nB='#1'\nC=x # y\n3 3 * * * x\n")
    variables = done.config.jobs["x"].environment[-1].values
    assert variables == {"STAGE": "live", "B": "#1", "C": "x # y"}
    assert "# not test" in done.text
    assert [line for line, _ in done.noted] == [1]


def test_freebsds_user_and_group(tmp_path: Path) -> None:
    """G14."""
    done = imported(tmp_path, "3 3 * * * root:operator newsyslog\n3 4 * * * www-data:www/daemon x\n")
    assert [(job.process.user, job.process.group) for job in done.config.jobs.values()] == [
        ("root", "operator"),
        ("www-data", "www"),
    ]
    assert [line for line, why in done.noted if "login class" in why] == [2]


def test_a_redirected_subshell_with_input_keeps_its_redirection(tmp_path: Path) -> None:
    """G16: what dash does with this command is in tests/system/test_import_cron.py."""
    (job,) = imported(tmp_path, "3 0 * * * (cat; date) > /srv/n 2>&1%text\n").config.jobs.values()
    assert job.target == ShellCommand("exec <<'STDIN'\ntext\nSTDIN\n(cat; date) > /srv/n 2>&1")


def test_ten_times_the_lines_take_about_ten_times_as_long(tmp_path: Path) -> None:
    """E5."""

    def seconds(lines: int) -> float:
        text = "".join(
            f"# job\n{n % 60} {n % 24} * * * root /opt/poll --n {n}\n61 * * * * root x\n" for n in range(lines)
        )
        began = time.process_time()
        imported(tmp_path, text)
        return time.process_time() - began

    few, many = min(seconds(100) for _ in range(3)), seconds(1000)
    assert many < 30 * few
