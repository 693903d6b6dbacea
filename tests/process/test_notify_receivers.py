"""Notifications and who gets them, for real: commands, HTTP and mail servers, apprise and Sentry."""

from __future__ import annotations

import email
import email.policy
import gzip
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from scheduler.launch.launcher import Stream
from scheduler.model.job import Job
from scheduler.model.recipient import (
    AppriseRecipient,
    CommandRecipient,
    MailRecipient,
    PingRecipient,
    Recipient,
    SentryRecipient,
    WebhookFormat,
    WebhookRecipient,
)
from scheduler.model.run import Attempt, Exit, Outcome, Run, Trigger
from scheduler.model.target import Argv, EnvLayer, FromEnv, FromFile, ShellCommand
from scheduler.report.notify.delivery import attempt_once
from scheduler.report.notify.notification import Alarm, Notification, Topic
from scheduler.report.notify.sender import DeliveryError, SenderContext
from scheduler.report.notify.senders import sender_for
from scheduler.schedule import parse_schedule
from tests.process.receivers import HttpServer, black_hole, endless, http_server, mail_server
from tests.process.workshop import Workshop, play

CANARY = "canary-7f3a"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def a_notification(topic: Topic = Topic.FAILURE, outcome: Outcome = Outcome.FAILED, **keys: Any) -> Notification:
    job = Job(**{"name": "backup", "target": ShellCommand("x"), "cwd": "/", **keys})
    attempt = Attempt(1, NOON, 2.0, outcome, Exit(3 if outcome is Outcome.FAILED else 0))
    run = Run("k3v9d2qa", "backup", Trigger.SCHEDULE, NOON, NOON, (attempt,), outcome, NOON, 2.0)
    alarm = Alarm.FAILING if topic is Topic.FAILURE else None
    return Notification(
        topic=topic, job=job, at=NOON, alarm=alarm, run=run, failures=1, since=NOON, output=b"no space left\n"
    )


def send(
    recipient: Recipient, given: Notification | None = None, environ: Mapping[str, str] | None = None
) -> tuple[str, Workshop]:
    """Send one notice; DeliveryError when it does not arrive."""

    async def story() -> tuple[str, Workshop]:
        workshop = Workshop()
        sender = sender_for(recipient, SenderContext(environ or {}, workshop.launcher, workshop.log))
        return await attempt_once(sender.send, given or a_notification(), recipient.timeout), workshop

    return play(story())


def refusal(
    recipient: Recipient, given: Notification | None = None, environ: Mapping[str, str] | None = None
) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(recipient, given, environ)
    assert CANARY not in str(caught.value)
    return caught.value


# --- commands


def command(text: str, timeout: float = 10.0) -> CommandRecipient:
    return CommandRecipient(target=ShellCommand(text), timeout=timeout)


def test_a_command_gets_what_happened_in_its_environment_and_as_a_document() -> None:
    answer, workshop = send(command('echo "$SCHED_EVENT $SCHED_OUTCOME $SCHED_EXIT $SCHED_REASON $SCHED_JOB"; cat'))
    first, document = workshop.log.lines()
    assert (answer, first) == ("exit code 0", b"failure failed 3 exit code 3 backup")
    assert json.loads(document)["output"] == "no space left\n"
    assert {name for name, _, _ in workshop.log.blocks} == {"backup on_failure"}


