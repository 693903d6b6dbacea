"""A notification in words: as a sentence, as a document, as what chats accept; and what is shown of an address."""

from __future__ import annotations

import json
import socket
import uuid
from datetime import timedelta
from typing import Any

import pytest

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
from scheduler.model.run import Attempt, Decision, Exit, Outcome, Reason, Run, Trigger
from scheduler.model.target import Argv, FromEnv, FromFile, ShellCommand
from scheduler.report.notify import wording
from scheduler.report.notify.notification import Alarm, Notification, Topic
from scheduler.report.notify.ping import address_of
from scheduler.report.notify.sample import sample_notification
from scheduler.report.notify.sender import DeliveryError, name_of, resolve
from scheduler.report.notify.sentry import monitor_of, slug_of
from scheduler.report.notify.webhook import body_of
from scheduler.wire.times import REASONS
from tests.unit.stage import NOON, job


def a_run(outcome: Outcome, code: int = 0, cause: str | None = None, attempts: int = 1) -> Run:
    each = [Attempt(n, NOON, 2.5, outcome, Exit(code, notes=("no such host",)), cause) for n in range(1, attempts + 1)]
    return Run("k3v9d2qa", "j", Trigger.SCHEDULE, NOON, NOON, tuple(each), outcome, NOON, 2.5 * attempts)


def failure(alarm: Alarm = Alarm.FAILING, **facts: Any) -> Notification:
    facts = {"run": a_run(Outcome.FAILED, 3), "failures": 1, "since": NOON, **facts}
    return Notification(topic=Topic.FAILURE, job=job(expect_success_within=93_600.0), at=NOON, alarm=alarm, **facts)


@pytest.mark.parametrize(
    ("notification", "sentence"),
    [
        (failure(), "Job j failed after 2.5s: exit code 3"),
        (failure(run=a_run(Outcome.FAILED, 3, attempts=3)), "Job j failed in 3 attempts after 7.5s: exit code 3"),
        (failure(run=a_run(Outcome.TIMED_OUT, 143)), "Job j timed out after 2.5s"),
        (failure(run=a_run(Outcome.NOT_STARTED, 127, "not found: x")), "Job j could not be started: not found: x"),
        (
            failure(run=a_run(Outcome.NOT_STARTED, 126, "no such file: x", attempts=3)),
            "Job j could not be started in 3 attempts: no such file: x",
        ),
        (failure(run=a_run(Outcome.NOT_STARTED, 126, "two\nlines\r\n")), "Job j could not be started: two lines"),
        (failure(failures=5), "Job j failed after 2.5s: exit code 3 (as did 4 runs before it)"),
        (failure(reminder=True, run=None, failures=7, lasted=7200.4), "Job j still fails: 7 failed runs in 2h"),
        (failure(Alarm.FLAPPING), "Job j fails and recovers in turn: it began to fail 3 times within 1d"),
        (
            failure(Alarm.FLAPPING, reminder=True, failures=1, lasted=60.0),
            "Job j still fails and recovers in turn: 1 failed run in 1m",
        ),
        (failure(Alarm.OVERDUE, run=None), "Job j has not succeeded for 1d2h"),
        (
            Notification(
                topic=Topic.SKIP, job=job(), at=NOON, skipped=Decision("j", Reason.LOCK, first=NOON, last=NOON)
            ),
            f"Job j did not run at 2026-06-01 12:00:00 UTC: {REASONS['lock']}",
        ),
        (sample_notification(job(), Topic.FAILURE, NOON), "[test] Job j failed after 1s: exit code 1"),
        (sample_notification(job(), Topic.RECOVERY, NOON), "[test] Job j recovered after 1 failed run in 0s"),
        (sample_notification(job(), Topic.SUCCESS, NOON), "[test] Job j succeeded in 1s"),
        (
            sample_notification(job(), Topic.SKIP, NOON),
            f"[test] Job j did not run at 2026-06-01 12:00:00 UTC: {REASONS['overlap']}",
        ),
    ],
)  # fmt: skip
def test_a_notification_is_one_sentence(notification: Notification, sentence: str) -> None:
    assert wording.headline(notification) == sentence


