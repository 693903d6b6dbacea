"""schedctl with a schedd elsewhere, over HTTP: the same answers, exit codes and streams as over the socket."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, schedctl, schedd, write


class Elsewhere:
    """A schedd and its address."""

    def __init__(self, file: Path, url: str) -> None:
        self.file = file
        self.url = url

    def __call__(self, *words: str, token: str = "sesame", **environ: str) -> subprocess.CompletedProcess[str]:
        return schedctl(*words, cwd=self.file.parent / "empty", SCHEDD_URL=self.url, SCHEDD_TOKEN=token, **environ)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "empty").mkdir()
    file = write(
        folder / "schedules.yaml",
        """
        web: {token: {from_env: FULL}, view_token: {from_env: LOOK}}
        jobs:
          daily: {schedule: "0 3 * * *", timezone: Europe/Berlin, command: "echo daily; echo oops >&2; exit 7"}
          slow: {command: "for i in $(seq 200); do echo $i; sleep 0.2; done"}
          given: {command: [echo], accepts: args}
        """,
    )
    with schedd(file, "--web", "127.0.0.1:0", FULL="sesame", LOOK="window") as running:
        (line,) = running.says("web listening")
        found = re.search(r"http://[^\s\"]+", line)
        assert found
        yield Elsewhere(file, found[0])


QUESTIONS = [
    ("list", "--json"),
    ("show", "daily", "--json"),
    ("next", "--json", "-n", "3"),
    ("explain", "daily", "--json"),
    ("why", "daily", "2026-10-14T03:00", "--json"),
]


@pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: str(words[0]))
def test_questions_have_the_same_answer_as_over_the_socket(words: tuple[str, ...], elsewhere: Elsewhere) -> None:
    here, there = schedctl("-c", elsewhere.file, *words), elsewhere(*words)
    assert (there.returncode, there.stderr) == (0, "")
    assert json.loads(there.stdout) == json.loads(here.stdout)


def test_a_run_is_followed_and_ends_with_its_own_code(elsewhere: Elsewhere) -> None:
    done = elsewhere("run-now", "daily")
    assert (done.returncode, done.stdout) == (7, "daily\n")
    assert "oops" in done.stderr
    assert "daily" in elsewhere("logs", "daily").stdout
    (entry,) = json.loads(elsewhere("history", "daily", "--json").stdout)
    assert entry["run"]["by"]["address"] == "127.0.0.1"
    assert elsewhere("run-now", "given", "--", "a b", "c").stdout == "a b c\n"


def test_a_detached_run_is_stopped_and_jobs_are_paused(elsewhere: Elsewhere) -> None:
    run = elsewhere("run-now", "slow", "--detach").stdout.strip()
    assert re.search(r"[a-z2-7]{8}", run)
    assert elsewhere("stop", "slow").returncode == 0
    assert elsewhere("pause", "daily", "--for", "1h", "--note", "maintenance").returncode == 0
    assert json.loads(elsewhere("list", "--json").stdout)[0]["paused"]["note"] == "maintenance"
    assert elsewhere("resume", "--all").returncode == 0
    assert "nothing would change" in elsewhere("reload", "--plan").stdout
    assert "schedd_jobs" in elsewhere("metrics").stdout
    assert elsewhere("status").returncode == 0


def test_runs_are_requested_once_waited_for_and_looked_up(elsewhere: Elsewhere) -> None:
    ids = [elsewhere("run-now", "daily", "--detach", "--key", "k").stdout.strip() for _ in range(2)]
    ids.append(elsewhere("run-now", "given", "--detach", "--", "x").stdout.strip())
    assert ids[0] == ids[1]
    assert elsewhere("wait", ids[0]).returncode == 7
    waited = elsewhere("wait", *ids)
    assert (waited.returncode, waited.stdout.count("\n")) == (7, 2)
    assert json.loads(elsewhere("result", ids[2], "--json").stdout)["run"]["outcome"] == "succeeded"
    later = elsewhere("run-now", "daily", "--in", "1h", "--detach").stdout.strip()
    assert elsewhere("stop", later).stdout == "1 waiting run cancelled\n"
    assert elsewhere("wait", later).returncode == 5


def test_leaving_a_run_detaches_from_it(elsewhere: Elsewhere) -> None:
    process = subprocess.Popen(
        [BIN / "schedctl", "--url", elsewhere.url, "run-now", "slow"],
        env=environment({"SCHEDD_TOKEN": "sesame"}), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    process.communicate()
    assert json.loads(elsewhere("list", "slow", "--json").stdout)[0]["status"] == "running"
    assert elsewhere("stop", "slow").returncode == 0


@pytest.mark.parametrize(
    ("words", "token", "code", "message"),
    [
        (("show", "dayly"), "sesame", 4, "dayly"),
        (("run-now", "daily", "--", "x"), "sesame", 5, "accepts"),
        (
            ("run-now", "daily", "--key", "k" * 10_000),
            "sesame",
            2,
            "a key must have 1 to 255 characters; this has 10000",
        ),
        (("run-now", "daily", "--key", "ключ"), "sesame", 2, "printable ASCII"),
        (("run-now", "daily", "--at", "2020-01-01T00:00Z"), "sesame", 2, "is in the past"),
        (("wait", "nosuchid"), "sesame", 4, "no run 'nosuchid' is known"),
        (("list",), "wrong", 3, "wrong token"),
        (("list",), "", 3, "set SCHEDD_TOKEN"),
        (("run-now", "daily"), "window", 3, "read-only"),
        (("env", "daily"), "sesame", 5, "not available over HTTP"),
        (("shell", "daily"), "sesame", 5, "not available over HTTP"),
        (("edit",), "sesame", 5, "not available over HTTP"),
    ],
)
def test_errors_have_the_same_exit_codes(
    words: tuple[str, ...], token: str, code: int, message: str, elsewhere: Elsewhere
) -> None:
    done = elsewhere(*words, token=token)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_a_run_whose_answer_is_lost_is_not_reported_as_not_started(answer: bytes) -> None:
    def serve() -> None:
        with listener.accept()[0] as sock:
            sock.recv(65536)
            sock.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        done = schedctl("--url", f"http://127.0.0.1:{listener.getsockname()[1]}", "run-now", "daily", "--json")
        served.result(10)
    assert done.returncode == 1
    assert "not started" not in done.stderr
    assert "The job may have been started" in done.stderr
    assert json.loads(done.stdout)["started"] is None


def test_an_invalid_address_and_one_without_a_listener_are_errors(tmp_path: Path) -> None:
    wrong = "'jobs.example.com' is not an address like https://jobs.example.com\n"
    done = schedctl("--url", "jobs.example.com", "list")
    assert (done.returncode, done.stderr) == (2, f"schedctl: --url: {wrong}")
    done = schedctl("list", SCHEDD_URL="jobs.example.com")
    assert (done.returncode, done.stderr) == (2, f"schedctl: SCHEDD_URL: {wrong}")
    assert schedctl("-c", tmp_path / "x.yaml", "--url", "http://localhost:1", "list").returncode == 2
    assert schedctl("--url", "http://localhost:1", "-c", tmp_path / "x.yaml", "list").returncode == 2
    for url in ("https://user:canary/2@h", "https://[canary", "ftp://user:canary@h"):
        done = schedctl("--url", url, "list")
        assert (done.returncode, "canary" in done.stderr, "Traceback" in done.stderr) == (2, False, False), url
    done = schedctl("--url", "http://user:canary@127.0.0.1:1", "list")
    assert (done.returncode, "canary" in done.stderr) == (3, False)
    done = schedctl("--url", "http://127.0.0.1:1", "list")
    assert (done.returncode, "cannot be reached" in done.stderr) == (3, True)
