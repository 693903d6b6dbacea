"""Every warning of `check`: when it is shown, when it is not, and how a job silences it."""

from __future__ import annotations

import importlib.resources
import json
import re
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from scheduler.cli import times
from scheduler.cli.check import check_file
from scheduler.config import host_checks, lint_command
from scheduler.config.lint import BUSY, check
from scheduler.config.lint_codes import LintCode
from scheduler.errors import ConfigError, Problem, Severity
from scheduler.machine_zone import localtime_zone
from scheduler.schedule import PitfallKind

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def warnings(folder: Path, text: str) -> tuple[Problem, ...]:
    file = folder / "schedules.yaml"
    file.write_text(text)
    return check(file, now=NOW).config.warnings


def codes(folder: Path, text: str) -> list[str]:
    file = folder / "schedules.yaml"
    file.write_text(text)
    warnings = check(file, now=NOW).config.warnings
    assert all(warning.severity is Severity.WARNING and warning.line for warning in warnings)
    return [str(warning.code) for warning in warnings]


def job(*lines: str) -> str:
    keys = [*lines] if any(line.startswith(("command", "python")) for line in lines) else ["command: echo hi", *lines]
    return "jobs:\n  poll:\n" + "".join(f"    {line}\n" for line in keys)


@pytest.fixture(autouse=True)
def _this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(lint_command, "_sh", lambda: "dash")
    monkeypatch.setattr(lint_command, "_sh_has_pipefail", lambda: False)
    for name in ("SMTP_URL", "SENTRY_DSN", "NOT_SET"):
        monkeypatch.delenv(name, raising=False)


BASH = (
    "source x", "cd a && source x", '"[[ -f x ]] && echo y"', "if [[ -n $x ]]; then echo y; fi", "echo a &> f",
    "set -euo pipefail; echo a | cat", "diff <(sort a) <(sort b)", "cat <<< text", "echo a |& cat", "echo {1..5}",
    "cp a.{txt,md} b", "function f { echo x; }; f", "declare -i x=1", "x=(a b); echo x", "echo ${x[0]}",
    "echo ${x//a/b}", "'[ a == b ] && echo c'", "((x=1)); echo $x", "echo $'a\\n'",
)  # fmt: skip

TELL = "on_failure: [{command: echo hi}]"

