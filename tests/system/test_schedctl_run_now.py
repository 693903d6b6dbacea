"""`schedctl run-now` as a person and a script use it: through a schedd, and where there is none."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, eventually, processes_with, schedctl, schedd, write


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(
        tmp_path_factory.mktemp("run-now") / "schedules.yaml",
        """
        jobs:
          seven: {command: "echo out; echo err >&2; exit 7"}
          bytes: {command: "printf 'a\\\\000\\\\377\\\\r\\\\nno newline'"}
          slow: {command: "echo begun; sleep 30"}
          stubborn: {command: "trap 'echo ignored' TERM; echo begun; while :; do sleep 0.1; done", stop_grace: 1s}
          late: {command: "sleep 30", timeout: 1s}
          missing: {command: [no-such-program]}
          again: {command: "exit 3", retry: {times: 1, delay: 1s}}
          signalled: {command: "kill -KILL $$"}
          facts: {command: "echo $SCHED_JOB $SCHED_SCHEDULED_AT $SCHED_TRIGGER $EXTRA"}
          queued: {command: "while [ ! -e first-may-end ]; do sleep 0.05; done", overlap: queue}
          disabled: {command: "echo ran all the same", enabled: false}
          much: {command: "seq 1 3000000", output: discard}
        """,
    )


@pytest.fixture(scope="module", params=["through a schedd", "right here"])
def run(request: pytest.FixtureRequest, file: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`schedctl run-now` with a schedd and without: the same contract."""

    def run_now(*words: str) -> subprocess.CompletedProcess[str]:
        return schedctl("-c", file, "run-now", *words)

    if request.param == "right here":
        yield run_now
    else:
        with schedd(file):
            yield run_now


