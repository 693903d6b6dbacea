"""schedd as seen from a terminal: start, run, reload, reject, stop."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, eventually, processes_with, schedctl, schedd, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          hello:
            schedule: "@every 1s"
            command: echo hello from $SCHED_JOB
        """,
    )


def test_it_logs_the_schedule_runs_jobs_prefixes_their_output_and_drains_on_sigterm(file: Path) -> None:
    with schedd(file) as running:
        (loaded,) = running.says('event="job loaded"', "job=hello")
        assert 'schedule="@every 1s"' in loaded
        assert "next_at=20" in loaded
        running.says("[hello] hello from hello")
        (started, *_) = running.says('event="run started"', "job=hello", "trigger=schedule")
        assert "lateness=" in started
        (finished, *_) = running.says('event="run finished"', "outcome=succeeded", "exit=0", "duration=")
        assert "run=" in finished
        assert running.stop() == 0
        assert running.lines('event="shutting down"')
        assert "event=stopped" in running.log.splitlines()[-1]  # F13


def test_records_and_output_as_json(file: Path) -> None:
    with schedd(file, "--log-format", "json") as running:
        running.says('"event":"run finished"')
        assert running.stop() == 0
        records = [json.loads(line) for line in running.log.splitlines()]
    output = next(record for record in records if record["event"] == "output")
    assert (output["job"], output["stream"], output["line"]) == ("hello", "stdout", "hello from hello")
    finished = next(record for record in records if record["event"] == "run finished")
    assert (finished["run"], finished["outcome"], finished["level"]) == (output["run"], "succeeded", "info")


def test_a_second_schedd_on_the_same_file_refuses_with_the_pid_of_the_first(file: Path) -> None:
    """D1"""
    with schedd(file) as first, schedd(file, ready=False) as second:
        assert second.ends() == 1
        assert f"pid {first.pid}" in second.errors
        assert "Traceback" not in second.errors


def test_without_file_locks_a_warning_is_logged_and_the_socket_excludes_a_second_schedd(file: Path) -> None:
    """D1, on a file system without locks."""
    program = (sys.executable, str(Path(__file__).with_name("schedd_without_locks.py")))
    with schedd(file, program=program) as first, schedd(file, program=program, ready=False) as second:
        first.says("file lock failed", "No locks available")
        first.says("[hello] hello from hello")
        assert second.ends() == 1
        assert f"pid {first.pid}" in second.errors
        first.signal(signal.SIGHUP)
        first.says("configuration changed", times=2)
        assert first.stop() == 0


def test_a_killed_schedd_does_not_hinder_the_next(file: Path) -> None:
    with schedd(file) as first:
        first.signal(signal.SIGKILL)
        first.ends()
    with schedd(file) as second:
        assert "socket=/" in second.says("schedd started")[0]
        assert second.stop() == 0


def test_schedd_exits_with_78_and_names_each_error_of_an_invalid_file(tmp_path: Path) -> None:
    bad = write(tmp_path / "bad.yaml", """
        jobs:
          a: {schedule: "61 * * * *", command: "true"}
          b: {schedul: "@daily", command: "true"}
        """)  # fmt: skip
    with schedd(bad, ready=False) as running:
        assert running.ends() == 78
        assert "bad.yaml:2:" in running.errors
        assert "bad.yaml:3:" in running.errors
        assert "Traceback" not in running.errors


def test_a_missing_file_ends_with_78(tmp_path: Path) -> None:
    with schedd(tmp_path / "none.yaml", ready=False) as running:
        assert running.ends() == 78
        assert "none.yaml" in running.errors
        assert "Traceback" not in running.errors


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR2])
def test_a_signal_reloads_and_a_bad_file_changes_nothing(file: Path, number: signal.Signals) -> None:
    """R3"""
    with schedd(file) as running:
        good = file.read_text()
        file.write_text("jobs: {hello: {schedule: nonsense, command: x}}\n")
        running.signal(number)
        running.says('event="reload failed"')
        count = len(running.lines("[hello]"))
        running.says("[hello]", times=count + 2)
        file.write_text(good + '  other:\n    schedule: "@every 1s"\n    command: echo other\n')
        running.signal(number)
        running.says('event="configuration changed"', "added=1", "unchanged=1")
        running.says("[other] other")
        assert running.stop() == 0