TABLE = [
    (LintCode.MISSING_ENV_FILE, ["env_file: gone.env"]),
    (LintCode.MISSING_ENV_FILE, ["env_file: /proc/kmsg"]),  # D9
    (LintCode.MISSING_FILE, ["env: {S: {from_file: /none}}"]),  # B5
    (LintCode.MISSING_FILE, ["env: {S: {from_file: /etc}}"]),
    (LintCode.MISSING_FILE, ["env: {S: {from_file: /dev/zero}}"]),
    (LintCode.UNKNOWN_USER, ["user: '4294967295'"]),
    (LintCode.UNKNOWN_USER, ["user: '54321'"]),
    (LintCode.UNKNOWN_USER, ["group: '4294967295'"]),
    (LintCode.UNSET_VARIABLE, ["env: {S: {from_env: NOT_SET}}"]),
    (LintCode.UNKNOWN_USER, ["user: nobody-here"]),
    (LintCode.UNKNOWN_USER, ["group: nobody-here"]),
    (LintCode.UNDELIVERABLE, ["on_failure: [{mail: ops@example.com}]"]),
    (LintCode.UNDELIVERABLE, ["on_failure: [{webhook: {from_env: NOT_SET}}]"]),
    (LintCode.UNDELIVERABLE, ["on_skip: [{webhook: {from_file: /none}}]"]),
    (LintCode.UNDELIVERABLE, ["on_success: [{webhook: 'https://x.y/z', secret: {from_env: NOT_SET}}]"]),
    (LintCode.UNDELIVERABLE, ["on_success: [{webhook: 'https://x.y/z', headers: {A: {from_env: NOT_SET}}}]"]),
    (LintCode.UNDELIVERABLE, ["ping: {from_env: NOT_SET}"]),
    (LintCode.UNDELIVERABLE, ["sentry: true"]),
    (LintCode.UNDELIVERABLE, ["on_failure: [{command: no-such-program -x}]"]),
    (LintCode.UNDELIVERABLE, ["on_skip: [{command: [/no/such/program]}]"]),
    (LintCode.NEVER_RUNS, ['schedule: "@at 2020-01-01T00:00"']),
    (LintCode.NEVER_RUNS, ['schedule: "@daily"', "until: 2026-01-14"]),
    (LintCode.NEVER_RUNS, ['schedule: "@daily"', 'except: "* * * * *"']),
    (LintCode.NEVER_RUNS, ['schedule: "@daily"', "except: 01-01..12-31"]),
    (LintCode.SHORT_MONTHS, ["schedule: 0 0 31 * *"]),
    (LintCode.SHORT_MONTHS, ["schedule: 0 0 29 2 *"]),
    (LintCode.TWO_DAY_FIELDS, ["schedule: 0 0 1 * mon"]),
    (LintCode.EVERY_MINUTE, ['schedule: "* 3 * * *"']),
    (LintCode.EVERY_MINUTE, ['schedule: "* */2 * * *"']),
    (LintCode.EVERY_MINUTE, ["schedule: '* 9,17 * * *'"]),
    (LintCode.EVERY_MINUTE, ["schedule: '*/1 */6 * * *'"]),
    (LintCode.ODD_TIMEZONE, ["timezone: EST"]),
    (LintCode.ODD_TIMEZONE, ["timezone: Etc/GMT+2"]),
    (LintCode.ODD_TIMEZONE, ["timezone: Factory"]),
    (LintCode.UNEVEN_STEP, ['schedule: "*/7 * * * *"']),
    (LintCode.EVERY_DAYS, ['schedule: "@every 2d"']),
    (LintCode.SKIPPED_START, ['schedule: "@every 3w from 2025-03-30T02:30"', "timezone: Europe/Berlin"]),
    (LintCode.SKIPPED_START, ['schedule: "@every 12h from 2025-03-30T02:30"', "timezone: Europe/Berlin"]),
    (LintCode.DST_CHANGE, ["schedule: 30 2 * * *", "timezone: Europe/Berlin"]),
    (LintCode.DST_CHANGE, ['schedule: "@at 2026-03-29T02:30"', "timezone: Europe/Berlin"]),
    (LintCode.DST_CHANGE, ['schedule: "@at 2026-10-25T02:30"', "timezone: Europe/Berlin"]),
    (LintCode.SLOW_TIMEOUT, ['schedule: "*/5 * * * *"', "timeout: 10m"]),
    (LintCode.SLOW_RETRIES, ['schedule: "*/5 * * * *"', "timeout: 2m", "retry: 3"]),
    (LintCode.CRONTAB_LINE, ['command: "*/10 * * * * bin/rails x"']),  # A12
    (LintCode.CRONTAB_LINE, ["command: 0 3 * * mon-fri ./backup.sh"]),
    *((LintCode.BASH_SYNTAX, [f"command: {text}"]) for text in BASH),  # B7
    (LintCode.UNEXPANDED, ['command: [echo, "$HOME"]']),  # A13
    (LintCode.UNEXPANDED, ['command: [echo, "a:${HOME}/b"]']),
    (LintCode.UNEXPANDED, ['env: {P: "/x:$PATH"}']),
    (LintCode.UNEXPANDED, ["env: {HERE: $HOME}"]),
    (LintCode.UNEXPANDED, ['env: {P: "${A:-b}"}']),
    (LintCode.UNEXPANDED, ["python: json:dumps", "kwargs: {t: {from_env: T}}"]),
    (LintCode.UNEXPANDED, ["python: json:dumps", 'args: ["$HOME/x"]']),
    (LintCode.UNEXPANDED, ["python: json:dumps", 'args: ["$X"]']),
    (LintCode.UNEXPANDED, ["env: {NOW: $(date)}"]),
    (LintCode.UNEXPANDED, ["env: {NOW: '`date`'}"]),
    (LintCode.UNEXPANDED, ["env: {HERE: ~/x}"]),
    (LintCode.UNEXPANDED, ["env: {HERE: '%HOME%/x'}"]),
    (LintCode.UNEXPANDED, ["lock: db-$TENANT"]),
    (LintCode.UNEXPANDED, ["ping: 'https://x.y/$ID'"]),
    (LintCode.UNEXPANDED, ["on_failure: [{webhook: 'https://x.y/$ID'}]"]),
    (LintCode.UNEXPANDED, ["on_failure: [{webhook: 'https://x.y/z', headers: {Authorization: Bearer $TOKEN}}]"]),
    (LintCode.CRONTAB_PERCENT, ["command: date +\\%F"]),
    (LintCode.RUN_IF_WRITES, ["run_if: touch /tmp/asked"]),
    (LintCode.RUN_IF_WRITES, ["run_if: date > last"]),
    (LintCode.NOT_FOUND, ["run_if: no-such-program --quiet"]),
    (LintCode.NOT_FOUND, ["run_if: [no-such-program]"]),
    (LintCode.PLAIN_SECRET, ["run_if: test --password hunter2"]),
    (LintCode.BASH_SYNTAX, ["run_if: '[[ -e leader ]]'"]),
    (LintCode.UNEXPANDED, ["run_if: [test, -e, $HOME]"]),
    (LintCode.PLAIN_SECRET, ["env: {API_TOKEN: hunter2}"]),
    (LintCode.PLAIN_SECRET, ["command: echo --password hunter2"]),
    (LintCode.PLAIN_SECRET, ["command: echo postgres://app:hunter2@db/app"]),
    (LintCode.DISABLED, ["enabled: false", 'schedule: "@daily"']),
    (LintCode.LONG_CATCH_UP, ['schedule: "@daily"', "catch_up: 31d"]),
    (LintCode.LONG_CATCH_UP, ['schedule: "@daily"', "catch_up: 1d"]),
    (LintCode.NO_TIME_TO_FINISH, ["stop_grace: 25s"]),
    (LintCode.NO_RECIPIENT, ["expect_success_within: 1h"]),
    (LintCode.NO_RECIPIENT, ["expect_success_within: 26h", "ping: https://hc-ping.com/x"]),
    (LintCode.LONG_EXPECTATION, ["expect_success_within: 26h", TELL]),  # B2
    (LintCode.LONG_EXPECTATION, ['schedule: "0 8 * * mon"', "expect_success_within: 8d", TELL]),
    (LintCode.NOT_FOUND, ["command: [no-such-program]"]),
    (LintCode.NOT_FOUND, ["command: no-such-program --now"]),
    (LintCode.NOT_FOUND, ["command: /no/such/program"]),
    (LintCode.NOT_FOUND, ["path: /no/such/directory"]),
    (LintCode.NOT_FOUND, ["run_if: no-such-program -x"]),
    (LintCode.NOT_FOUND, ["run_if: [/no/such/program]"]),
    (LintCode.NOT_FOUND, ["command: echo hi", "cwd: /no/such/directory"]),
    (LintCode.NOT_FOUND, ["python: no_such_module:run"]),
    (LintCode.NOT_FOUND, ["python: json.no_such_part:run"]),
    (LintCode.NOT_FOUND, ["python: json:loads", "setup: no_such_module:setup"]),
    (LintCode.NOT_FOUND, ["command: echo hi", "shell: no-such-shell"]),
    (LintCode.NOT_FOUND, ["python: json:no_such_function"]),
    (LintCode.NOT_FOUND, ["python: json.decoder:JSONDecoder"]),  # B3: a class
]


