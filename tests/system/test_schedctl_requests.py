"""Work on request through `schedctl`: arguments, later, a queue, keys, and the answer."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.programs import BIN, Schedd, environment, schedctl, schedd, write


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("requests")
    (folder / "app.py").write_text(
        "import sys\ndef f(*args, **kwargs):\n    print(args, sorted(kwargs.items()), sys.stdin.read())\n"
    )
    return write(
        folder / "schedules.yaml",
        """
        jobs:
          words: {command: [printf, "<%s>"], accepts: args}
          text: {command: 'printf "<%s>" "$@"', accepts: [args, stdin]}
          function: {python: "app:f", accepts: [args, kwargs, stdin]}
          copy: {command: cat, accepts: stdin}
          plain: {command: "true"}
          later: {command: "exit 3", accepts: args}
          uploads: {command: "sleep 30", overlap: queue, accepts: args}
          queue: {command: "sleep 30", overlap: queue, max_waiting: 2}
        """,
    )


@pytest.fixture(scope="module", autouse=True)
def daemon(file: Path) -> Iterator[Schedd]:
    with schedd(file) as running:
        yield running


def run_now(file: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return schedctl("-c", file, "run-now", *words, stdin=stdin)


def test_words_after_two_dashes_are_arguments(file: Path) -> None:
    assert run_now(file, "words", "--", "/uploads/a b.csv", "--dry-run").stdout == "</uploads/a b.csv><--dry-run>"
    assert run_now(file, "text", "--", "$(id)", "; exit 3").stdout == "<$(id)><; exit 3>"


def test_a_function_gets_positional_keyword_and_stdin(file: Path) -> None:
    words = ("function", "--kwarg", "n=2", "--kwarg", "who=you and me", "--stdin", "-", "--", "a")
    assert run_now(file, *words, stdin="text").stdout == "('a',) [('n', 2), ('who', 'you and me')] text\n"


def test_stdin_comes_from_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("content")
    assert run_now(file, "copy", "--stdin", str(tmp_path / "in")).stdout == "content"


def test_arguments_that_a_job_does_not_accept_are_refused(file: Path) -> None:
    ended = run_now(file, "plain", "--", "x")
    assert (ended.returncode, ended.stdout) == (5, "")
    assert ended.stderr == "schedctl: not started: plain does not accept args; add args to its key `accepts`\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("function", "--kwarg", "novalue"), "use NAME=VALUE"),
        (("copy", "--stdin", "/nonexistent"), "--stdin /nonexistent: No such file or directory"),
    ],
)
def test_a_wrong_argument_is_one_message(file: Path, words: tuple[str, ...], message: str) -> None:
    ended = run_now(file, *words)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_mebibytes_on_stdin_are_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * (2 << 20))
    ended = run_now(file, "copy", "--stdin", str(tmp_path / "in"))
    assert ended.returncode == 2
    assert ended.stderr.count("longer than 1 MiB") == 1


def test_arguments_are_shown_in_history_and_log_without_secrets(file: Path, daemon: Schedd) -> None:
    run_now(file, "words", "--", "seen", "--token=canary")
    (entry, *_) = json.loads(schedctl("-c", file, "history", "words", "--json").stdout)
    assert entry["run"]["arguments"]["args"] == ["seen", "--token=•••"]
    assert "with seen" in schedctl("-c", file, "history", "words").stdout
    assert daemon.says('event="run started"', "arguments=", "seen")
    assert not daemon.lines("event=", "canary")  # the job itself prints it


def test_arguments_of_runs_that_wait_or_run_are_listed_without_secrets(file: Path) -> None:
    first = detached(file, "uploads", "--", "/uploads/a.csv", "--token=canary")
    second, third = detached(file, "uploads", "--", "b.csv"), detached(file, "uploads", "--in", "1h", "--", "c.csv")
    _, _, table = ask(file, "list", "uploads").stdout.partition("\n\n")
    rows = [re.split(r"  +", line) for line in table.splitlines()]
    assert rows[0] == ["JOB", "RUN", "STATE", "ARGUMENTS", "REQUESTED BY"]
    assert [row[:4] for row in rows[1:]] == [
        ["uploads", first, "running", "/uploads/a.csv '--token=•••'"],
        ["uploads", second, "waiting for overlap", "b.csv"],
        ["uploads", third, rows[3][2], "c.csv"],
    ]
    (listed,) = json.loads(ask(file, "list", "uploads", "--json").stdout)
    assert [queued["arguments"]["args"] for queued in listed["queued"]] == [["b.csv"]]
    assert ask(file, "list", "plain").stdout.count("\n") == 2
    ask(file, "stop", "uploads")


def test_the_requester_is_in_the_answer_the_history_and_the_log(file: Path, daemon: Schedd) -> None:
    def who(by: dict[str, Any]) -> tuple[object, ...]:
        assert by["pid"] > 0
        return by["uid"], by["user"], by["program"]

    me = (os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name, "schedctl")
    running = json.loads(run_now(file, "uploads", "--detach", "--json", "--", "x").stdout)
    waiting = json.loads(run_now(file, "uploads", "--detach", "--json", "--", "y").stdout)
    assert (who(running["by"]), who(running["run"]["by"]), who(waiting["by"])) == (me, me, me)
    stopped = json.loads(ask(file, "stop", "uploads", "--json").stdout)
    assert (who(stopped["by"]), who(stopped["runs"][0]["stopped_by"])) == (me, me)
    assert who(json.loads(ask(file, "reload", "--json").stdout)["by"]) == me
    (paused,) = json.loads(ask(file, "pause", "plain", "--json").stdout)
    assert who(paused["paused"]["by"]) == me
    ask(file, "resume", "plain")
    entries = {each["run_id"]: each for each in json.loads(ask(file, "history", "uploads", "--json").stdout)}
    ran, skipped = entries[running["run_id"]], entries[waiting["run_id"]]
    assert (who(skipped["by"]), who(skipped["stopped_by"]), skipped["arguments"]["args"]) == (me, me, ["y"])
    assert (who(ran["by"]), who(ran["run"]["stopped_by"])) == (me, me)
    assert "stopped by" in ask(file, "history", "uploads").stdout
    assert "stopped by" in ask(file, "result", waiting["run_id"]).stdout
    name = f'by="{me[1]} (schedctl, pid '
    daemon.says("configuration changed", name)
    daemon.says("job paused", name)
    for words in (("run finished", running["run_id"]), ("run skipped", waiting["run_id"])):
        daemon.says(*words, f"stopped_{name}")


def detached(file: Path, *words: str) -> str:
    ended = run_now(file, words[0], "--detach", *words[1:])
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def ask(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return schedctl("-c", file, *words)


def test_a_run_for_later_is_shown_everywhere_and_can_be_cancelled(file: Path) -> None:
    ended = run_now(file, "later", "--in", "1h", "--detach", "--", "word")
    run_id = ended.stdout.strip()
    assert "it is lost if schedd stops before" in ended.stderr
    (listed,) = json.loads(ask(file, "list", "later", "--json").stdout)
    assert (listed["waiting"], listed["requested"][0]["run_id"]) == (1, run_id)
    assert "1 waiting" in ask(file, "list", "later").stdout
    (coming,) = json.loads(ask(file, "next", "later", "--json").stdout)
    assert coming["run_id"] == run_id
    assert "requested by" in coming["note"]
    assert json.loads(ask(file, "status", "--json").stdout)["waiting"] >= 1
    assert json.loads(ask(file, "result", run_id, "--json").stdout)["waiting_for"] == "time"
    assert "waiting until" in ask(file, "result", run_id).stdout
    assert ask(file, "stop", run_id).stdout == "1 waiting run cancelled\n"
    found = json.loads(ask(file, "result", run_id, "--json").stdout)
    assert (found["state"], found["reason"]) == ("skipped", "stopped")
    waited = ask(file, "wait", run_id)
    assert waited.returncode == 5
    assert waited.stdout == f"run {run_id} of later: skipped: it was stopped while it waited\n"


def test_the_output_of_a_run_that_waits_is_followed_from_its_start(file: Path) -> None:
    run_id = detached(file, "words", "--in", "2s", "--", "late")
    not_yet = ask(file, "logs", "--run", run_id)
    assert (not_yet.returncode, not_yet.stderr) == (0, f"no output: run {run_id} has not started yet\n")
    followed = ask(file, "logs", "-f", "--run", run_id)
    assert (followed.returncode, followed.stdout) == (0, "<late>")
    skipped = detached(file, "words", "--in", "1h", "--", "never")
    with subprocess.Popen(
        [BIN / "schedctl", "-c", file, "logs", "-f", "--run", skipped], stderr=subprocess.PIPE, env=environment({})
    ) as reader:
        assert ask(file, "stop", skipped).returncode == 0
        assert reader.wait(20) in (4, 5), "it is stopped before or while it is followed"
    assert ask(file, "logs", "--run", skipped).returncode == 4


def test_a_run_for_later_starts_then(file: Path) -> None:
    run_id = detached(file, "later", "--in", "1s")
    assert ask(file, "wait", run_id).returncode == 3
    found = json.loads(ask(file, "result", run_id, "--json").stdout)
    assert (found["state"], found["run"]["trigger"], found["run"]["exit_code"]) == ("finished", "manual", 3)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--at", "2020-01-01T00:00Z"), 2, "2020-01-01T00:00:00Z is in the past"),
        (("--in", "5m", "--at", "tomorrow"), 2, "--in and --at exclude each other"),
        (("--in", "0s"), 2, "--in must be 1s or longer"),
        (("-e", "SCHED_JOB=zz"), 2, "SCHED_JOB: variables that start with SCHED_ are set by schedd"),
        (("--key", "k" * 10_000), 2, "a key must have 1 to 255 characters; this has 10000"),
        (("--key", ""), 2, "a key must have 1 to 255 characters; this has 0"),
    ],
)
def test_a_wrong_request_is_one_message_and_its_code(
    file: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    ended = run_now(file, "later", *words)
    assert ended.returncode == code
    assert ended.stderr.count(message) == 1
    assert "Traceback" not in ended.stderr


def test_a_request_with_a_known_key_starts_nothing(file: Path) -> None:
    first = run_now(file, "plain", "--detach", "--key", "order-4711")
    run_id = first.stdout.strip()
    assert "no new run" not in first.stderr
    ask(file, "wait", run_id)
    again = run_now(file, "plain", "--detach", "--key", "order-4711")
    assert again.stdout.strip() == run_id
    assert again.stderr == f"schedctl: no new run: run {run_id} was requested with this key before\n"
    assert detached(file, "plain", "--key", "order-4712") != run_id


def test_waiting_for_several_exits_with_the_worst_code(file: Path) -> None:
    ids = [detached(file, name) for name in ("plain", "later", "plain")]
    ended = ask(file, "wait", *ids, "--json")
    assert ended.returncode == 3
    codes = {each["run_id"]: each["run"]["exit_code"] for each in json.loads(ended.stdout)}
    assert codes == {ids[0]: 0, ids[1]: 3, ids[2]: 0}


@pytest.mark.parametrize("command", ["wait", "result"])
def test_an_unknown_run_is_exit_4(file: Path, command: str) -> None:
    ended = ask(file, command, "nosuchid")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert "no run 'nosuchid' is known" in ended.stderr


def test_more_than_max_waiting_is_refused_with_the_number(file: Path) -> None:
    ids = [detached(file, "queue") for _ in range(3)]
    ended = run_now(file, "queue", "--detach")
    assert ended.returncode == 5
    assert "queue: max_waiting (2) is reached" in ended.stderr
    ask(file, "stop", "queue")
    assert ask(file, "wait", *ids).returncode >= 5


def test_an_attached_client_gets_the_code_of_a_run_that_ends_during_the_shutdown(tmp_path: Path) -> None:
    """B13"""
    file = write(tmp_path / "schedules.yaml", 'jobs: {s: {command: "echo begun; sleep 1; exit 7"}}')
    command = [str(BIN / "schedctl"), "-c", str(file), "run-now", "s"]
    with (
        schedd(file) as running,
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment({}), text=True) as attached,
    ):
        assert attached.stdout is not None
        assert attached.stdout.readline() == "begun\n"
        running.signal(signal.SIGTERM)
        assert attached.wait(20) == 7
