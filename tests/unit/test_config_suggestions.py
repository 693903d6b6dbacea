"""What is offered instead of an invalid key or value: each replacement is accepted in its place and means the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.config.load import load
from scheduler.errors import ConfigError
from tests.unit.corrected import applied, errors_of, is_accepted


def offered(tmp_path: Path, *lines: str) -> list[str]:
    """The replacements for the only error of a job with these keys, once each of them was tried."""
    body = "".join(f"    {line}\n" for line in lines)
    text = f"jobs:\n  a:\n{body}"
    if not any(line.startswith(("command", "python", "cmd", "script")) for line in lines):
        text += "    command: echo hello\n"
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    ((source, finding),) = errors_of(file)
    for fix in finding.fixes:
        assert is_accepted(file, source.text, fix), fix
        assert any(not errors_of_text(file, candidate) for candidate in applied(source.text, fix)), fix
    return [fix.text for fix in finding.fixes]


def errors_of_text(file: Path, text: str) -> list[object]:
    file.write_text(text)
    return [finding for _, finding in errors_of(file)]


def message(tmp_path: Path, text: str) -> str:
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    (problem,) = caught.value.problems
    return f"{problem.message} | {problem.help}" if problem.help else problem.message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("timeout: 1h 30m", ["timeout: 1h30m"]),
        ("stop_grace: 1 m 5 s", ["stop_grace: 1m5s"]),
        ("timeout: 5 minutes", ["timeout: 5m"]),
        ("timeout: 2 hours and 15 min", ["timeout: 2h15m"]),
        ("timeout: 90", ["timeout: 90s", "timeout: 90m"]),
        ("timeout: .5", ["timeout: 0.5s", "timeout: 0.5m"]),
        ("timeout: 500ms", ["timeout: 0.5s"]),
        ("timeout: 1500 milliseconds", ["timeout: 1.5s"]),
        ("timeout: PT10M", ["timeout: 10m"]),
        ("timeout: 4:30", ["timeout: 4h30m", "timeout: 4m30s"]),
        ("timeout: 1:02:03", ["timeout: 1h2m3s"]),
        ("timeout: 90S", ["timeout: 90s"]),
        ("timeout: 30m1h", []),
        ("timeout: soon", []),
        ("timeout: 10x", []),
        ("timeout: 0", []),
        ("timeout: -5m", []),
        ("timeout: 1e3", []),
        ("timeout: 999999999d", []),
        ("timeout: 5 fortnights", []),
        ("start_deadline: null", []),
        ("memory_limit: 512MB", ["memory_limit: 512M"]),
        ("memory_limit: 2 GiB", ["memory_limit: 2G"]),
        ("memory_limit: 512m", ["memory_limit: 512M"]),
        ("memory_limit: 536870912", ["memory_limit: 512M"]),
        ("memory_limit: 512", []),
        ("memory_limit: lots", []),
    ],
)
def test_durations_and_sizes_keep_their_numbers_and_units(tmp_path: Path, written: str, meant: list[str]) -> None:
    """A8"""
    assert offered(tmp_path, written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("timezone: europe/berlin", ["timezone: Europe/Berlin"]),
        ("timezone: Berlin", ["timezone: Europe/Berlin"]),
        ("timezone: Europe/Berln", ["timezone: Europe/Berlin"]),
        ("timezone: New York", ["timezone: America/New_York"]),
        ("timezone: PST", ["timezone: America/Los_Angeles"]),
        ("timezone: Europe/Munich", ["timezone: Europe/Berlin"]),
        ("timezone: Pacific Standard Time", ["timezone: America/Los_Angeles"]),
        ("timezone: UTC+2", []),
        ("timezone: GMT-5", []),
        ('timezone: "+02:00"', []),
        ('timezone: "UTC+0"', ["timezone: UTC"]),
        ("timezone: Eastern Time (US & Canada)", ["timezone: America/New_York"]),
        ("timezone: UTC+5:30", []),
        ("timezone: IST", []),
        ("timezone: BST", []),
        ("timezone: Mars/Olympus", []),
        ("timezone: Europe/Atlantis", []),
    ],
)
def test_time_zones_are_named_where_one_is_certain(tmp_path: Path, written: str, meant: list[str]) -> None:
    assert offered(tmp_path, written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("start_date: 2027-01-01", ["from: 2027-01-01"]),
        ("exclude: 2026-12-25", ["except: 2026-12-25"]),
        ("jitter: 5m", ["splay: 5m"]),
        ("except: 24.12.2026", ['except: "2026-12-24"']),
        ("except: Dec 25", ['except: "12-25"']),
        ("except: december 25th", ['except: "12-25"']),
        ("except: 25 Sept", ['except: "09-25"']),
        ("except: decent 25", []),
        ("except: 5 marching", []),
        ("except: weekends", ['except: "* * * * sat,sun"']),
        ("from: 31.12.2026", ["from: 2026-12-31"]),
        ("from: 05/06/2027", []),
        ("only_if: test -e leader", ["run_if: test -e leader"]),
        ('condition: ["test -e a", "test -e b"]', []),
        ("only_if: [test, -e, leader]", []),
        ('script: ["make build", "make deploy"]', []),
        ("script:\n      - make build\n      - make deploy", []),
        ("script: make build && make deploy", ["command: make build && make deploy"]),
        ('cmd: ["make build", "make deploy"]', []),
        ("cmd: [python, -m, app]", ["command: [python, -m, app]"]),
        ("commands: [bin/extract, bin/load]", []),
        ("commands: bin/extract", ["command: bin/extract"]),
        ("on_slow: [{mail: a@b.c}]\n    slow_after: 10min", ["slow_after: 10m"]),
        ("on_slow: [{mail: a@b.c}]\n    slow_after: 3 times", ["slow_after: 3x"]),
        ("on_slow: [{mail: a@b.c}]\n    slow_after: 300%", ["slow_after: 3x"]),
        ("on_slow: [{mail: a@b.c}]\n    slow_after: 1x", []),
        ("on_failure: [{mail: a@b.c}]\n    notify_after: 3x", ["notify_after: 3"]),
        ("shell: bash -eo pipefail -c", ["shell: [bash, -eo, pipefail, -c]"]),
        ("shell: bash -e", ["shell: [bash, -e, -c]"]),
        ("shell: /bin/bash -euo pipefail", ["shell: [/bin/bash, -euo, pipefail, -c]"]),
        ("shell: bash --login", ["shell: [bash, --login, -c]"]),
        ("shell: bash -lc", ["shell: [bash, -lc]"]),
        ("shell: sh -C", ["shell: [sh, -C, -c]"]),
        ("shell: docker exec web sh -c", ["shell: [docker, exec, web, sh, -c]"]),
        ("shell: bash -e wrapper.sh", []),
        ("shell: python3 -u", []),
        ("shell: /usr/bin/env bash -e", []),
        ('schedule: "@every 2 weeks starting 2027-01-02T17:00"', ['schedule: "@every 2w from 2027-01-02T17:00"']),
        ("retry: {attempts: 3}", ["times: 2"]),
        ("retry: {max_attempts: 1}", ["times: 0"]),
        ("retry: {retries: 3}", ["times: 3"]),
        ("max_attempts: 4", ["retry: 3"]),
        ("retries: 3", ["retry: 3"]),
        ("backoffLimit: 2", ["retry: 2"]),
        ("on_failure: me@example.com", ["on_failure: [{mail: me@example.com}]"]),
        ("on_failure: [me@example.com]", ["{mail: me@example.com}"]),
        ("on_failure: {mail: me@example.com}", ["on_failure: [{mail: me@example.com}]"]),
        ("on_failure: {email: me@example.com}", ["on_failure: [{mail: me@example.com}]"]),
        (
            "on_failure: {slack: https://hooks.slack.com/x}",
            ["on_failure: [{webhook: https://hooks.slack.com/x, format: slack}]"],
        ),
        ("on_failure: https://example.com/x", ["on_failure: [{webhook: https://example.com/x}]"]),
        (
            "on_failure: https://discord.com/api/webhooks/1/x",
            ["on_failure: [{webhook: https://discord.com/api/webhooks/1/x, format: discord}]"],
        ),
        ("on_failure: ./notify.sh failed", ["on_failure: [{command: ./notify.sh failed}]"]),
        ('on_failure: {slack: "#ops"}', []),
        ("on_failure: ops", []),
        ('on_failure: "a@example.com, b@example.com"', ["on_failure: [{mail: [a@example.com, b@example.com]}]"]),
        ("on_failure: a@example.com b@example.com", ["on_failure: [{mail: [a@example.com, b@example.com]}]"]),
        ("on_failure: a@example.com;b@example.com", ["on_failure: [{mail: [a@example.com, b@example.com]}]"]),
        ('on_failure: ["a@example.com, b@example.com"]', ["{mail: [a@example.com, b@example.com]}"]),
        ('on_failure: "Ops <ops@example.com>"', []),
        ('on_failure: ["slack:#ops"]', []),
        ("on_failure: ops team", []),
        ("on_failure: Ops/Dev", []),
        ("on_failure: a@example.com or b@example.com", []),
        ('on_failure: "mail: ops@example.com"', []),
        ("on_failure: slack://token channel", []),
        ("on_failure: slack://token", ["on_failure: [{apprise: slack://token}]"]),
        ('on_failure: {run: ["make a", "make b"]}', []),
        ("on_failure: {cmd: [./notify.sh, failed]}", ["on_failure: [{command: [./notify.sh, failed]}]"]),
        ("notify: [a@example.com, b@example.com]", ["on_failure: [{mail: a@example.com}, {mail: b@example.com}]"]),
        ("notify: ops@example.com", ["on_failure: [{mail: ops@example.com}]"]),
        ("webhook: https://example.com/x", ["on_failure: [{webhook: https://example.com/x}]"]),
        ("timeoutSeconds: 30", ["timeout: 30s"]),
        ("timeout_minutes: 5", ["timeout: 5m"]),
        ("execution_timeout: 600", ["timeout: 600s", "timeout: 600m"]),
        ("suspend: true", ["enabled: false"]),
        ("disabled: no", ["enabled: true"]),
        ("concurrencyPolicy: Forbid", ["overlap: skip"]),
        ("allow_overlap: false", ["overlap: skip"]),
        ("max_instances: 1", ["overlap: skip"]),
        ("max_instances: 3", []),
        ("environment: [A=b, 'C=d e']", ['env: {A: "b", C: "d e"}']),
        ("environment: [{name: A, value: b}]", ["env: {A: b}"]),
        ("environment: {A: b}", ["env: {A: b}"]),
        ("env: [A=b]", ['env: {A: "b"}']),
        ("env: A=b C=d", ['env: {A: "b", C: "d"}']),
        ("env: b", []),
        ('env: "A=1, B=2"', []),
        ("env: A=1,B=2", []),
        ("env: A=1;B=2", []),
        ("env: [A=1 B=2]", []),
        ("env: [A=1,]", ['env: {A: "1"}']),
        ("env: ['A=\"b\"']", []),
        ("env: [{name: A}]", []),
        ("env: [{A: 1}, {B: 2}]", ["env: {A: 1, B: 2}"]),
        ("TOKEN: x", ["env: {TOKEN: x}"]),
        ("SHELL: /bin/bash", ["shell: /bin/bash"]),
        ("CRON_TZ: Europe/Berlin", ["timezone: Europe/Berlin"]),
        ("TZ: Berlin", ["timezone: Europe/Berlin"]),
        ("script: db:migrate", []),
        ("script: shop.tasks:send", ["python: shop.tasks:send"]),
        ("interval: 5 minutes", ['schedule: "@every 5m"']),
        ("every: 1 day", ['schedule: "@every 1d"']),
        ("at: 9:30", ['schedule: "30 9 * * *"']),
        ("run_at: 2027-01-01 09:00", ['schedule: "@at 2027-01-01T09:00"']),
        ("cron: 0 3 * * *", ["schedule: 0 3 * * *"]),
        ("cron: mondays at 9", ['schedule: "0 9 * * mon"']),
        ("crontab: 0 99 * * *", []),
        ("workdir: /srv", ["cwd: /srv"]),
        ("tz: Berlin", ["timezone: Europe/Berlin"]),
        ("timout: 5m", ["timeout: 5m"]),
        ("timout: 5 min", ["timeout: 5m"]),
        ("discription: x", ["description: x"]),
        ("start_dedline: 5m", ["start_deadline: 5m"]),
        ("success_codes: 3", ["success_codes: [3]"]),
        ("lock: [mail]", ["lock: mail"]),
        ("lint: {ignore: never-run}", ["ignore: [never-runs]"]),
        ("overlap: Skip", ["overlap: skip"]),
        ("overlap: forbid", ["overlap: skip"]),
        ("overlap: no", ["overlap: skip"]),
        ("overlap: false", ["overlap: skip"]),
        ("output: no", []),
        ("enviroment: {A: b}", ["env: {A: b}"]),
        ("concurency_policy: Forbid", ["overlap: skip"]),
        ("on_shutdown: terminate", ["on_shutdown: stop"]),
        ("output: none", ["output: discard"]),
        ("overlap: maybe", []),
        ("enabled: yes", ["enabled: true"]),
        ('enabled: "false"', ["enabled: false"]),
        ("enabled: maybe", []),
        ("retry: 1_0", ["retry: 10"]),
        ("retry: 010", ["retry: 10"]),
        ("retry: 0o10", []),
        ("retry: 1,5", []),
        ("retry: 1,000", []),
        ("nice: 1,5", []),
        ("notify_after: 1,2", []),
        ('retry: {times: 2, factor: "1,5"}', []),
        ("success_codes: 0,3", ["success_codes: [0, 3]"]),
        ("success_codes: 0, 24", ["success_codes: [0, 24]"]),
        ('success_codes: "0,1"', ["success_codes: [0, 1]"]),
        ("success_codes: 0,", []),
        ("success_codes: 0 3", []),
        ("success_codes: 0-3", []),
        ('success_codes: [0, "3,4"]', []),
        ("exit_codes: 0,3", ["success_codes: [0, 3]"]),
        ("retries: 1,5", []),
        ("lint: {ignore: 'never-run,busy-minute'}", ["ignore: [never-runs, busy-minute]"]),
        ("nice: 40", []),
        ("retry: 5000", []),
        ("umask: rwx", []),
        ("frobnicate: 1", []),
        ("priority: high", []),
        ("restart: always", []),
    ],
)
def test_keys_and_shapes_of_others_become_ours_where_they_mean_the_same(
    tmp_path: Path, written: str, meant: list[str] | None
) -> None:
    """A11"""
    found = offered(tmp_path, written)
    assert found == (found if meant is None else meant)


@pytest.mark.parametrize(
    ("written", "reason", "instead"),
    [
        ("skip_codes: [99]", "an exit code cannot mean that a run was skipped", "`success_codes`"),
        ("skipExitCodes: 99", "an exit code cannot mean that a run was skipped", "`run_if`"),
        ("priority: 5", "jobs have no priority", "`lock`"),
        ("depends_on: other", "jobs have no dependencies except `@after`", '`schedule: "@after JOB"`'),
        ("needs: [a, b]", "jobs have no dependencies except `@after`", "one job whose command runs all steps"),
    ],
)
def test_a_key_that_is_missing_on_purpose_is_answered_with_the_reason_and_the_way(
    tmp_path: Path, written: str, reason: str, instead: str
) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs:\n  a:\n    command: x\n    {written}\n")
    ((_, finding),) = errors_of(file)
    assert finding.message.startswith(f'unknown key "{written.partition(":")[0]}": {reason}')
    assert instead in (finding.help or "")
    assert finding.fixes == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("python: app.tasks.poll", ["python: app.tasks:poll"]),
        ("python: app.tasks:poll()", ["python: app.tasks:poll"]),
        ("python: ./app/tasks.py:poll", ["python: app.tasks:poll"]),
        ("python: tasks.py", []),
        ("python: poll", []),
        ("command: #echo", ['command: "#echo"']),
        ("command: {}", []),
        ("command: []", []),
        ('command: ""', []),
        ('command: echo "a # b"', ["command: 'echo \"a # b\"'"]),
    ],
)
def test_the_command_of_a_job_is_converted(tmp_path: Path, written: str, meant: list[str]) -> None:
    assert offered(tmp_path, written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"*/10 * * * * bin/rails x"', ['a: {schedule: "*/10 * * * *", command: bin/rails x}']),
        ("0 3 * * mon-fri ./backup.sh --all", ['a: {schedule: "0 3 * * mon-fri", command: ./backup.sh --all}']),
        ('"@daily ./backup.sh"', ['a: {schedule: "@daily", command: ./backup.sh}']),
        (
            '"@every 5m curl -s https://example.com"',
            ['a: {schedule: "@every 5m", command: curl -s https://example.com}'],
        ),
        ('"0 3 * * * root ./backup.sh"', []),
        ('"0 99 * * * ./backup.sh"', []),
        ('"0 3 * * *"', []),
        ("./poll.sh --all", ['a: {command: "./poll.sh --all"}']),
        ("command:echo hello", ["a: {command: echo hello}"]),
        ("[echo, hello]", ["a: {command: [echo, hello]}"]),
        ('["make build", "make deploy"]', []),
        ("[bin/extract, bin/load]", []),
        ('["0 3 * * *", ./x]', []),
        ("monit -t", ['a: {command: "monit -t"}']),
        ("python x.py", ['a: {command: "python x.py"}']),
        ("schedule = daily", []),
        ("schedule '@daily'", []),
        ("schedule='@daily'", []),
        ("command echo hello", []),
        ("\n    schedule '@daily'\n    command 'true'", []),
        ("every 5 minutes", []),
        ("true", []),
        ("0 9 * * mon to fri ./x", []),
        ("0 9 * * mon and fri ./x", []),
        ("0 9 * * * until 2027-01-01", []),
        ("0 9 * * * UTC ./x", []),
        ("0 0 9 * * mon ./x", []),
        ("0 0 9 * * 1-5 ./x", []),
        ("0 9 * * * && 0 17 * * * ./x", []),
    ],
)
def test_a_job_given_as_text(tmp_path: Path, written: str, meant: list[str]) -> None:
    """A12"""
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs:\n  a: {written}\n")
    ((source, finding),) = errors_of(file)
    assert [fix.text for fix in finding.fixes] == meant
    assert all(is_accepted(file, source.text, fix) for fix in finding.fixes)


@pytest.mark.parametrize(
    "written", ['timezone: "${TZ}"', "timeout: $TIMEOUT", 'schedule: "${CRON_SCHEDULE}"', 'schedule: "{{ cron }}"']
)
def test_a_variable_in_the_file_is_explained(tmp_path: Path, written: str) -> None:
    """A13"""
    text = f"jobs:\n  a:\n    command: echo hello\n    {written}\n"
    assert "variables are not expanded in the file; write the" in message(tmp_path, text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("on_failure: me@example.com", "on_failure: [{mail: me@example.com}]"),
        ("on_failure: {email: me@example.com}", "on_failure: [{mail: me@example.com}]"),
        ("on_failure: {slack: 'https://hooks.slack.com/s3cret'}", 'on_failure: [{webhook: "•••", format: slack}]'),
        ("ping: ${PING}", "ping: {from_env: PING}"),
        ("on_failure: 'a@example.com, b@example.com'", "on_failure: [{mail: [a@example.com, b@example.com]}]"),
        ("env: [mail=p@ss.word]", 'env: {mail: "•••"}'),
    ],
)
def test_a_suggestion_is_shown_so_that_it_can_be_typed_unless_it_has_a_secret(
    tmp_path: Path, written: str, shown: str
) -> None:
    """A11 B11"""
    assert message(tmp_path, f"jobs:\n  a:\n    command: echo hello\n    {written}\n").endswith(shown)


@pytest.mark.parametrize(
    ("written", "message_alone"),
    [
        ("env: {OPTIONS: [a]}", "OPTIONS: must be text, not a list"),
        ("env: {OPTIONS: @a}", "unquoted @ is reserved in YAML; use quotes"),
        ("ping: [https://example.com/x]", "ping: must be an address, not a list"),
        ("heartbeat: https://example.com/x", 'unknown key "heartbeat"; did you mean "ping"?'),
    ],
)
def test_a_replacement_that_is_a_single_secret_value_is_not_shown(
    tmp_path: Path, written: str, message_alone: str
) -> None:
    assert message(tmp_path, f"jobs:\n  a:\n    command: echo hello\n    {written}\n") == message_alone


@pytest.mark.parametrize("word", ["true", "false", "'true'", "yes", "No", "on", "off"])
def test_a_boolean_is_not_the_name_of_a_shell(tmp_path: Path, word: str) -> None:
    text = f"jobs:\n  a:\n    command: echo hello\n    shell: {word}\n"
    assert message(tmp_path, text) == (
        "shell: must be the name of a shell, such as bash; without this key, /bin/sh runs a command that is text, "
        "and a list runs without a shell"
    )


@pytest.mark.parametrize(
    ("key", "noun"), [("lock", "name"), ("user", "name"), ("cwd", "path"), ("env_file", "path"), ("path", "path")]
)
def test_a_boolean_in_the_place_of_a_name_or_a_path_is_refused(tmp_path: Path, key: str, noun: str) -> None:
    text = f"jobs:\n  a:\n    command: echo hello\n    {key}: true\n"
    assert message(tmp_path, text) == f"{key}: must be a {noun}, not true or false; use quotes if that is the {noun}"


@pytest.mark.parametrize("key", ["cwd", "env_file", "path"])
def test_a_tilde_that_yaml_reads_as_null_is_explained(tmp_path: Path, key: str) -> None:
    text = f"jobs:\n  a:\n    command: echo hello\n    {key}: ~\n"
    assert message(tmp_path, text) == f"{key}: ~ is null in YAML, not the home directory; write a path, or null"


def test_a_comma_in_braces_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs:\n  a: {schedule: 0 9 * * 1,3,5, command: x}\n")
    assert [finding.message for _, finding in errors_of(file)] == [
        f'unknown key "{key}": a comma in braces starts a new key; put the whole value in quotes' for key in "35"
    ]


def test_both_zones_of_a_job_are_not_offered(tmp_path: Path) -> None:
    """A5"""
    assert offered(tmp_path, "schedule: 0 6 * * * Europe/Berlin") == ['schedule: "0 6 * * *"\ntimezone: Europe/Berlin']
    assert offered(tmp_path, "schedule: 0 6 * * * Europe/Berlin", "timezone: Asia/Tokyo") == []
    assert offered(tmp_path, "schedule: 0 6 * * * Europe/Berlin", "timezone: Europe/Berlin") == [
        'schedule: "0 6 * * *"'
    ]


CRONTAB = "# backups\nMAILTO=ops@example.com\n0 3 * * * /usr/bin/backup\n@reboot echo up\n"
KUBERNETES = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  schedule: '0 3 * * *'\n"
WORKFLOW = "on:\n  schedule:\n    - cron: '0 3 * * *'\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: []\n"


@pytest.mark.parametrize(
    ("text", "name", "is_convertible"),
    [
        (CRONTAB, "a crontab", True),
        ("*/5 * * * * root /usr/bin/x\n", "a crontab", True),
        ("SHELL=/bin/sh\n7 5 cron.daily run-parts /etc/cron.daily\n", "an anacrontab", True),
        ("&bootrun 0 4 * * * new-day\n", "an fcrontab", True),
        (KUBERNETES, "a Kubernetes CronJob", True),
        ("apiVersion: apps/v1\nkind: Deployment\n", "a Kubernetes manifest without a CronJob", False),
        ("[Unit]\nDescription=x\n[Timer]\nOnCalendar=daily\n", "a systemd timer", True),
        ("[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n", "a systemd unit without a timer", False),
        ('[job-exec "x"]\nschedule = @daily\ncommand = x\n', "an ofelia file", True),
        (
            "jobs:\n  - name: a\n    command: x\n    schedule: '* * * * *'\n    captureStderr: true\n",
            "a yacron file",
            True,
        ),
        ('{"cron": [{"command": "x", "schedule": "0 3 * * *"}]}', "an app.json file", True),
        ('{"formation": {}, "addons": []}', "an app.json file without cron jobs", False),
        ("digest:\n  cron: '0 7 * * *'\n  class: DigestJob\n", "a schedule of sidekiq-cron", True),
        ("production:\n  a:\n    class: A\n    schedule: every hour\n", "a recurring schedule of Solid Queue", True),
        (WORKFLOW, "a GitHub Actions workflow", False),
        ("version: 2.1\njobs:\n  build:\n    steps: [checkout]\n", "a CircleCI file", False),
        ("services:\n  web:\n    image: x\n", "a Docker Compose file", False),
        ("version: '3'\nservices:\n  web: {image: x}\n", "a Docker Compose file", False),
        ("on: push\njobs:\n  build: {uses: ./a.yaml}\n", "a GitHub Actions workflow", False),
        ("stages: [test]\na:\n  script: [x]\n", "a GitLab CI file", False),
        ("web: gunicorn app\nclock: schedd schedules.yaml\n", "a Procfile", False),
        ("A=1\nexport B=2\n", "a file of environment variables", False),
        ("[tool.ruff]\nline-length = 120\n", "a TOML file", False),
        ("[program:x]\ncommand=x\n", "a supervisord file", False),
        ("#!/bin/sh\necho hello\n", "a program, since its first line starts with #!", False),
        ("import os\n\ndef main():\n    pass\n", "a Python program", False),
        ("every 1.day, at: '4:30 am' do\n  rake 'x'\nend\n", "a schedule in Ruby", False),
        ("<?xml version='1.0'?>\n<plist></plist>\n", "a property list of launchd", False),
        ("FROM python:3.12\nCMD schedd\n", "a Dockerfile", False),
        ("jobs:\n{{- range .Values.jobs }}\n  x: 1\n{{- end }}\n", None, False),
        ('web: {listen: "0.0.0.0:8877"}\njobs: {}\n', None, False),
    ],
)
def test_a_file_of_another_program_gets_one_sentence(
    tmp_path: Path, text: str, name: str | None, is_convertible: bool
) -> None:
    """A14"""
    file = tmp_path / "some file"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    if name is None:
        assert "this looks like" not in str(caught.value)
        return
    (problem,) = caught.value.problems
    assert problem.message.startswith(f"this looks like {name}")
    assert problem.message.endswith(f"convert it with `schedctl import '{file}'`") == is_convertible
    assert problem.help is None


VALUES = st.sampled_from(
    [
        *("90", "5m", "1h 30m", "2 hours", "500ms", "PT5M", "4:30", "512", "512MB", "yes", "no", "true", "maybe", "~"),
        *("Forbid", "skip", "UTC+2", "berlin", "EST", "Europe/Munich", "0 3 * * *", "0 3 * * * root", "@dayly", "9am"),
        *("every 5 minutes", "0 0 18 ? * 2-6", "me@example.com", "https://example.com/x", "./x.sh", "x", "A=b", "''"),
        *("[x]", "[A=b]", "{a: b}", "{slack: https://example.com/x}", "{attempts: 3}", "{times: 2}", "[1, 2]", "{}"),
        *(
            "0,3",
            "'0,3'",
            "1,5",
            "bash -e",
            "'a@b.c, d@e.f'",
            "[make a, make b]",
            "[a/b, c/d]",
            "{minutes: 15}",
            "db:migrate",
        ),
        *("0 9 * * mon to fri", "0 9 * * * until 2027-01-01", "0 9 * * * && 0 17 * * *", "0 9 * * * utc", "A=1,B=2"),
        *("$HOME/x", "${X}", "010", "1_0", "a: b", "'it's'", '"x" y', "@every 90", "mondays at 9", "0 25 * * *"),
    ]
)
KEYS = st.sampled_from(
    [
        *("schedule", "timeout", "stop_grace", "start_deadline", "memory_limit", "overlap", "enabled", "timezone"),
        *("retry", "env", "on_failure", "success_codes", "lock", "nice", "umask", "user", "cwd", "output", "catch_up"),
        *("cron", "cmd", "tz", "every", "at", "retries", "max_attempts", "timeoutSeconds", "environment", "notify"),
        *("shell", "script", "commands", "run", "every", "run_if", "condition", "CRON_TZ", "SHELL"),
        *("suspend", "concurrencyPolicy", "slack", "timout", "scheduel", "TOKEN", "workdir", "ping", "description"),
    ]
)


VALID = (
    "schedule: 0 9 * * 1,3,5", "schedule: 30 2 1-15 jan-mar mon-fri", "schedule: */15 8-18 * * *", 'schedule: "@daily"',
    'schedule: "@every 1h30m"', 'schedule: "@at 2027-01-01T09:00"', "schedule: 0 3 L * *", "schedule: 0 9 * * mon#2",
    "schedule: H(0-30) 3 * * *", "schedule: {hour: 3, minute: 30}", "schedule: {second: '*/10'}", "timeout: 1h30m",
    "timeout: 90s", "stop_grace: 0.5s", "memory_limit: 512M", "timezone: Europe/Berlin", "timezone: America/New_York",
    "overlap: queue", "enabled: false", "retry: 3", "retry: {times: 3, delay: 10s}", "success_codes: [0, 24]",
    "env: {A: b, C: 1}", "nice: 10", "umask: '027'", "description: it is 5", "lock: mail", "cwd: /srv/app2",
    "on_failure: [{mail: a1@example.com}]", "on_failure: [{webhook: https://x.example.com/1, format: slack}]",
)  # fmt: skip
SLIPS = st.sampled_from(
    [*"0123456789*/-,.:;#~@?+ \"'[]{}aehmnsuxLWH", "  ", ": ", "60", "99", "am", "ms", "mon", "days", ""]
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid line with one or two slips of the keyboard."""
    line: str = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(SLIPS) + line[at + draw(st.integers(0, 2)) :]
    return line