@pytest.mark.parametrize(("code", "lines"), TABLE)
def test_a_questionable_job_gets_its_warning(tmp_path: Path, code: LintCode, lines: list[str]) -> None:
    """A12 A13 B2 B3 B5 B6 B7 B8 D9"""
    assert set(codes(tmp_path, job(*lines))) == {code}


@pytest.mark.parametrize(("code", "lines"), TABLE)
def test_of_a_file_for_another_machine_only_the_warnings_about_the_file_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: LintCode, lines: list[str]
) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)
    file = tmp_path / "schedules.yaml"
    file.write_text(job(*lines))
    found = check_file(file, elsewhere=True)
    assert {problem.code for problem in found.problems} == (set() if code.is_of_machine else {code})
    assert found.not_checked == ()


def test_of_a_file_for_another_machine_errors_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(job("env_file: gone.env", "cron: '* * * * *'"))
    (problem,) = check_file(file, elsewhere=True).problems
    assert (problem.severity, problem.code) == (Severity.ERROR, None)


def test_everything_that_is_looked_for_on_this_machine_is_of_the_machine() -> None:
    source = Path(host_checks.__file__).read_text()
    assert all(LintCode[name].is_of_machine for name in re.findall(r"LintCode\.([A-Z_]+)", source))
    page = (Path(__file__).parents[2] / "docs/warnings.md").read_text()
    listed = page.partition("`--elsewhere`")[2].partition("\n\n")[0]
    assert re.findall(r"`([a-z-]+)`", listed) == [code for code in LintCode if code.is_of_machine]


def test_a_zone_that_counts_leap_seconds_gets_a_warning(tmp_path: Path) -> None:
    """B8: not every system has such zones; this one is a copy of a plain zone."""
    (tmp_path / "right").mkdir()
    (tmp_path / "right" / "Utopia").write_bytes(
        importlib.resources.files("tzdata.zoneinfo.Europe").joinpath("Berlin").read_bytes()
    )
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path), *before])
    try:
        assert codes(tmp_path, job("timezone: right/Utopia")) == [LintCode.ODD_TIMEZONE]
    finally:
        zoneinfo.reset_tzpath(to=before)


def test_pipefail_gets_no_warning_where_sh_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint_command, "_sh_has_pipefail", lambda: True)
    assert codes(tmp_path, job("command: set -eo pipefail; echo a | cat")) == []
    assert codes(tmp_path, job("command: set -eo pipefail; cat <<< a")) == [LintCode.BASH_SYNTAX]


@pytest.mark.parametrize(("code", "lines"), TABLE)
def test_a_job_can_ignore_its_warning(tmp_path: Path, code: LintCode, lines: list[str]) -> None:
    assert codes(tmp_path, job(*lines, f"lint: {{ignore: [{code}]}}")) == []
    assert codes(tmp_path, f"defaults: {{lint: {{ignore: [{code}]}}}}\n" + job(*lines)) == []


@pytest.mark.parametrize(
    "lines",
    [
        ['schedule: "@reboot"'],
        ['schedule: "@daily"', "catch_up: 23h"],
        ['schedule: "@every 90s"', "timeout: 90s"],
        ["schedule: 30 2 * * *", "timezone: Asia/Tokyo"],
        ['schedule: "*/15 * * * *"', "timezone: Europe/Berlin"],
        ['schedule: "*/5 * * * *"', "timeout: 10m", "overlap: allow"],
        ["expect_success_within: 1d", TELL],
        ["expect_success_within: 26h", TELL, "ping: https://hc-ping.com/x"],
        ["command: date +%F"],
        ['command: "date +%F # 100%"'],
        ["enabled: false"],
        ["enabled: false", "command: no-such-program"],
        ["env: {API_TOKEN: {from_env: HOME}, TOKEN_FILE: /run/token, SECRET: ''}"],
        ["command: echo --password $PASSWORD"],
        ["command: echo postgres://$USER:$PASSWORD@db/app"],
        ["command: for i in 1 2; do no-such-program; done"],
        ["command: $HOME/bin/job"],
        ["command: echo '[[ -f x ]]' \"<(a)\" '&> f' # source x"],
        ["command: echo a > f 2>&1; . ./x; test a = b"],
        ["command: find . -name a -exec echo {} +"],
        ["command: echo $((1 + 2)) ${x:-a} ${x%.txt}"],
        ["command: awk '{print $1,$2}' f"],
        ["command: [bash, -c, 'source x && [[ -f y ]]']"],
        ['command: [sh, -c, "echo $HOME"]'],
        ["command: [echo, costs 5$]"],
        ["env: {PRICE: 5$, CRON: '0 * * * *'}"],
        ["env: {S: {from_env: HOME}}"],
        ["user: root", "group: root"],
        ["enabled: false", "user: nobody-here", "on_failure: [{mail: ops@example.com}]"],
        ["command: '[ -f x ] && no-such-program'"],
        ["python: json:dumps"],
        ["python: json.decoder:JSONDecoder.decode"],
        ["python: os:getcwd"],
        ["python: os.path:join"],
        ["env: {FORMAT: '%Y%m%d', PATTERN: '^\\$(x)$', PRICE: US$5, QUOTE: it`s, REST: a ~/b}"],
        ["on_failure: [{command: echo $SCHED_JOB}, {command: [echo, hi]}]"],
    ],
)
def test_a_good_job_gets_no_warning(tmp_path: Path, lines: list[str]) -> None:
    assert codes(tmp_path, job(*lines)) == []


