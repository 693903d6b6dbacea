"""The part of the spec about HTTP and metrics, and the settings made from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import Form, HostName, Listen, Network, Token
from scheduler.config.recipient_form import ReferenceForm
from scheduler.config.recipients import value_of
from scheduler.document.source import Source
from scheduler.errors import ConfigError, UsageError
from scheduler.model.web import ListenAddress, WebSettings, parse_listen_address

TOKEN_HELP = "add `token: {from_env: SCHEDD_TOKEN}` to `web`, and set this variable to a secret"  # noqa: S105


class WebForm(Form, frozen=True):
    """The dashboard, the HTTP API and metrics over HTTP; needs the extra `web`."""

    kind: ClassVar[str] = "web"

    listen: Annotated[
        Listen | None,
        Meta(
            description="Address to serve HTTP on: HOST:PORT or unix:/PATH; an address after `--web` takes precedence.",
            examples=["127.0.0.1:8765", "unix:/run/schedd/web.sock"],
        ),
    ] = None
    token: Annotated[
        Token | ReferenceForm | UnsetType,
        Meta(
            description="Secret that allows everything; needed unless listen is a loopback address or a Unix socket.",
            examples=[{"from_env": "SCHEDD_TOKEN"}],
        ),
    ] = UNSET
    view_token: Annotated[
        Token | ReferenceForm | UnsetType,
        Meta(description="Secret for read-only access.", examples=[{"from_env": "SCHEDD_VIEW_TOKEN"}]),
    ] = UNSET
    hosts: Annotated[
        list[HostName],
        Meta(
            description="Host names by which browsers and other programs address schedd; other names are refused.",
            examples=[["jobs.example.com"]],
        ),
    ] = []
    trusted_proxies: Annotated[
        list[Network],
        Meta(
            description="Addresses or networks of reverse proxies whose X-Forwarded headers are used; `unix` for the "
            "clients of a Unix socket.",
            examples=[["127.0.0.1"]],
        ),
    ] = []

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        return "view_token needs token" if "view_token" in keys and "token" not in keys else None


class MetricsForm(Form, frozen=True):
    """Settings of `/metrics` and `schedctl metrics`."""

    kind: ClassVar[str] = "metrics"

    per_job: Annotated[bool, Meta(description="false: leave out the label `job`, for files with very many jobs.")] = (
        True
    )


def web_settings(given: dict[str, Any], source: Source, places: dict[str, int]) -> WebSettings:
    """The settings of `web` in a file. `places` are the positions of keys: `web.token`."""
    secrets = {key: value_of(given[key], source.directory) for key in ("token", "view_token") if key in given}
    return WebSettings(
        listen=given.get("listen"),
        hosts=tuple(host.lower() for host in given.get("hosts", ())),
        trusted_proxies=tuple(given.get("trusted_proxies", ())),
        places={key: f"{source.shown}:{source.position(places[f'web.{key}'])[0]}" for key in secrets},
        **secrets,
    )


def needs_token(listen: ListenAddress) -> str:
    """The error about an exposed address."""
    return f"web: listen is {listen}, not a loopback address or a Unix socket: token is needed"


def is_exposed(settings: WebSettings, listen: ListenAddress | None) -> bool:
    """Whether others than this machine can reach an address that no token protects."""
    return listen is not None and not listen.is_local and settings.token is None


def listening_on(settings: WebSettings, text: str, file: Path) -> WebSettings:
    """The settings with another address. UsageError when it is not valid, ConfigError when it needs a token."""
    try:
        listen = parse_listen_address(text)
    except ValueError as error:
        raise UsageError(f"--web: {error}") from None
    if is_exposed(settings, listen):
        raise ConfigError(f"{file}: error: {needs_token(listen)} (--web {text})\n  help: {TOKEN_HELP}", ())
    return msgspec.structs.replace(settings, listen=listen)
