"""`schedctl stop`, `pause`, `resume`, `reload`, `history`, `logs` and `why` with a running schedd."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.programs import BIN, Schedd, environment, eventually, schedctl, schedd, write


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(
        tmp_path_factory.mktemp("control") / "schedules.yaml",
        """
        jobs:
          often: {schedule: "@every 1s", command: "echo out; echo err >&2"}
          other: {command: "echo one; echo two"}
          long: {command: "echo begun; sleep 60"}
          slow: {command: "echo a; sleep 0.7; printf b"}
          failing: {command: "exit 3", retry: {times: 1, delay: 1h}}
          yearly: {schedule: "@yearly", command: "true"}
        """,
    )


@pytest.fixture(scope="module")
def daemon(file: Path) -> Iterator[Schedd]:
    with schedd(file) as daemon:
        yield daemon


def ask(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return schedctl("-c", file, *words)


def test_stopping_a_job_ends_its_back_off_too(file: Path, daemon: Schedd) -> None:
    process = subprocess.Popen(
        [BIN / "schedctl", "-c", file, "run-now", "failing"], env=environment({}), stderr=subprocess.PIPE, text=True
    )
    eventually(lambda: json.loads(ask(file, "list", "failing", "--json").stdout)[0]["status"] == "retrying")
    assert re.search(r"retrying in (1h|59m)", ask(file, "list", "failing").stdout)
    assert re.fullmatch(r"run \w{8} of failing stopped, exit 3, after .*\n", ask(file, "stop", "failing").stdout)
    assert process.communicate(timeout=10)[1].startswith("schedctl: attempt 1: failed, exit 3; next attempt in ")
    assert process.returncode == 3
    assert ask(file, "stop", "failing").stdout == "nothing to stop\n"
    unknown = ask(file, "stop", "faling")
    assert (unknown.returncode, unknown.stderr) == (4, "schedctl: no job or run 'faling'; did you mean 'failing'?\n")


def test_a_pause_skips_runs_until_it_ends(file: Path, daemon: Schedd) -> None:
    paused = ask(file, "pause", "often", "--for", "1h", "--note", "API is down")
    assert re.search(r"paused, (1h|59m \d+s) left: API is down", paused.stdout)
    daemon.says('event="run skipped"', "job=often", "reason=paused")
    assert "skipped" in ask(file, "history", "often").stdout
    assert "the job was paused" in ask(file, "history", "often").stdout
    assert "will not run: paused until" in ask(file, "next", "often", "-n", "1").stdout
    assert ask(file, "run-now", "often").returncode == 0
    assert "idle" in ask(file, "resume", "often").stdout
    ran = len(daemon.lines('event="run finished"', "job=often"))
    daemon.says('event="run finished"', "job=often", times=ran + 1)


def test_the_end_of_a_pause_of_all_leaves_the_pause_of_one_job_and_says_so(file: Path, daemon: Schedd) -> None:
    ask(file, "pause", "often", "--note", "API is down")
    assert ask(file, "pause", "--all", "--for", "1h").stdout.count("paused") > 1
    resumed = ask(file, "resume", "--all")
    assert resumed.stdout.count("paused") == 1
    assert "paused: API is down" in resumed.stdout
    assert resumed.stderr == "schedctl: still paused, since they were paused by name: often\n"
    assert "paused" not in ask(file, "resume", "often").stdout


@pytest.mark.parametrize(
    "words", [("pause",), ("resume",), ("pause", "--all", "often"), ("pause", "often", "--for", "5")]
)
def test_a_pause_of_nothing_is_a_wrong_command_line(file: Path, daemon: Schedd, words: tuple[str, ...]) -> None:
    assert ask(file, *words).returncode == 2


def test_a_pause_that_names_a_job_wrongly_pauses_none(file: Path, daemon: Schedd) -> None:
    assert ask(file, "pause", "other", "oftn").returncode == 4
    assert "paused" not in ask(file, "list").stdout


def test_the_plan_of_a_reload_is_what_the_reload_then_does(file: Path, daemon: Schedd) -> None:
    before = file.read_text()
    file.write_text(before.replace("@yearly", "@hourly").replace("  other:", "  renamed:"))
    plan = ask(file, "reload", "--plan")
    assert re.search(r"^\+ renamed$", plan.stdout, re.MULTILINE)
    assert re.search(r"^~ yearly  next .* UTC, was .*01-01 00:00 UTC$", plan.stdout, re.MULTILINE)
    assert re.search(r"^- other$", plan.stdout, re.MULTILINE)
    assert plan.stdout.endswith("1 to add, 1 to change, 1 to remove, 4 unchanged\n")
    assert ask(file, "run-now", "other").returncode == 0
    assert ask(file, "reload").stdout.endswith("1 added, 1 changed, 1 removed, 4 unchanged\n")
    assert ask(file, "run-now", "other").returncode == 4
    file.write_text(before.replace("@yearly", "@yearl"))
    failed = schedctl("-c", file, "reload")
    assert failed.returncode == 1
    assert failed.stderr.startswith("schedctl: reload failed; the previous configuration stays active:\n/")
    assert schedctl("-c", file, "reload", "--plan").stderr.startswith("schedctl: a reload would fail:\n/")
    file.write_text(before)
    answer = json.loads(ask(file, "reload", "--json").stdout)
    assert ([job["name"] for job in answer["added"]], answer["applied"], answer["unchanged"]) == (["other"], True, 4)


def test_history_has_runs_and_skips_newest_first(file: Path, daemon: Schedd) -> None:
    daemon.says('event="run finished"', "job=often", times=2)
    entries = json.loads(ask(file, "history", "often", "--json").stdout)
    assert [entry["last"] for entry in entries] == sorted((entry["last"] for entry in entries), reverse=True)
    assert {entry["job"] for entry in entries} == {"often"}
    ask(file, "run-now", "failing", "--detach")
    eventually(lambda: json.loads(ask(file, "list", "failing", "--json").stdout)[0]["status"] == "retrying")
    ask(file, "stop", "failing")
    failed = json.loads(ask(file, "history", "--failed", "--json").stdout)
    assert {(entry["job"], entry["run"]["outcome"]) for entry in failed} == {("failing", "stopped")}
    assert len(json.loads(ask(file, "history", "-n", "1", "--json").stdout)) == 1
    assert json.loads(ask(file, "history", "--since", "2999-01-01T00:00Z", "--json").stdout) == []


def test_logs_of_one_job_are_its_own_bytes_and_of_several_they_are_named(file: Path, daemon: Schedd) -> None:
    assert ask(file, "run-now", "other").returncode == 0
    alone = ask(file, "logs", "other")
    assert (alone.stdout, alone.stderr) == ("one\ntwo\n", "")
    daemon.says('event="run finished"', "job=often")
    both = ask(file, "logs", "often", "other")
    assert "[other] one\n[other] two\n" in both.stdout
    assert "[often] out\n" in both.stdout
    assert "[often err] err\n" in both.stderr
    assert ask(file, "logs", "--run", "nosuchid").returncode == 4


def test_logs_show_the_output_of_a_live_run_so_far_and_how_much_is_no_longer_kept(tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          other: {command: "true"}
          long: {command: "head -c 100000 /dev/zero | tr '\\\\0' x"}
          drawing: {command: "printf '10%%\\r20%%\\r'; printf half; exec sleep 60", on_shutdown: stop}
        """,
    )
    with schedd(file):
        ask(file, "run-now", "drawing", "--detach")
        drawn = "[drawing] 10%\n[drawing] 20%\n[drawing] half\n"
        eventually(lambda: ask(file, "logs").stdout == drawn)
        ask(file, "run-now", "long")
        kept = ask(file, "logs", "long")
        missing = f"… {100_000 - len(kept.stdout):,} bytes of output missing here: dropped, or no longer kept\n"
        assert (set(kept.stdout), kept.stderr) == ({"x"}, missing)