@pytest.mark.parametrize(
    ("added", "keys"),
    [
        (
            "space: shop\nlauncher:\n  celery: {broker: redis://127.0.0.1/0}\ndefaults: {launcher: local}\n",
            "launcher and space",
        ),
        ('web: {listen: "127.0.0.1:1", token: new}\n', "web"),
        ("metrics: {per_job: false}\n", "metrics"),
    ],
)
def test_what_only_a_start_reads_is_not_reloaded_without_a_word(file: Path, added: str, keys: str) -> None:
    """A second active scheduler would run jobs beside the first; a replaced token would stay valid."""
    with schedd(file) as running:
        file.write_text(added + file.read_text())
        done = schedctl("-c", file, "reload")
        assert done.returncode == 1
        assert f"{file}: error: a reload cannot change {keys}\n  help: restart schedd" in done.stderr
        running.says('event="reload failed"')


ON_A_TERMINAL = """
import os, signal, sys
terminal, hup, *command = sys.argv[1:]
os.close(os.open(terminal, os.O_RDWR))  # the first that the leader of a session opens becomes the session's
signal.signal(signal.SIGHUP, signal.Handlers[hup])
os.execv(command[0], command)
"""


@pytest.mark.parametrize("hup", ["SIG_DFL", "SIG_IGN"])
def test_it_ends_with_its_terminal_unless_nohup_kept_it_from_that(file: Path, hup: str) -> None:
    master, slave = pty.openpty()
    program = (sys.executable, "-c", ON_A_TERMINAL, os.ttyname(slave), hup, str(BIN / "schedd"))
    with schedd(file, program=program) as running:
        running.says("job loaded")
        os.close(slave)
        os.close(master)
        if hup == "SIG_DFL":
            assert running.ends() == 0
        else:
            running.says('event="configuration changed"', times=2)
            running.signal(signal.SIGHUP)
            running.says('event="configuration changed"', times=3)
            assert running.stop() == 0


def test_with_continuous_reloads_every_scheduled_time_runs_exactly_once(tmp_path: Path) -> None:
    """R2"""
    file = write(
        tmp_path / "s.yaml",
        """
        jobs:
          steady: {schedule: "@every 1s", command: sleep 0.3}
          edited: {schedule: "@every 1s", command: sleep 0.3, description: "0"}
        """,
    )
    with schedd(file) as running:
        running.says("run started", times=2)
        for count in range(60):
            file.write_text(file.read_text().replace(f'"{count}"', f'"{count + 1}"'))
            running.signal(signal.SIGHUP)
            time.sleep(0.1)
        assert running.stop() == 0
        assert len(running.lines("configuration changed", "changed=1")) > 20
        for job in ("steady", "edited"):
            lines = running.lines("run started", f"job={job}", "trigger=schedule")
            scheduled_times = [datetime.fromisoformat(line.partition("scheduled_at=")[2].split()[0]) for line in lines]
            assert scheduled_times == [
                scheduled_times[0] + timedelta(seconds=number) for number in range(len(scheduled_times))
            ]
            assert len(scheduled_times) >= 6


def test_term_leaves_nothing_behind_even_of_a_job_that_ignores_it(tmp_path: Path) -> None:
    """S1 S2"""
    marker = f"MARKER_{os.getpid()}_{time.monotonic_ns()}"
    file = write(tmp_path / "s.yaml", f"""
        shutdown_timeout: 4s
        defaults: {{env: {{MARK: {marker}}}, stop_grace: 1s}}
        jobs:
          deaf:
            schedule: "@reboot"
            command: trap '' TERM; sleep 100 & echo deaf; while :; do sleep 1; done
          last-words:
            schedule: "@reboot"
            command: trap 'echo last words; exit 0' TERM; echo ready; while :; do sleep 0.1; done
        """)  # fmt: skip
    with schedd(file) as running:
        running.says("[deaf] deaf")
        running.says("[last-words] ready")
        assert len(processes_with(marker)) >= 3
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 4.5
        assert processes_with(marker) == []
        assert running.lines("[last-words] last words")
        assert running.lines("run finished", "job=deaf", "outcome=stopped")


def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    """P1"""
    marker = f"MARKER_{os.getpid()}_{time.monotonic_ns()}"
    file = write(tmp_path / "s.yaml", f"""
        jobs:
          background:
            schedule: "@reboot"
            timeout: 1s
            env: {{MARK: {marker}}}
            command: sleep 999 & sleep 999
        """)  # fmt: skip
    with schedd(file) as running:
        running.says("run finished", "job=background", "outcome=timed-out")
        assert processes_with(marker) == []


