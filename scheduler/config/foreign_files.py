"""Recognises files of other programs that are given in the place of a schedule file.

Imported only when a file is not valid.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import cached_property

_CRON_FIELD = r"[\d*?][\d*?,/#LWH~A-Za-z-]*"
_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat|h|l"
_NAMED_FIELD = rf"(?:[\d*?]|(?i:{_NAMES}))[^\s:]*"
_CRON_LINE = re.compile(
    rf"\s*-?(?:@(?:reboot|hourly|daily|midnight|weekly|monthly|yearly|annually|every \S+)"
    rf"|{_CRON_FIELD}(?:\s+{_CRON_FIELD}){{2}}(?:\s+{_NAMED_FIELD}){{2,4}})\s+\S*[A-Za-z/.].*"
)
_ANACRON_LINE = re.compile(r"\s*(?:\d+|@[a-z]+)\s+\d+\s+[\w.-]+\s+\S.*")
_PROCFILE_LINE = re.compile(r"[\w-]+:\s*\S.*")
_FCRON_LINE = re.compile(r"\s*(?:[&%!][\w(),.]*|@[\w(),.]*)\s+\S.*|!.*")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=.*")
_SECTION_OF_TOML = r"tool\..*|project|build-system|package"
_MOST_LINES = 2_000
_MOST_TEXT = 100_000


def foreign_file(text: str, shown: str) -> str | None:
    """The sentence about a file of another program, `shown` by this name; None for any other text."""
    name, is_convertible = _found(text)
    if not name:
        return None
    end = f"; convert it with `schedctl import {shlex.quote(shown)}`" if is_convertible else ", not a schedule file"
    return f"this looks like {name}{end}"


def unconvertible(text: str) -> str | None:
    """What a text looks like that `schedctl import` cannot convert; None for any other text."""
    name, is_convertible = _found(text)
    return name if name and not is_convertible else None


def _found(text: str) -> tuple[str, bool]:
    """The format of a text, and whether it can be converted; an empty name for an unknown one."""
    clues = _Clues(text)
    return next(((name, converts) for name, converts, looks_like in _FORMATS if looks_like(clues)), ("", False))


class _Clues:
    """What formats are recognised by."""

    def __init__(self, text: str) -> None:
        self.text = text[:_MOST_TEXT]

    @cached_property
    def keys(self) -> set[str]:
        """Keys at the left margin, as YAML has them."""
        return set(re.findall(r"(?m)^['\"]?([\w./:-]+?)['\"]?:(?=\s|$)", self.text))

    @cached_property
    def sections(self) -> set[str]:
        """Names in brackets on lines of their own."""
        return {name.strip() for name in re.findall(r"(?m)^\[([^\]\n]+)\]\s*$", self.text)}

    @cached_property
    def lines(self) -> list[str]:
        """Lines that are neither blank nor comments."""
        lines = (line for line in self.text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
        return [line for line, _ in zip(lines, range(_MOST_LINES), strict=False)]

    def has(self, pattern: str) -> bool:
        """Whether a line starts with the pattern."""
        return re.search(rf"(?m)^(?:{pattern})", self.text) is not None

    def has_entries(self, *names: str) -> bool:
        """Whether there are indented or inline entries with all of these keys."""
        return all(re.search(rf"(?m)(?:^\s+(?:- )?|[{{,]\s*)['\"]?:?{name}['\"]?:\s", self.text) for name in names)

    def has_section(self, pattern: str) -> bool:
        return any(re.fullmatch(pattern, name) for name in self.sections)

    def is_made_of(self, main: re.Pattern[str], *others: re.Pattern[str]) -> bool:
        """Whether some lines match `main`, and all others `main` or `others`."""
        rest = [line for line in self.lines if not main.fullmatch(line)]
        return len(rest) < len(self.lines) and all(any(one.fullmatch(line) for one in others) for line in rest)

    @property
    def is_mostly_cron(self) -> bool:
        cron = sum(_CRON_LINE.fullmatch(line) is not None for line in self.lines)
        return cron > 0 and cron >= len(self.lines) // 2 and not self.keys

    @property
    def is_schedule(self) -> bool:
        """Whether it is a schedule file, though not a valid one."""
        return "jobs" in self.keys or re.match(r'\s*\{\s*"?jobs"?\s*:', self.text) is not None


_HELM = r".*\{\{-?\s*(?:\.Values|include|template|if|range|with)\b"
_YACRON_JOBS = r"jobs:\s*\n(?:\s*#.*\n)*\s*- "
_YACRON_KEYS = (
    r"\s*(?:- )?(?:captureStd(?:out|err)|failsWhen|concurrencyPolicy|killTimeout|executionTimeout|saveLimit"
    r"|on(?:Permanent)?(?:Failure|Success)|utc|environment):"
)
_PYTHON = r"(?:from [\w.]+ )?import [\w.*]+\s*$|from [\w.]+ import |def \w+\(.*:\s*$"
_RUBY = r"\s*every\b.*\bdo\b"
_GITLAB = {"stages", "image", "default", "before_script", "workflow"}

Format = tuple[str, bool, Callable[[_Clues], bool]]

_FORMATS: tuple[Format, ...] = (
    ("a program, since its first line starts with #!", False, lambda it: it.text.startswith("#!")),
    (
        "a GitHub Actions workflow",
        False,
        lambda it: "jobs" in it.keys and ("on" in it.keys or (it.has(r"\s+runs-on:") and it.has(r"\s+steps:"))),
    ),
    (
        "a CircleCI file",
        False,
        lambda it: {"version", "jobs"} <= it.keys and ("workflows" in it.keys or it.has(r"\s+steps:")),
    ),
    ("a yacron file", True, lambda it: it.has(_YACRON_JOBS) and it.has(_YACRON_KEYS)),
    (
        "a Kubernetes CronJob",
        True,
        lambda it: {"apiVersion", "kind"} <= it.keys and it.has(r"\s*kind:\s*['\"]?CronJob"),
    ),
    ("a Kubernetes manifest without a CronJob", False, lambda it: {"apiVersion", "kind"} <= it.keys),
    ("a Helm template, which must be rendered first", False, lambda it: not it.is_schedule and it.has(_HELM)),
    (
        "a Docker Compose file",
        False,
        lambda it: (
            not it.is_schedule and "services" in it.keys and (it.has_entries("image") or it.has_entries("build"))
        ),
    ),
    ("a GitLab CI file", False, lambda it: it.has(r"\s+script:") and bool(it.keys & _GITLAB)),
    ("a CloudFormation template", False, lambda it: {"AWSTemplateFormatVersion", "Resources"} <= it.keys),
    ("a Serverless Framework file", False, lambda it: {"functions", "provider"} <= it.keys),
    ("an Ansible playbook", False, lambda it: it.has(r"- (?:name:.*\n\s+)?hosts:")),
    (
        "a schedule of sidekiq-cron or sidekiq-scheduler",
        True,
        lambda it: (
            not it.is_schedule
            and (":schedule" in it.keys or it.has_entries("class", "cron") or it.has_entries("class", "every"))
        ),
    ),
    (
        "a recurring schedule of Solid Queue",
        True,
        lambda it: it.has_entries("class", "schedule") and bool(it.keys & {"production", "development", "test"}),
    ),
    ("an app.json file", True, lambda it: it.has(r"\s*\{") and it.has(r".*\"cron\"\s*:\s*\[") and not it.is_schedule),
    (
        "an app.json file without cron jobs",
        False,
        lambda it: it.has(r"\s*\{") and it.has(r".*\"(?:formation|buildpacks|addons)\"\s*:"),
    ),
    ("a rule of AWS EventBridge", False, lambda it: it.has(r".*\"ScheduleExpression\"\s*:")),
    ("a package.json file", False, lambda it: it.has(r"\s*\"(?:dependencies|scripts)\"\s*:\s*\{")),
    ("a property list of launchd", False, lambda it: it.has(r"\s*<plist\b")),
    ("an XML or HTML file", False, lambda it: re.match(r"(?i)\s*<(?:\?xml|!doctype|html)", it.text) is not None),
    ("an ofelia file", True, lambda it: it.has_section(r"job-(?:exec|run|local|service-run|compose)\b.*")),
    ("a systemd timer", True, lambda it: "Timer" in it.sections),
    ("a systemd unit without a timer", False, lambda it: bool(it.sections & {"Unit", "Service", "Install"})),
    ("a supervisord file", False, lambda it: it.has_section(r"program:.*|supervisord")),
    ("a TOML file", False, lambda it: it.has_section(_SECTION_OF_TOML)),
    ("a crontab", True, lambda it: it.is_made_of(_CRON_LINE, _ASSIGNMENT)),
    ("an anacrontab", True, lambda it: it.is_made_of(_ANACRON_LINE, _ASSIGNMENT)),
    ("an fcrontab", True, lambda it: it.is_made_of(_FCRON_LINE, _CRON_LINE, _ASSIGNMENT)),
    ("a crontab", True, lambda it: it.is_mostly_cron),
    ("a file of environment variables", False, lambda it: it.is_made_of(_ASSIGNMENT)),
    ("a Dockerfile", False, lambda it: it.has(r"(?i:FROM) \S+") and it.has(r"(?:RUN|COPY|CMD|ENTRYPOINT)\b")),
    ("a schedule in Ruby, as of clockwork or whenever", False, lambda it: not it.is_schedule and it.has(_RUBY)),
    ("a Python program", False, lambda it: not it.is_schedule and it.has(_PYTHON)),
    (
        "a Procfile",
        False,
        lambda it: (
            not it.is_schedule
            and bool({"web", "worker", "clock", "release"} & it.keys)
            and it.is_made_of(_PROCFILE_LINE)
        ),
    ),
)
"""Names, whether `schedctl import` converts the format, and how it is recognised, the most specific first."""