def test_the_document_says_everything() -> None:
    said = json.loads(wording.document(failure(output=b"\xffout\n")))
    del said["host"]
    run = said.pop("run")
    assert said == {
        "event": "failure",
        "alarm": "failing",
        "reminder": False,
        "test": False,
        "job": "j",
        "description": "",
        "at": "2026-06-01T12:00:00Z",
        "message": "Job j failed after 2.5s: exit code 3",
        "reason": "exit code 3",
        "failures": 1,
        "since": "2026-06-01T12:00:00Z",
        "lasted": 0.0,
        "scheduled_at": None,
        "missed_at": None,
        "output": "\ufffdout\n",
    }
    assert (run["id"], run["outcome"], run["exit_code"], run["duration"]) == ("k3v9d2qa", "failed", 3, 2.5)
    assert run["attempts"][0]["notes"] == ["no such host"]


def test_a_command_finds_what_happened_in_its_environment() -> None:
    assert wording.variables(failure()) == {
        "SCHED_EVENT": "failure",
        "SCHED_ALARM": "failing",
        "SCHED_MESSAGE": "Job j failed after 2.5s: exit code 3",
        "SCHED_REASON": "exit code 3",
        "SCHED_FAILURES": "1",
        "SCHED_OUTCOME": "failed",
        "SCHED_EXIT": "3",
        "SCHED_DURATION": "2.500",
    }
    assert wording.variables(failure(Alarm.OVERDUE, run=None))["SCHED_REASON"] == "overdue"
    assert "SCHED_EXIT" not in wording.variables(sample_notification(job(), Topic.SKIP, NOON))


def test_the_text_for_people_has_the_notes_and_the_output_but_nothing_that_acts_on_a_terminal() -> None:
    text = wording.text(failure(output=b"one\n\x1b[31mtwo\n"), longest=100)
    assert text.startswith("Job j failed after 2.5s: exit code 3\n\n")
    assert "Note: no such host\n" in text
    assert text.endswith("Last output:\n\none\n\\x1b[31mtwo\n")


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (
            WebhookFormat.SLACK,
            {"text": "❌ Job j failed after 2.5s: exit code 3 (on db1)\n```\n&lt;!channel&gt; &amp; '''\n```"},
        ),
        (
            WebhookFormat.MATTERMOST,
            {"text": "❌ Job j failed after 2.5s: exit code 3 (on db1)\n```\n<!channel> & '''\n```"},
        ),
        (
            WebhookFormat.DISCORD,
            {
                "content": "❌ Job j failed after 2.5s: exit code 3 (on db1)\n```\n<!channel> & '''\n```",
                "allowed_mentions": {"parse": []},
            },
        ),
    ],
)
def test_a_chat_gets_the_sentence_the_host_and_the_output_in_its_own_form(
    form: WebhookFormat, body: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "db1")
    assert json.loads(body_of(failure(output=b"<!channel> & ```\n"), form)) == body


def test_teams_gets_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "db1")
    (attachment,) = json.loads(body_of(failure(output=b"out\n"), WebhookFormat.TEAMS))["attachments"]
    assert [block["text"] for block in attachment["content"]["body"]] == [
        "❌ Job j failed after 2.5s: exit code 3 (on db1)",
        "out",
    ]


@pytest.mark.parametrize("form", list(WebhookFormat))
def test_a_chat_is_not_sent_more_than_it_takes(form: WebhookFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(Outcome.NOT_STARTED, 126, "x" * 3000)
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 64)
    assert form is WebhookFormat.JSON or len(body_of(failure(run=run, output=b"y" * 8192), form)) < 5_000
    if form is WebhookFormat.DISCORD:
        assert len(json.loads(body_of(failure(run=run, output=b"y" * 8192), form))["content"]) <= 2_000


def test_good_news_looks_good() -> None:
    assert "✅" in json.loads(body_of(sample_notification(job(), Topic.RECOVERY, NOON), WebhookFormat.SLACK))["text"]