def test_three_terms_are_like_one_and_a_second_interrupt_hurries(tmp_path: Path) -> None:
    """S4"""
    file = write(tmp_path / "s.yaml", """
        jobs:
          slow: {schedule: "@reboot", command: "echo up; sleep 3; echo done"}
        """)  # fmt: skip
    with schedd(file) as patient:
        patient.says("[slow] up")
        for _ in range(3):
            patient.signal(signal.SIGTERM)
        assert patient.ends() == 0
        assert patient.lines("[slow] done")
    with schedd(file) as hurried:
        hurried.says("[slow] up")
        hurried.signal(signal.SIGINT)
        hurried.says("shutting down")
        hurried.signal(signal.SIGINT)
        assert hurried.ends() == 0
        assert hurried.lines("run finished", "outcome=stopped")


def test_jobs_start_although_the_output_is_not_read(tmp_path: Path) -> None:
    """P3"""
    beats = tmp_path / "beats"
    file = write(tmp_path / "s.yaml", f"""
        jobs:
          loud: {{schedule: "@reboot", command: "yes a very loud job"}}
          beat: {{schedule: "@every 1s", command: "echo beat >> {beats}"}}
        """)  # fmt: skip
    reading, writing = os.pipe()
    process = subprocess.Popen([BIN / "schedd", file], stdout=writing, env=environment({}), start_new_session=True)
    os.close(writing)
    try:
        eventually(lambda: beats.exists() and len(beats.read_text().splitlines()) >= 9, seconds=30)
        rss = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096
        assert rss < 100 * 1024 * 1024
    finally:
        process.kill()
        process.wait()
        os.close(reading)


def test_a_slow_reader_still_gets_every_line_when_it_ends(tmp_path: Path) -> None:
    """S2"""
    done = tmp_path / "done"
    file = write(tmp_path / "s.yaml", f'jobs: {{loud: {{schedule: "@reboot", command: "seq 40000; touch {done}"}}}}')
    received = b""
    with subprocess.Popen([BIN / "schedd", file], stdout=subprocess.PIPE, env=environment({})) as process:
        eventually(done.exists)
        process.terminate()
        assert process.stdout is not None
        while block := os.read(process.stdout.fileno(), 20_000):
            received += block
            time.sleep(0.1)
    assert process.returncode == 0
    assert received.count(b"[loud] ") == 40_000
    assert received.count(b"run finished") == received.count(b"shutting down") == 1


@pytest.mark.parametrize("missing", ["<&-", ">&-", "<&- >&-"])
def test_started_without_a_standard_stream_it_runs_jobs_and_writes_into_no_other_file(
    tmp_path: Path, missing: str
) -> None:
    """M3: what is opened first would have the number of the missing one."""
    seen = tmp_path / "seen"
    file = write(tmp_path / "s.yaml", f'jobs: {{loud: {{schedule: "@reboot", command: "echo loud; touch {seen}"}}}}')
    before = file.read_bytes()
    command = ["sh", "-c", f'exec "$0" "$1" {missing}', str(BIN / "schedd"), str(file)]
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment({}), stdin=nothing, stdout=nothing, stderr=subprocess.PIPE)
    eventually(seen.exists)
    names = {Path(f"/proc/{process.pid}/fd/{number}").readlink() for number in (0, 1)}
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")
    assert names == {Path("/dev/null")}
    assert file.read_bytes() == before


def test_systemd_is_notified_of_readiness_reload_life_and_end(file: Path) -> None:
    """B19"""
    address = f"\0schedd-test-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(10)
        messages: list[str] = []

        def receives(word: str) -> str:
            while True:
                messages.append(manager.recv(4096).decode())
                if word in messages[-1]:
                    return messages[-1]

        with schedd(file, NOTIFY_SOCKET="@" + address[1:], WATCHDOG_USEC="400000") as running:
            receives("STATUS=1 job")
            receives("READY=1")
            receives("WATCHDOG=1")
            running.signal(signal.SIGHUP)
            assert "MONOTONIC_USEC=" in receives("RELOADING=1")
            receives("STATUS=1 job")
            receives("READY=1")
            write(file, "jobs: {a: {schedul: x}}")
            running.signal(signal.SIGHUP)
            receives("RELOADING=1")
            status = receives("STATUS=reload failed")
            assert "previous configuration stays active" in status
            assert f"{file.name}:1:" in status
            receives("READY=1")
            running.signal(signal.SIGTERM)
            receives("STOPPING=1")
            assert running.ends() == 0


