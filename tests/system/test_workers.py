"""A schedule on real Celery workers with a real Redis: as locally, from the same file."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
import trustme

from scheduler.launch.remote.messages import Request
from tests.markdown import blocks
from tests.system.programs import BIN, environment, eventually, free_port, schedctl, schedd

pytest.importorskip("celery", reason="the extra celery is not installed")
pytest.importorskip("redis", reason="the extra celery is not installed")
if shutil.which("redis-server") is None:
    pytest.skip("redis-server is not installed", allow_module_level=True)

from scheduler.launch.remote.redis_log import RedisLog
from scheduler.launch.remote.redis_space import RedisSpace
from scheduler.launch.remote.redis_wire import RedisWire

FILE = """
launcher:
  celery: {broker: {from_env: REDIS_URL}}
space: test
defaults: {timezone: UTC}
jobs:
  tick: {schedule: "@every 2s", command: 'echo "tick $SCHED_SCHEDULED_AT" | tee -a ran'}
  fail: {command: "echo out; echo err >&2; exit 7"}
  big: {command: "seq 1 300000"}
  slow: {command: "echo begun; sleep 8; echo done; exit 3"}
  long: {command: "echo begun; sleep 600"}
  limited: {command: sleep 600, timeout: 1s}
  hello: {command: [echo, hello], accepts: args}
  here: {launcher: local, command: echo local}
