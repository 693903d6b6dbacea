"""Manual runs that wait: each ends in a decision, none waits for itself, and their number is bounded."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

from tests.system.programs import BIN, environment, schedctl, schedd, write


def test_accepted_runs_that_wait_at_the_shutdown_are_logged(tmp_path: Path) -> None:
    """B12"""
    job = '{command: "while [ ! -e go ]; do sleep 0.1; done", lock: db, overlap: queue}'
    file = write(tmp_path / "s.yaml", f"jobs: {{a: {job}}}")
    with schedd(file) as running:
        ids = [schedctl("-c", file, "run-now", "a", "--detach", "--json") for _ in range(5)]
        assert [each.returncode for each in ids] == [0] * 5
        running.signal(signal.SIGTERM)
        running.says("shutting down", "running=1", "waiting=4")
        (tmp_path / "go").touch()
        assert running.ends() == 0
        skipped = running.lines("run skipped", "job=a", "reason=shutdown")
        assert len({line.partition("run=")[2].split()[0] for line in skipped}) == 4


def test_queued_requests_run_in_their_order_and_each_has_its_record(tmp_path: Path) -> None:
    """B12"""
    file = write(tmp_path / "s.yaml", 'jobs: {a: {command: "sleep 0.3; echo $N", overlap: queue}}')
    with schedd(file) as running:
        for number in range(4):
            assert schedctl("-c", file, "run-now", "a", "--detach", "-e", f"N={number}").returncode == 0
        running.says("run finished", "job=a", times=4)
        assert [line.split()[-1] for line in running.lines("[a]")] == ["0", "1", "2", "3"]
        history = json.loads(schedctl("-c", file, "history", "a", "--json").stdout)
        assert len(history) == 4
        assert running.stop() == 0


def test_an_attached_client_gets_the_exit_code_of_a_run_that_outlives_the_shutdown_signal(tmp_path: Path) -> None:
    """B13"""
    file = write(tmp_path / "s.yaml", 'jobs: {a: {command: "echo up; sleep 1; echo done; exit 0"}}')
    with schedd(file) as running:
        client = subprocess.Popen(
            [BIN / "schedctl", "-c", file, "run-now", "a"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment({}),
        )
        running.says("[a] up")
        assert running.stop() == 0
        out, err = client.communicate(timeout=20)
        assert (client.returncode, out) == (0, "up\ndone\n"), err


def test_a_job_that_requests_what_waits_for_it_is_refused(tmp_path: Path) -> None:
    """B14"""
    program = f"{BIN / 'schedctl'} -c s.yaml run-now b; echo exit $?"
    file = write(
        tmp_path / "s.yaml",
        f"""
        jobs:
          a: {{command: "{program}", lock: db}}
          b: {{command: echo b, lock: db}}
          c: {{command: "{program} --detach", lock: db}}
        """.replace("; echo exit $? --detach", " --detach; echo exit $?"),
    )
    with schedd(file) as running:
        ended = schedctl("-c", file, "run-now", "a")
        assert ended.stdout.splitlines()[-1] == "exit 5"
        assert "which waits for it" in ended.stderr
        assert schedctl("-c", file, "run-now", "c").stdout.splitlines()[-1] == "exit 0"
        running.says("run finished", "job=b")
        assert running.stop() == 0


def test_with_one_allowed_run_a_request_by_that_run_is_refused(tmp_path: Path) -> None:
    """B14"""
    file = write(
        tmp_path / "s.yaml",
        f"""
        max_running: 1
        jobs:
          a: {{command: "{BIN / "schedctl"} -c s.yaml run-now b; echo exit $?"}}
          b: {{command: echo b}}
        """,
    )
    with schedd(file) as running:
        assert schedctl("-c", file, "run-now", "a").stdout.splitlines()[-1] == "exit 5"
        assert running.stop() == 0


def test_more_than_max_waiting_requests_are_refused(tmp_path: Path) -> None:
    """B15"""
    file = write(tmp_path / "s.yaml", 'jobs: {a: {command: "sleep 30", overlap: queue, max_waiting: 2}}')
    with schedd(file) as running:
        answers = [schedctl("-c", file, "run-now", "a", "--detach") for _ in range(4)]
        assert [each.returncode for each in answers] == [0, 0, 0, 5]
        assert "max_waiting (2) is reached" in answers[-1].stderr
        assert schedctl("-c", file, "stop", "a").returncode == 0
        running.says("run skipped", "reason=stopped", times=2)
        assert running.stop() == 0
