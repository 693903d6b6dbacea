"""The shape of a schedule file as a whole: its top-level keys, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from scheduler.config.field_types import (
    JOB_NAME,
    Duration,
    FilePath,
    Form,
    Name,
)
from scheduler.config.recipient_form import ReferenceForm
from scheduler.config.spec import DefaultsForm, JobForm, OverrideForm
from scheduler.config.web_form import MetricsForm, WebForm
from scheduler.config.workers_form import LauncherForm

IGNORED = "x-"
"""The beginning of top-level keys that are ignored."""


class IncludedForm(Form, frozen=True):
    """An included file: jobs, and defaults for them in addition to those of the main file."""

    jobs: Annotated[
        dict[Annotated[str, Meta(pattern=f"^{JOB_NAME}$")], JobForm],
        Meta(description="The jobs, by their names; required unless the file has `include`.", extra={"reads": "jobs"}),
    ]
    defaults: Annotated[
        DefaultsForm, Meta(description="Defaults for all jobs of this file and of the files that it includes.")
    ] = DefaultsForm()

    @classmethod
    def ignores(cls, key: str) -> bool:
        """A key such as `x-common` is a place for YAML anchors."""
        return key.startswith(IGNORED)


class FileForm(IncludedForm, frozen=True):
    """A schedule file."""

    max_running: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Largest number of runs of all jobs at the same time; by default no limit.", examples=[4]),
    ] = None
    shutdown_timeout: Annotated[
        Duration,
        Meta(
            description="Longest time from SIGTERM to the exit of schedd; keep it below the platform's limit.",
            examples=["25s"],
        ),
    ] = "25s"
    web: Annotated[
        WebForm,
        Meta(description="The dashboard and the HTTP API.", examples=[{"listen": "127.0.0.1:8765"}]),
    ] = WebForm()
    metrics: Annotated[MetricsForm, Meta(description="Settings of the metrics.", examples=[{"per_job": False}])] = (
        MetricsForm()
    )
    launcher: Annotated[
        LauncherForm | UnsetType,
        Meta(description="Workers that run the jobs, except those with `launcher: local`."),
    ] = UNSET
    space: Annotated[
        Name | None,
        Meta(description="Name of this schedule in a shared Redis; by default the file's name without its extension."),
    ] = None
    include: Annotated[
        FilePath | list[FilePath],
        Meta(
            description="Files, or directories of *.yaml and *.yml files, with further jobs. Their own `defaults` take "
            "precedence for these jobs; `env` is merged.",
            examples=["schedules.d/"],
            extra={"reads": "placed"},
        ),
    ] = []
    overrides: Annotated[
        dict[Annotated[str, Meta(pattern=f"^{JOB_NAME}$")], OverrideForm],
        Meta(
            description="Keys of included jobs to replace, by the name of the job; `env` and `retry` are merged.",
            examples=[{"poll": {"schedule": "@every 5m"}, "mail": {"enabled": False}}],
            extra={"reads": "jobs"},
        ),
    ] = {}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a schedule file, for editors. It does not check cron expressions; `check` does."""
    schema = msgspec.json.schema(FileForm)
    definitions = schema["$defs"]
    for definition in definitions.values():
        del definition["title"]  # the name of a class
    definitions[JobForm.__name__]["oneOf"] = [{"required": ["command"]}, {"required": ["python"]}]
    definitions[ReferenceForm.__name__] |= {"minProperties": 1, "maxProperties": 1}
    file = definitions[FileForm.__name__]
    file["patternProperties"] = {f"^{IGNORED}": {}}
    del file["required"]  # the jobs, which the struct must have: they may all be in included files
    file["anyOf"] = [{"required": ["jobs"]}, {"required": ["include"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "schedd schedule file", **schema}
