"""What a good file means: every key, every default, every form of a value."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scheduler.config.file_form import FileForm
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.config.spec import DefaultsForm, JobForm, RetryForm
from scheduler.config.value_formats import KINDS
from scheduler.errors import ConfigError
from scheduler.model.job import Job, OnShutdown, OutputMode, Overlap, Retry, SlowAfter
from scheduler.model.target import Argv, Entrypoint, EnvLayer, FromEnv, FromFile, ShellCommand


class Folder:
    """A directory with files of the test's making."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def load(self, text: str) -> Config:
        return load(self.write("schedules.yaml", text))

    def job(self, *lines: str, defaults: str = "{}") -> Job:
        """The job with these keys, `command: echo hello` unless they say what it runs."""
        keys = (
            [*lines]
            if any(line.startswith(("command", "python")) for line in lines)
            else ["command: echo hello", *lines]
        )
        body = "\n".join(f"    {line}" for line in "\n".join(keys).split("\n"))
        return self.load(f"defaults: {defaults}\njobs:\n  poll:\n{body}\n").jobs["poll"]


MULTIPLE = "or a multiple of the usual duration, such as 3x"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        (["slow_after: 10m", "on_slow: [{mail: a@b.c}]"], "slow_after", SlowAfter(seconds=600.0)),
        (["slow_after: 3x", "on_slow: [{mail: a@b.c}]"], "slow_after", SlowAfter(times=3.0)),
        (["slow_after: 1.5 X", "on_slow: [{mail: a@b.c}]"], "slow_after", SlowAfter(times=1.5)),
        (["notify_after: 3", "on_failure: [{mail: a@b.c}]"], "notify_after", 3),
    ],
)
def test_when_recipients_are_notified(folder: Folder, lines: list[str], field: str, value: object) -> None:
    assert getattr(folder.job(*lines), field) == value
    assert getattr(folder.job(defaults=f"{{{', '.join(lines)}}}"), field) == value


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("slow_after: 10m", '"slow_after" notifies the recipients of "on_slow", and this job has none'),
        ("on_slow: [{mail: a@b.c}]", '"on_slow" needs "slow_after", the time after which a run is slow'),
        ("notify_after: 3", '"notify_after" notifies the recipients of "on_failure", and this job has none'),
        ("slow_after: 1x", "slow_after: must be more than 1 and at most 1000 times the usual duration"),
        (
            "slow_after: 3",
            f"slow_after: a duration needs a unit: for example 90s, 10m, 1h30m or 2d; {MULTIPLE}",
        ),
        (
            "slow_after: 0s",
            f"slow_after: must be longer than 0s; null means no limit; {MULTIPLE}",
        ),
        ("notify_after: 0", "notify_after: must be a whole number from 1 to 1000"),
        ("run_if: ''", "run_if: must not be empty"),
        ("run_if: []", "run_if: must not be an empty list"),
        ("run_if_timeout: 5s", '"run_if_timeout" is only valid together with "run_if"'),
        ("run_if: x, run_if_timeout: null", "run_if_timeout: must be a duration, not null"),
    ],
)
def test_keys_about_notifications_that_have_no_effect_or_no_meaning_are_errors(
    folder: Folder, line: str, message: str
) -> None:
    ((_, _, said), *_) = refusal(folder, f"jobs: {{poll: {{command: x, {line}}}}}")
    assert said == message


IN_BASH = ShellCommand("test -e leader", (), ("bash", "-c"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("run_if: test -e leader", ShellCommand("test -e leader")),
        ("run_if: [test, -e, leader]", Argv(("test", "-e", "leader"))),
        ("run_if: test -e leader\nshell: bash", IN_BASH),
        ("run_if: test -e leader\nshell: bash\ncommand: [a]", IN_BASH),
        ("run_if: null", None),
    ],
)
def test_a_condition_is_a_command(folder: Folder, line: str, expected: object) -> None:
    assert folder.job(*line.split("\n")).run_if == expected
    assert folder.job("run_if: null", defaults="{run_if: x}").run_if is None
    assert folder.job(defaults="{run_if: x, run_if_timeout: 3s}").run_if_timeout == 3.0