def test_the_functions_of_an_app_are_looked_for_in_the_jobs_directory(tmp_path: Path) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('nothing may be imported')\n")
    (package / "tasks.py").write_text("async def poll(): ...\n")
    assert codes(tmp_path, job("python: app.tasks:poll")) == []
    assert codes(tmp_path, job("python: app.tasks:pull")) == ["not-found"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["python: tasks:snd"], "tasks has no attribute 'snd'; did you mean 'send'?"),
        (["python: tasks:send", "kwargs: {dry: true}"], "tasks:send has no argument 'dry'; did you mean 'dry_run'?"),
        (["python: tasks:send", "args: [a, b]"], "tasks:send accepts at most 1 positional argument, not 2"),
        (
            ["python: tasks:send", "args: [{dry_run: false}]"],
            "tasks:send gets this mapping as its first argument; keyword arguments go under `kwargs`",
        ),
        (["python: tasks:send", "args: [a]", "kwargs: {dry_run: true}"], None),
        (["python: tasks:send", "args: [{anything: else}]"], None),
        (["python: tasks:many", "args: [a, b, c]", "kwargs: {dry: true}"], None),
        (["python: tasks:wrapped", "kwargs: {dry: true}"], None),
        (["python: tasks:twice", "kwargs: {dry: true}"], None),
        (["python: tasks:Group.greet", "kwargs: {dry: true}"], None),
        (["python: tasks:needs"], "tasks:needs needs 'a' and 'c'; give arguments under `args` or `kwargs`"),
        (["python: tasks:needs", "args: [1]"], "tasks:needs needs 'c'; give arguments under `args` or `kwargs`"),
        (
            ["python: tasks:needs", "args: [1]", "kwargs: {a: 2, c: 3}"],
            "tasks:needs gets 'a' twice: by its position in `args`, and by its name",
        ),
        (["python: tasks:needs", "args: [1]", "kwargs: {b: 2, c: 3}"], None),
        (["python: tasks:needs", "accepts: [kwargs]"], None),
        (["python: tasks:needs", "accepts: [stdin]"], "tasks:needs needs 'a' and 'c'; give arguments under `args` or"),
        (["python: tasks:first", "args: [1]", "kwargs: {a: 2}"], None),
        (["python: tasks:first", "kwargs: {a: 2}"], "tasks:first needs 'a'; give arguments under `args` or `kwargs`"),
        (["python: tasks:conditional"], None),
        (
            ["python: tasks:many", "setup: tasks:needs"],
            "setup is called without arguments: tasks:needs needs 'a' and 'c'",
        ),
        (["python: tasks:lazy"], "tasks:lazy contains `yield`: calling it makes a generator and runs nothing"),
        (["python: tasks:lazily"], "tasks:lazily contains `yield`: calling it makes a generator and runs nothing"),
        (["python: tasks:many", "setup: tasks:lazy"], "tasks:lazy contains `yield`: calling it makes a generator and"),
        (["python: tasks:managed"], None),
        (["python: tasks:eager"], None),
        (["python: tasks:LIMIT"], "tasks:LIMIT is a value; it must be a function"),
        (["python: tasks:NAMES"], "tasks:NAMES is a value; it must be a function"),
        (["python: tasks:made"], None),
        (["python: tasks:later"], None),
        (["python: tasks:replaced"], None),
    ],
)
def test_arguments_are_compared_with_the_source_of_the_function(
    tmp_path: Path, lines: list[str], message: str | None
) -> None:
    (tmp_path / "tasks.py").write_text(
        "from functools import cache\n"
        "def send(group='x', *, dry_run=False): ...\n"
        "def many(*groups, **options): ...\n"
        "@cache\ndef wrapped(): ...\n"
        "def twice(): ...\ndef twice(dry): ...\n"
        "class Group:\n    def greet(self): ...\n"
        "def needs(a, b=1, *, c, d=2): ...\n"
        "def first(a, /, **options): ...\n"
        "if cache:\n    def conditional(a): ...\n"
        "def lazy():\n    if cache:\n        yield from ()\n"
        "async def lazily():\n    yield 1\n"
        "@cache\ndef managed():\n    yield\n"
        "def eager():\n    def inner():\n        yield\n    return [*inner(), (lambda: (yield))]\n"
        "LIMIT: int = 3\nNAMES = ['a']\nmade = cache(send)\nlater = None\nreplaced = 1\nreplaced = send\n"
    )
    found = [problem.message for problem in warnings(tmp_path, job(*lines))]
    assert len(found) == (message is not None)
    assert found == [] or found[0].startswith(message or "")


