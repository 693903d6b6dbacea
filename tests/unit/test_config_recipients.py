"""Recipients in the file: what each form means, what is rejected, and that no address or secret is shown."""

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
    ("text", "recipient"),
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
def test_a_recipient_has_one_kind(tmp_path: Path, text: str, recipient: Recipient) -> None:
    assert job(tmp_path, f"on_failure: [{text}]").on_failure == (recipient,)


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
        ("on_failure: [{}]", "a recipient must have exactly one of command, webhook, mail, apprise"),
        ("on_failure: [{command: x, mail: a@example.com}]", "a recipient must have exactly one of"),
        ("on_failure: [{slack: 'https://canary'}]", "a recipient must have exactly one of"),
        ("on_failure: [{mail: a@example.com, format: slack}]", '"format" is only valid together with "webhook"'),
        ("on_failure: [{command: x, secret: canary}]", '"secret" is only valid together with "webhook"'),
        ("on_failure: {webhook: 'https://x/canary'}", "must be a list"),
        ("on_failure: root", "must be a list; for example [{mail: ops@example.com}]"),
        ("on_failure: {mail: root}", "must be a list, not a mapping; for example [{mail: ops@example.com}]"),
        ("on_failure: [{mail: root}]", "mail: must be a mail address, such as ops@example.com"),
        ("MAILTO: root", 'unknown key "MAILTO"; did you mean "on_failure"?'),
        (
            "on_failure: [{webhook: 'hooks.slack.com/canary'}]",
            "webhook: must be a URL that starts with https:// or http://",
        ),
        (
            "on_failure: [{webhook: 'https://x/can ary'}]",
            "webhook: must be a URL that starts with https:// or http://",
        ),
        ("on_failure: [{webhook: {from_env: A, from_file: b}}]", "must have exactly one of"),
        ("on_failure: [{webhook: 'https://x/canary', format: slak}]", "format: must be one of json, slack, mattermost"),
        ("on_failure: [{webhook: 'http://[canary/hook'}]", "webhook: the address has no valid host"),
        ("on_failure: [{webhook: 'http://x:99999/canary'}]", "webhook: the address has no valid host or port"),
        ("ping: 'http://[::1/canary'", "ping: the address has no valid host"),
        ("on_failure: [{apprise: canary-token}]", "apprise: must be an Apprise address"),
        ("on_failure: [{mail: 'a@b.c, d@e.f'}]", "mail: must be a mail address"),
        ("on_failure: [{webhok: 'https://x/canary'}]", "a recipient must have exactly one of"),
        ("on_failure: [{webhook: 'https://x/canary', url: 'https://y/canary'}]", 'unknown key "url"; did you mean'),
        ("on_failed: [{webhook: 'https://x/canary'}]", 'unknown key "on_failed"; did you mean "on_failure"?'),
        ("webhook: https://x/canary", 'unknown key "webhook"'),
        ("ping: ftp://canary", "ping: must be a URL"),
        ("pings: https://x/canary", 'unknown key "pings"; did you mean "ping"?'),
        ("remind: 1h", '"remind" notifies the recipients of "on_failure", and this job has none'),
        ("sentry: https://canary@x/1", "sentry: must be true or false"),
        ("smtp_url: smtp://x:canary@y", 'unknown key "smtp_url"'),
        ("api-key: canary", 'unknown key "api-key"'),
        ("sentry: yes", "sentry: must be true or false"),
    ],
)
def test_an_error_is_reported_without_a_possible_secret(tmp_path: Path, keys: str, message: str) -> None:
    """L2"""
    with pytest.raises(ConfigError) as caught:
        job(tmp_path, keys)
    assert message in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("keys", ["on_failure: [{}]", "on_failure: [{mail: x}]"])
def test_an_error_in_defaults_is_reported_too(tmp_path: Path, keys: str) -> None:
    with pytest.raises(ConfigError):
        job(tmp_path, "", f"{{{keys}}}")
