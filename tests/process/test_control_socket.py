"""Asking a schedd over a real socket."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from scheduler.api.service import JobState
from scheduler.control import client
from scheduler.control.client import Client
from scheduler.errors import RefusedError, SchedError, UnansweredError, UnknownNameError, UnreachableError, UsageError
from scheduler.wire.daemon import AskStatus, Reload
from scheduler.wire.envelope import MAX_REQUEST
from scheduler.wire.jobs import ListJobs, PauseJobs
from scheduler.wire.operations import LIST, PAUSE, RELOAD, RUN_NOW, STATUS, STOP
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Finished, Lost, Output, RunNow, Started, Stop
from tests.process.fake_service import FakeService, job, served


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A schedule file whose socket lies where its path is short enough."""
    directory = Path(f"/tmp/schedd-test-{os.getpid()}-{time.monotonic_ns()}")
    monkeypatch.setenv("SCHEDD_SOCKET", str(directory / "s.sock"))
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {}\n")
    yield file
    shutil.rmtree(directory)


@pytest.fixture
def service(file: Path) -> Iterator[FakeService]:
    service = FakeService()
    with served(file, service) as bugs:
        yield service
    assert bugs == service.expected_bugs


@pytest.fixture
def daemon(service: FakeService, file: Path) -> Client:
    found = client.find(str(file))
    assert found is not None
    return found