@pytest.mark.parametrize(
    ("file", "source", "problem"),
    [
        ("app/tasks.py", "def poll(:\n", "/app/tasks.py is not valid Python: line 1: invalid syntax"),
        ("app/__init__.py", "\nx = = 2\n", "/app/__init__.py is not valid Python: line 2: invalid syntax"),
        ("app/tasks.py", "x = 1\0\n", "/app/tasks.py is not valid Python: "),
    ],
)
def test_a_module_that_is_not_valid_python_is_a_warning(tmp_path: Path, file: str, source: str, problem: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "tasks.py").write_text("def poll(): ...\n")
    (tmp_path / file).write_text(source)
    (warning,) = warnings(tmp_path, job("python: app.tasks:poll"))
    assert warning.code == "not-found"
    assert problem in warning.message
    assert codes(tmp_path, job("python: app.tasks:poll", "interpreter: python3")) == []


def test_the_path_of_a_command_that_is_not_found_is_shown_once(tmp_path: Path) -> None:
    text = "jobs:\n  a: {command: no-such-a, run_if: no-such-b}\n  b: {command: no-such-c}\n"
    first, *others = [problem.message for problem in warnings(tmp_path, text)]
    assert first.startswith("command not found: no-such-a; PATH is ")
    assert others == ["run_if: command not found: no-such-b", "command not found: no-such-c"]


def test_the_functions_of_another_interpreter_are_looked_for_without_running_it(tmp_path: Path) -> None:
    """B4"""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "cli.py").write_text("def main(): ...\nclass Report: ...\n")
    packages = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "installed.py").write_text("def run(): ...\n")
    (tmp_path / "venv" / "bin").mkdir()
    python = tmp_path / "venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    using = ("interpreter: venv/bin/python",)
    assert codes(tmp_path, job("python: app.cli:main", *using)) == []
    assert codes(tmp_path, job("python: app.cli:mian", *using)) == ["not-found"]
    assert codes(tmp_path, job("python: app.cli:Report", *using)) == ["not-found"]
    assert codes(tmp_path, job("python: installed:run", *using)) == []
    assert codes(tmp_path, job("python: installed:ran", *using)) == ["not-found"]
    assert check(tmp_path / "schedules.yaml", now=NOW).not_checked == ()
    (tmp_path / "app" / "__init__.py").touch()
    assert codes(tmp_path, job("python: app.cly:main", *using)) == ["not-found"]
    assert codes(tmp_path, job("python: somewhere.else_:run", *using)) == []
    assert check(tmp_path / "schedules.yaml", now=NOW).not_checked == ("poll",)


def test_a_schedule_without_a_zone_on_a_machine_with_one_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B1"""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    text = job("schedule: 0 9 * * *") + "  b: {command: echo hi, schedule: 0 8 * * *}\n"
    assert codes(tmp_path, text) == ["machine-timezone"]
    assert codes(tmp_path, "defaults: {timezone: UTC}\n" + text) == []
    assert codes(tmp_path, job('schedule: "@every 5m"')) == []
    assert codes(tmp_path, job('schedule: "@at 2027-01-01T09:00Z"')) == []
    monkeypatch.delenv("TZ")
    monkeypatch.setattr("os.path.realpath", lambda _path: "/usr/share/zoneinfo/Europe/Berlin")
    assert codes(tmp_path, text) == ["machine-timezone"]


def test_the_zone_of_a_copied_or_mounted_localtime_is_known_by_its_content(tmp_path: Path) -> None:
    """B1: as `cp` makes it, or `docker run -v /etc/localtime:/etc/localtime`."""
    for zone in ("Europe/Berlin", "Asia/Tokyo", "America/New_York"):
        data = next(Path(folder, zone).read_bytes() for folder in zoneinfo.TZPATH if Path(folder, zone).exists())
        mounted_over = tmp_path / "zoneinfo" / "Etc" / "UTC"
        mounted_over.parent.mkdir(parents=True, exist_ok=True)
        mounted_over.write_bytes(data)
        (tmp_path / "copied").write_bytes(data)
        names = {localtime_zone(str(path)) for path in (mounted_over, tmp_path / "copied")}
        assert names == {zone}
    (tmp_path / "copied").write_bytes(data.replace(b"EST5EDT", b"EST5XYZ"))
    assert localtime_zone(str(tmp_path / "copied")).startswith("EST5XYZ")
    assert localtime_zone(str(tmp_path / "missing")) == "UTC"


def test_a_zone_without_an_iana_name_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B1 A13"""
    monkeypatch.setenv("TZ", "CET-1CEST")
    (tmp_path / "schedules.yaml").write_text(job("schedule: 0 9 * * *"))
    (warning,) = check(tmp_path / "schedules.yaml", now=NOW).config.warnings
    assert warning.help == "set `timezone` to the name of a city, or `timezone: UTC`, under `defaults`"


@pytest.mark.parametrize("name", ["heartbeat", "mail", "webhook", "alert", "secret", "args", "env", "TOKEN"])
def test_the_name_of_a_job_masks_nothing(tmp_path: Path, name: str) -> None:
    """B11"""
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs:\n  {name}: {{command: echo a, timout: 5m, env: {{T: hunter2}}}}\n")
    with pytest.raises(ConfigError) as caught:
        check(file, now=NOW)
    (problem,) = caught.value.problems
    assert problem.quote == f"  {name}: {{command: echo a, timout: 5m, env: {{T: •••}}}}"
    assert problem.help == "timeout: 5m"


