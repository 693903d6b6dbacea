"""The operation `notify-test`: its request and its reply."""

from __future__ import annotations

from typing import Literal

import msgspec

NotifyEvent = Literal["failure", "success", "recovery", "skip", "slow"]


class NotifyTest(msgspec.Struct, frozen=True, kw_only=True):
    """`notify-test`: Send a test notification to the job's recipients for the event."""

    job: str
    event: NotifyEvent = "failure"


class RecipientView(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient, without the secret part of its address, and its answer or why it was not notified."""

    to: str
    delivered: bool
    answer: str