@pytest.mark.parametrize("lines", ["slow_after: 10, on_slow: [{command: x}]", "slow_after: 10m, on_slow: a@b.c"])
def test_a_value_that_is_not_valid_is_not_called_missing_as_well(folder: Folder, lines: str) -> None:
    assert len(refusal(folder, f"jobs: {{poll: {{command: x, {lines}}}}}")) == 1


def test_shell_setup_and_path_come_from_defaults_and_relative_directories_from_their_file(folder: Folder) -> None:
    folder.write("more/jobs.yaml", "defaults: {path: bin}\njobs: {other: {command: x}}\n")
    config = folder.load(
        """
        include: more/jobs.yaml
        defaults: {shell: [bash, -c], setup: django:setup, path: [.venv/bin, /opt/bin]}
        jobs:
          text: {command: a | b}
          words: {command: [a, b]}
          function: {python: "app:poll"}
          own: {command: a, shell: null, path: []}
        """
    )
    jobs = config.jobs
    assert jobs["text"].target == ShellCommand("a | b", (), ("bash", "-c"))
    assert (jobs["words"].target, jobs["own"].target) == (Argv(("a", "b")), ShellCommand("a"))
    assert jobs["function"].target == Entrypoint("app:poll", setup="django:setup")
    assert jobs["text"].path == (f"{folder.path}/.venv/bin", "/opt/bin")
    assert (jobs["own"].path, jobs["other"].path) == ((), (f"{folder.path}/more/bin",))


def test_a_job_of_two_lines_has_every_default(folder: Folder) -> None:
    job = folder.job()
    origins = {"command": "job"}
    assert job == Job(name="poll", target=ShellCommand("echo hello"), cwd=str(folder.path), origins=origins)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("enabled: false", "enabled", False),
        ("timezone: Europe/Berlin", "timezone", KINDS["zone"].read("Europe/Berlin", True)),
        ("description: Poll the rates", "description", "Poll the rates"),
        ("description: 42", "description", "42"),
        ("description: yes", "description", "yes"),
        ("timeout: 1h30m", "timeout", 5400.0),
        ("timeout: null", "timeout", None),
        ("stop_grace: 0.5s", "stop_grace", 0.5),
        ("overlap: queue", "overlap", Overlap.QUEUE),
        ("start_deadline: 15m", "start_deadline", 900.0),
        ("catch_up: 2d", "catch_up", 172_800.0),
        ("lock: mail", "lock", "mail"),
        ("lock: 1.10", "lock", "1.10"),
        ("on_shutdown: stop", "on_shutdown", OnShutdown.STOP),
        ("success_codes: [0, 24]", "success_codes", frozenset({0, 24})),
        ("output: raw", "output", OutputMode.RAW),
        ("max_waiting: 3", "max_waiting", 3),
        ("user: www-data", "user", "www-data"),
        ("user: 1000", "user", "1000"),
        ("group: backup", "group", "backup"),
        ("umask: 027", "umask", 0o27),
        ('umask: "0027"', "umask", 0o27),
        ("umask: 0o27", "umask", 0o27),
        ("nice: -5", "nice", -5),
        ("memory_limit: 512M", "memory_limit", 512 * 1024**2),
        ("memory_limit: 1.5G", "memory_limit", 1536 * 1024**2),
        ("cwd: /srv/app", "cwd", "/srv/app"),
        ("command: true", "target", ShellCommand("true")),
        ("command: |\n  one\n  two", "target", ShellCommand("one\ntwo\n")),
        ("command: [sleep, 5, 1.10, yes]", "target", Argv(("sleep", "5", "1.10", "yes"))),
        ("python: app.tasks:poll", "target", Entrypoint("app.tasks:poll")),
        ("python: app.tasks:poll\nsetup: django:setup", "target", Entrypoint("app.tasks:poll", setup="django:setup")),
        ("command: a | b\nshell: bash", "target", ShellCommand("a | b", (), ("bash", "-c"))),
        (
            "command: a | b\nshell: [bash, -eo, pipefail, -c]",
            "target",
            ShellCommand("a | b", (), ("bash", "-eo", "pipefail", "-c")),
        ),
        ("path: [/opt/bin, /srv/bin]", "path", ("/opt/bin", "/srv/bin")),
        ("path: /opt/bin", "path", ("/opt/bin",)),
        ("retry: 2", "retry", Retry(times=2)),
        ("retry: {times: 2, delay: 1m}", "retry", Retry(times=2, delay=60.0)),
        ("retry: {times: 1, delay: 30m}", "retry", Retry(times=1, delay=1800.0, max_delay=1800.0)),
        (
            "retry: {times: 3, delay: 1s, factor: 1.5, max_delay: 5s}",
            "retry",
            Retry(times=3, delay=1.0, factor=1.5, max_delay=5.0),
        ),
    ],
)
def test_a_key_means_its_value_in_a_job_and_in_defaults(folder: Folder, line: str, field: str, value: object) -> None:
    def value_in(job: Job) -> object:
        return getattr(job if hasattr(job, field) else job.process, field)

    assert value_in(folder.job(line)) == value
    key, _, text = line.partition(": ")
    if key in DefaultsForm.__struct_encode_fields__:
        assert value_in(folder.job(defaults=f"{{{key}: {text}}}")) == value


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('schedule: "*/5 * * * *"', "*/5 * * * *"),
        ("schedule: 0 8 * * mon", "0 8 * * mon"),
        ('schedule: "@daily"', "@daily"),
        ('schedule: "@every 90s"', "@every 90s"),
        ('schedule: "@at 2027-01-01T09:00:00+01:00"', "@at 2027-01-01T09:00:00+01:00"),
        ("schedule: {hour: 2, minute: 30}", "{hour: 2, minute: 30}"),
        ('schedule: ["@reboot", {hour: 2}]', '["@reboot", {hour: 2}]'),
    ],
)
def test_a_schedule_is_read_in_each_of_its_forms(folder: Folder, line: str, text: str) -> None:
    schedule = folder.job(line).schedule
    assert schedule is not None
    assert schedule.text == text