def test_a_command_runs_as_the_job_does(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\necho $PWD $COLOUR $0\n")
    (tmp_path / "tool").chmod(0o755)
    given = a_notification(cwd=str(tmp_path), environment=(EnvLayer("env", {"COLOUR": "red"}),))
    _, workshop = send(CommandRecipient(target=Argv(("./tool",))), given)
    assert workshop.log.lines() == [f"{tmp_path} red {tmp_path}/tool".encode()]


@pytest.mark.parametrize(
    "keys",
    [{"cwd": "/nonexistent"}, {"environment": (EnvLayer("env_file", file="/nonexistent/app.env"),)}],
    ids=["directory", "env_file"],
)
def test_the_cause_that_prevents_the_job_does_not_prevent_its_notification_command(keys: dict[str, Any]) -> None:
    assert send(command("true"), a_notification(**keys))[0] == "exit code 0"


def test_a_directory_that_is_closed_does_not_either(closed: Path) -> None:
    assert send(command("true"), a_notification(cwd=str(closed / "app")))[0] == "exit code 0"


def test_a_command_that_fails_counts_as_not_delivered_and_is_not_run_again() -> None:
    error = refusal(command("echo oops >&2; exit 7"))
    assert (str(error).split(";")[0], error.again) == ("exit code 7", False)


def test_a_command_that_does_not_exist_is_reported() -> None:
    assert "command not found: nothing-like-it" in str(refusal(CommandRecipient(target=Argv(("nothing-like-it",)))))


def test_a_hook_that_never_ends_is_ended_with_all_it_started() -> None:
    begun = time.monotonic()
    error = refusal(command("trap '' TERM; sleep 1000 & sleep 1000", timeout=0.2))
    assert (str(error), error.again) == ("timed out after 0.2s", True)
    assert time.monotonic() - begun < 20  # and the fixture sees that nothing is left


def test_stderr_of_a_command_reaches_the_log() -> None:
    assert send(command("echo hm >&2"))[1].log.lines(Stream.STDERR) == [b"hm"]


# --- webhooks


def test_a_webhook_gets_the_document_its_headers_and_a_signature(server: HttpServer) -> None:
    notifier = WebhookRecipient(
        url=FromEnv("HOOK"),
        headers=(("Authorization", FromEnv("TOKEN")), ("X-Kind", "test")),
        secret=FromEnv("KEY"),
    )
    environ = {"HOOK": f"{server.url}/hooks/{CANARY}?a=1", "TOKEN": f"Bearer {CANARY}", "KEY": "s3cret"}
    answer, _ = send(notifier, environ=environ)
    (request,) = server.requests
    assert (answer, request.method, request.path) == ("answered 200", "POST", f"/hooks/{CANARY}?a=1")
    assert json.loads(request.body)["message"] == "Job backup failed after 2s: exit code 3"
    expected = hmac.new(b"s3cret", request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Schedd-Signature"] == f"sha256={expected}"
    assert (request.headers["Authorization"], request.headers["X-Kind"]) == (f"Bearer {CANARY}", "test")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("schedd/")


def test_a_webhook_for_a_chat_gets_a_text(server: HttpServer) -> None:
    send(WebhookRecipient(url=server.url, format=WebhookFormat.SLACK))
    text = f"❌ Job backup failed after 2s: exit code 3 (on {socket.gethostname()})\n```\nno space left\n```"
    assert json.loads(server.requests[0].body) == {"text": text}


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (503, True), (429, True), (408, True), (400, False), (403, False), (404, False)]
)
def test_a_refusal_is_tried_again_where_that_may_help(server: HttpServer, status: int, again: bool) -> None:
    server.answer = lambda _request: (status, {})
    error = refusal(WebhookRecipient(url=f"{server.url}/{CANARY}"))
    assert (str(error), error.again) == (f"answered {status}", again)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_that_no_secret_goes_elsewhere(server: HttpServer, status: int) -> None:
    server.answer = lambda request: (status, {"Location": f"{server.url}{request.path}x/{CANARY}"})
    error = refusal(WebhookRecipient(url=f"{server.url}/{CANARY}"))
    assert str(error) == f"answered {status}, a redirect: use the address that it leads to"
    assert (len(server.requests), error.again) == (1, False)


def test_a_black_hole_costs_its_timeout_and_no_more() -> None:
    """N1"""
    with black_hole() as port:
        begun = time.monotonic()
        error = refusal(WebhookRecipient(url=f"http://127.0.0.1:{port}/{CANARY}", timeout=0.3))
        assert (error.again, time.monotonic() - begun < 5) == (True, True)