@pytest.mark.parametrize(
    ("url", "topic", "outcome", "address"),
    [
        ("https://hc-ping.com/uuid", Topic.STARTED, None, "https://hc-ping.com/uuid/start?rid={rid}"),
        ("https://hc-ping.com/uuid/", Topic.ENDED, Outcome.SUCCEEDED, "https://hc-ping.com/uuid?rid={rid}"),
        ("https://hc-ping.com/key/slug", Topic.ENDED, Outcome.FAILED, "https://hc-ping.com/key/slug/fail?rid={rid}"),
        ("https://x/a?create=1", Topic.ENDED, Outcome.TIMED_OUT, "https://x/a/fail?create=1&rid={rid}"),
    ],
)
def test_a_ping_uses_the_addresses_of_healthchecks(
    url: str, topic: Topic, outcome: Outcome | None, address: str
) -> None:
    run = a_run(outcome or Outcome.SUCCEEDED)
    notification = Notification(topic=topic, job=job(), at=NOON, run=run)
    assert address_of(url, notification) == address.format(rid=uuid.uuid5(uuid.NAMESPACE_OID, "k3v9d2qa"))


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        (CommandRecipient(target=ShellCommand("curl https://canary")), "command"),
        (CommandRecipient(target=Argv(("curl", "canary"))), "command"),
        (WebhookRecipient(url="https://canary:canary@hooks.slack.com/canary?canary"), "webhook hooks.slack.com"),
        (
            WebhookRecipient(url=FromEnv("SLACK_URL"), headers=(("a", "canary"),), secret=FromEnv("KEY")),
            "webhook $SLACK_URL",
        ),
        (WebhookRecipient(url=FromFile("/run/secrets/hook")), "webhook /run/secrets/hook"),
        (MailRecipient(to=("a@example.com", "b@example.com")), "mail to a@example.com, b@example.com"),
        (AppriseRecipient(url="slack://canary/canary"), "apprise slack"),
        (AppriseRecipient(url=FromEnv("CHANNEL")), "apprise $CHANNEL"),
        (PingRecipient("https://hc-ping.com/canary"), "ping hc-ping.com"),
        (SentryRecipient(), "sentry"),
    ],
)
def test_no_more_of_an_address_is_shown_than_its_host(recipient: Recipient, name: str) -> None:
    """L2"""
    assert name_of(recipient) == name
    assert "canary" not in name


def test_a_missing_value_is_reported_by_its_key() -> None:
    with pytest.raises(DeliveryError, match="webhook: the variable HOOK is not set in schedd's environment"):
        resolve(FromEnv("HOOK"), "webhook", {})
    with pytest.raises(DeliveryError, match="secret: /nonexistent/secret: No such file"):
        resolve(FromFile("/nonexistent/secret"), "secret", {})
    assert resolve(FromEnv("HOOK"), "webhook", {"HOOK": "x"}) == "x"


@pytest.mark.parametrize(
    ("schedule", "monitor"),
    [
        ("*/5 * * * mon-fri", {"type": "crontab", "value": "*/5 * * * mon-fri"}),
        ("0 8 * jul wed", {"type": "crontab", "value": "0 8 * jul wed"}),
        ("@daily", {"type": "crontab", "value": "@daily"}),
        ("@every 90m", {"type": "interval", "value": 90, "unit": "minute"}),
        ("@every 2d", {"type": "interval", "value": 2, "unit": "day"}),
        ("@every 90s", None),
        ("@reboot", None),
        ("@at 2027-01-01T09:00:00Z", None),
        ("H 3 * * *", None),
        ("0 0 L * *", None),
        ("0 0 15W * *", None),
        ("0 0 * * 5#2", None),
        (None, None),
    ],
)
def test_sentry_gets_a_monitor_for_the_schedules_it_has_words_for(
    schedule: str | None, monitor: dict[str, Any] | None
) -> None:
    made = monitor_of(job(schedule=schedule, timeout=61.0))
    if monitor is None:
        assert made is None
    else:
        assert made == {"schedule": monitor, "timezone": "UTC", "checkin_margin": 1, "max_runtime": 2}


def test_a_slug_is_what_sentry_accepts() -> None:
    assert slug_of("Nightly.Backup_" + "x" * 63) == "nightly-backup_" + "x" * 35


def test_an_alarm_says_how_long_the_job_has_been_failing() -> None:
    lasted = timedelta(hours=2, minutes=30).total_seconds()
    assert wording.headline(failure(reminder=True, run=None, failures=3, lasted=lasted)) == (
        "Job j still fails: 3 failed runs in 2h30m"
    )
