"""`scheduler.client` as an application uses it, with and without asyncio."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
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
from scheduler.client.aio import AsyncClient
from tests.system.programs import schedd, write

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("client")
    (folder / "app.py").write_text("def f(*args, **kwargs):\n    print(args, sorted(kwargs.items()))\n")
    path = write(
        folder / "schedules.yaml",
        """
        jobs:
          words: {command: [printf, "<%s>"], accepts: args}
          function: {python: "app:f", accepts: [args, kwargs]}
          copy: {command: "cat; echo error >&2; exit 3", accepts: stdin}
          slow: {command: "echo begun; sleep 60", overlap: queue, max_waiting: 1}
          plain: {command: "true"}
          much: {command: "yes | head -c 3000000"}
          busy: {command: "sleep 60"}
          nightly: {schedule: "0 3 * * *", command: "true", description: Every night}
        """,
    )
    with schedd(path):
        yield path


@pytest.fixture(params=["sync", "asyncio"])
def ask(request: pytest.FixtureRequest, file: Path) -> Ask:
    """Call a method of either client."""

    def call(method: str, *args: Any, **kwargs: Any) -> Any:
        if request.param == "sync":
            found = getattr(Client(file), method)(*args, **kwargs)
            return list(found) if method == "follow" else found

        async def awaited() -> Any:
            found = getattr(AsyncClient(file), method)(*args, **kwargs)
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


def test_keyword_arguments_reach_a_function(ask: Ask) -> None:
    result = ask("run", "function", 1, name="x", deep={"a": [None]})
    assert result.stdout == b"('1',) [('deep', {'a': [None]}), ('name', 'x')]\n"


def test_of_much_output_the_end_is_kept(ask: Ask) -> None:
    assert len(ask("run", "much").stdout) == 1 << 20


def test_enqueue_returns_an_id_and_wait_the_result(ask: Ask) -> None:
    run_id = ask("enqueue", "plain")
    assert ask("wait", run_id).ok
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
    time.sleep(0.3)
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
        ask("enqueue", "copy", stdin=b"x" * (4 << 20))


def test_too_many_waiting_runs_have_an_own_error_code(ask: Ask) -> None:
    ids = [ask("enqueue", "slow") for _ in range(2)]
    with pytest.raises(TooManyWaitingError, match="1 runs of it are waiting already"):
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