"""


class Site:
    """A Redis, and the programs that use it."""

    def __init__(self, folder: Path, port: int, stack: ExitStack) -> None:
        self.folder = folder
        self.url = f"redis://127.0.0.1:{port}/0"
        self._stack = stack
        self.file = folder / "schedules.yaml"
        self.file.write_text(FILE)

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        """A worker with a prefork pool of two, once it is ready."""
        words = ["celery", "-A", "scheduler.celery_app", "worker", "-Q", "schedd", "-c", "2", "-n", name]
        environ = environment({"REDIS_URL": self.url, "SCHEDD_CONFIG": str(self.file), "C_FORCE_ROOT": "1"})
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *words], env=environ, stdout=out, stderr=out, start_new_session=True
            )
        self._stack.callback(_end, process)
        eventually(lambda: b"key=schedd" in log.read_bytes(), what=f"{name} is not ready", seconds=60)
        return process

    def ctl(self, *words: str | Path, file: Path | None = None) -> subprocess.CompletedProcess[str]:
        return schedctl("-c", file or self.file, *words, REDIS_URL=self.url)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with redis(tmp_path) as port, ExitStack() as stack:
        yield Site(tmp_path, port, stack)


@contextmanager
def redis(folder: Path, *tls: str) -> Iterator[int]:
    port = free_port()
    ports = ["--port", "0", "--tls-port", str(port), *tls] if tls else ["--port", str(port)]
    command = ["redis-server", *ports, "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: _listens(port), what="redis-server does not start")
        yield port
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_jobs_run_on_a_worker_as_they_do_locally(site: Site) -> None:
    site.worker("w1@here")
    with schedd(site.file, REDIS_URL=site.url) as running:
        running.says("event=active")
        failed = site.ctl("run-now", "fail")
        assert (failed.returncode, failed.stdout) == (7, "out\n")
        assert "err\n" in failed.stderr
        big = site.ctl("run-now", "big")
        assert big.stdout == "".join(f"{number}\n" for number in range(1, 300_001))
        assert site.ctl("run-now", "limited").returncode == 124
        assert site.ctl("run-now", "hello", "--", "a b", "c").stdout == "hello a b c\n"
        assert site.ctl("run-now", "here").stdout == "local\n"
        running.says("[tick] tick ")
        run = site.ctl("run-now", "long", "--detach").stdout.strip()
        running.says("[long] begun")
        (worker,) = json.loads(site.ctl("workers", "--json").stdout)
        assert (worker["name"], worker["same_file"], worker["runs"]) == ("w1@here", True, [run])
        assert "on w1@here" in site.ctl("list", "long").stdout
        assert site.ctl("stop", "long").returncode == 0
        running.says(f"run={run} outcome=stopped")


def test_a_worker_that_is_killed_is_lost_and_without_one_runs_are_skipped(site: Site) -> None:
    site.file.write_text(FILE.replace("defaults: {timezone: UTC}", "defaults: {timezone: UTC, start_deadline: 3s}"))
    worker = site.worker("w1@here")
    with schedd(site.file, REDIS_URL=site.url) as running:
        running.says("event=active")
        site.ctl("run-now", "long", "--detach")
        running.says("[long] begun")
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        running.says("reason=no-worker", seconds=60)  # it may have had a tick, too, for which others are skipped first
        eventually(lambda: "outcome=lost" in running.log, seconds=40)
        assert "no heartbeat from w1@here" in running.log


def test_without_its_store_no_scheduler_is_ready_and_each_says_why(site: Site) -> None:
    second = site.folder / "second.yaml"
    second.write_text(FILE)
    site.worker("w1@here")
    with schedd(site.file, "--web", f"unix:{site.folder}/web", REDIS_URL=site.url) as first:
        first.says("event=active")
        with schedd(second, REDIS_URL=site.url) as standby:
            standby.says('event="standing by" active=')
            gauges = [line for line in site.ctl("metrics").stdout.splitlines() if line.startswith("schedd_")]
            assert {"schedd_active 1", "schedd_store_up 1", "schedd_workers 1"} <= {*gauges}
            asked = site.ctl("metrics", file=second)
            assert "this schedd is a standby; the active scheduler is " in asked.stderr
            of_standby = asked.stdout
            assert "\nschedd_active 0\n" in of_standby
            assert "schedd_job_consecutive_failures" not in of_standby
            assert "standby; the active scheduler is " in site.ctl("status", file=second).stdout
            of_active = site.ctl("status").stdout
            assert "running; this is the active scheduler\n" in of_active
            assert "workers    1 present; `schedctl workers` lists them; the store answers\n" in of_active
            assert _readiness(site.folder / "web").startswith("HTTP/1.1 200")
            subprocess.run(["redis-cli", "-u", site.url, "shutdown", "nosave"], check=True)
            first.says('event="standing by" active=unknown')
            eventually(lambda: site.ctl("status", "--exit-code", file=second).returncode == 1)
            for file in (site.file, second):
                shown = site.ctl("status", file=file).stdout
                assert "standby: the store cannot be reached" in shown
                assert "Connection refused\n" in shown, "without Python's notation of the address"
                assert site.ctl("status", "--exit-code", file=file).returncode == 1
                lost = site.ctl("metrics", file=file).stdout
                assert "\nschedd_active 0\n" in lost
                assert "\nschedd_store_up 0\n" in lost
                assert "schedd_workers" not in lost
            answer = _readiness(site.folder / "web")
            assert answer.startswith("HTTP/1.1 503")
            assert "the store cannot be reached" in answer
            assert _readiness(site.folder / "web", "/healthz").startswith("HTTP/1.1 200")


def test_the_pair_on_one_machine_starts_as_the_page_says(site: Site) -> None:
    page = Path(__file__).parents[2] / "docs/scaling.md"
    (block,) = (block.text for block in blocks(page, "sh") if block.text.startswith("mkdir a b"))
    *start, ask = block.strip().splitlines()
    assert "REDIS_URL=" in start[1]
    start[1] = f"export REDIS_URL={site.url} C_FORCE_ROOT=1"
    script = re.sub(r"127.0.0.1:876\d", "127.0.0.1:0", "\n".join([*start, "wait"]))
    environ = environment({"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)})
    script = script.replace("celery -A", f"{sys.executable} -m celery -A")
    with (site.folder / "log").open("wb") as log:
        shell = subprocess.Popen(
            ["sh", "-c", script], cwd=site.folder, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:

        def states() -> list[str]:
            shown = [
                subprocess.run(
                    shlex.split(ask.replace("b/", f"{each}/")),
                    cwd=site.folder,
                    env=environ,
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout
                for each in "ab"
            ]
            return sorted(line.split()[1] for text in shown for line in text.splitlines() if line.startswith("state "))

        eventually(lambda: states() == ["running;", "standby;"], seconds=60)
        eventually(lambda: "1 present" in schedctl("-c", site.folder / "a/schedules.yaml", "status").stdout, seconds=60)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)


def _readiness(path: Path, asked: str = "/readyz") -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(f"GET {asked} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        with sock.makefile("rb") as answer:
            return answer.read().decode()


def test_a_second_scheduler_takes_over_with_the_runs_of_the_first(site: Site) -> None:
    second = site.folder / "second.yaml"
    second.write_text(FILE)
    site.worker("w1@here")
    with schedd(site.file, REDIS_URL=site.url) as first:
        first.says("event=active")
        with schedd(second, REDIS_URL=site.url) as standby:
            standby.says('event="standing by" active=')
            passed_on = site.ctl("run-now", "fail", file=second)
            assert (passed_on.returncode, passed_on.stdout) == (7, "out\n"), passed_on.stderr
            assert "err\n" in passed_on.stderr
            assert site.ctl("run-now", "big", file=second).stdout == "".join(f"{n}\n" for n in range(1, 300_001))
            first.says("job=fail")
            note = f"this schedd is a standby; the active scheduler is {socket.gethostname()}:{first.process.pid}"
            for command in (
                "list",
                "history",
                "history --json",
                "why tick",
                "next",
                "show tick",
                "explain tick",
                "reload",
            ):
                answer = site.ctl(*command.split(), file=second)
                assert answer.stderr.count(note) == 1, (command, answer)
            assert "standby" not in site.ctl("history").stderr
            status = json.loads(site.ctl("status", "--json", file=second).stdout)
            assert status["standby_of"].endswith(f":{first.process.pid}")
            assert site.ctl("status", "--exit-code", file=second).returncode == 0
            run = site.ctl("run-now", "slow", "--detach").stdout.strip()
            first.says("[slow] begun")
            killed = time.monotonic()
            first.process.kill()
            eventually(lambda: "event=active" in standby.log, what="no take-over", seconds=20)
            assert time.monotonic() - killed < 15
            standby.says("[slow] done")
            eventually(lambda: f"run={run} outcome=failed exit=3" in standby.log, what=standby.log)
            ran = (site.folder / "ran").read_text().replace("tick ", "").splitlines()
            assert len(ran) == len(set(ran)), "a scheduled time ran twice"


def test_a_client_that_waits_gets_the_exit_code_of_its_run_from_the_next_active_scheduler(site: Site) -> None:
    """In a deploy: the active one gets SIGTERM, and another one follows the run."""
    second = site.folder / "second.yaml"
    for file in (site.file, second):
        file.write_text(FILE.replace("exit 3", "exit 42"))
    site.worker("w1@here")

    def client(file: Path, *words: str) -> subprocess.Popen[str]:
        command: list[str | Path] = [BIN / "schedctl", "-c", file, *words]
        environ, pipe = environment({"REDIS_URL": site.url}), subprocess.PIPE
        return subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True)

    with ExitStack() as both:
        first = both.enter_context(schedd(site.file, REDIS_URL=site.url))
        first.says("event=active")
        standby = both.enter_context(schedd(second, REDIS_URL=site.url))
        standby.says('event="standing by" active=')
        following = [client(file, "run-now", "slow", "--key", "k") for file in (second, site.file)]
        for each in following:
            assert each.stdout is not None
            assert each.stdout.readline() == "begun\n"
        (run,) = json.loads(site.ctl("list", "slow", "--json").stdout)[0]["running"]
        waiting = client(second, "wait", run["id"])
        first.process.terminate()
        standby.says("event=active")
        first.process.wait(timeout=30)
        with schedd(site.file, REDIS_URL=site.url) as again:
            again.says('event="standing by" active=')
            ended = [each.communicate(timeout=60) for each in (*following, waiting)]
    assert [each.returncode for each in (*following, waiting)] == [42, 42, 42], ended
    goes_on = f"schedctl: run {run['id']} goes on without this schedd; waiting for the active one\n"
    assert all(goes_on in err for _, err in ended[:2]), ended
    assert f"run {run['id']} of slow: failed, exit 42, after " in ended[2][0]


def test_of_many_times_each_is_decided_once_though_the_active_scheduler_is_killed(site: Site) -> None:
    """SCHEDD_TIMES=500 makes it the long version; one of the two is killed half way."""
    times = int(os.environ.get("SCHEDD_TIMES", "24"))
    site.file.write_text(FILE.replace('"@every 2s"', '"@every 1s"'))
    second = site.folder / "second.yaml"
    second.write_text(site.file.read_text())
    site.worker("w1@here")
    site.worker("w2@here")
    with schedd(site.file, REDIS_URL=site.url) as first:
        first.says("[tick]")
        with schedd(second, REDIS_URL=site.url) as standby:
            standby.says('event="standing by"')
            eventually(lambda: len(ticks(first.log)) >= times // 2, seconds=times)
            first.process.kill()
            eventually(lambda: len(ticks(standby.log)) >= times // 2, seconds=times + 60)
            log = first.log + standby.log
    ran = (
        (site.folder / "ran").read_text().replace("tick ", "").splitlines()
    )  # the output of an adopted run is in both logs
    assert len(ran) == len(set(ran)), "a scheduled time ran twice"
    begin, end = (datetime.fromisoformat(each) for each in (min(ran), max(ran)))
    counts = re.findall(r"job=tick reason=coalesced (?:count=(\d+)|scheduled_at)", log)
    decided = len(ran) + sum(int(count or 1) for count in counts) + len(re.findall("job=tick reason=(?!coal)", log))
    expected = int((end - begin).total_seconds()) + 1
    assert expected - 1 <= decided <= expected + 1, "at most the one between its claim and its message is lost"


def test_a_worker_with_another_version_of_the_file_says_so_until_it_has_the_new_one(site: Site) -> None:
    new = site.folder / "new.yaml"
    new.write_text(
        FILE.replace("echo local", "echo here").replace("[echo, hello]", "[echo, new]") + "  more: {command: 'true'}\n"
    )
    site.worker("w1@here")
    with schedd(new, REDIS_URL=site.url) as running:
        running.says("event=active")
        assert site.ctl("run-now", "hello", file=new).stdout == "hello\n"
        running.says("job=hello", 'notes="w1@here has another version of the schedule file"')
        missing = site.ctl("run-now", "more", file=new)
        assert (missing.returncode, "w1@here has no job more" in missing.stderr) == (127, True)
        site.file.write_text("jobs: [")
        assert site.ctl("run-now", "hello", file=new).stdout == "hello\n", "the previous version stays in use"
        shutil.copy(new, site.file)
        assert site.ctl("run-now", "hello", file=new).stdout == "new\n"
        eventually(lambda: json.loads(site.ctl("workers", "--json", file=new).stdout)[0]["same_file"])


def test_a_reload_of_a_scheduler_stays_in_its_space(site: Site) -> None:
    with schedd(site.file, REDIS_URL=site.url) as running:
        running.says("event=active")
        site.file.write_text("# The launcher has another line now.\n" + FILE)
        assert site.ctl("reload").returncode == 0
        for changed in (FILE.replace("space: test", "space: other"), "jobs: {here: {command: echo}}\n"):
            site.file.write_text(changed)
            done = site.ctl("reload")
            assert (done.returncode, "error: a reload cannot change launcher and space" in done.stderr) == (1, True)


def test_schedd_and_workers_reach_a_redis_with_tls_by_an_address_as_celery_writes_it(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    server = str(tmp_path / "server.pem")
    tls = ("--tls-cert-file", server, "--tls-key-file", server, "--tls-auth-clients", "no")
    with redis(tmp_path, *tls) as port, ExitStack() as stack:
        site = Site(tmp_path, port, stack)
        site.url = f"rediss://localhost:{port}/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={tmp_path}/ca.pem"
        site.worker("w1@here")
        with schedd(site.file, REDIS_URL=site.url) as running:
            running.says("event=active")
            assert site.ctl("run-now", "hello", "--", "you").stdout == "hello you\n"
        unverified = f"rediss://localhost:{port}?ssl_cert_reqs=none"  # on Heroku, REDIS_URL has no path
        with schedd(site.file, REDIS_URL=unverified, DYNO="clock.2") as running:
            running.says("event=active")
            assert not running.lines("more than one dyno"), "a pair shares the store"
        with schedd(site.file, ready=False, REDIS_URL=f"rediss://localhost:{port}/0") as running:
            assert running.ends() == 1
            assert "cannot be reached: localhost" in running.errors
            assert "certificate verify failed" in running.errors


def test_a_forged_request_in_the_store_does_not_reveal_the_environment(site: Site) -> None:
    async def answer() -> str:
        log = RedisLog(site.url, "test")
        args = msgspec.Raw(msgspec.json.encode({"job": "here", "reveal": True}))
        request = Request(id="forged", operation="env", args=args)
        texts: list[str] = []
        with closing(RedisWire(log).reports(request.key)) as reports:
            await RedisSpace(log).ask(request)
            async with asyncio.timeout(30):
                while not any("Ended" in text for text in texts):
                    texts += [str(report) for _, report in await reports.next(1.0)]
        await log.close()
        return "".join(texts)

    with schedd(site.file, REDIS_URL=site.url, PASSWORD="canary") as running:
        running.says("event=active")
        answered = asyncio.run(answer())
    assert "the active scheduler has another version of schedd" in answered
    assert "canary" not in answered


def test_a_pair_whose_jobs_all_run_locally_has_no_count_of_workers(site: Site) -> None:
    site.file.write_text(FILE.replace("defaults: {", "defaults: {launcher: local, "))
    with schedd(site.file, REDIS_URL=site.url) as running:
        running.says("event=active")
        metrics = site.ctl("metrics").stdout
    assert "\nschedd_store_up 1\n" in metrics
    assert "schedd_workers" not in metrics


def ticks(log: str) -> list[str]:
    return [line for line in log.splitlines() if line.startswith("[tick]")]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://:canary@127.0.0.1:1/0", "the store cannot be reached"),
        ("", "schedules.yaml:3: error: broker: the variable REDIS_URL is not set in this environment, or empty"),
        (
            "amqp://:canary@127.0.0.1/",
            'schedules.yaml:3: error: broker: the broker is not a Redis; add "store: redis://…"',
        ),
        (
            "rediss://:canary@127.0.0.1/0?ssl_cert_reqs=maybe",
            "schedules.yaml:3: error: broker: the store's address is not a valid redis:// address",
        ),
        (
            "redis://:canary@127.0.0.1/abc",
            "schedules.yaml:3: error: broker: the address is not valid: the database must be a number",
        ),
        (
            "redis://user:canary/2@127.0.0.1/0",
            "schedules.yaml:3: error: broker: the address is not valid: a character of the user or password must be",
        ),
    ],
)
def test_an_address_that_is_wrong_is_one_message_at_start(url: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(FILE)
    ended = subprocess.run(
        [BIN / "schedd", file],
        env=environment({"REDIS_URL": url, "SCHEDD_SOCKET": str(tmp_path / "s")}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    printed = ended.stdout + ended.stderr
    assert ended.returncode == (1 if says == "the store cannot be reached" else 78), printed
    assert says in printed
    assert "canary" not in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("broker", "says"),
    [
        (
            "nonsense://user:canary@there",
            "the broker at there: Celery has no transport nonsense://; use redis:// or amqp://, for example",
        ),
        ("redis://user:canary@there/abc", "the address of the broker is not valid: the database must be a number"),
        ("memory://", "the broker memory:// cannot reach workers; use redis:// or amqp://, for example"),
        ("there", "the address of the broker does not begin with redis:// or amqp://, for example"),
        ("sqs://user:canary@there", "the broker at there needs the package botocore, which is not installed"),
        (
            "redis://user:canary@there/0?foo=canary&bar=",
            "the address of the broker has parameters that Celery does not accept: foo, bar",
        ),
        ("amqp://user:canary/2@there", "the address of the broker is not valid: a character of the user or password"),
        ("'amqp://user:[canary@there'", "the address of the broker is not valid: a character of the user or password"),
    ],
)
def test_a_kind_of_broker_that_cannot_be_used_is_one_message_at_start(site: Site, broker: str, says: str) -> None:
    site.file.write_text(
        FILE.replace("{from_env: REDIS_URL}", f"{broker}, store: {{from_env: REDIS_URL}}"), encoding="utf-8"
    )
    with schedd(site.file, ready=False, REDIS_URL=site.url) as running:
        assert running.ends() == 1
        printed = running.log + running.errors
    assert says in printed
    assert "canary" not in printed
    assert "Traceback" not in printed


def ended_worker(site: Site, *options: str) -> subprocess.CompletedProcess[str]:
    """A worker that ends by itself, with what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "celery", "-A", "scheduler.celery_app", "worker", "-Q", "schedd", *options],
        env=environment({"REDIS_URL": site.url, "SCHEDD_CONFIG": str(site.file), "C_FORCE_ROOT": "1"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_pool_of_threads_ends_a_worker_with_one_message(site: Site) -> None:
    """Threads share the directory and the umask that a process of a job starts with."""
    ended = ended_worker(site, "-P", "threads")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == "the jobs of schedd need a worker with --pool prefork or solo"


def test_a_broker_that_refuses_the_password_ends_a_worker_with_one_message(site: Site) -> None:
    """Celery itself would try again for ever."""
    broker = site.url.replace("redis://", "redis://nobody:canary@")
    site.file.write_text(FILE.replace("{from_env: REDIS_URL}", f"'{broker}', store: {{from_env: REDIS_URL}}"))
    ended = ended_worker(site)
    assert ended.returncode == 1
    says = "the broker at 127.0.0.1 refuses the user or the password of its address; check it under `launcher`\n"
    assert ended.stderr.endswith(says)
    assert "canary" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
