"""The part of the spec that says who is told, and values that stand elsewhere because they are secret."""

# No `from __future__ import annotations`, for the reason that spec.py gives.

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import Address, AppriseUrl, Deadline, FilePath, Form, Text, Url
from scheduler.model.recipient import WebhookFormat


class ReferenceForm(Form, frozen=True):
    """A value that stands elsewhere and is read at each launch; give one of the two."""

    from_env: Annotated[str, Meta(description="A variable of schedd's own environment.")] | UnsetType = UNSET
    from_file: (
        Annotated[FilePath, Meta(description="A file whose content, without its last newline, is the value.")]
        | UnsetType
    ) = UNSET

    @classmethod
    def flaw(cls, keys: set[str]) -> tuple[str, str] | None:
        if len(keys) != 1:
            return "one of from_env and from_file is needed, and only one", "{from_env: NAME}"
        return None


class RecipientForm(Form, frozen=True):
    """Somebody to be told; give one of command, webhook, mail and apprise."""

    command: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1)] | UnsetType,
        Meta(
            extra={"reads": "command"},
            description="Run as the job is, with SCHED_EVENT, SCHED_OUTCOME and others, and a JSON document on stdin.",
        ),
    ] = UNSET
    webhook: Annotated[Url | ReferenceForm | UnsetType, Meta(description="Where a POST goes.")] = UNSET
    mail: Annotated[
        Address | Annotated[list[Address], Meta(min_length=1)] | UnsetType,
        Meta(description="Whom a mail goes to, by the server that schedd's own SMTP_URL names."),
    ] = UNSET
    apprise: Annotated[
        AppriseUrl | ReferenceForm | UnsetType, Meta(description="An address of the apprise library, an extra.")
    ] = UNSET
    format: Annotated[WebhookFormat, Meta(description="What a webhook is sent.")] = WebhookFormat.JSON
    headers: Annotated[
        dict[str, Text | ReferenceForm],
        Meta(description="Headers of the webhook.", examples=[{"Authorization": {"from_env": "HOOK_TOKEN"}}]),
    ] = {}
    secret: Annotated[
        Text | ReferenceForm | UnsetType, Meta(description="Key of the HMAC that signs a webhook's body.")
    ] = UNSET
    timeout: Annotated[Deadline, Meta(description="How long one attempt to tell may take.")] = "10s"

    @classmethod
    def flaw(cls, keys: set[str]) -> tuple[str, str] | None:
        kinds = ("command", "webhook", "mail", "apprise")
        if len(keys & {*kinds}) != 1:
            return f"a notifier has one of {', '.join(kinds)}, and only one", "{mail: ops@example.com}"
        strange = sorted(keys & {"format", "headers", "secret"})
        if strange and "webhook" not in keys:
            return f"{strange[0]} belongs to a webhook", "only a webhook with it"
        return None
