"""Each example of each help text is run, word for word, in a shell, beside a schedd with the jobs that they name."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler.cli.schedctl import COMMANDS, command
from tests.system.programs import BIN, environment, schedd, write

FILE = """
    jobs:
      poll-rates: {schedule: "*/5 * * * *", command: echo polled}
      weekly-reminder: {schedule: "0 8 * * mon", command: echo reminded}
      import-file: {command: "echo $DRY_RUN $SCHED_SCHEDULED_AT", accepts: [args, stdin]}
    """

GOES_ON = ("schedctl list --watch", "schedctl logs -f poll-rates import-file")
"""These run until they are interrupted: half a second is enough to see that they start."""

ENDS_WITH = {
    "schedctl stop k3v9d2qa --kill": 4,  # no such run here
    "schedctl init": 5,  # there is a file
    "schedctl shell poll-rates python -c 'import app.tasks'": 1,  # no such module here
    "schedctl notify-test poll-rates": 5,  # it has no recipients
    "schedctl notify-test poll-rates --event recovery": 5,
    "schedctl result k3v9d2qa": 4,
    "schedctl result k3v9d2qa --json": 4,
    "schedctl wait k3v9d2qa": 4,
    "schedctl wait $(cat ids) && echo all succeeded": 2,  # there are no ids yet
    "schedctl import /etc/systemd/system/backup.timer": 2,  # no such timer here
    "schedctl workers": 5,  # the file names none
    "schedctl workers --json": 5,
}

PRINTS = {
    "schedctl run-now poll-rates": "polled\n",
    "schedctl run-now import-file --as-of 2026-05-04T00:00:00Z -e DRY_RUN=1": "1 2026-05-04T00:00:00Z\n",
    "schedctl reload": "nothing changed: 3 jobs\n",
    "schedctl next --expr '30 2 * * *' --timezone America/New_York --from 2026-03-08T00:00Z -n 5": "in place of 02:30",
    "schedctl explain '*/7 2 31 * *' --timezone Europe/Berlin": "31",
    "schedctl list": "poll-rates",
    "schedctl check": "3 jobs, no problems\n",
}


def examples() -> list[str]:
    """The examples of all help texts, read in this process: each worker collects them."""
    found = []
    for name in COMMANDS:
        text = CliRunner().invoke(command, [name, "--help"], prog_name="schedctl").stdout
        text = text.partition("Examples:")[2].partition("Options:")[0]
        found += re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a schedd, in a home directory of its own."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "home" / ".config" / "fish" / "completions").mkdir(parents=True)
    write(folder / "staging.yaml", 'jobs: {a: {schedule: "0 8 * * mon", command: "true"}}')
    with schedd(write(folder / "schedules.yaml", FILE), cwd=folder):
        yield folder


@pytest.mark.parametrize("example", examples())
def test_an_example_does_what_it_says(folder: Path, example: str) -> None:
    home = str(folder / "home")
    programs = {"PATH": f"{BIN}:{os.environ['PATH']}", "SHELL": "/bin/sh", "EDITOR": "true"}
    variables = environment({**programs, "HOME": home})
    # Two would put another file in the place of the one that is served; what they write is tested elsewhere.
    command = example.replace("> schedules.yaml", "> imported.yaml").replace("-o schedules.yaml", "-o other.yaml")
    command = command.replace("kubectl apply -f -", "grep -q CronJob")
    if example in GOES_ON:
        command = f"timeout --signal INT 1 {command}"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if example not in ENDS_WITH:
        assert "Traceback" not in ended.stderr
    if "crontab" not in example and example not in GOES_ON:
        assert ended.returncode == ENDS_WITH.get(example, 0), ended.stderr
    assert PRINTS.get(example, "") in ended.stdout