def test_a_busy_minute_is_reported_once(tmp_path: Path) -> None:
    jobs = "".join(f'  job-{n}: {{command: echo, schedule: "@daily"}}\n' for n in range(BUSY + 1))
    assert codes(tmp_path, f"jobs:\n{jobs}") == ["busy-minute"]
    assert codes(tmp_path, f"defaults: {{lint: {{ignore: [busy-minute]}}}}\njobs:\n{jobs}") == []


def test_jobs_without_time_to_finish_at_a_shutdown_are_reported_once(tmp_path: Path) -> None:
    jobs = "".join(
        f"  {name}: {{command: echo, on_shutdown: {how}}}\n"
        for name, how in [("a", "wait"), ("b", "wait"), ("c", "stop")]
    )
    (warning,) = warnings(tmp_path, f"shutdown_timeout: 8s\njobs:\n{jobs}")
    assert warning.code == "no-time-to-finish"
    assert warning.line == 3
    assert "of this job and 1 more is 10s, not less than the shutdown_timeout of 8s" in warning.message
    assert codes(tmp_path, f"shutdown_timeout: 8s\ndefaults: {{stop_grace: 2s}}\njobs:\n{jobs}") == []
    ignored = "defaults: {lint: {ignore: [no-time-to-finish]}}"
    assert codes(tmp_path, f"shutdown_timeout: 8s\n{ignored}\njobs:\n{jobs}") == []


def test_the_env_of_the_defaults_is_looked_at_too(tmp_path: Path) -> None:
    text = "defaults: {env: {TOKEN: hunter2}, env_file: gone.env}\n" + job()
    assert sorted(codes(tmp_path, text)) == ["missing-env-file", "plain-secret"]


def test_an_env_file_that_is_not_valid_is_reported_without_its_values(tmp_path: Path) -> None:
    """L2"""
    file, variables = tmp_path / "schedules.yaml", tmp_path / "app.env"
    variables.write_text("A=1\nTOKEN hunter2\n")
    file.write_text(job("env_file: app.env"))
    (warning,) = check(file, now=NOW).config.warnings
    assert (warning.code, warning.key) == ("missing-env-file", "jobs.poll.env_file")
    assert f"{variables}:2: not a line of the form KEY=VALUE" in warning.message
    assert "hunter2" not in repr(warning)
    variables.unlink()
    variables.mkdir()
    (warning,) = check(file, now=NOW).config.warnings
    assert "this is a directory, not a file" in warning.message


def test_a_warning_never_shows_the_secret_that_it_is_about(tmp_path: Path) -> None:
    """L2"""
    file = tmp_path / "schedules.yaml"
    file.write_text(job("env: {API_TOKEN: hunter2}"))
    assert "hunter2" not in repr(check(file, now=NOW).config.warnings)


def test_warnings_and_errors_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text('jobs:\n  a: {command: echo, schedule: "@every 2d"}\n  b: {command: echo, timeout: 5}\n')
    with pytest.raises(ConfigError) as caught:
        check(file, now=NOW)
    assert [(problem.severity, problem.line) for problem in caught.value.problems] == [("warning", 2), ("error", 3)]


@pytest.mark.parametrize("command", ["[[1]]", "[{a: b}]", "[null]", "[[a], no-such-program]"])
def test_an_error_in_one_word_of_a_command_names_only_that_word(tmp_path: Path, command: str) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(job(f"command: {command}"))
    with pytest.raises(ConfigError) as caught:
        check(file, now=NOW)
    assert [problem.key for problem in caught.value.problems] == ["jobs.poll.command[0]"]