@pytest.mark.parametrize("line", ["description: none", "schedule: null"])
def test_a_job_without_a_schedule_runs_manually_only(folder: Folder, line: str) -> None:
    assert folder.job(line).schedule is None


def test_jobs_with_one_schedule_share_it(folder: Folder) -> None:
    job = '{schedule: "0 8 * * *", command: echo hello}'
    jobs = folder.load(f"jobs: {{a: {job}, b: {job}}}").jobs
    assert jobs["a"].schedule is jobs["b"].schedule


def test_the_defaults_time_zone_is_that_of_the_schedule(folder: Folder) -> None:
    berlin = folder.job("schedule: 0 8 * * *", defaults="{timezone: Europe/Berlin}")
    assert berlin.schedule != folder.job("schedule: 0 8 * * *").schedule


def test_arguments_are_what_json_can_hold(folder: Folder) -> None:
    target = folder.job(
        "python: app.tasks:poll",
        "interpreter: .venv/bin/python",
        'args: [1, -2, 1.5, 1e3, true, null, text, "1", 2027-01-01, [a, {b: []}]]',
        "kwargs: {since: 2027-01-01, full: false, at: 04:30, version: 1.10.2}",
    ).target
    assert target == Entrypoint(
        "app.tasks:poll",
        args=(1, -2, 1.5, 1000.0, True, None, "text", "1", "2027-01-01", ["a", {"b": []}]),
        kwargs={"since": "2027-01-01", "full": False, "at": "04:30", "version": "1.10.2"},
        interpreter=".venv/bin/python",
    )


def test_the_environment_is_layers_with_their_origins(folder: Folder) -> None:
    job = folder.job(
        "env_file: job.env",
        "env: {A: b, GONE: null, FROM: {from_env: HOME}, FILE: {from_file: secret}}",
        defaults="{env: {A: a, B: b}, env_file: /etc/app.env}",
    )
    here = str(folder.path)
    assert job.environment == (
        EnvLayer("defaults.env_file", file="/etc/app.env"),
        EnvLayer("defaults.env", {"A": "a", "B": "b"}),
        EnvLayer("env_file", file=f"{here}/job.env"),
        EnvLayer("env", {"A": "b", "GONE": None, "FROM": FromEnv("HOME"), "FILE": FromFile(f"{here}/secret")}),
    )


@pytest.mark.parametrize(
    "text", ["1.10", "010", "4:30", "yes", "off", "2027-01-01", "1_000", "0x1F", "1e3", "+5", "text with spaces", "é"]
)
def test_a_variable_is_the_text_as_written(folder: Folder, text: str) -> None:
    (layer,) = folder.job(f"env: {{A: {text}}}").environment
    assert layer.values == {"A": text}