@settings(max_examples=100)
@given(line=mutated(), flow=st.booleans())
def test_every_suggestion_for_a_typing_error_is_accepted_and_means_the_same(
    tmp_path_factory: pytest.TempPathFactory, line: str, flow: bool
) -> None:
    """Law 12"""
    check_all_fixes(tmp_path_factory.getbasetemp() / "slip.yaml", [line], flow=flow)


@settings(max_examples=100)
@given(entries=st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), flow=st.booleans())
def test_every_suggestion_is_accepted_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str], flow: bool
) -> None:
    """Law 12"""
    lines = [f"{key}: {value}" for key, value in entries.items()]
    check_all_fixes(tmp_path_factory.getbasetemp() / "suggested.yaml", lines, flow=flow)


def check_all_fixes(file: Path, lines: list[str], *, flow: bool) -> None:
    if flow:
        text = f"jobs:\n  a: {{command: echo hello, {', '.join(lines)}}}\n"
    else:
        text = "jobs:\n  a:\n    command: echo hello\n" + "".join(f"    {line}\n" for line in lines)
    file.write_text(text)
    for source, finding in errors_of(file):
        for fix in finding.fixes:
            assert is_accepted(file, source.text, fix), fix
            written = source.text[fix.start : fix.end]
            value = written.partition(":")[2] if ": " in fix.entries[0] else written
            lost = numbers(value) - numbers(fix.text) - NOT_LITERAL
            in_another_way = re.search(r"attempts|\d\s*[ap]m|ms\b|follows", f"{written} {finding.message}")
            assert not lost or in_another_way, fix


