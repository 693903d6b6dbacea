"""The part of the spec about workers that run jobs on other machines."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import Form, Name, Secret
from scheduler.config.recipient_form import ReferenceForm
from scheduler.config.recipients import value_of
from scheduler.document.source import Source
from scheduler.model.workers import Workers, store_problem

NO_WORKERS = 'has "launcher: celery", and the file has no top-level key "launcher"'


class CeleryForm(Form, frozen=True):
    """Celery workers that run jobs, and the Redis that carries their output."""

    broker: Annotated[
        Secret | ReferenceForm,
        Meta(
            description="URL of the broker that the workers use.",
            examples=["redis://redis:6379/0", {"from_env": "REDIS_URL"}],
        ),
    ]
    store: Annotated[
        Secret | ReferenceForm | UnsetType,
        Meta(description="URL of the Redis that schedulers and workers share; by default the broker.", examples=[]),
    ] = UNSET
    queue: Annotated[Name, Meta(description="Queue that the workers consume.")] = "schedd"

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        is_unknown = keys - {*cls.__struct_fields__}  # this is reported instead: it may be a misspelled "broker"
        return None if "broker" in keys or is_unknown else 'missing key "broker"'


class LauncherForm(Form, frozen=True):
    """What runs the jobs instead of schedd's own machine (extra `celery`)."""

    kind: ClassVar[str] = "launcher"

    celery: Annotated[CeleryForm, Meta(description="Celery workers.")]

    @classmethod
    def conflict(cls, keys: set[str]) -> str | None:
        return None if keys else 'missing key "celery"'


def workers_of(values: dict[str, Any], source: Source, places: dict[str, int], space: str) -> Workers | None:
    """The workers that a file with these top-level values names, if it does. An error when their store is not a Redis.

    `places` are the positions of keys: `launcher.celery.broker`. `space` is the default one.
    """
    celery = values.get("launcher", {}).get("celery")
    if celery is None or "broker" not in celery:
        return None
    at = {key: places[f"launcher.celery.{key}"] for key in ("broker", "store") if key in celery}
    key = "store" if "store" in celery else "broker"
    address = celery[key]
    if isinstance(address, str) and (problem := store_problem(address, is_broker=key == "broker")):
        source.error(at[key], f"{key}: {problem}", width=len(key), key=f"launcher.celery.{key}")
    return Workers(
        broker=value_of(celery["broker"], source.directory),
        store=value_of(celery["store"], source.directory) if "store" in celery else None,
        queue=celery.get("queue", "schedd"),
        space=values.get("space") or space,
        places={key: f"{source.shown}:{source.position(index)[0]}" for key, index in at.items()},
    )