def test_null_takes_the_default_env_file_away(folder: Folder) -> None:
    assert folder.job("env_file: null", defaults="{env_file: a.env}").environment == ()


@pytest.mark.parametrize(
    ("default", "own", "expected"),
    [
        ("{times: 2, delay: 1m}", "5", Retry(times=5, delay=60.0)),
        ("3", "{delay: 1m}", Retry(times=3, delay=60.0)),
        ("3", "0", Retry(times=0)),
    ],
)
def test_retry_is_merged_key_by_key(folder: Folder, default: str, own: str, expected: Retry) -> None:
    assert folder.job(f"retry: {own}", defaults=f"{{retry: {default}}}").retry == expected


def test_lists_are_replaced_not_merged(folder: Folder) -> None:
    assert folder.job("success_codes: [1]", defaults="{success_codes: [0, 2]}").success_codes == {1}


def test_null_puts_a_default_back_to_none(folder: Folder) -> None:
    defaults = "{timeout: 10m, lock: mail, nice: 5, user: app, cwd: /srv}"
    job = folder.job("timeout: null", "lock: ~", "nice: null", "user: null", "cwd: null", defaults=defaults)
    assert (job.timeout, job.lock, job.process.nice, job.process.user, job.cwd) == (
        None,
        None,
        None,
        None,
        str(folder.path),
    )


def test_settings_have_their_values_and_their_defaults(folder: Folder) -> None:
    assert folder.load("jobs: {}") == Config(
        path=folder.path / "schedules.yaml", jobs={}, files=(str(folder.path / "schedules.yaml"),)
    )
    config = folder.load("max_running: 4\nshutdown_timeout: 1m\njobs: {}")
    assert (config.max_running, config.shutdown_timeout) == (4, 60.0)


def test_the_path_is_absolute_and_keeps_its_links(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = folder.write("data/real.yaml", "jobs: {poll: {command: pwd}}")
    (folder.path / "schedules.yaml").symlink_to(real)
    monkeypatch.chdir(folder.path)
    config = load(Path("schedules.yaml"))
    assert config.path == folder.path / "schedules.yaml"
    assert config.jobs["poll"].cwd == str(folder.path)


def test_anchors_aliases_and_merge_keys_work(folder: Folder) -> None:
    jobs = folder.load(
        """
        jobs:
          a: &base
            command: &hello echo hello
            timeout: 5m
            env: {A: a}
          b: {<<: *base, timeout: 1m, description: *hello}
          c: {<<: [{retry: 1}, *base]}
        """
    ).jobs
    assert (jobs["b"].target, jobs["b"].timeout, jobs["b"].description) == (
        ShellCommand("echo hello"),
        60.0,
        "echo hello",
    )
    assert (jobs["c"].timeout, jobs["c"].retry.times) == (300.0, 1)


@pytest.mark.parametrize("name", ["a", "A.b_c-1", "0", "yes", "null", "1.10", "x" * 63])
def test_names_are_read_as_written(folder: Folder, name: str) -> None:
    assert list(folder.load(f"jobs: {{{name}: {{command: x}}}}").jobs) == [name]


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "ä", "x" * 64, "a/b", "a\\nb"])
def test_other_names_are_refused(folder: Folder, name: str) -> None:
    """L3"""
    with pytest.raises(ConfigError, match="not a valid job name"):
        folder.load(f'jobs: {{"{name}": {{command: x}}}}')


# --- included files


def test_included_files_and_directories_bring_their_jobs_in_order(folder: Folder) -> None:
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "notes.txt"):
        folder.write(f"schedules.d/{name}", f"jobs: {{{name[0].strip('.') or 'x'}: {{command: x}}}}")
    folder.write("more.yaml", "jobs: {more: {command: x}}")
    config = folder.load("include: [more.yaml, schedules.d/]\njobs: {main: {command: x}}")
    assert list(config.jobs) == ["main", "more", "a", "b"]
    names = ["schedules.yaml", "more.yaml", "schedules.d", "schedules.d/a.yml", "schedules.d/b.yaml"]
    assert config.files == tuple(str(folder.path / name) for name in names)