@pytest.fixture
def watched(file: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a run-now that goes on, and wait for its first line."""
    started = []

    def start(job: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [BIN / "schedctl", "-c", file, "run-now", job],
            env=environment({"MARK": "watched"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_ends_as_the_job_does_and_keeps_its_outputs_apart(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    ended = run("seven")
    assert (ended.returncode, ended.stdout) == (7, "out\n")
    assert ended.stderr.endswith("err\n")


@pytest.mark.parametrize(
    ("job", "code", "words"),
    [
        ("late", 124, "schedctl: late timed out after 1"),
        ("missing", 127, "schedctl: missing could not be started: "),
        ("again", 3, "schedctl: attempt 1: failed, exit 3; next attempt in 1s"),
        ("signalled", 137, ""),
        ("disabled", 0, ""),
    ],
)
def test_an_unusual_end_is_reported(
    run: Callable[..., subprocess.CompletedProcess[str]], job: str, code: int, words: str
) -> None:
    ended = run(job)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr


def test_a_misspelt_job_is_answered_with_the_nearest(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ended = run("sevne")
    assert ended.returncode == 4
    assert ended.stderr.splitlines()[-1] == "schedctl: not started: no job 'sevne'; did you mean 'seven'?"


def test_any_bytes_arrive_as_they_were_written(file: Path, run: Callable[..., object]) -> None:
    ended = subprocess.run(
        [BIN / "schedctl", "-c", file, "run-now", "bytes"], env=environment({}), capture_output=True, check=True
    )
    assert ended.stdout == b"a\x00\xff\r\nno newline"


def test_much_output_arrives_whole(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ended = run("much")
    expected = "".join(f"{number}\n" for number in range(1, 3_000_001))
    assert hashlib.sha256(ended.stdout.encode()).digest() == hashlib.sha256(expected.encode()).digest()


def test_the_job_gets_the_requested_arguments(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ended = run("facts", "--as-of", "2026-05-04T02:00:00+02:00", "--env", "EXTRA=a b=c")
    assert ended.stdout == "facts 2026-05-04T00:00:00Z manual a b=c\n"


def test_as_json_it_prints_one_document_and_the_output_goes_to_stderr(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    ended = run("seven", "--json")
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["started"], answer["exit_code"]) == (7, True, 7)
    assert (answer["run"]["outcome"], answer["run"]["job"]) == ("failed", "seven")
    assert "out\n" in ended.stderr
    assert "err\n" in ended.stderr
    refused = run("nobody", "--json")
    answer = json.loads(refused.stdout)
    assert (refused.returncode, answer["started"], answer["exit_code"]) == (4, False, 4)


@pytest.mark.parametrize("words", [("--env", "SECRET"), ("--as-of", "someday"), ("--as-of", "25:00")])
def test_a_wrong_command_line_is_an_error_and_starts_nothing(
    run: Callable[..., subprocess.CompletedProcess[str]], words: tuple[str, ...]
) -> None:
    ended = run("seven", *words)
    assert ended.returncode == 2
    assert "use " in ended.stderr or "not a valid time" in ended.stderr
    assert "SECRET" not in ended.stderr
    assert ended.stdout == ""


def test_ctrl_c_detaches_and_says_how_to_stop_the_run(
    file: Path, watched: Callable[[str], subprocess.Popen[str]]
) -> None:
    with schedd(file) as daemon:
        process = watched("slow")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 130
        command = errors.rpartition("To stop it: ")[2].split()
        assert command[:-1] == ["schedctl", "-c", str(file), "stop"]
        assert not daemon.lines('event="run finished"')
        stopped = schedctl(*command[1:])
        assert stopped.stdout.startswith(f"run {command[-1]} of slow stopped, exit 143")
        assert schedctl(*command[1:]).stdout == "nothing to stop\n"


def test_without_a_schedd_ctrl_c_stops_the_job_and_all_its_children(
    file: Path, watched: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = watched("stubborn")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 137
    eventually(lambda: not processes_with("MARK=watched"))


def test_a_second_ctrl_c_does_not_wait_for_the_grace(
    file: Path, watched: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = watched("stubborn")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "ignored\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 137


def test_detached_it_prints_the_id_of_the_run_that_goes_on(file: Path) -> None:
    with schedd(file) as daemon:
        ended = schedctl("-c", file, "run-now", "slow", "--detach")
        assert (ended.returncode, ended.stderr) == (0, "")
        run_id = ended.stdout.strip()
        daemon.says('event="run started"', f"run={run_id}")
        refused = schedctl("-c", file, "run-now", "slow")
        assert refused.returncode == 5
        assert refused.stderr.startswith(f"schedctl: not started: slow: it is already running (run {run_id}); --force")
        forced = schedctl("-c", file, "run-now", "slow", "--detach", "--force")
        assert forced.returncode == 0
        assert schedctl("-c", file, "stop", "slow", "--kill").stdout.count("exit 137") == 2
    alone = schedctl("-c", file, "run-now", "seven", "--detach")
    assert (alone.returncode, alone.stdout) == (3, "")
    assert alone.stderr == f"schedctl: not started: no schedd is running for {file}; to start it: schedd {file}\n"


def test_a_waiting_run_names_its_gate(file: Path) -> None:
    with schedd(file):
        first = schedctl("-c", file, "run-now", "queued", "--detach").stdout.strip()
        second = subprocess.Popen(
            [BIN / "schedctl", "-c", file, "run-now", "queued"], stderr=subprocess.PIPE, text=True, env=environment({})
        )
        assert second.stderr is not None
        waiting = second.stderr.readline()
        (file.parent / "first-may-end").touch()
        assert f"is waiting for the previous run to finish: run {first} of queued" in waiting
        assert first not in second.communicate(timeout=30)[1]
        assert second.returncode == 0


def test_it_exits_quietly_when_its_output_is_no_longer_read(file: Path) -> None:
    shell = f"{BIN / 'schedctl'} -c {file} run-now much | head -n 1; echo ${{PIPESTATUS[0]}}"
    with schedd(file):
        ended = subprocess.run(["bash", "-c", shell], env=environment({}), capture_output=True, text=True, check=True)
    assert ended.stdout == "1\n141\n"
    assert "Traceback" not in ended.stderr
    alone = subprocess.run(["bash", "-c", shell], env=environment({}), capture_output=True, text=True, check=True)
    assert alone.stdout == "1\n141\n"
    assert "Traceback" not in alone.stderr


def test_an_invalid_file_starts_no_run(tmp_path: Path) -> None:
    bad = write(tmp_path / "bad.yaml", "jobs: {x: {comand: y}}")
    ended = schedctl("-c", bad, "run-now", "x")
    assert ended.returncode == 1
    assert "did you mean" in ended.stderr or "command" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_file_is_found_as_schedd_finds_it(file: Path) -> None:
    assert schedctl("run-now", "seven", cwd=file.parent).returncode == 7
    assert schedctl("run-now", "seven", SCHEDD_CONFIG=str(file)).returncode == 7
    lost = schedctl("run-now", "seven", cwd=Path(os.sep), SCHEDD_SOCKET="/nowhere/s.sock")
    assert lost.returncode == 2
    assert "name the file with -c FILE" in lost.stderr


def test_without_a_schedd_it_says_that_a_key_does_not_prevent_a_second_run(tmp_path: Path) -> None:
    file = write(tmp_path / "schedules.yaml", "jobs: {a: {command: echo ran}}\n")
    keyless, keyed = schedctl("-c", file, "run-now", "a"), schedctl("-c", file, "run-now", "a", "--key", "k")
    assert keyless.stdout == keyed.stdout == "ran\n"
    assert ["no key is remembered" in each.stderr for each in (keyless, keyed)] == [False, True]