MANY_CONTINUES = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
ENDLESS = {
    "http": [
        (b"", b"H"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", MANY_CONTINUES),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"HTTP/1.1 200 OK\r\n", b""),
    ],
    "https": [(b"", b""), (b"\x16\x03\x03\x40\x00", b"\x02")],
    "smtp": [(b"", b"220-wait\r\n"), (b"220 hello\r\n", b"250-still\r\n"), (b"220 hello\r\n", b"2")],
    "smtps": [(b"", b""), (b"\x16\x03\x03\x40\x00", b"\x02")],
}


@pytest.mark.parametrize(
    ("scheme", "first", "then"), [(scheme, *blocks) for scheme, pairs in ENDLESS.items() for blocks in pairs]
)
def test_a_server_whose_answer_never_ends_costs_the_timeout_and_leaves_no_thread(
    scheme: str, first: bytes, then: bytes
) -> None:
    """N1, D6: the timeout is one deadline over the whole exchange, whatever arrives meanwhile."""
    timeout = 1.0 if scheme.endswith("s") else 0.4  # preparing TLS takes longer, and must leave time to connect
    with endless(first, then) as (port, has_left):
        if scheme.startswith("http"):
            recipient: Recipient = WebhookRecipient(url=f"{scheme}://127.0.0.1:{port}/", timeout=timeout)
        else:
            recipient = MailRecipient(to=("ops@example.com",), timeout=timeout)
        begun = time.monotonic()
        error = refusal(recipient, environ={"SMTP_URL": f"{scheme}://127.0.0.1:{port}"})
        limited = then == MANY_CONTINUES and hasattr(http.client, "_MAXINTERIMRESPONSES")  # newer Pythons end it sooner
        words = "what answered does not speak HTTP (HTTPException)" if limited else f"timed out after {timeout:g}s"
        assert (str(error), error.again) == (words, True)
        assert time.monotonic() - begun < 5
        assert has_left.wait(5)
        for thread in threading.enumerate():
            if thread.name == "notification":
                thread.join(5)
                assert not thread.is_alive()


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:text/plain,x", "/etc/hostname", "http:x"]
)
def test_an_address_that_is_not_http_is_not_opened(url: str) -> None:
    """D6"""
    for recipient in (WebhookRecipient(url=FromEnv("HOOK")), PingRecipient(FromEnv("HOOK"))):
        assert str(refusal(recipient, environ={"HOOK": url})).endswith("the address is not a valid http(s) URL")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"http://127.0.0.1:1/{CANARY}", "Connection refused"),
        (f"https://127.0.0.1:1/{CANARY}", "Connection refused"),
        (f"http://127.0.0.1:99999/{CANARY}", "the port must be a number from 1 to 65535"),
        (f"http://no-such-host.invalid/{CANARY}", ""),
        (f"http://127.0.0.1:1/{CANARY} x\n", ""),
        (f"ftp://127.0.0.1/{CANARY}", ""),
        (CANARY, ""),
        ("", "HOOK"),
    ],
)
def test_an_unreachable_address_is_reported_without_the_address(url: str, why: str) -> None:
    """L2"""
    assert why in str(refusal(WebhookRecipient(url=FromEnv("HOOK")), environ={"HOOK": url}))


def test_a_port_beyond_65535_does_not_lead_to_another_port(server: HttpServer) -> None:
    """A socket takes the port modulo 65,536."""
    address = server.url.replace(f":{urlsplit(server.url).port}", f":{(urlsplit(server.url).port or 0) + 65_536}")
    for recipient in (WebhookRecipient(url=FromEnv("HOOK")), PingRecipient(FromEnv("HOOK"))):
        assert "the port must be" in str(refusal(recipient, environ={"HOOK": address}))
    assert server.requests == []


def test_an_invalid_http_header_is_reported_without_its_value(server: HttpServer) -> None:
    """L2"""
    for value in (f"{CANARY}\r\nX: y", f"{CANARY}\u20ac"):
        refusal(WebhookRecipient(url=server.url, headers=(("X-Token", FromEnv("TOKEN")),)), environ={"TOKEN": value})
    assert server.requests == []


def test_a_client_that_does_not_speak_http_gets_an_error() -> None:
    with mail_server() as mail:
        assert "does not speak HTTP" in str(refusal(WebhookRecipient(url=f"http://127.0.0.1:{mail.port}/")))


@pytest.mark.parametrize("address", ["http://[::1/x", "http://::1]/x"])
def test_an_invalid_ping_address_is_an_error_that_does_not_show_it(address: str) -> None:
    """L2"""
    assert (
        str(refusal(PingRecipient(FromEnv("PING")), environ={"PING": address}))
        == "ping: the address is not a valid http(s) URL"
    )


