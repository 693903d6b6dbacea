"""The part of the spec about recipients of notifications, and about values read from a variable or a file."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import (
    Address,
    AppriseUrl,
    Deadline,
    EnvName,
    FilePath,
    Form,
    HeaderValue,
    Secret,
    Text,
    Url,
)
from scheduler.model.recipient import WebhookFormat


class ReferenceForm(Form, frozen=True):
    """A value, such as a secret, that is read from a variable or a file: for a job at each run, for `web` and
    `launcher` at the start. Exactly one key is required. Plain text is valid in place of it, too."""

    from_env: (
        Annotated[
            EnvName,
            Meta(
                description="Name of a variable in schedd's environment; for `env` of a run on a worker, in that of the"
                " worker."
            ),
        ]
        | UnsetType
    ) = UNSET
    from_file: (
        Annotated[
            FilePath,
            Meta(
                description="File with the value; a final newline is removed. schedd reads it as its own user, not as"
                " the job's `user`; with the Celery launcher, the worker reads it."
            ),
        ]
        | UnsetType
    ) = UNSET

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        return None if len(keys) == 1 else 'must have exactly one of "from_env" and "from_file"'


class RecipientForm(Form, frozen=True):
    """A recipient of notifications. Exactly one of command, webhook, mail and apprise is required."""

    kind: ClassVar[str] = "recipient"

    command: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1)] | UnsetType,
        Meta(
            extra={"reads": "command"},
            description="Command, run as the job's user; it gets SCHED_EVENT and others, and JSON on stdin.",
        ),
    ] = UNSET
    webhook: Annotated[Url | ReferenceForm | UnsetType, Meta(description="URL that receives a POST request.")] = UNSET
    mail: Annotated[
        Address | Annotated[list[Address], Meta(min_length=1)] | UnsetType,
        Meta(description="Mail address, or a list of them. The server is SMTP_URL in schedd's environment."),
    ] = UNSET
    apprise: Annotated[
        AppriseUrl | ReferenceForm | UnsetType,
        Meta(description="Apprise URL, for a hundred other services (extra `apprise`)."),
    ] = UNSET
    format: Annotated[
        WebhookFormat,
        Meta(description="Format of the body of a webhook: json, slack, mattermost, discord or teams."),
    ] = WebhookFormat.JSON
    headers: Annotated[
        dict[str, HeaderValue | ReferenceForm],
        Meta(
            extra={"reads": "headers"},
            description="HTTP headers of a webhook.",
            examples=[{"Authorization": {"from_env": "HOOK_TOKEN"}}],
        ),
    ] = {}
    secret: Annotated[
        Secret | ReferenceForm | UnsetType, Meta(description="Key of the HMAC signature of a webhook's body.")
    ] = UNSET
    timeout: Annotated[Deadline, Meta(description="Time limit of one delivery attempt.")] = "10s"

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        kinds = ("command", "webhook", "mail", "apprise")
        if len(keys & {*kinds}) != 1:
            return f"a recipient must have exactly one of {', '.join(kinds)}"
        only_webhook = sorted(keys & {"format", "headers", "secret"})
        if only_webhook and "webhook" not in keys:
            return f'"{only_webhook[0]}" is only valid together with "webhook"'
        return None
