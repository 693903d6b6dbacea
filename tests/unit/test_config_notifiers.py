"""Notifiers in the file: what each form means, what is refused, and that no address or secret shows."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.errors import ConfigError
from scheduler.model.job import Job
from scheduler.model.recipient import (
    AppriseRecipient,
    CommandRecipient,
    MailRecipient,
    Recipient,
    WebhookFormat,
    WebhookRecipient,
)
from scheduler.model.target import Argv, FromEnv, FromFile, ShellCommand


def job(folder: Path, keys: str, defaults: str = "{}") -> Job:
    file = folder / "schedules.yaml"
    body = textwrap.indent(textwrap.dedent(keys), "    ")
    file.write_text(f"defaults: {defaults}\njobs:\n  poll:\n    command: x\n{body}\n")
    return load(file).jobs["poll"]


@pytest.mark.parametrize(
    ("text", "notifier"),
    [
        ("{command: logger hi}", CommandRecipient(target=ShellCommand("logger hi"))),
        ("{command: [logger, hi], timeout: 1m}", CommandRecipient(target=Argv(("logger", "hi")), timeout=60.0)),
        ("{mail: ops@example.com}", MailRecipient(to=("ops@example.com",))),
        ("{mail: [a@example.com, b@example.com]}", MailRecipient(to=("a@example.com", "b@example.com"))),
        ("{apprise: 'json://x'}", AppriseRecipient(url="json://x")),
        ("{webhook: 'https://x/y?z'}", WebhookRecipient(url="https://x/y?z")),
        ("{webhook: {from_env: A}, format: slack}", WebhookRecipient(url=FromEnv("A"), format=WebhookFormat.SLACK)),
        (
            "{webhook: 'http://x', headers: {A: 1, B: {from_env: TOKEN}}, secret: {from_env: KEY}}",
            WebhookRecipient(url="http://x", headers=(("A", "1"), ("B", FromEnv("TOKEN"))), secret=FromEnv("KEY")),
        ),
    ],
)  # fmt: skip
def test_a_notifier_has_one_kind(tmp_path: Path, text: str, notifier: Recipient) -> None:
    assert job(tmp_path, f"on_failure: [{text}]").on_failure == (notifier,)


def test_a_path_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "jobs.yaml").write_text(
        "defaults: {on_skip: [{webhook: {from_file: hook}}]}\njobs: {x: {command: x, ping: {from_file: ping}}}\n"
    )
    (tmp_path / "schedules.yaml").write_text("include: more/jobs.yaml\n")
    included = load(tmp_path / "schedules.yaml").jobs["x"]
    assert included.on_skip == (WebhookRecipient(url=FromFile(str(tmp_path / "more/hook"))),)
    assert included.ping == FromFile(str(tmp_path / "more/ping"))


def test_a_list_of_a_job_takes_the_place_of_that_in_defaults(tmp_path: Path) -> None:
    defaults = "{on_failure: [{mail: a@example.com}], on_skip: [{mail: a@example.com}], remind: 1h}"
    made = job(tmp_path, "on_failure: [{mail: b@example.com}]\non_skip: []", defaults)
    assert (made.on_failure, made.on_skip, made.remind) == ((MailRecipient(to=("b@example.com",)),), (), 3600.0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("on_failure: [{}]", "a notifier has one of command, webhook, mail, apprise, and only one"),
        ("on_failure: [{command: x, mail: a@example.com}]", "a notifier has one of"),
        ("on_failure: [{slack: 'https://canary'}]", "a notifier has one of"),
        ("on_failure: [{mail: a@example.com, format: slack}]", "format belongs to a webhook"),
        ("on_failure: [{command: x, secret: canary}]", "secret belongs to a webhook"),
        ("on_failure: {webhook: 'https://x/canary'}", "a list is needed here"),
        ("on_failure: [{webhook: 'hooks.slack.com/canary'}]", "webhook: an address begins with https:// or http://"),
        ("on_failure: [{webhook: 'https://x/can ary'}]", "webhook: an address begins with https:// or http://"),
        ("on_failure: [{webhook: {from_env: A, from_file: b}}]", "one of from_env and from_file is needed"),
        ("on_failure: [{webhook: 'https://x/canary', format: slak}]", "format: it is one of json, slack, mattermost"),
        ("on_failure: [{webhook: 'http://[canary/hook'}]", "webhook: no host is named by this address"),
        ("on_failure: [{webhook: 'http://x:99999/canary'}]", "webhook: no host is named by this address, or no port"),
        ("ping: 'http://[::1/canary'", "ping: no host is named by this address"),
        ("on_failure: [{apprise: canary-token}]", "apprise: an address of apprise begins with the name of a service"),
        ("on_failure: [{mail: canary}]", "mail: a mail address is needed here"),
        ("on_failure: [{mail: 'a@b.c, d@e.f'}]", "mail: a mail address is needed here"),
        ("on_failure: [{webhok: 'https://x/canary'}]", "a notifier has one of"),
        ("on_failure: [{webhook: 'https://x/canary', url: 'https://y/canary'}]", "url is unknown; here it is webhook"),
        ("on_failed: [{webhook: 'https://x/canary'}]", "on_failed is unknown; here it is on_failure"),
        ("webhook: https://x/canary", "webhook is unknown"),
        ("ping: ftp://canary", "ping: an address begins with"),
        ("pings: https://x/canary", "pings is unknown; the nearest key is ping"),
        ("remind: 1h", "remind tells those of on_failure, of whom this job has none"),
        ("expect_success_within: 26h", "expect_success_within tells those of on_failure"),
        ("sentry: https://canary@x/1", "sentry: it is true or false"),
        ("smtp_url: smtp://x:canary@y", "smtp_url is unknown"),
        ("api-key: canary", "api-key is unknown"),
        ("sentry: yes", "sentry: yes is a boolean to some"),
    ],
)
def test_a_mistake_is_told_without_what_may_be_secret(tmp_path: Path, keys: str, message: str) -> None:
    """L2"""
    with pytest.raises(ConfigError) as caught:
        job(tmp_path, keys)
    assert message in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("keys", ["on_failure: [{}]", "on_failure: [{mail: x}]"])
def test_a_mistake_in_defaults_is_told_too(tmp_path: Path, keys: str) -> None:
    with pytest.raises(ConfigError):
        job(tmp_path, "", f"{{{keys}}}")
