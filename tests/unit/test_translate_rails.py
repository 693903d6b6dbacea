"""Schedules of Rails applications: sidekiq-cron, sidekiq-scheduler and Solid Queue; and app.json of Dokku."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scheduler.translate.formats import format_of
from scheduler.translate.importers.fugit import FugitError, read_fugit
from scheduler.translate.importers.source_file import SourceFile
from tests.unit.importing import imported


def runner(code: str) -> list[str]:
    return ["bin/rails", "runner", code]


SIDEKIQ: list[tuple[str, dict[str, Any]]] = [
    (
        'x:\n  cron: "0 7 * * *"\n  class: DigestJob\n',
        {"schedule": "0 7 * * *", "command": runner("DigestJob.perform_later")},
    ),
    (
        "x:\n  cron: '*/5 * * * *'\n  class: PollWorker\n",
        {"schedule": "*/5 * * * *", "command": runner("PollWorker.perform_async")},
    ),
    (
        'x:\n  cron: "0 7 * * * Europe/Berlin"\n  class: "A::B"\n  queue: low\n  description: It digests\n',
        {
            "description": "It digests",
            "schedule": "0 7 * * *",
            "timezone": "Europe/Berlin",
            "command": runner("A::B.set(queue: 'low').perform_later"),
        },
    ),
    (
        "x:\n  cron: '30 0 3 * * *'\n  class: A\n  args: [1, 'it''s', yes, null, true, {a: 2.5}, [x]]\n",
        {
            "schedule": {"second": "30", "minute": "0", "hour": "3"},
            "command": runner("A.perform_later(1, 'it\\'s', 'yes', nil, true, {'a' => 2.5}, ['x'])"),
        },
    ),
    ("- name: x\n  cron: '0 0 3 * * *'\n  class: A\n", {"schedule": "0 3 * * *", "command": runner("A.perform_later")}),
    ("x:\n  every: 45m\n  class: A\n", {"schedule": "@every 45m", "command": runner("A.perform_later")}),
    (
        "x:\n  every: ['30s', {first_in: 0s}]\n  class: A\n",
        {"schedule": "@every 30s", "command": runner("A.perform_later")},
    ),
    (
        (
            ":concurrency: 5\n:scheduler:\n  :schedule:\n    x:\n      :cron: '0 * * * *'\n"
            "      :class: A\n      :enabled: false\n"
        ),
        {"schedule": "0 * * * *", "command": runner("A.perform_later"), "enabled": False},
    ),
    (
        "x:\n  cron: every day at 5am\n  class: A\n  status: disabled\n",
        {"schedule": "0 5 * * *", "command": runner("A.perform_later"), "enabled": False},
    ),
    (
        "x:\n  at: '2030/01/02 03:04:05'\n  class: A\n",
        {"schedule": "@at 2030-01-02T03:04:05", "command": runner("A.perform_later")},
    ),
    (
        "x:\n  interval: 2h\n  class: A\n  args: one\n",
        {"schedule": "@every 2h", "command": runner("A.perform_later('one')")},
    ),
]


@pytest.mark.parametrize(("text", "expected"), SIDEKIQ, ids=[text for text, _ in SIDEKIQ])
def test_schedules_of_sidekiq(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert format_of(SourceFile("x", text)).name == "sidekiq"
    done = imported(tmp_path, text)
    (job,) = done.translation.jobs
    assert (job.name, job.keys) == ("x", expected)
    assert (list(done.config.jobs), done.refused) == (["x"], [])


SOLID_QUEUE: list[tuple[str, dict[str, Any]]] = [
    ("x:\n  class: A\n  schedule: every hour\n", {"schedule": "0 * * * *", "command": runner("A.perform_later")}),
    (
        (
            "production:\n  x:\n    class: A\n    queue: low\n    priority: 2\n"
            "    args: [10, {batch_size: 500, mode: fast}]\n    schedule: every 5 minutes\n"
        ),
        {
            "schedule": "*/5 * * * *",
            "command": runner("A.set(queue: 'low', priority: 2).perform_later(10, batch_size: 500, mode: 'fast')"),
        },
    ),
    (
        "production:\n  x:\n    command: 'Old.delete_all'\n    schedule: at 5am every day\n",
        {"schedule": "0 5 * * *", "command": runner("Old.delete_all")},
    ),
    (
        "x:\n  class: A\n  schedule: '0 3 * * 1 America/New_York'\n  description: d\n",
        {
            "description": "d",
            "schedule": "0 3 * * 1",
            "timezone": "America/New_York",
            "command": runner("A.perform_later"),
        },
    ),
    (
        "production:\n  x:\n    command: |\n      A.run\n      B.run\n    schedule: every minute\n",
        {"schedule": "* * * * *", "command": runner("A.run\nB.run\n")},
    ),
    (
        "x:\n  class: Mail::DigestJob\n  args: daily\n  schedule: every day at 9am\n",
        {"schedule": "0 9 * * *", "command": runner("Mail::DigestJob.perform_later('daily')")},
    ),
    (
        "x:\n  class: A\n  args: [true, null, 1.5, \"it's\"]\n  schedule: '@hourly'\n",
        {"schedule": "@hourly", "command": runner("A.perform_later(true, nil, 1.5, 'it\\'s')")},
    ),
    (
        "default: &default\n  x:\n    class: A\n    schedule: every hour at minute 12\nproduction:\n  <<: *default\n",
        {"schedule": "12 * * * *", "command": runner("A.perform_later")},
    ),
    (
        "production:\n  x: {class: A, schedule: '0 22 * * sun'}\n",
        {"schedule": "0 22 * * sun", "command": runner("A.perform_later")},
    ),
    (
        "x:\n  class: A\n  queue: real_time\n  schedule: every 30 seconds\n",
        {
            "schedule": {"second": "*/30", "minute": "*", "hour": "*"},
            "command": runner("A.set(queue: 'real_time').perform_later"),
        },
    ),
    (
        "production:\n  x:\n    class: A\n    args: [[1, 2], {at: night}]\n    schedule: 30 1 * * *\n",
        {"schedule": "30 1 * * *", "command": runner("A.perform_later([1, 2], at: 'night')")},
    ),
]


@pytest.mark.parametrize(("text", "expected"), SOLID_QUEUE, ids=[text for text, _ in SOLID_QUEUE])
def test_recurring_tasks_of_solid_queue(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert format_of(SourceFile("x", text)).name == "solid-queue"
    done = imported(tmp_path, text)
    (job,) = done.translation.jobs
    assert (job.name, job.keys, done.refused) == ("x", expected, [])
    assert list(done.config.jobs) == ["x"]


def test_only_production_is_carried_over(tmp_path: Path) -> None:
    text = (
        "# all\ndevelopment:\n  a: {class: A, schedule: every day}\nproduction:\n  # b\n"
        "  b: {class: B, schedule: every day}\n"
    )
    done = imported(tmp_path, text)
    assert list(done.config.jobs) == ["b"]
    assert [line for line, _ in done.refused] == [2]
    assert done.translation.jobs[0].comments == ("all", "b")


APP_JSON: list[tuple[str, list[dict[str, Any]]]] = [
    ('{"cron": []}', []),
    (
        '{"cron": [{"command": "node x.js", "schedule": "0 5 * * *"}]}',
        [{"schedule": "0 5 * * *", "command": "node x.js", "overlap": "allow"}],
    ),
    (
        (
            '{\n\t"cron": [\n'
            '\t\t{"command": "a \\"b\\" \\\\ \\u00e9", "schedule": "@daily", "concurrency_policy": "forbid"}\n\t]\n}'
        ),
        [{"schedule": "@daily", "command": 'a "b" \\ é', "overlap": "skip"}],
    ),
    (
        (
            '{"name": "x", "cron": [{"command": "a", "schedule": "@daily", "maintenance": true, '
            '"concurrency_policy": "replace"}]}'
        ),
        [{"schedule": "@daily", "command": "a", "overlap": "replace", "enabled": False}],
    ),
    (
        (
            '{"cron": [{"command": "python manage.py clearsessions", "schedule": "0 */6 * * *"}, '
            '{"command": "rake x[1]", "schedule": "@weekly"}]}'
        ),
        [
            {"schedule": "0 */6 * * *", "command": "python manage.py clearsessions", "overlap": "allow"},
            {"schedule": "@weekly", "command": "rake x[1]", "overlap": "allow"},
        ],
    ),
    (
        (
            '{"scripts": {"dokku": {"predeploy": "x"}}, "healthchecks": {}, "cron": '
            '[{"schedule": "*/5 * * * *", "command": "true && echo \'x\' > /tmp/x 2>&1"}]}'
        ),
        [{"schedule": "*/5 * * * *", "command": "true && echo 'x' > /tmp/x 2>&1", "overlap": "allow"}],
    ),
    (
        '{"cron": [{"command": "a 100%", "schedule": "15 14 1 * *", "maintenance": false}]}',
        [{"schedule": "15 14 1 * *", "command": "a 100%", "overlap": "allow"}],
    ),
    (
        '{"cron": [{"command": "a", "schedule": "0 22 * * 1-5"}, {"command": "a", "schedule": "@monthly"}]}',
        [
            {"schedule": "0 22 * * 1-5", "command": "a", "overlap": "allow"},
            {"schedule": "@monthly", "command": "a", "overlap": "allow"},
        ],
    ),
    (
        '{\n  "cron": [\n    {\n      "command": "sh -c \\"x\\"",\n      "schedule": "@yearly"\n    }\n  ]\n}\n',
        [{"schedule": "@yearly", "command": 'sh -c "x"', "overlap": "allow"}],
    ),
    (
        '{"env": {"A": {"required": true}}, "addons": ["x"], "cron":[{"command":"a","schedule":"1,31 0-6/2 * 1,7 *"}]}',
        [{"schedule": "1,31 0-6/2 * 1,7 *", "command": "a", "overlap": "allow"}],
    ),
]


@pytest.mark.parametrize(("text", "expected"), APP_JSON, ids=[text for text, _ in APP_JSON])
def test_cron_of_app_json(tmp_path: Path, text: str, expected: list[dict[str, Any]]) -> None:
    assert format_of(SourceFile("app.json", text)).name == "app-json"
    done = imported(tmp_path, text)
    assert [job.keys for job in done.translation.jobs] == expected
    assert (len(done.config.jobs), done.refused) == (len(expected), [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"cron": [{"schedule": "@daily"}]}', "the command is missing"),
        ('{"cron": [{"command": "a", "schedule": "soon"}]}', "field"),
        ('{"cron": [{"command": "a", "schedule": "@daily", "concurrency_policy": "x"}]}', "unknown concurrency_policy"),
        ('{"cron": [{"command": "a", "schedule": "@daily", "x": 1}]}', "no equivalent"),
        (
            "x: {cron: '0 7 * * *', class: 'system(1)'}\ny:\n  cron: '* * * * *'\n  class: A\n",
            "not the name of a class",
        ),
        ("x:\n  cron: every now and then\n  class: A\n", "not certain"),
        ("x:\n  in: 1h\n  class: A\n", "no time"),
        ("x:\n  cron: '* * * * *'\n  class: A\n  date_as_argument: true\n", "no equivalent"),
        ("x:\n  cron: <%= ENV['CRON'] %>\n  class: A\n", "an ERB template"),
        ("x:\n  class: A\n  schedule: every 7 hours\n", "not certain"),
        ("x:\n  class: A\n  schedule: every day\n  concurrency: 1\n", "no equivalent"),
    ],
)
def test_settings_without_an_equivalent_are_refused(tmp_path: Path, text: str, why: str) -> None:
    assert [why in reason for _, reason in imported(tmp_path, text).refused] == [True]


@pytest.mark.parametrize(
    ("phrase", "schedule"),
    [
        ("every minute", "* * * * *"),
        ("every second", {"second": "*", "minute": "*", "hour": "*"}),
        ("every 15 seconds", {"second": "*/15", "minute": "*", "hour": "*"}),
        ("every 6 hours", "0 */6 * * *"),
        ("every hour at minute 12", "12 * * * *"),
        ("every week", "0 0 * * 0"),
        ("every month", "0 0 1 * *"),
        ("every day at noon", "0 12 * * *"),
        ("every weekday at 17:30", "30 17 * * mon-fri"),
        ("every Monday and thursday at 12am", "0 0 * * mon,thu"),
        ("at 5:30pm every tuesday", "30 17 * * tue"),
    ],
)
def test_phrases_whose_meaning_is_certain(phrase: str, schedule: Any) -> None:
    assert read_fugit(phrase) == (schedule, None)
    assert read_fugit(f"{phrase} in Asia/Tokyo") == (schedule, "Asia/Tokyo")


@pytest.mark.parametrize(
    "phrase",
    [
        "",
        "soon",
        "every 45 minutes",
        "every 2 days",
        "at 5 every day at 6",
        "every day at 25",
        "every other day",
        "every hour at minute 60",
        "every 0 minutes",
        "every day at 13pm",
    ],
)
def test_phrases_whose_meaning_is_not(phrase: str) -> None:
    with pytest.raises(FugitError):
        read_fugit(phrase)