def has_connected(pid: int) -> bool:
    """Whether the process has an open socket."""
    with suppress(FileNotFoundError):  # of a descriptor that was closed meanwhile
        return any(fd.readlink().name.startswith("socket:") for fd in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_logs_follow_runs_that_begin_later_until_they_are_left(file: Path, daemon: Schedd) -> None:
    following = subprocess.Popen(
        [BIN / "schedctl", "-c", file, "logs", "-f", "slow"], env=environment({}), stdout=subprocess.PIPE, text=True
    )
    assert following.stdout is not None
    eventually(lambda: has_connected(following.pid))
    ask(file, "run-now", "slow", "--detach")
    assert following.stdout.readline() == "a\n"
    assert following.stdout.read(1) == "b"
    ask(file, "run-now", "slow", "--detach")
    assert following.stdout.readline() == "a\n"
    following.send_signal(2)
    assert following.wait(10) == 130
    following.stdout.close()


def test_a_run_whose_job_a_reload_removed_is_counted_and_can_be_stopped_by_its_jobs_name(tmp_path: Path) -> None:
    file = write(tmp_path / "schedules.yaml", 'jobs: {stays: {command: "true"}, goes: {command: sleep 60}}')
    with schedd(file):
        ask(file, "run-now", "goes", "--detach")
        write(file, 'jobs: {stays: {command: "true"}}')
        assert ask(file, "reload").returncode == 0
        assert json.loads(ask(file, "status", "--json").stdout)["running"] == 1
        assert re.match(r"run \w{8} of goes stopped, ", ask(file, "stop", "goes").stdout)
        assert json.loads(ask(file, "status", "--json").stdout)["running"] == 0
        assert ask(file, "stop", "goes").returncode == 4


def test_status_counts_what_was_decided(file: Path, daemon: Schedd) -> None:
    answer = json.loads(ask(file, "status", "--json").stdout)
    assert answer["decisions"]["ran"] > 0
    shown = ask(file, "status").stdout
    assert f"pid {daemon.pid}" in shown
    assert re.search(r"^decisions +\d+ runs?\b", shown, re.MULTILINE)


def test_why_reads_the_ledger_first(file: Path, daemon: Schedd) -> None:
    (line,) = daemon.says('event="run finished"', "job=often")[:1]
    scheduled_time = re.search(r"scheduled_at=(\S+)", line)
    answer = json.loads(ask(file, "why", "often", "--json").stdout)
    assert (answer["entry"]["decision"], answer["entry"]["reason"]) in (("ran", None), ("skipped", "paused"))
    assert "Its next scheduled time is" in ask(file, "why", "often").stdout
    if scheduled_time is not None:
        assert re.search(
            r"The run scheduled at .* started \d[\d.]*s later as \w{8}: ",
            ask(file, "why", "often", scheduled_time[1]).stdout,
        )


def test_why_names_the_cause_of_a_failure_and_where_its_output_is(tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          fails: {command: "echo out; exit 3"}
          missing: {command: [no-such-program]}
          returns: {python: "tasks:send"}
        """,
    )
    (tmp_path / "tasks.py").write_text("def send():\n    return {'sent': 0}\n")
    with schedd(file):
        for job in ("fails", "missing", "returns"):
            ask(file, "run-now", job)
        fails, missing, returns = (ask(file, "why", job).stdout for job in ("fails", "missing", "returns"))
        run = re.search(r"^The run requested at .* by .* started as (\w{8}): failed, exit 3\.$", fails, re.MULTILINE)
        assert run is not None
        assert f"The output of this run: schedctl logs --run {run[1]}\n" in fails
        assert ask(file, "logs", "--run", run[1]).stdout == "out\n"
        assert re.search(r" could not be started \(run \w{8}\): command not found: no-such-program; PATH is ", missing)
        assert "started as" not in missing and "schedctl logs" not in missing
        assert ": succeeded, exit 0: returned {'sent': 0}.\n" in returns and "schedctl logs" not in returns


def test_logs_of_several_runs_come_in_order_with_their_times(tmp_path: Path) -> None:
    """F6"""
    file = write(
        tmp_path / "schedules.yaml",
        """
        defaults: {timezone: Europe/Berlin}
        jobs:
          count: {command: "echo one; echo $N >&2; printf three"}
          other: {command: "echo other"}
        """,
    )
    with schedd(file):
        for number in range(3):
            ask(file, "run-now", "count", "-e", f"N={number}")
        ask(file, "run-now", "other")
        assert ask(file, "logs", "count").stdout == "one\nthree"
        assert ask(file, "logs", "count", "--runs", "2").stdout == "one\nthreeone\nthree"
        assert ask(file, "logs", "-n", "1").stdout == "[count] three\n[other] other\n"
        assert ask(file, "logs", "-n", "1", "count", "--runs", "3").stdout == "three"
        assert ask(file, "logs", "--since", "1h").stdout.count("[count] one\n") == 3
        assert ask(file, "logs", "--since", "in 1h").stdout == ""
        stamped = ask(file, "logs", "-t", "count", "--runs", "2")
        line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T"
        assert re.fullmatch(rf"({line} one\n{line} three\n){{2}}", stamped.stdout)
        assert re.fullmatch(rf"{line} 1\n{line} 2\n", stamped.stderr)
        at = stamped.stdout[:23].strip()
        assert ask(file, "logs", "--since", at, "other").stdout == "other\n"
        run_id = json.loads(ask(file, "history", "count", "-n", "1", "--json").stdout)[0]["run"]["id"]
        assert ask(file, "logs", "--run", run_id, "-t").stderr.endswith(" 2\n")
        assert ask(file, "logs", "--run", run_id, "--runs", "2").returncode == 2
