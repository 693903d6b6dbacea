"""The verb `notify-test`: what is asked, what is told, and the answer."""

from __future__ import annotations

from typing import Literal

import msgspec

NotifyEvent = Literal["failure", "success", "recovery", "skip"]


class NotifyTest(msgspec.Struct, frozen=True, kw_only=True):
    """`notify-test`: send a specimen to everybody whom the job has told of the event."""

    job: str
    event: NotifyEvent = "failure"


class RecipientView(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient, by as much of its address as is no secret, and in words what it answered or why it was not told."""

    to: str
    delivered: bool
    answer: str