def test_another_user_requires_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B5"""
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    assert codes(tmp_path, job("user: root")) == ["needs-root"]
    assert codes(tmp_path, job("user: 4711")) == []


def test_a_job_for_workers_needs_its_user_and_variables_on_their_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    workers = "launcher: {celery: {broker: 'redis://localhost'}}\n"
    here = {"needs-root", "unset-variable", "missing-env-file"}
    keys = ("user: root", "env: {A: {from_env: NOT_SET}}", "env_file: none.env", "ping: {from_env: NOT_SET}")
    assert here & set(codes(tmp_path, workers + job(*keys))) == set()
    assert "undeliverable" in codes(tmp_path, workers + job(*keys))
    assert here <= set(codes(tmp_path, workers + job(*keys, "launcher: local")))
    in_defaults = f"defaults: {{{', '.join(keys[:3])}}}\n"
    assert here & set(codes(tmp_path, workers + in_defaults + job())) == set()
    assert here <= set(codes(tmp_path, in_defaults + job()))


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (
            "smtps://me:canary#@mail.example.com",
            "is not valid: a character of the user or password must be",
        ),
        ("mail.example.com:587", "is not valid: it must begin with smtp+starttls://, smtps:// or smtp://"),
        ("smtp://me:canary@mail.example.com", "has a password, which smtp:// sends without encryption"),
        ("smtp+starttls://me:canary%23@mail.example.com:587", None),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_a_warning_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, problem: str | None
) -> None:
    monkeypatch.setenv("SMTP_URL", address)
    file = tmp_path / "schedules.yaml"
    file.write_text(job("on_failure: [{mail: ops@example.com}]"))
    messages = [str(each) for each in check(file, now=NOW).config.warnings]
    assert "canary" not in "".join(messages)
    assert [f"mail is sent through SMTP_URL, which {problem}" in each for each in messages] == [True] * bool(problem)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("https://example.com:99999/canary", "the port must be a number from 1 to 65535"),
        ("https://example.com:0/canary", "the port must be a number from 1 to 65535"),
        ("https://me:canary#@example.com/x", "a character of the user or password must be percent-encoded"),
        ("ftp://example.com/canary", "it must start with https:// or http://"),
        ("https://example.com/canary x", "it must start with https:// or http://"),
        ("https:///canary", "it has no host"),
        ("HTTPS://me:canary%23@example.com:8443/x?y=z", None),
    ],
)
@pytest.mark.parametrize("key", ["ping: {VALUE}", "on_failure: [{webhook: {VALUE}}]"])
@pytest.mark.parametrize("kept", ["from_env: HOOK", "from_file: hook.txt"])
def test_an_address_outside_of_the_file_that_is_not_valid_is_a_warning_without_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str, key: str, address: str, problem: str | None
) -> None:
    monkeypatch.setenv("HOOK", address)
    (tmp_path / "hook.txt").write_text(f"{address}\n")
    file = tmp_path / "schedules.yaml"
    file.write_text(job(key.replace("VALUE", kept)))
    messages = [str(each) for each in check(file, now=NOW).config.warnings]
    assert "canary" not in "".join(messages)
    assert [f"is not valid: {problem}" in each for each in messages if "not valid" in each] == [True] * bool(problem)


@pytest.mark.parametrize("token", ["canary-ü-€", "canary\x07", "canary\ttab"])
@pytest.mark.parametrize("key", ["token", "view_token"])
def test_a_token_that_no_client_can_send_is_an_error_in_the_file_and_a_warning_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, token: str
) -> None:
    monkeypatch.setenv("TOKEN", token)
    (tmp_path / "token.txt").write_text(f"{token}\r\n")
    (tmp_path / "good.txt").write_text("canary sesame\r\n")
    file = tmp_path / "schedules.yaml"
    found = []
    for value in (json.dumps(token), "{from_env: TOKEN}", "{from_file: token.txt}", "{from_file: good.txt}"):
        given = {"token": "sesame", key: value}
        file.write_text(job() + "web:\n" + "".join(f"  {name}: {each}\n" for name, each in given.items()))
        try:
            messages = [str(each) for each in check(file, now=NOW).config.warnings]
        except ConfigError as error:
            messages = [str(each) for each in error.problems]
        assert "canary" not in "".join(messages)
        found.append([f"{key}: must consist of printable ASCII" in each for each in messages if "must" in each])
    assert found == [[True], [True], [True], []]


def test_a_nice_value_below_what_the_user_may_set_requires_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.config.host_checks._lowest_nice", lambda: 0)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    assert codes(tmp_path, job("nice: -5")) == ["needs-root"]
    assert codes(tmp_path, job("nice: 5")) == []
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert codes(tmp_path, job("nice: -5")) == []


def test_a_condition_of_a_job_on_workers_runs_here_and_its_text_may_test_and_discard_output(tmp_path: Path) -> None:
    text = job("run_if: test -e leader", "launcher: celery", "cwd: /srv/app")
    workers = "launcher: {celery: {broker: 'redis://localhost'}}\n"
    assert "run-if-here" in codes(tmp_path, workers + text)
    assert codes(tmp_path, job("run_if: 'grep -q a > /dev/null 2>&1 f && ! pgrep -f \"rm x\" >&2'")) == []


def test_a_broker_that_celery_cannot_use_here_is_named_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("celery", reason="the extra celery is not installed")
    text = "launcher: {celery: {broker: '%s://user:canary@there', store: 'redis://there'}}\n" + job()
    assert codes(tmp_path, text % "redis") == []
    assert codes(tmp_path, text % "nonsense") == ["unusable-broker"]


@pytest.mark.parametrize(
    ("broker", "says"),
    [
        ("redis://there/abc", "the database must be a number, as in redis://host:6379/0"),
        ("redis://there/0;redis://other/abc", "the database must be a number, as in redis://host:6379/0"),
        ("memory://", "the broker memory:// cannot reach workers; use redis:// or amqp://, for example"),
        ("filesystem://", "the broker filesystem:// cannot reach workers; use redis:// or amqp://, for example"),
        ("foo", "the address of the broker does not begin with redis:// or amqp://, for example"),
        ("there:6379", "the address of the broker does not begin with redis:// or amqp://, for example"),
    ],
)
@pytest.mark.parametrize("given", ["literal", "from_env", "from_file"])
def test_an_address_of_a_broker_that_reaches_no_worker_is_a_warning_wherever_it_is_written(
    given: str, broker: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("celery", reason="the extra celery is not installed")
    monkeypatch.setenv("BROKER", broker)
    (tmp_path / "broker").write_text(f"{broker}\n")
    value = {"literal": f"'{broker}'", "from_env": "{from_env: BROKER}", "from_file": "{from_file: broker}"}[given]
    (warning,) = warnings(tmp_path, f"launcher: {{celery: {{broker: {value}, store: 'redis://there'}}}}\n" + job())
    assert (warning.code, says in warning.message) == ("unusable-broker", True)


@pytest.mark.parametrize(
    ("store", "says"),
    [
        ("redis://there/abc", "store: the address is not valid: the database must be a number"),
        ("redis://there:70000", "store: the address is not valid: the port must be a number from 1 to 65535"),
        ("http://there", "store: not the address of a Redis, which starts with redis://"),
    ],
)
def test_the_address_of_a_store_in_a_variable_is_looked_at(
    store: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE", store)
    text = "launcher: {celery: {broker: 'amqp://there', store: {from_env: STORE}}}\n" + job()
    (warning,) = warnings(tmp_path, text)
    assert warning.message.startswith(says)
    assert warning.message.endswith("; schedd and workers exit with 78")
    alone = "launcher: {celery: {broker: {from_env: STORE}}}\n" + job()
    (warning,) = warnings(tmp_path, alone)
    assert warning.message.startswith("broker: ")


def test_a_store_remembers_the_last_success_for_more_than_a_year(tmp_path: Path) -> None:
    workers = "launcher: {celery: {broker: 'redis://localhost'}}\n"
    keys = ('schedule: "0 8 * * mon"', TELL, "launcher: local")
    assert "long-expectation" not in codes(tmp_path, workers + job(*keys, "expect_success_within: 400d"))
    assert "long-expectation" in codes(tmp_path, workers + job(*keys, "expect_success_within: 401d"))


def test_keys_that_depend_on_the_machine_of_the_worker_are_named_unless_the_job_is_local(tmp_path: Path) -> None:
    workers = "launcher: {celery: {broker: 'redis://localhost'}}\n"
    keys = ("output: raw", "memory_limit: 512M", "group: root")
    assert codes(tmp_path, workers + job(*keys)).count("on-worker") == len(keys)
    assert "on-worker" not in codes(tmp_path, workers + job(*keys, "launcher: local"))
    assert codes(tmp_path, workers + job("cwd: /")) == []


def test_each_schedule_in_deploy_passes_the_check_that_the_page_about_ci_recommends(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    files = [*root.glob("deploy/*/schedules.yaml")]
    for manifest in root.glob("deploy/*/*.yaml"):
        for document in yaml.safe_load_all(manifest.read_text()):
            if document.get("kind") == "ConfigMap":
                files.append(tmp_path / f"{manifest.parent.name}.yaml")
                files[-1].write_text(document["data"]["schedules.yaml"])
    assert {file.name for file in files} == {"schedules.yaml", "workers.yaml", "kubernetes.yaml"}
    assert [(file, check_file(file, elsewhere=True).problems) for file in files] == [(file, ()) for file in files]


def test_every_surprise_of_a_schedule_has_its_code() -> None:
    assert [LintCode[kind.name].value for kind in PitfallKind] == [kind.value for kind in PitfallKind]


def test_every_code_has_an_example_here() -> None:
    assert {code for code, _ in TABLE} | {
        LintCode.BUSY_MINUTE,
        LintCode.MACHINE_TIMEZONE,
        LintCode.NEEDS_ROOT,
        LintCode.RUN_IF_HERE,
        LintCode.ON_WORKER,
        LintCode.UNUSABLE_BROKER,
        LintCode.WRONG_ARGUMENT,
    } == set(LintCode)


def test_every_code_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "warnings.md").read_text()
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(LintCode)


def test_a_token_of_the_web_that_has_no_value_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'web: {{token: {{from_env: WEB_TOKEN}}, view_token: {{from_file: "{tmp_path}/none"}}}}\njobs: {{}}\n'
    monkeypatch.delenv("WEB_TOKEN", raising=False)
    assert codes(tmp_path, text) == ["unset-variable", "missing-file"]
    (tmp_path / "none").write_text("\n")
    monkeypatch.setenv("WEB_TOKEN", "")
    assert codes(tmp_path, text) == ["unset-variable", "missing-file"]
    monkeypatch.setenv("WEB_TOKEN", "x")
    assert codes(tmp_path, text) == ["missing-file"]
    (tmp_path / "none").write_text("y\n")
    assert codes(tmp_path, text) == []


def test_an_address_of_the_launcher_that_has_no_value_is_a_warning_at_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        f'launcher:\n  celery: {{broker: {{from_env: BROKER}}, store: {{from_file: "{tmp_path}/none"}}}}\njobs: {{}}\n'
    )
    monkeypatch.delenv("BROKER", raising=False)
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    warnings = check(file, now=NOW).config.warnings
    assert [(each.code, each.line, each.column) for each in warnings] == [
        ("unset-variable", 2, 12),
        ("missing-file", 2, 40),
    ]
    assert "broker: the variable BROKER is not set here; schedd and workers exit with 78" in warnings[0].message
    monkeypatch.setenv("BROKER", "amqp://there")
    (tmp_path / "none").write_text("redis://there\n")
    assert codes(tmp_path, text) == []


def test_the_warning_about_a_token_is_at_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEB_TOKEN", raising=False)
    file = tmp_path / "schedules.yaml"
    file.write_text("web:\n  listen: 127.0.0.1:8765\n  token: {from_env: WEB_TOKEN}\njobs: {}\n")
    (warning,) = check(file, now=NOW).config.warnings
    assert (warning.line, warning.column) == (3, 3)


def test_an_empty_address_of_a_recipient_is_a_warning_and_an_empty_variable_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    notifying = "jobs: {a: {command: 'true', on_failure: [{webhook: {from_env: EMPTY}}]}}\n"
    assert codes(tmp_path, notifying) == ["undeliverable"]
    assert codes(tmp_path, "jobs: {a: {command: 'true', env: {A: {from_env: EMPTY}}}}\n") == []


@pytest.mark.parametrize(("words", "advised"), [('["no-such echo", x]', True), ("[no-such, x]", False)])
def test_a_command_line_as_one_item_of_a_list_gets_advice(tmp_path: Path, words: str, advised: bool) -> None:
    (warning,) = warnings(tmp_path, job(f"command: {words}"))
    assert (warning.help is not None) == advised
    assert warning.message.startswith("command not found: no-such")