NOT_LITERAL = {0, 1, 2, 3, 5, 6, 500, 536870912, 10}
"""Attempts counted from the first, weekdays counted from 1, milliseconds, and zeros of seconds."""


def numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"\d+", text)}


def test_a_file_with_another_ending_is_named(tmp_path: Path) -> None:
    (tmp_path / "schedules.yaml").write_text("jobs: {}\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "schedules.yml")
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == ("no such file", "did you mean schedules.yaml?")


@pytest.mark.parametrize(
    ("line", "message", "help"),
    [
        ("args: {dry_run: false}", "args: must be a list; a mapping of keyword arguments goes under `kwargs`", None),
        ("args: dry_run", "args: must be a list; put the value in brackets", None),
        (
            "backoff: 10s",
            'unknown key "backoff": the delay between attempts is part of "retry"',
            "for example `retry: {times: 2, delay: 10s, factor: 2}`",
        ),
    ],
)
def test_the_place_of_arguments_and_delays_is_named(tmp_path: Path, line: str, message: str, help: str | None) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs:\n  a:\n    python: tasks:send\n    {line}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == (message, help)


@pytest.mark.parametrize("key", ["task", "entrypoint", "run", "function"])
def test_a_function_is_called_with_the_key_python(tmp_path: Path, key: str) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs:\n  a: {{{key}: 'shop.tasks:send'}}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert 'did you mean "python"?' in str(caught.value)
    assert "help: python: " in str(caught.value)


def test_a_call_in_place_of_a_function_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs:\n  a: {python: 'shop.tasks:send(dry_run=True)'}\n")
    with pytest.raises(ConfigError, match="its arguments go under `args` and `kwargs`"):
        load(file)
