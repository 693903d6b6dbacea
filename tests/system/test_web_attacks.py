"""Attacks on the HTTP listener, played over real sockets against a real schedd."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.programs import Schedd, eventually, schedd

TEXT = """
jobs:
  tick: {schedule: "@every 1s", command: "echo tick"}
  talk: {command: "for i in $(seq 200); do echo line $i; sleep 0.05; done"}
  noise: {command: "printf '<script>\\\\033[31mx\\\\r\\\\n'"}
"""


class Web:
    """A schedd that serves HTTP on loopback."""

    def __init__(self, process: Schedd, port: int) -> None:
        self.schedd = process
        self.port = port

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, data: bytes) -> bytes:
        """All that is answered until the connection is closed, or for a second."""
        with self.connect() as sock:
            sock.sendall(data)
            sock.settimeout(1)
            found = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while chunk := sock.recv(65_536):
                    found += chunk
            return found


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    file = tmp_path_factory.mktemp("web") / "schedules.yaml"
    file.write_text(TEXT)
    with schedd(file, "--web", "127.0.0.1:0") as running:
        (line,) = running.says("web listening")
        found = re.search(r":(\d+)/", line)
        assert found
        yield Web(running, int(found[1]))
        assert "internal error" not in running.log


def on_time(web: Web) -> bool:
    """Whether runs go on: one starts within two seconds from now."""
    before = len(web.schedd.lines("run started", "job=tick"))
    web.schedd.says("run started", "job=tick", times=before + 2, seconds=4)
    return True


def test_a_rebound_page_reaches_no_method_and_starts_no_job(web: Web) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/api/v1/jobs"),
        ("POST", "/api/v1/jobs/talk/runs"),
        ("GET", "/healthz"),
    ):
        status, _, body = web.ask(
            method, path, b"{}" if method == "POST" else b"", Host="evil.example", Content_Type="application/json"
        )
        assert (status, b"evil.example" in body) == (421, True)
    assert web.schedd.lines("run started", "job=talk") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Content_Type": "application/json"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_forged_form_of_another_site_does_nothing(web: Web, headers: dict[str, str]) -> None:
    for path in ("/jobs/talk/run", "/api/v1/jobs/talk/runs", "/pause", "/reload", "/jobs/tick/stop"):
        kind = {"Content_Type": "application/x-www-form-urlencoded"} | headers
        assert web.ask("POST", path, b"until=1h", **kind)[0] == 403, path
    assert web.schedd.lines("run started", "job=talk") == []


def test_no_get_changes_anything(web: Web) -> None:
    for path in ("/jobs/talk/run", "/pause", "/resume", "/api/v1/jobs/talk/runs", "/api/v1/reload", "/jobs/talk/stop"):
        status, headers, _ = web.ask("GET", path)
        assert (status, headers.get("allow", "POST")) in ((405, "POST"), (200, "POST")), path
    assert web.schedd.lines("run started", "job=talk") == []


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py",
        "/jobs/..%2f..%2fetc%2fpasswd", "/runs/../../etc/passwd", "/runs/%00", "/jobs/%0d%0aset-cookie:x",
        "/jobs/tick%00", "//evil.example/", "/static/", "/jobs/", "/\\..\\x", "/%ff%fe",
    ],
)  # fmt: skip
def test_no_url_path_serves_a_file_of_the_machine(web: Web, path: str) -> None:
    status, headers, body = web.ask("GET", path)
    assert status == 404, path
    assert "set-cookie" not in headers
    assert b"root:" not in body


def test_every_answer_carries_the_policy(web: Web) -> None:
    for path in ("/", "/none", "/static/page.js", "/api/v1/jobs", "/metrics", "/healthz"):
        headers = web.ask("GET", path)[1]
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
    page = web.ask("GET", "/")[2].decode()
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=|javascript:", page)


def test_output_leaves_as_text_to_download(web: Web) -> None:
    _, headers, body = web.ask(
        "POST", "/api/v1/jobs/noise/runs", b"{}", Content_Type="application/json", Prefer="wait=5"
    )
    run = json.loads(body)["id"]
    _, headers, body = web.ask("GET", f"/runs/{run}/output.txt")
    assert (headers["content-type"], headers["content-disposition"]) == (
        "text/plain; charset=utf-8",
        f'attachment; filename="{run}.txt"',
    )
    assert body.startswith(b"<script>")
    assert b"&lt;script&gt;x" in web.ask("GET", f"/runs/{run}")[2]


def test_a_body_that_is_too_large_is_not_read(web: Web) -> None:
    kind = "application/json"
    assert web.ask("POST", "/api/v1/pause", b"x" * 70_000, Content_Type=kind)[0] == 413
    head = b"POST /api/v1/pause HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    assert b" 413 " in web.raw(head + b"ffff\r\n" + b"x" * 65_535 + b"\r\nffff\r\n" + b"x" * 65_535)
    assert b" 431 " in web.raw(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 70_000)


@pytest.mark.parametrize("size", [17_000, 100_000])
def test_a_head_that_is_too_large_is_refused_though_it_arrives_at_once(web: Web, size: int) -> None:
    long = b"y" * size
    for head in (
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: " + long,
        b"GET /healthz?" + long + b" HTTP/1.1\r\nhost: x",
    ):
        assert b" 431 " in web.raw(head + b"\r\n\r\n")
    many = b"".join(b"x%d: y\r\n" % number for number in range(size // 8))
    assert b" 431 " in web.raw(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n" + many + b"\r\n")
    assert b" 200 " in web.raw(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 10_000 + b"\r\n\r\n")


def test_a_request_whose_end_two_programs_could_see_in_different_places_ends_the_connection(web: Web) -> None:
    """A proxy that follows Content-Length would take the second request for the body of the first."""
    second = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    head = b"POST /api/v1/pause HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    for fields in (
        b"content-length: %d\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: %d\r\n",
    ):
        answer = web.raw(head + fields % (len(second) + 5) + b"\r\n0\r\n\r\n" + second)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\x16\x03\x01" * 50, b"GET / HTTP/9.9\r\n\r\n", b"GET  / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n x: y\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)  # fmt: skip
def test_malformed_and_smuggled_requests_are_refused(web: Web, data: bytes) -> None:
    answer = web.raw(data)
    assert not answer or re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:80]


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_more_fields_than_are_read_are_one_answer_and_no_bug(web: Web, accept: str) -> None:
    many = "&".join(f"f{number}=1" for number in range(200))
    asked = web.ask("GET", f"/?{many}", Accept=accept)
    sent = web.ask("POST", "/jobs/tick/run", many.encode(), Accept=accept, Sec_Fetch_Site="same-origin")
    for status, _, body in (asked, sent):
        assert status == 400
        assert b"t most 100 fields are read" in body
    assert "failed" not in web.schedd.log


def test_headers_are_not_injected_by_what_a_form_says(web: Web) -> None:
    body = b"back=%2Fx%0d%0aset-cookie%3A%20a%3Db&until=&note="
    status, headers, _ = web.ask("POST", "/jobs/talk/pause", body, Sec_Fetch_Site="same-origin")
    assert (status, headers["location"]) == (303, "/?done=paused&what=talk&until=until%20resumed")
    assert "set-cookie" not in headers
    assert web.ask("POST", "/jobs/talk/resume", b"back=//evil.example", Sec_Fetch_Site="same-origin")[1][
        "location"
    ].startswith("/?")


def test_slow_requests_are_ended_and_delay_no_other(web: Web) -> None:
    """Slowloris: 50 connections that send a header a second never become a request."""
    slow = [web.connect() for _ in range(50)]
    try:
        for sock in slow:
            sock.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n")
        begin = time.monotonic()
        closed: set[int] = set()

        def drip() -> bool:
            for number, sock in enumerate(slow):
                if number not in closed:
                    try:
                        sock.sendall(b"x: y\r\n")
                        sock.settimeout(0.001)
                        if not sock.recv(1):
                            closed.add(number)
                    except TimeoutError:
                        pass
                    except OSError:
                        closed.add(number)
            time.sleep(0.2)
            return len(closed) == len(slow)

        assert web.ask("GET", "/healthz")[0] == 200
        eventually(drip, seconds=15)
        assert time.monotonic() - begin > 8, "but a slow honest client has its ten seconds"
    finally:
        for sock in slow:
            sock.close()


def test_ten_thousand_connections_leave_room_for_runs(web: Web) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    opened: list[socket.socket] = []
    try:
        for _ in range(min(10_000, hard - 500)):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", web.port))
            opened.append(sock)
        assert on_time(web)
        descriptors = Path(f"/proc/{web.schedd.pid}/fd")
        eventually(lambda: 200 < len(list(descriptors.iterdir())) < 260)
    finally:
        for sock in opened:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    eventually(lambda: web.ask("GET", "/healthz")[0] == 200, seconds=15)


def test_the_number_of_streams_is_bounded_and_further_clients_must_retry(web: Web) -> None:
    streams = [web.connect() for _ in range(60)]
    try:
        for sock in streams:
            sock.sendall(b"GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n")
        answers = [sock.recv(12) for sock in streams]
        assert (answers.count(b"HTTP/1.1 200"), answers.count(b"HTTP/1.1 503")) == (32, 28)
        eventually(lambda: web.ask("GET", "/")[0] == 200)  # connections of the flood before may still be refused
        assert on_time(web)
    finally:
        for sock in streams:
            sock.close()
    eventually(lambda: b" 200 " in web.raw(b"GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n")[:20])


def test_a_reader_that_takes_nothing_delays_no_run_and_costs_little(web: Web) -> None:
    with web.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(20):
            sock.sendall(b"GET /schedule HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert on_time(web)


def test_a_run_goes_on_when_its_reader_leaves(web: Web) -> None:
    with web.connect() as sock:
        sock.sendall(
            b"POST /api/v1/jobs/talk/runs HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n"
            b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        )
        found = b""
        while b"event: output" not in found:
            found += sock.recv(4096)
    run = json.loads(web.ask("GET", "/api/v1/jobs/talk")[2])["view"]["running"][0]["id"]
    assert web.ask("GET", f"/api/v1/runs/{run}")[0] == 200
    assert web.ask("POST", f"/api/v1/runs/{run}/stop", b"{}", Content_Type="application/json")[0] == 200


def test_requests_side_by_side_are_all_answered(web: Web) -> None:
    statuses: list[int] = []

    def many() -> None:
        statuses.extend(
            web.ask("GET", path)[0] for path in ("/", "/jobs/tick", "/schedule", "/metrics", "/api/v1/jobs")
        )

    threads = [threading.Thread(target=many) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 100


# Start and end.


def test_an_address_of_the_network_without_a_token_is_an_invalid_configuration(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {}\n")
    with schedd(file, "--web", "0.0.0.0:0", ready=False) as running:
        assert running.ends() == 78
        assert "token is needed" in running.errors
        assert "help: add `token: {from_env: SCHEDD_TOKEN}` to `web`" in running.errors


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("token: {from_env: NOT_SET}", "token: the variable NOT_SET is not set in this environment, or empty"),
        ("token: {from_file: missing}", "token: {directory}/missing: No such file or directory"),
        ("token: {from_file: empty}", "token: {directory}/empty is empty"),
        ("token: canary\n  view_token: {from_env: NOT_SET}", "view_token: the variable NOT_SET is not set"),
        ("token: {from_file: foreign}", "token: must consist of printable ASCII characters"),
    ],
)
def test_a_token_that_cannot_be_read_is_an_error_with_its_place(tmp_path: Path, token: str, problem: str) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "foreign").write_text("canary-ü-€\n")
    file = tmp_path / "schedules.yaml"
    file.write_text(f"jobs: {{}}\nweb:\n  listen: 127.0.0.1:0\n  {token}\n")
    line = 5 if "view" in token else 4
    with schedd(file, ready=False) as running:
        assert running.ends() == 78
        assert f"{file}:{line}: error: {problem.replace('{directory}', str(tmp_path))}" in running.errors
        assert "canary" not in running.errors


@pytest.mark.parametrize(
    ("address", "code", "message"), [("nonsense:x", 2, "not a valid address"), ("", 2, "not a valid address")]
)
def test_a_strange_address_is_a_usage_error(tmp_path: Path, address: str, code: int, message: str) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {}\n")
    with schedd(file, "--web", address, ready=False) as running:
        assert running.ends() == code
        assert message in running.errors


def test_web_without_an_address_uses_that_of_the_file_and_an_address_takes_precedence(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(f"web: {{listen: 'unix:{tmp_path}/of-the-file'}}\njobs: {{}}\n")
    with schedd(file, "--web") as running:
        assert "of-the-file" in running.says("web listening")[0]
    with schedd(file, "--web", f"unix:{tmp_path}/given") as running:
        assert "/given" in running.says("web listening")[0]
    assert "of-the-file" not in running.log


def test_an_address_in_use_is_one_message(web: Web, tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {}\n")
    with schedd(file, "--web", f"127.0.0.1:{web.port}", ready=False) as running:
        assert running.ends() == 1
        assert "cannot listen on" in running.errors
        assert "Traceback" not in running.errors


def test_a_unix_socket_is_closed_to_others_and_gone_at_the_end(tmp_path: Path) -> None:
    file, path = tmp_path / "schedules.yaml", tmp_path / "web.sock"
    file.write_text("jobs: {}\n")
    for _ in range(2):  # a socket that was left behind is replaced
        with schedd(file, "--web", f"unix:{path}") as running:
            running.says("web listening")
            assert path.stat().st_mode & 0o777 == 0o600
            for kind, status in ((b"application/x-www-form-urlencoded", b"403"), (b"application/json", b"200")):
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(str(path))
                    head = b"POST /api/v1/pause HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n"
                    sock.sendall(head + b"content-type: " + kind + b"\r\n\r\n")
                    assert sock.recv(12) == b"HTTP/1.1 " + status
            with schedd(tmp_path / "schedules.yaml", "--web", f"unix:{path}", ready=False) as second:
                assert second.ends() == 1
    with schedd(file, "--web", f"unix:{path}") as running:
        running.says("web listening")
        assert running.stop() == 0
        assert not path.exists()


def test_the_dashboard_line_and_the_readiness(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {last: {command: sleep 30}}\n")
    with schedd(file, "--web", "127.0.0.1:0") as running:
        (line,) = running.says("web listening")
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found
        assert running.errors == f"dashboard: {found[0]}\n"
        web = Web(running, int(found[1]))
        assert [web.ask("GET", path)[0] for path in ("/healthz", "/readyz")] == [200, 200]
        web.ask("POST", "/api/v1/jobs/last/runs", b"{}", Content_Type="application/json")
        running.signal(15)  # type: ignore[arg-type]
        running.says("shutting down")
        eventually(lambda: web.ask("GET", "/readyz")[0] == 503)
        assert web.ask("GET", "/healthz")[0] == 200
        assert b"schedd is shutting down" in web.ask("GET", "/")[2]


def test_a_schedd_without_web_imports_nothing_of_it(tmp_path: Path) -> None:
    code = (
        "import sys; from scheduler.fast_start import NOT_FOR_THE_DAEMON, loading\n"
        "with loading(*NOT_FOR_THE_DAEMON):\n import scheduler.daemon\n"
        "print(*(name for name in sys.modules if name in ('h11', 'jinja2', 'markupsafe', 'ssl', 'http.client')"
        " or name.startswith('scheduler.web.') or name == 'scheduler.api.prometheus'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["scheduler.web.lazy_web"]
