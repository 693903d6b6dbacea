"""The example application against real servers on the loopback: an API and a mail server, up, refusing and down."""

from __future__ import annotations

import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from examples.app import notifications, rates, reminder


class Api(BaseHTTPRequestHandler):
    """Answers /latest like a rates API, everything else with 503."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/latest" else 503)
        self.end_headers()
        self.wfile.write(b'{"base": "EUR", "rates": {"USD": 1.25}}')

    def log_message(self, *_args: object) -> None:
        """Silent."""


class MailServer(socketserver.ThreadingTCPServer):
    """Keeps what it is sent; recipients named `nobody` are refused."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailSession)
        self.recipients: list[str] = []
        self.connections = 0


class MailSession(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as smtplib needs."""

    server: MailServer

    def handle(self) -> None:
        self.server.connections += 1
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].upper()
            if word == "RCPT TO":
                refused = "nobody" in line
                self._say("550 no such user" if refused else "250 ok")
                if not refused:
                    self.server.recipients.append(line.partition("<")[2].rstrip(">"))
            elif word == "DATA":
                self._say("354 go on")
                while self.rfile.readline().strip() != b".":
                    pass
                self._say("250 taken")
            else:
                self._say("221 bye" if word == "QUIT" else "250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[str]:
    """Its host and port, while it serves."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def nobody_listens() -> str:
    """A host and port that refuse connections."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        return f"127.0.0.1:{server.server_address[1]}"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("APP_SMTP_URL", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EXAMPLE_DATA", str(tmp_path))
    monkeypatch.setenv("SCHED_SCHEDULED_AT", "2026-01-05T08:00:00Z")
    return tmp_path


def stored_rates(data: Path) -> list[tuple[object, ...]]:
    db = sqlite3.connect(data / "example.db")
    try:
        return db.execute("SELECT currency, rate FROM rates").fetchall()
    finally:
        db.close()


def test_rates_come_from_the_api_that_rates_url_names(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Api)) as address:
        monkeypatch.setenv("RATES_URL", f"http://{address}/latest")
        rates.poll_rates(currencies=["USD"])
    assert stored_rates(data) == [("USD", 1.25)]


def test_an_api_that_answers_503_or_is_down_is_an_error_and_nothing_is_stored(
    data: Path, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Api)) as address:
        monkeypatch.setenv("RATES_URL", f"http://{address}/down")
        with pytest.raises(HTTPError, match="503") as refused:
            rates.poll_rates(currencies=["USD"])
        refused.value.close()
    monkeypatch.setenv("RATES_URL", f"http://{nobody_listens}/latest")
    with pytest.raises(URLError, match="refused"):
        rates.poll_rates(currencies=["USD"])
    assert list(data.iterdir()) == []


def test_with_smtp_url_a_whole_group_is_mailed_through_one_connection(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MailServer()
    with serving(server) as address:
        monkeypatch.setenv("APP_SMTP_URL", f"smtp://{address}")
        notifications.notify_group("staff", subject="Sale")
        notifications.notify_group("staff", subject="Sale")
    assert server.recipients == ["farid@example.com", "grace@example.com"]
    assert server.connections == 2
    assert not (data / "mail").exists()


def test_a_reminder_that_could_not_be_sent_is_sent_by_the_retry(
    nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_SMTP_URL", f"smtp://{nobody_listens}")
    with pytest.raises(ConnectionRefusedError):
        reminder.remind("team@example.com", "renew")
    with pytest.raises(ConnectionRefusedError):
        notifications.notify_group("staff", subject="renew")
    server = MailServer()
    with serving(server) as address:
        monkeypatch.setenv("APP_SMTP_URL", f"smtp://{address}")
        for _ in range(2):
            reminder.remind("team@example.com", "renew")
        notifications.notify_group("staff", subject="renew")
    assert server.recipients == ["team@example.com", "farid@example.com", "grace@example.com"]


def test_a_refused_recipient_is_an_error_and_not_recorded_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(MailServer()) as address:
        monkeypatch.setenv("APP_SMTP_URL", f"smtp://{address}")
        for _ in range(2):
            with pytest.raises(OSError, match="no such user"):
                reminder.remind("nobody@example.com", "renew")