def test_a_platform_that_signals_every_process_sees_no_failure(tmp_path: Path) -> None:
    """S3: a dyno sends TERM to the whole tree, three times."""
    marker = f"MARKER_{os.getpid()}_{time.monotonic_ns()}"
    file = write(tmp_path / "s.yaml", f"""
        jobs:
          worker:
            schedule: "@reboot"
            command: echo up; exec sleep 100
            retry: 3
            env: {{MARK: {marker}}}
        """)  # fmt: skip
    with schedd(file) as running:
        running.says("[worker] up")
        for _ in range(3):
            for pid in processes_with(marker):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            running.signal(signal.SIGTERM)
        assert running.ends() == 0
        assert running.lines("run finished", "outcome=stopped")
        assert not running.lines("attempt finished")


def test_a_frozen_schedd_coalesces_what_it_missed_and_says_so(tmp_path: Path) -> None:
    """T8"""
    file = write(tmp_path / "s.yaml", 'jobs: {tick: {schedule: "@every 1s", command: "true"}}')
    with schedd(file) as running:
        running.says("run finished")
        running.signal(signal.SIGSTOP)
        time.sleep(7)
        running.signal(signal.SIGCONT)
        running.says('event="clock jumped"')
        (coalesced,) = running.says("run skipped", "reason=coalesced")
        assert int(coalesced.partition("count=")[2].split()[0]) >= 5
        assert running.stop() == 0


def test_a_socket_that_has_been_removed_is_created_again_by_sighup(file: Path) -> None:
    directory = Path(f"/tmp/sc-{os.getpid()}-removed")
    path = directory / "s.sock"
    with schedd(file, SCHEDD_SOCKET=str(path)) as running:
        shutil.rmtree(directory)
        ended = schedctl("-c", file, "status", "--exit-code", SCHEDD_SOCKET=str(path))
        assert (ended.returncode, f"kill -HUP {running.pid}" in ended.stderr) == (3, True)
        running.signal(signal.SIGHUP)
        running.says('event="control socket created"', f"socket={path}")
        assert schedctl("-c", file, "status", "--exit-code", SCHEDD_SOCKET=str(path)).returncode == 0
        running.signal(signal.SIGHUP)
        running.says('event="configuration changed"', times=3)
        assert len(running.lines('event="control socket created"')) == 1
        assert running.stop() == 0
    assert not path.exists()
    directory.rmdir()


def test_a_socket_that_cannot_be_made_is_a_warning(file: Path) -> None:
    with schedd(file, SCHEDD_SOCKET="/proc/nowhere/schedd.sock") as running:
        running.says('event="no control socket"')
        running.says("[hello]")
        assert running.stop() == 0


def test_a_second_dyno_is_warned_about(file: Path) -> None:
    """D1"""
    with schedd(file, DYNO="clock.2") as running:
        running.says("more than one dyno", "clock.2")


def test_when_descriptors_run_out_runs_wait_for_capacity(tmp_path: Path) -> None:
    """M3"""
    names = [f"job{number}" for number in range(30)]
    jobs = [f"  {name}: {{schedule: '@reboot', command: 'ulimit -Sn; sleep 1'}}" for name in names]
    file = write(tmp_path / "s.yaml", "\n".join(["jobs:", *jobs]))
    limited = ("prlimit", "--nofile=70:100", str(BIN / "schedd"))
    with schedd(file, program=limited) as running:
        running.says("run finished", "outcome=succeeded", times=30)
        assert not running.lines("not-started")
        assert len(running.lines("] 70")) == 30  # schedd's own limit is 100 now; its children have the original
        assert running.stop() == 0


def test_too_few_descriptors_to_start_are_one_message(file: Path) -> None:
    """M3"""
    with schedd(file, program=("prlimit", "--nofile=8:8", str(BIN / "schedd")), ready=False) as running:
        assert running.ends() == 1
        assert (
            running.errors == "schedd: the limit of 8 file descriptors (ulimit -n) is too low; 64 or more are needed\n"
        )


def test_a_bad_shutdown_timeout_is_a_usage_error(file: Path) -> None:
    with schedd(file, ready=False, SCHEDD_SHUTDOWN_TIMEOUT="soon") as running:
        assert running.ends() == 2
        assert "SCHEDD_SHUTDOWN_TIMEOUT" in running.errors