def test_a_user_and_password_in_an_address_are_sent_as_http_has_it(server: HttpServer) -> None:
    send(WebhookRecipient(url=server.url.replace("//", "//ops:p%40ss@") + "/x"))
    (request,) = server.requests
    assert (request.path, request.headers["Authorization"]) == ("/x", "Basic b3BzOnBAc3M=")


def test_an_address_may_be_read_from_a_file(server: HttpServer, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(f"{server.url}/x\n")
    send(WebhookRecipient(url=FromFile(str(tmp_path / "hook"))))
    assert server.requests[0].path == "/x"


# --- dead man's switches


def test_a_ping_reports_start_success_and_failure(server: HttpServer) -> None:
    ping = partial(send, PingRecipient(f"{server.url}/uuid"))
    ping(a_notification(Topic.STARTED))
    ping(a_notification(Topic.ENDED, Outcome.SUCCEEDED))
    ping(a_notification(Topic.ENDED))
    rid = uuid.uuid5(uuid.NAMESPACE_OID, "k3v9d2qa")
    assert [request.path for request in server.requests] == [
        f"/uuid/start?rid={rid}",
        f"/uuid?rid={rid}",
        f"/uuid/fail?rid={rid}",
    ]
    assert server.requests[1].body == b""
    assert server.requests[2].body == b"Job backup failed after 2s: exit code 3\n\nno space left\n"


# --- mail


def test_a_mail_has_a_readable_subject_and_the_output() -> None:
    with mail_server("ops", CANARY) as server:
        environ = {"SMTP_URL": f"smtp://ops:{CANARY}@127.0.0.1:{server.port}", "MAIL_FROM": "Schedd <s@example.com>"}
        answer, _ = send(MailRecipient(to=("a@example.com", "b@example.com")), environ=environ)
    (mail,) = server.mails
    message = email.message_from_bytes(mail.original_content or b"", policy=email.policy.default)
    assert answer == "accepted by 127.0.0.1"
    assert (mail.mail_from, mail.rcpt_tos) == ("s@example.com", ["a@example.com", "b@example.com"])
    assert message["Subject"] == "[schedd] Job backup failed after 2s: exit code 3"
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_body()
    assert body is not None
    assert body.get_content_type() == "text/plain"
    assert "Run: k3v9d2qa, scheduled at 2026-06-01 12:00:00 UTC" in body.get_content()
    assert body.get_content().endswith("no space left\r\n")


def test_a_wrong_password_is_reported_and_not_tried_again() -> None:
    """L2"""
    with mail_server("ops", "right") as server:
        environ = {"SMTP_URL": f"smtp://ops:{CANARY}@127.0.0.1:{server.port}"}
        error = refusal(MailRecipient(to=("a@example.com",)), environ=environ)
    assert (str(error), error.again) == ("the mail server refused the user or password of SMTP_URL (535)", False)


def test_a_mail_server_that_rejects_the_mail_is_reported_without_its_text() -> None:
    """L2"""
    with mail_server() as server:
        server.refuses = True
        error = refusal(MailRecipient(to=("a@example.com",)), environ={"SMTP_URL": f"smtp://127.0.0.1:{server.port}"})
    assert (str(error), error.again) == ("the mail server answered 554", False)


def test_a_mail_server_that_never_answers_costs_its_timeout() -> None:
    """N1"""
    with black_hole() as port:
        error = refusal(MailRecipient(to=("a@x.y",), timeout=0.3), environ={"SMTP_URL": f"smtp://127.0.0.1:{port}"})
    assert error.again


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "SMTP_URL is not set"),
        (CANARY, "SMTP_URL is not valid: it must begin with smtp+starttls://"),
        (f"http://{CANARY}", "SMTP_URL is not valid: it must begin with smtp+starttls://"),
        (f"smtps://user:{CANARY}@:465", "SMTP_URL is not valid: it has no host"),
        (f"smtps://user:{CANARY}", "SMTP_URL is not valid: the port must be a number from 1 to 65535"),
        (f"smtp://user:{CANARY}@mail.example.com:x", "SMTP_URL is not valid: the port must be a number"),
        (f"smtps://user:{CANARY}@mail.example.com:0", "SMTP_URL is not valid: the port must be a number"),
        (f"smtps://user:12/{CANARY}@mail.example.com", "SMTP_URL is not valid: a character of the user or password"),
        (f"smtps://user:{CANARY}#12@mail.example.com", "SMTP_URL is not valid: a character of the user or password"),
        (f"smtps://user:{CANARY}?@mail.example.com", "SMTP_URL is not valid: a character of the user or password"),
        (f"smtps://user:[{CANARY}@mail.example.com", "SMTP_URL is not valid: a character of the user or password"),
        (f"smtp://user:{CANARY}@mail.example.com", "smtp:// sends without encryption"),
        (f"smtp+starttls://user:{CANARY}@127.0.0.1:1", "127.0.0.1:1: Connection refused"),
        (f"smtps://user:{CANARY}@127.0.0.1:1", "127.0.0.1:1: Connection refused"),
        (f"smtps://user:{CANARY}@[::1]:1", "[::1]:1: "),
        (f"smtps://user:{CANARY}@no-such-host.invalid", "the host name no-such-host.invalid cannot be resolved: "),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_named_without_the_password(url: str, why: str) -> None:
    """L2"""
    assert why in str(refusal(MailRecipient(to=("a@example.com",)), environ={"SMTP_URL": url}))


