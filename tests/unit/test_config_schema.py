"""The JSON Schema for editors agrees with what schedd takes, as far as a schema can know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scheduler.config.file_form import FileForm, json_schema
from scheduler.config.load import load
from scheduler.config.spec import JobForm
from scheduler.errors import ConfigError

ROOT = Path(__file__).parents[2]
CORPUS = sorted((Path(__file__).parent / "data" / "bad").glob("*.yaml"))

BOMBS = {"file-alias-bomb", "file-alias-cycle"}
"""What an independent reader of YAML would take to heart."""

BEYOND_A_SCHEMA = re.compile(
    r"include-pattern|web-exposed|schedule-(?!field-name).*|value-zone-.*|value-home-directory|value-(timeout|deadline)-of-nothing|value-empty|value-name-empty|retry-.*|env-empty-value"
    r"|env-reserved-name|key-twice|job-twice|command-empty|python-arguments-.*|yaml-exclamation-mark|yaml-comment-within-quotes|broker-without-a-store|store-that-is-not-redis"
)
"""Needs knowledge of cron, of time zones, of another key, of what an unquoted word or an empty value is meant to be."""


class _Yaml12(yaml.SafeLoader):
    """YAML as editors read it: version 1.2, without the booleans, dates and octals of version 1.1."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - PyYAML's own


for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", "~nN\0"),
    ("int", "[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
):
    _Yaml12.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [letter.strip("\0") for letter in _first]
    )


def is_valid(path: Path) -> bool:
    """Whether an independent validator accepts the file; one that is no YAML is not."""
    validator = jsonschema.Draft202012Validator(json_schema())
    try:
        document = yaml.load(path.read_text(), Loader=_Yaml12)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError):
        return False
    return bool(validator.is_valid(document))


@pytest.mark.parametrize(("text", "is_one"), [("include: [jobs.d]\n", True), ("defaults: {timezone: UTC}\n", False)])
def test_a_file_has_jobs_or_includes_files_that_do(text: str, *, is_one: bool, tmp_path: Path) -> None:
    (tmp_path / "jobs.d").mkdir()
    (tmp_path / "jobs.d" / "more.yaml").write_text("jobs: {a: {command: echo}}\n")
    file = tmp_path / "schedules.yaml"
    file.write_text(text)
    assert is_valid(file) == is_one
    with nullcontext() if is_one else pytest.raises(ConfigError):
        load(file)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_example_file_is_valid() -> None:
    assert is_valid(ROOT / "schedules.example.yaml")


@pytest.mark.parametrize("path", [path for path in CORPUS if path.stem not in BOMBS], ids=lambda path: path.stem)
def test_an_invalid_file_is_invalid_for_the_schema_where_a_schema_can_express_it(path: Path) -> None:
    assert is_valid(path) == bool(BEYOND_A_SCHEMA.fullmatch(path.stem))


def described(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each key of a job and of the file, with its description."""
    for form in (JobForm, FileForm):
        for key, value in schema["$defs"][form.__name__]["properties"].items():
            yield key, value.get("description", "")


def test_every_key_has_a_description_that_is_a_sentence() -> None:
    for key, text in described(json_schema()):
        assert text.endswith("."), key
        assert text[0].isupper() or text.startswith(("false", "module")), key


def test_the_schema_is_json_and_names_no_class_in_titles() -> None:
    text = json.dumps(json_schema())
    assert '"title": "schedd schedule file"' in text
    assert text.count('"title"') == 1