def raw(daemon: Client, request: bytes, *, end: bool = True) -> list[dict[str, object]]:
    """The lines that come back for these bytes."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(daemon.path)
        try:
            sock.sendall(request)
            if end:
                sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = b""
        try:
            while chunk := sock.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
    return [json.loads(line) for line in received.splitlines()]


def test_jobs_come_back_as_they_were_sent(daemon: Client) -> None:
    views = daemon.ask(LIST, ListJobs(("beta", "alpha")))
    assert [(view.name, view.status, view.timezone) for view in views] == [
        ("alpha", "idle", "UTC"),
        ("beta", "idle", "UTC"),
    ]


def test_a_long_list_arrives_in_pieces_that_make_the_whole(daemon: Client, service: FakeService) -> None:
    service.states *= 2_000
    pieces = list(daemon.ask_text(LIST, ListJobs()))
    assert len(pieces) > 1
    assert msgspec.json.decode(b"".join(pieces), type=LIST.reply) == daemon.ask(LIST, ListJobs())
    with pytest.raises(UnknownNameError):
        list(daemon.ask_text(LIST, ListJobs(("nobody",))))


def test_a_bug_in_the_middle_of_a_list_ends_the_connection_and_is_logged(
    daemon: Client, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.states *= 2_000
    broken = service.states[-1] = JobState(job=job("broken"))
    known = service.state
    monkeypatch.setattr(service, "state", lambda name: 1 / 0 if name == broken.job.name else known(name))
    service.expected_bugs.append("ZeroDivisionError('division by zero')")
    with pytest.raises(UnreachableError, match="closed the connection"):
        list(daemon.ask_text(LIST, ListJobs()))


def test_an_answer_is_one_accepted_line_and_one_ok(daemon: Client) -> None:
    answer = raw(daemon, b'{"v": 1, "op": "list", "args": {"jobs": ["alpha"], "from_the_future": 1}, "more": 2}\n')
    assert answer[0] == {"event": "accepted", "v": 1}
    assert list(answer[1]) == ["ok"]
    assert len(answer) == 2


def test_a_request_without_its_newline_is_understood_when_nothing_follows(daemon: Client) -> None:
    assert "ok" in raw(daemon, b'{"v": 1, "op": "list"}')[-1]


def test_events_come_in_order_and_bytes_survive(daemon: Client, service: FakeService) -> None:
    service.events = [
        Output("aaaa1111", "alpha", "stdout", bytes(range(256))),
        Output("aaaa1111", "alpha", "stderr", b"\xff\n"),
        Lost("aaaa1111", "alpha", 12),
    ]
    received = list(daemon.stream(RUN_NOW, RunNow(job="alpha")))
    assert [type(event) for event in received] == [Started, Output, Output, Lost, Finished]
    assert received[1:4] == service.events


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (RunNow(job="alhpa"), UnknownNameError, "no job 'alhpa'; did you mean 'alpha'?"),
        (RunNow(job="busy"), RefusedError, "busy is running"),
        (RunNow(job="boom"), SchedError, "internal error; see schedd's log"),
    ],
)
def test_errors_arrive_with_their_class(
    daemon: Client, service: FakeService, ask: RunNow, error: type[SchedError], text: str
) -> None:
    service.expected_bugs = ["ZeroDivisionError()"] if ask.job == "boom" else []
    with pytest.raises(SchedError) as raised:
        list(daemon.stream(RUN_NOW, ask))
    assert (type(raised.value), str(raised.value)) == (error, text)


def test_a_run_and_a_pause_record_who_asked(daemon: Client, service: FakeService) -> None:
    list(daemon.stream(RUN_NOW, RunNow(job="alpha")))
    daemon.ask(PAUSE, PauseJobs(jobs=("beta",)))
    program = Path("/proc/self/comm").read_text().strip()
    me = Requester(uid=os.getuid(), user=getpass.getuser(), pid=os.getpid(), program=program)
    assert [request.by for request in service.requests] == [me]
    assert service.paused["beta"].by == me


def test_every_operation_without_events_answers(daemon: Client, service: FakeService) -> None:
    assert daemon.ask(STOP, Stop(target="alpha")).waiting == 1
    assert daemon.ask(RELOAD, Reload(plan=True)).applied is False
    assert [view.name for view in daemon.ask(PAUSE, PauseJobs(jobs=("beta",)))] == ["beta"]
    assert set(service.paused) == {"beta"}
    with pytest.raises(UsageError, match="give the names of the jobs to pause, or --all"):
        daemon.ask(PAUSE, PauseJobs())
    with pytest.raises(UsageError, match="--all means every job; to pause, give either --all or names"):
        daemon.ask(PAUSE, PauseJobs(jobs=("beta",), all=True))
    assert daemon.ask(STATUS, AskStatus()).jobs == 5


def test_leaving_a_run_now_detaches(daemon: Client, service: FakeService) -> None:
    events = daemon.stream(RUN_NOW, RunNow(job="endless"))
    while not isinstance(next(events), Output):
        pass
    events.close()  # type: ignore[attr-defined]
    assert service.left.wait(5)


def test_a_client_that_does_not_read_is_waited_for_without_reading_ahead(daemon: Client, service: FakeService) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(daemon.path)
        deaf.sendall(b'{"v": 1, "op": "run-now", "args": {"job": "endless"}}\n')
        assert eventually(lambda: service.yielded > 2)
        settled = [0]

        def stopped() -> bool:
            before, settled[0] = settled[0], service.yielded
            time.sleep(0.05)
            return before == service.yielded

        assert eventually(stopped)
        assert service.yielded * 60_000 < 4_000_000
        assert daemon.ask(LIST, ListJobs())
    assert service.left.wait(5)


def test_a_hundred_clients_at_once_are_fine(daemon: Client) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    try:
        for sock in silent:
            sock.connect(daemon.path)
        assert len(daemon.ask(LIST, ListJobs())) == 5
        for sock in silent:
            sock.sendall(b'{"v": 1, "op": "list"}\n')
        for sock in silent:
            sock.settimeout(5)
            assert sock.recv(65536)
    finally:
        for sock in silent:
            sock.close()


def test_beyond_the_limit_further_clients_get_an_error(daemon: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.control.server.MOST_CONNECTIONS", 5)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(10)]
    try:
        for sock in silent:
            sock.connect(daemon.path)
        with pytest.raises(UnreachableError, match="already has 5 connections"):
            daemon.ask(LIST, ListJobs())
    finally:
        for sock in silent:
            sock.close()
    assert eventually(lambda: bool(raw(daemon, b'{"v": 1, "op": "list"}\n')[0].get("event")))


def test_silence_is_ended(daemon: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.control.server.REQUEST_TIMEOUT", 0.05)
    assert raw(daemon, b'{"v": 1, ', end=False) == []


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\xff\xfe\n",
        b'{"v": 1}\n',
        b'{"v": "1", "op": "list"}\n',
        b'{"v": 1, "op": "nonsense"}\n',
        b'{"v": 1, "op": "run-now", "args": {}}\n',
        b'{"v": 1, "op": "run-now", "args": {"job": 3}}\n',
        b'{"v": 1, "op": "run-now", "args": [[[[]]]]}\n',
        b'{"v": 1, "op": "run-now", "args": {"job": "alpha", "as_of": "yesterday"}}\n',
        b'{"v": 1, "op": "run-now", "args": {"job": "alpha", "env": {"A=B": ""}}}\n',
        b'{"v": 1, "op": "run-now", "args": {"job": "alpha", "env": {"A": "\\u0000"}}}\n',
        b'{"v": 1, "op": "list", "args": {"jobs": ["\\ud800"]}}\n',
        b'{"v": 1, "op": "pause", "args": {"jobs": ["alpha"], "seconds": 1e300}}\n',
        b'{"v": 1, "op": "pause", "args": {"jobs": ["alpha"], "seconds": -5}}\n',
        b'{"v": 1, "op": "list", "args": ' + b"[" * 200_000 + b"}\n",
        b"[" * 500_000 + b"\n",
        b"x" * (MAX_REQUEST + 10),
        b"x" * (3 * MAX_REQUEST) + b"\n",
    ],
)
def test_nonsense_is_answered_with_an_error_and_no_bug(daemon: Client, request_line: bytes) -> None:
    answer = raw(daemon, request_line)
    assert all(line["error"]["code"] in ("usage", "refused", "unknown") for line in answer if "event" not in line)  # type: ignore[index]
    assert ("error" in answer[-1]) if request_line else answer == []


def test_another_version_is_explained_in_words(daemon: Client) -> None:
    (answer,) = raw(daemon, b'{"v": 2, "op": "list"}\n')
    assert answer["error"]["code"] == "unreachable"  # type: ignore[index]
    assert "this client uses version 2 of the protocol" in answer["error"]["message"]  # type: ignore[index]


def test_the_socket_is_closed_to_others_and_gone_afterwards(file: Path) -> None:
    path = Path(os.environ["SCHEDD_SOCKET"])
    with served(file, FakeService()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


def test_a_schedd_that_listens_but_is_frozen_is_unreachable(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.1)
    path = Path(os.environ["SCHEDD_SOCKET"])
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(str(path))
        frozen.listen(1)
        found = client.find(str(file))
        assert found is not None
        with pytest.raises(UnreachableError, match=r"has not answered for 0\.1s"):
            found.ask(LIST, ListJobs())


def test_a_request_whose_client_no_longer_waits_is_not_carried_out(
    file: Path, monkeypatch: pytest.MonkeyPatch, service: FakeService, daemon: Client
) -> None:
    def gone(request: bytes, how: Callable[[socket.socket], None]) -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(daemon.path)
            how(sock)
            sock.sendall(request)

    def shut(sock: socket.socket) -> None:
        sock.shutdown(socket.SHUT_RD)  # schedd cannot write the first line, as on a closed connection

    gone(b'{"v": 1, "op": "run-now", "args": {"job": "alpha"}}\n', shut)
    gone(b'{"v": 1, "op": "pause", "args": {"all": true}}\n', shut)
    assert raw(daemon, b'{"v": 1, "op": "run-now", "args": {"job": "beta"}}\n')  # half closed: it still reads
    assert [request.by is not None for request in service.requests] == [True]
    assert service.paused == {}


@contextmanager
def answering(line: bytes) -> Iterator[None]:
    """Another program at the control socket, which answers one request with this line and closes the connection."""
    path = Path(os.environ["SCHEDD_SOCKET"])
    path.parent.mkdir(mode=0o700, exist_ok=True)

    def answer() -> None:
        for _ in range(2):  # the search for a schedd connects, and then the request
            with other.accept()[0] as sock:
                if sock.recv(4096):
                    sock.sendall(line)

    with socket.socket(socket.AF_UNIX) as other, ThreadPoolExecutor(1) as pool:
        other.bind(str(path))
        other.listen(1)
        answered = pool.submit(answer)
        yield
        answered.result(10)
    path.unlink()


def test_an_answer_that_is_cut_off_does_not_count_as_not_accepted(file: Path) -> None:
    for line, error in ((b"", UnreachableError), (b'{"event": "accepted", "v": 1}\n', UnansweredError)):
        with answering(line):
            found = client.find(str(file))
            assert found is not None
            with pytest.raises(UnreachableError) as raised:
                list(found.stream(RUN_NOW, RunNow(job="alpha")))
        assert type(raised.value) is error


@pytest.mark.parametrize(
    "line",
    [
        b'{"error": {"code": "usage", "message": "not a request: Object missing required field `verb`"}}\n',
        b'{"ok": {"something": "else"}}\n',
        b"hello\n",
    ],
)
def test_a_schedd_of_another_version_is_an_error_with_its_remedy(file: Path, line: bytes) -> None:
    with answering(line):
        found = client.find(str(file))
        assert found is not None
        with pytest.raises(UnreachableError, match="has another version than this schedctl"):
            found.ask(LIST, ListJobs())