def test_defaults_of_an_included_file_go_on_top_for_its_jobs_only(folder: Folder) -> None:
    folder.write(
        "team/jobs.yaml", "defaults: {timeout: 1m, env: {B: b}, env_file: team.env}\njobs: {team: {command: x}}"
    )
    config = folder.load(
        """
        include: team/jobs.yaml
        defaults: {timeout: 5m, stop_grace: 1s, env: {A: a}}
        jobs: {main: {command: x}}
        """
    )
    main, team = config.jobs["main"], config.jobs["team"]
    assert (main.timeout, team.timeout, team.stop_grace) == (300.0, 60.0, 1.0)
    assert team.environment == (
        EnvLayer("defaults.env", {"A": "a"}),
        EnvLayer("defaults.env_file", file=str(folder.path / "team/team.env")),
        EnvLayer("defaults.env", {"B": "b"}),
    )


def test_paths_are_relative_to_the_file_that_names_them_and_cwd_to_the_main_file(folder: Folder) -> None:
    folder.write("team/jobs.yaml", "jobs: {a: {command: x, cwd: work, env_file: a.env}, b: {command: x}}")
    jobs = folder.load("include: team/jobs.yaml").jobs
    assert jobs["a"].cwd == str(folder.path / "team/work")
    assert jobs["a"].environment[0].file == str(folder.path / "team/a.env")
    assert jobs["b"].cwd == str(folder.path)


def refusal(folder: Folder, text: str) -> list[tuple[str, int, str]]:
    with pytest.raises(ConfigError) as caught:
        folder.load(text)
    return [(Path(problem.path).name, problem.line, problem.message) for problem in caught.value.problems]


def test_a_job_of_two_files_names_both_places(folder: Folder) -> None:
    folder.write("more.yaml", "jobs:\n  a: {command: x}\n")
    problems = refusal(folder, "include: more.yaml\njobs:\n  a: {command: x}\n")
    main = folder.path / "schedules.yaml"
    assert problems == [("more.yaml", 2, f'duplicate job "a" (first defined in {main} on line 3)')]


def test_errors_of_all_files_are_reported_together_in_order(folder: Folder) -> None:
    folder.write("one.yaml", "jobs:\n  one: {comand: x}\n")
    folder.write("two.yaml", "max_running: 2\njobs:\n  two: {command: x}\n")
    places = [
        (name, line) for name, line, _ in refusal(folder, "include: [one.yaml, two.yaml, gone.yaml]\njobs: {a: 1}\n")
    ]
    assert places == [("schedules.yaml", 1), ("schedules.yaml", 2), ("one.yaml", 2), ("two.yaml", 1)]


@pytest.mark.parametrize("text", ["include: schedules.yaml", "include: [more.yaml, ./more.yaml]"])
def test_a_file_is_included_once(folder: Folder, text: str) -> None:
    folder.write("more.yaml", "jobs: {}")
    ((_, _, message),) = refusal(folder, f"{text}\njobs: {{}}")
    assert message.endswith("is included already")


# --- the spec


def documented(form: type[msgspec.Struct]) -> dict[str, Any]:
    """The defaults in the spec, durations in seconds as the model has them."""
    values = {
        field.name: () if field.default_factory is list else field.default for field in msgspec.structs.fields(form)
    }
    return {
        name: KINDS["duration"].read(value, True) if isinstance(value, str) and value[:1].isdecimal() else value
        for name, value in values.items()
    }


def test_the_defaults_that_are_documented_are_those_that_hold() -> None:
    job = Job(name="x", target=ShellCommand("x"), cwd="/")
    config = Config(path=Path(), jobs={})
    for form, built, left_out in (
        (JobForm, job, {"timezone", "retry", "cwd", "success_codes"}),
        (RetryForm, Retry(), {"times"}),
        (FileForm, config, {"jobs", "web"}),
    ):
        for name, value in documented(form).items():
            if name in built.__struct_fields__ and name not in left_out:
                assert getattr(built, name) == value, name
    assert (job.timezone.key, sorted(job.success_codes), job.retry.times) == ("UTC", [0], 0)
    assert (documented(JobForm)["timezone"], documented(JobForm)["success_codes"]) == ("UTC", (0,))


def test_every_key_of_a_job_except_these_is_allowed_in_defaults() -> None:
    assert set(JobForm.__struct_encode_fields__) - set(DefaultsForm.__struct_encode_fields__) == {
        "schedule", "command", "python", "args", "kwargs", "description", "ping",
    }  # fmt: skip