def test_a_server_without_tls_is_not_sent_the_password() -> None:
    with mail_server("ops", CANARY) as server:
        environ = {"SMTP_URL": f"smtp+starttls://ops:{CANARY}@127.0.0.1:{server.port}"}
        error = refusal(MailRecipient(to=("a@example.com",)), environ=environ)
    assert f"127.0.0.1:{server.port} does not support STARTTLS, which smtp+starttls:// needs" in str(error)
    assert server.mails == []


def test_a_server_without_logins_is_said_to_support_no_user_and_password() -> None:
    with mail_server(offers_login=False) as server:
        environ = {"SMTP_URL": f"smtp://ops:{CANARY}@127.0.0.1:{server.port}"}
        error = refusal(MailRecipient(to=("a@example.com",)), environ=environ)
    assert f"127.0.0.1:{server.port} does not support a user and password (SMTP AUTH)" in str(error)
    assert not error.again


# --- extras


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own
def test_apprise_reaches_its_services(server: HttpServer) -> None:
    address = f"json://127.0.0.1:{server.port}/{CANARY}"
    assert send(AppriseRecipient(url=FromEnv("CHANNEL")), environ={"CHANNEL": address})[0] == "sent"
    said = json.loads(server.requests[0].body)
    assert said["title"] == "Job backup failed after 2s: exit code 3"
    assert "no space left" in said["message"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("address", [f"nothing://{CANARY}", f"json://127.0.0.1:1/{CANARY}"])
def test_apprise_says_nothing_of_an_address_that_does_not_work(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    """L2"""
    refusal(AppriseRecipient(url=address))
    assert CANARY not in "".join(capfd.readouterr())


def test_sentry_gets_check_ins_of_a_run_and_a_monitor_for_the_schedule(server: HttpServer) -> None:
    schedule = parse_schedule("*/5 * * * *", ZoneInfo("UTC"), job_name="backup")
    environ = {"SENTRY_DSN": f"http://{CANARY}@127.0.0.1:{server.port}/42"}
    for given in (a_notification(Topic.STARTED, schedule=schedule), a_notification(Topic.ENDED, schedule=schedule)):
        assert send(SentryRecipient(), given, environ)[0] == "handed to sentry-sdk"
    check_ins = [
        json.loads(line)
        for request in server.requests
        for line in gzip.decompress(request.body).splitlines()
        if b"check_in_id" in line
    ]
    assert [(each["status"], each["monitor_slug"]) for each in check_ins] == [
        ("in_progress", "backup"),
        ("error", "backup"),
    ]
    assert {each["check_in_id"] for each in check_ins} == {uuid.uuid5(uuid.NAMESPACE_OID, "k3v9d2qa").hex}
    assert check_ins[0]["monitor_config"]["schedule"] == {"type": "crontab", "value": "*/5 * * * *"}


def test_sentry_without_an_address_is_a_warning() -> None:
    assert "SENTRY_DSN is not set" in str(refusal(SentryRecipient(), a_notification(Topic.STARTED), {}))
