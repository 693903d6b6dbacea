"""`scheduler.client` as an application uses it, with and without asyncio."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scheduler.client import (
    Client,
    Ended,
    Output,
    RefusedError,
    Started,
    TooManyWaitingError,
    UnknownError,
    UnreachableError,
    UsageError,
    Waiting,
    WaitTimeoutError,
)
from scheduler.client.address import SocketAddress, find
from scheduler.client.aio import AsyncClient
from scheduler.client.exchange import ROUTES
from scheduler.wire.http_routes import HTTP_ROUTES
from tests.system.programs import schedd, write

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("client")
    (folder / "app.py").write_text(
        "def f(*args, **kwargs):\n    print(args, sorted(kwargs.items()))\n    return {'seen': len(kwargs)}\n"
    )
    path = write(
        folder / "schedules.yaml",
        """
        web: {token: {from_env: FULL}}
        jobs:
          words: {command: [printf, "<%s>"], accepts: args}
          function: {python: "app:f", accepts: [args, kwargs]}
          copy: {command: "cat; echo error >&2; exit 3", accepts: stdin}
          slow: {command: "echo begun; sleep 60", overlap: queue, max_waiting: 1}
          plain: {command: "echo plain"}
          much: {command: "yes | head -c 3000000"}
          busy: {command: "sleep 60"}
          nightly: {schedule: "0 3 * * *", command: "true", description: Every night}
        """,
    )
    with schedd(path, "--web", "127.0.0.1:0", FULL="sesame") as running:
        running.says("web listening")
        yield path


@pytest.fixture(scope="module")
def url(file: Path) -> str:
    """The address of its HTTP API."""
    found = re.search(r"http://[^\s\"]+", next(file.parent.glob("*.log")).read_text())
    assert found
    return found[0]


@pytest.fixture(params=["sync", "asyncio", "sync over HTTP", "asyncio over HTTP"])
def ask(request: pytest.FixtureRequest, file: Path, url: str) -> Ask:
    """Call a method of either client."""
    place: dict[str, Any] = {"url": url, "token": "sesame"} if "HTTP" in request.param else {"file": file}

    def call(method: str, *args: Any, **kwargs: Any) -> Any:
        if request.param.startswith("sync"):
            found = getattr(Client(**place), method)(*args, **kwargs)
            return list(found) if method == "follow" else found

        async def awaited() -> Any:
            found = getattr(AsyncClient(**place), method)(*args, **kwargs)
            if method != "follow":
                return await found
            async with aclosing(found) as events:
                return [event async for event in events]

        return asyncio.run(awaited())

    return call


def test_run_waits_for_the_result_with_its_output(ask: Ask) -> None:
    result = ask("run", "words", "a b", Path("/c"), 3)
    assert (result.ok, result.exit_code, result.stdout) == (True, 0, b"<a b></c><3>")
    result = ask("run", "copy", stdin="text\n")
    assert (result.ok, result.outcome, result.exit_code) == (False, "failed", 3)
    assert (result.stdout, result.stderr) == (b"text\n", b"error\n")
    assert result.duration > 0
    assert ask("run", "copy", stdin=b"x" * (1 << 20)).stdout == b"x" * (1 << 20)


def test_keyword_arguments_reach_a_function(ask: Ask) -> None:
    result = ask("run", "function", 1, name="x", deep={"a": [None]})
    assert result.stdout == b"('1',) [('deep', {'a': [None]}), ('name', 'x')]\n"
    assert result.notes == ("returned {'seen': 2}",)


def test_of_much_output_the_end_is_kept(ask: Ask) -> None:
    assert len(ask("run", "much").stdout) == 1 << 20


def test_enqueue_returns_an_id_and_wait_the_result(ask: Ask) -> None:
    run_id = ask("enqueue", "plain")
    waited = ask("wait", run_id)
    assert (waited.ok, waited.stdout) == (True, b"plain\n")
    assert ask("wait", run_id) == waited  # and once more, from what schedd has kept
    found = ask("result", run_id)
    assert (found.id, found.state, found.job) == (run_id, "finished", "plain")


def test_the_same_key_is_the_same_run(ask: Ask) -> None:
    key = f"order {time.monotonic()}"
    assert ask("enqueue", "plain", key=key) == ask("enqueue", "plain", key=key) == ask("run", "plain", key=key).id


def test_a_run_for_later_can_be_looked_at_and_cancelled(ask: Ask) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    run_id = ask("enqueue", "plain", at=at)
    assert ask("result", run_id).state == "waiting"
    ask("stop", run_id)
    result = ask("wait", run_id)
    assert (result.state, result.ok, result.message) == ("skipped", False, "it was stopped while it waited")


def test_waiting_ends_in_time_and_the_run_goes_on(ask: Ask) -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        ask("run", "slow", wait=0.5)
    assert caught.value.run_id is not None
    with pytest.raises(TimeoutError):
        ask("wait", caught.value.run_id, 0.1)
    assert ask("result", caught.value.run_id).state == "running"
    ask("stop", "slow")


def test_follow_gives_events_to_the_end(ask: Ask, file: Path) -> None:
    run_id = ask("enqueue", "slow")
    waiting = ask("enqueue", "slow")
    next(event for event in Client(file).follow(run_id) if isinstance(event, Output))
    stopper = threading.Timer(0.5, Client(file).stop, ["slow"])
    stopper.start()
    events = ask("follow", waiting)
    assert [type(event) for event in events] == [Waiting, Ended]
    events = ask("follow", run_id)
    assert [type(event) for event in events if not isinstance(event, Output)] == [Started, Ended]
    assert b"".join(event.data for event in events if isinstance(event, Output)) == b"begun\n"
    stopper.join()


def test_jobs_have_their_state(ask: Ask) -> None:
    jobs = {job.name: job for job in ask("jobs")}
    nightly = jobs["nightly"]
    assert (nightly.status, nightly.description, nightly.schedule) == ("idle", "Every night", "0 3 * * *")
    assert nightly.next_at.tzinfo is not None
    ask("run", "plain")
    assert {job.name: job for job in ask("jobs")}["plain"].last.outcome == "succeeded"


def test_each_kind_of_error_is_an_exception_of_its_own(ask: Ask) -> None:
    with pytest.raises(UnknownError, match="did you mean 'plain'"):
        ask("run", "plian")
    with pytest.raises(UnknownError, match="no run 'nosuchid' is known"):
        ask("result", "nosuchid")
    with pytest.raises(RefusedError, match="plain does not accept args"):
        ask("enqueue", "plain", "x")
    with pytest.raises(UsageError, match="a key must have 1 to 255 characters"):
        ask("enqueue", "plain", key="k" * 10_000)
    with pytest.raises(UsageError, match="is in the past"):
        ask("enqueue", "plain", at=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(UsageError, match="must have a time zone"):
        ask("enqueue", "plain", at=datetime(2020, 1, 1))  # noqa: DTZ001 - on purpose
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        ask("enqueue", "function", value=object())
    with pytest.raises(UsageError, match="stdin must not be longer than 1 MiB"):
        ask("enqueue", "copy", stdin=b"x" * (1 << 20) + b"x")
    with pytest.raises(UsageError, match="a request must not be longer than"):
        ask("enqueue", "function", "x" * (4 << 20))


def test_too_many_waiting_runs_have_an_own_error_code(ask: Ask) -> None:
    ids = [ask("enqueue", "slow") for _ in range(2)]
    with pytest.raises(TooManyWaitingError, match=r"max_waiting \(1\) is reached"):
        ask("enqueue", "slow")
    ask("stop", "slow")
    assert [ask("wait", run_id).ok for run_id in ids] == [False, False]


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_without_a_schedd_the_error_says_so(
    client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def jobs(*args: Any, **kwargs: Any) -> Any:
        found = client(*args, **kwargs).jobs()
        return asyncio.run(found) if asyncio.iscoroutine(found) else found

    monkeypatch.delenv("SCHEDD_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="which schedd is meant"):
        jobs()
    with pytest.raises(UnreachableError, match="no schedd listens on"):
        jobs(tmp_path / "none.yaml")
    with pytest.raises(UnreachableError, match="no schedd listens on"):
        jobs(socket=tmp_path / "s.sock")


def test_the_schedd_is_found_by_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDD_CONFIG", str(file))
    assert Client().run("plain").ok
    monkeypatch.delenv("SCHEDD_CONFIG")
    monkeypatch.chdir(file.parent)
    assert Client().run("plain").ok


def test_importing_it_loads_little_and_nothing_of_others() -> None:
    code = "import sys; before = set(sys.modules); import scheduler.client; print(*(set(sys.modules) - before))"
    printed = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(printed.split())
    assert "scheduler.client.sync" in loaded
    heavy = {"asyncio", "socket", "json", "typing", "re", "enum", "msgspec", "click", "scheduler.control"}
    assert loaded & heavy == set()
    assert len(loaded) <= 20, sorted(loaded)


def test_threads_may_share_a_client(file: Path) -> None:
    client = Client(file)
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(client.run("plain", force=True).id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 8


def test_large_requests_over_http_are_for_those_who_may_start_runs(url: str) -> None:
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    for more in ("", "Authorization: Bearer wrong\r\n"):
        head = f"POST /api/v1/jobs/copy/runs HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n{more}\r\n"
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head.encode() + b"x" * 65_537)
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("address", "token", "error", "message"),
    [
        ("jobs.example.com", "sesame", UsageError, "is not an address like https"),
        ("http://127.0.0.1:99999", "sesame", UsageError, "the port must be a number from 1 to 65535"),
        ("http://user:canary/2@127.0.0.1:1", "sesame", UsageError, "must be percent-encoded"),
        ("http://user:canary@127.0.0.1:1", "sesame", UnreachableError, "http://127.0.0.1:1 cannot be reached"),
        ("http://127.0.0.1:1", "sesame", UnreachableError, "http://127.0.0.1:1 cannot be reached"),
        (None, "wrong", UnreachableError, "wrong token; set SCHEDD_TOKEN"),
        (None, "nö", UsageError, "printable ASCII"),
    ],
)
def test_an_address_or_token_that_does_not_work_is_one_error(
    address: str | None,
    url: str,
    token: str,
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCHEDD_URL", address or url)
    monkeypatch.setenv("SCHEDD_TOKEN", token)
    with pytest.raises(error, match=message):
        Client().jobs()
    with pytest.raises(error, match=message):
        asyncio.run(AsyncClient().jobs())


def test_something_else_that_answers_is_not_taken_for_schedd() -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        address = f"http://127.0.0.1:{server.server_port}"
        for call in (Client(url=address).jobs, lambda: asyncio.run(AsyncClient(url=address).jobs())):
            with pytest.raises(UnreachableError, match="does not answer as schedd does"):
                call()
        with pytest.raises(UnreachableError, match="does not answer as schedd does \\(HTTP status 501\\)"):
            Client(url=address).stop("x")
        server.shutdown()


def test_the_routes_of_the_client_are_those_of_the_api() -> None:
    known = {(route.operation.name, route.method, route.path) for route in HTTP_ROUTES}
    assert {(name, *route) for name, route in ROUTES.items()} <= known
    assert {route.operation.name for route in HTTP_ROUTES} - ROUTES.keys() == {"logs", "metrics"}, "which are no JSON"


def test_a_client_of_a_file_does_not_reach_the_schedd_of_another_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D8: jobs inherit SCHEDD_SOCKET."""
    address = find(file, None, None, None)
    assert isinstance(address, SocketAddress)
    (socket_path,) = (path for path in address.paths if Path(path).exists())
    monkeypatch.setenv("SCHEDD_SOCKET", socket_path)
    other = write(tmp_path / "other.yaml", "jobs: {}")
    (tmp_path / "link.yaml").symlink_to(file)
    for call in (
        lambda: Client(other).run("plain"),
        lambda: list(Client(other).follow("nosuchid")),
        lambda: asyncio.run(AsyncClient(other).run("plain")),
    ):
        with pytest.raises(UsageError, match=f"the socket of the schedd of {file}, not of that of {other}"):
            call()
    assert Client(tmp_path / "link.yaml").run("plain").stdout == b"plain\n"
    assert Client().run("plain").stdout == b"plain\n"
    assert asyncio.run(AsyncClient(file).run("plain")).stdout == b"plain\n"
