"""The errors about entries of `jobs` that are not jobs."""

from __future__ import annotations

import re

from scheduler.config.field_types import JOB_NAME
from scheduler.config.foreign_keys import FOREIGN
from scheduler.config.reader import reader_of
from scheduler.config.schedule_errors import schedule_reader
from scheduler.config.spec import JobForm
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source


def report_no_job(name: Scalar, value: Node, source: Source) -> None:
    """Report an entry of `jobs` that is not a mapping."""
    at, width, key = name.index, max(1, len(name.value)), f"jobs.{name.value}"
    if name.value in JobForm.__struct_encode_fields__:
        message = f'"{name.value}" is a key of a job: indent it under the name of the job'
        source.error(at, message, width=width, key=key)
        return
    message = f'job "{name.value}" must be a mapping with "command" or "python"'
    if isinstance(value, Scalar) and re.match(r"[\w-]+:\S", value.value):
        message += "; missing space after the colon"
    if isinstance(value, Scalar) and _begins_with_key(value.value):
        source.error(at, f"{message}; a key is followed by a colon and a space", width=width, key=key)
        return
    from scheduler.config.fixes import value_fixes  # noqa: PLC0415 - only for errors
    from scheduler.config.other_shapes import job_of  # noqa: PLC0415

    fixes = value_fixes(job_of(value), value, source, _job_reader, name)
    source.error(at, message, fixes=fixes, width=width, key=key)


def _begins_with_key(text: str) -> bool:
    """Whether it is like `schedule "@daily"` or `command = x`. `python x.py` is a command, too."""
    word = re.match(r"([A-Za-z_]\w*)(?:[=\uff1a\s]|:\s)", text)
    keys = (*JobForm.__struct_encode_fields__, *FOREIGN["schedule"].split(), *FOREIGN["command"].split())
    return word is not None and word[1].lower() in {*keys} - {"python"}


def _job_reader(node: Node, source: Source, where: str) -> object:
    """Read a job with its schedule. Findings are in the source."""
    given = reader_of(JobForm)(node, source, where)
    return schedule_reader(given["schedule"], source, where) if "schedule" in given else given


def report_no_mapping(node: Node, source: Source) -> None:
    """Report an error about a value of `jobs` that is not a mapping, with what to write where that is known."""
    if isinstance(node, Sequence):
        message, help = "jobs: must be a mapping of names and jobs, not a list", _by_name(node)
    elif isinstance(node, Scalar) and node.value:
        message, help = "jobs: must be a mapping of names and jobs", None
    else:
        message, help = "jobs: missing value", "`jobs: {}` means no jobs"
    source.error(node.index, message, help, key="jobs")


def _by_name(jobs: Sequence) -> str:
    """How a list of jobs with the key `name` is written, with the first one that has it."""
    for item in jobs.items:
        for key, value in item.entries if isinstance(item, Mapping) else ():
            if key.value == "name" and isinstance(value, Scalar) and re.fullmatch(JOB_NAME, value.value):
                name = value.value
                return (
                    f'put each job under its name: write "{name}:" in place of "- name: {name}", and its keys below it'
                )
    return "put each job under its name"
