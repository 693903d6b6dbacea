"""Makes recipients of notifications, and references to variables and files, from the values of their keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scheduler.model.recipient import AppriseRecipient, CommandRecipient, MailRecipient, Recipient, WebhookRecipient
from scheduler.model.target import Argv, FromEnv, FromFile, ShellCommand, Value

LISTS = frozenset({"on_failure", "on_success", "on_recovery", "on_skip", "on_slow"})
"""The keys with lists of recipients."""


def value_of(given: str | dict[str, str], directory: Path) -> Value:
    """A text, or a reference to it. A relative path is relative to `directory`, that of the file."""
    if not isinstance(given, dict):
        return given
    if "from_env" in given:
        return FromEnv(given["from_env"])
    return FromFile(str(directory / given.get("from_file", "")))


def recipients_of(given: list[dict[str, Any]], directory: Path) -> tuple[Recipient, ...]:
    """The valid recipients of a list; the errors of the others are reported already."""
    made = (_recipient(keys, directory) for keys in given)
    return tuple(recipient for recipient in made if recipient is not None)


def _recipient(keys: dict[str, Any], directory: Path) -> Recipient | None:
    timeout = {"timeout": keys["timeout"]} if "timeout" in keys else {}
    if "command" in keys:
        command = keys["command"]
        target = ShellCommand(command) if isinstance(command, str) else Argv(tuple(command))
        return CommandRecipient(target=target, **timeout)
    if "webhook" in keys:
        headers = tuple((name, value_of(value, directory)) for name, value in keys.get("headers", {}).items())
        more = {"format": keys["format"]} if "format" in keys else {}
        secret = value_of(keys["secret"], directory) if "secret" in keys else None
        url = value_of(keys["webhook"], directory)
        return WebhookRecipient(url=url, headers=headers, secret=secret, **more, **timeout)
    if "mail" in keys:
        to = keys["mail"]
        return MailRecipient(to=(to,) if isinstance(to, str) else tuple(to), **timeout)
    if "apprise" in keys:
        return AppriseRecipient(url=value_of(keys["apprise"], directory), **timeout)
    return None
