"""A whole schedd with recipients and with secrets everywhere: what arrives, what is logged, and how it ends."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.process.receivers import HttpServer, black_hole, http_server, mail_server
from tests.system.programs import eventually, schedctl, schedd, write

CANARY = "canary-93e1"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def test_no_secret_of_an_address_header_or_environment_is_ever_printed(tmp_path: Path, server: HttpServer) -> None:
    """L2"""
    (tmp_path / "token").write_text(CANARY)
    server.answer = lambda request: (403 if "bad" in request.path else 200, {})
    file = write(
        tmp_path / "schedules.yaml",
        f"""
        defaults:
          on_failure:
            - webhook: {server.url}/good/{CANARY}
              headers: {{X-Token: {{from_file: token}}, X-Key: {CANARY}}}
              secret: {CANARY}
            - webhook: {{from_env: BAD_HOOK}}
            - webhook: http://127.0.0.1:1/{CANARY}
            - mail: ops@example.com
            - apprise: json://127.0.0.1:1/{CANARY}
            - command: 'true {CANARY}'
        jobs:
          failing:
            schedule: "@reboot"
            command: exit 3
            env: {{SECRET: {CANARY}}}
            ping: {server.url}/ping/{CANARY}
            sentry: true
        """,
    )
    environ: Any = {
        "BAD_HOOK": f"{server.url}/bad/{CANARY}",
        "SMTP_URL": f"smtp://ops:{CANARY}@127.0.0.1:1",
        "SENTRY_DSN": f"http://{CANARY}@127.0.0.1:1/1",
    }
    shown = []
    with schedd(file, "--log-format", "json", "--log-level", "debug", **environ) as running:
        for words in (
            ["notification delivered", "webhook 127.0.0.1", "answered 200"],
            ["notification delivered", '"recipient":"command"', "exit code 0"],
        ):
            running.says(*words)
        for command in (
            ["notify-test", "failing"],
            ["notify-test", "failing", "--json"],
            ["show", "failing"],
            ["show", "failing", "--json"],
            ["list", "--json"],
            ["history", "--json"],
            ["check"],
        ):
            answer = schedctl("-c", file, *command, **environ)
            shown.append(answer.stdout + answer.stderr)
        running.says("notification not delivered", "$BAD_HOOK", "answered 403")
        assert running.stop() == 0
        running.says("notifications dropped", "mail to ops@example.com")
        shown += [running.log, running.errors]
    assert [text for text in shown if CANARY in text] == []
    assert {request.path.split("/")[1] for request in server.requests} == {"good", "bad", "ping"}
    good = next(request for request in server.requests if "good" in request.path)
    assert (good.headers["X-Token"], CANARY in good.body.decode()) == (CANARY, False)


def test_a_recipient_that_never_answers_delays_neither_runs_nor_the_shutdown(tmp_path: Path) -> None:
    """N1"""
    with black_hole() as port:
        file = write(
            tmp_path / "schedules.yaml",
            f"""
            shutdown_timeout: 10s
            jobs:
              busy:
                schedule: "@every 1s"
                command: exit 3
                ping: http://127.0.0.1:{port}/
                on_failure: [{{webhook: "http://127.0.0.1:{port}/"}}, {{command: sleep 1000}}]
            """,
        )
        with schedd(file, "--log-format", "json") as running:
            started = running.says("run started", times=5)
            lateness = [json.loads(line)["lateness"] for line in started]
            begun = time.monotonic()
            assert running.stop() == 0
            took = time.monotonic() - begun
            running.says("notifications dropped", "schedd stopped", "ping 127.0.0.1")
    assert max(lateness) < 0.5
    assert took < 5


def test_the_first_failure_and_the_recovery_arrive(tmp_path: Path, server: HttpServer) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        f"""
        jobs:
          flag:
            schedule: "@every 1s"
            command: test -e flag
            on_failure: [{{webhook: "{server.url}/failure"}}]
            on_recovery: [{{webhook: "{server.url}/recovery"}}]
        """,
    )
    with schedd(file) as running:
        running.says("run finished", times=3)
        (tmp_path / "flag").touch()
        running.says("outcome=succeeded", times=2)
        eventually(lambda: len(server.requests) >= 2)
        assert running.stop() == 0
    assert [request.path for request in server.requests] == ["/failure", "/recovery"]
    assert json.loads(server.requests[1].body)["failures"] >= 3


def test_a_failure_that_could_not_be_delivered_is_shown_and_the_next_one_is_sent(
    tmp_path: Path, server: HttpServer
) -> None:
    """B5"""
    failures = iter([403, 200])
    server.answer = lambda _request: (next(failures), {})
    file = write(
        tmp_path / "schedules.yaml",
        f"""
        jobs:
          failing: {{command: exit 3, on_failure: [{{webhook: "{server.url}"}}]}}
        """,
    )
    with schedd(file) as running:
        schedctl("-c", file, "run-now", "failing")
        running.says("notification not delivered", "answered 403")
        for command in (["status"], ["show", "failing"]):
            assert "webhook 127.0.0.1: answered 403" in schedctl("-c", file, *command).stdout
        assert "failing, webhook not delivered" in schedctl("-c", file, "list").stdout
        schedctl("-c", file, "run-now", "failing")
        running.says("notification delivered")
        assert "403" not in schedctl("-c", file, "status").stdout
        assert "failing, 2 runs\n" in schedctl("-c", file, "list").stdout
        assert running.stop() == 0
    assert json.loads(server.requests[1].body)["failures"] == 2


def test_notifications_under_way_at_the_shutdown_still_arrive(tmp_path: Path, server: HttpServer) -> None:
    def slowly(_request: object) -> tuple[int, dict[str, str]]:
        time.sleep(0.5)
        return 200, {}

    server.answer = slowly
    file = write(
        tmp_path / "schedules.yaml",
        f"""
        jobs:
          slow: {{schedule: "@reboot", command: sleep 1, on_success: [{{webhook: "{server.url}"}}]}}
        """,
    )
    with schedd(file) as running:
        running.says("run started")
        assert running.stop() == 0
        running.says("notification delivered")
    assert len(server.requests) == 1


def test_notifications_use_tls_and_only_trusted_certificates(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with http_server(tls) as web, mail_server("ops", "secret", tls) as post:
        file = write(
            tmp_path / "schedules.yaml",
            f"""
            jobs:
              done:
                schedule: "@reboot"
                command: "true"
                on_success: [{{webhook: "{web.url}/done"}}, {{mail: ops@example.com}}]
            """,
        )
        smtp = f"smtp+starttls://ops:secret@127.0.0.1:{post.port}"
        with schedd(file, SMTP_URL=smtp, SSL_CERT_FILE=str(tmp_path / "authority.pem")) as running:
            running.says("notification delivered", times=2)
        assert ([request.path for request in web.requests], len(post.mails)) == (["/done"], 1)
        trusting_none = schedctl("-c", file, "notify-test", "done", "--event", "success", SMTP_URL=smtp)
    assert trusting_none.returncode == 1
    assert trusting_none.stdout.count("certificate") == 2, trusting_none.stdout
    assert (len(web.requests), len(post.mails)) == (1, 1)


def test_without_recipients_no_notification_code_is_loaded() -> None:
    program = "import sys, scheduler.daemon; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "scheduler.daemon" in loaded
    heavy = {
        "http.client",
        "smtplib",
        "hashlib",
        "urllib.request",
        "email",
        "apprise",
        "sentry_sdk",
        "scheduler.report.notify.alarms",
    }
    assert heavy & {*loaded} == set()


def test_without_recipients_no_tls_library_is_loaded(tmp_path: Path) -> None:
    """4 MB, which asyncio would load."""
    file = write(tmp_path / "schedules.yaml", 'jobs: {done: {schedule: "@reboot", command: "true"}}')
    with schedd(file) as running:
        running.says("run finished")
        assert "ssl" not in Path(f"/proc/{running.pid}/maps").read_text()


def test_notify_test_says_what_each_answered(tmp_path: Path, server: HttpServer) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        f"""
        jobs:
          told:
            command: "true"
            on_failure: [{{webhook: "{server.url}/a"}}, {{command: "exit 7"}}]
            on_recovery: [{{webhook: "{server.url}/b"}}]
        """,
    )
    for serving in (False, True):
        server.requests.clear()
        if serving:
            with schedd(file):
                _notify_test(file, server)
        else:
            _notify_test(file, server)


def _notify_test(file: Path, server: HttpServer) -> None:
    failure = schedctl("-c", file, "notify-test", "told")
    assert failure.returncode == 1
    assert failure.stdout.splitlines()[1:] == [
        "delivered  webhook 127.0.0.1  answered 200",
        "failed     command            exit code 7",
    ]
    assert json.loads(server.requests[0].body)["message"] == "[test] Job told failed after 1s: exit code 1"
    recovery = schedctl("-c", file, "notify-test", "told", "--event", "recovery", "--json")
    assert (recovery.returncode, json.loads(recovery.stdout)) == (
        0,
        [{"to": "webhook 127.0.0.1", "delivered": True, "answer": "answered 200"}],
    )
    nobody = schedctl("-c", file, "notify-test", "told", "--event", "skip")
    assert (nobody.returncode, nobody.stderr.splitlines()[-1]) == (
        5,
        "schedctl: told has no on_skip: there is no recipient to notify",
    )
    assert schedctl("-c", file, "notify-test", "nobody").returncode == 4
