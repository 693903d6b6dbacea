"""Importing what an export wrote gives the same jobs, but for what the report of the export names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scheduler.config.load import load
from scheduler.model.job import Job
from scheduler.model.target import Argv, EnvLayer, ShellCommand
from scheduler.schedule import Restricted
from scheduler.translate.exporters import crontab_file, kubernetes_manifests, systemd_units
from scheduler.translate.exporters.exported import Degree, Exported
from scheduler.translate.exporters.shell_line import read_shell_line
from scheduler.translate.importers.source_file import Dialect
from scheduler.translate.translation import ImportedJob, Keys, Translation
from scheduler.translate.writer import schedule_file
from tests.unit.importing import imported

NOW = datetime(2026, 1, 5, 12, 34, tzinfo=UTC)
ZONE = "Europe/Berlin"

Export = Callable[[list[Job]], Exported]


def as_crontab(dialect: Dialect) -> Export:
    return lambda jobs: crontab_file.export_crontab(jobs, crontab_file.Options(dialect=dialect, timezone=ZONE))


FORMATS: dict[str, Export] = {
    "systemd": lambda jobs: systemd_units.export_systemd(jobs, systemd_units.Options(now=NOW)),
    "kubernetes": lambda jobs: kubernetes_manifests.export_kubernetes(
        jobs, kubernetes_manifests.Options(image="x:1", namespace="n", now=NOW)
    ),
    "cronie": as_crontab(Dialect.CRONIE),
    "debian": as_crontab(Dialect.DEBIAN),
    "busybox": as_crontab(Dialect.BUSYBOX),
}

TEXTS = st.one_of(
    st.sampled_from(
        ["x", "/usr/bin/x --all", "a; b", "echo \"$HOME\" '$X' $(date +%F) `y`", "# c", "a\nb\n", "-n", "a  b"]
    ),
    st.sampled_from(
        ["printf '%s\\n' x", "a\\%b", "x\\\\y", "echo 100% # c", "cat <<E\n1\n  2\nE\n", "$$ $$$ ${A:-b}", "é ✓"]
    ),
    st.text(st.sampled_from("ab $\\%'\"#;&|\n{}()-=~*"), min_size=1, max_size=12).filter(lambda text: text.strip()),
)
WORDS = st.lists(TEXTS, min_size=1, max_size=3).map(lambda words: ["/bin/x", *words])
SCHEDULES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["*/5 * * * *", "30 2 * * *", "0 9-17/2 * * mon-fri", "0 0 1,15 * 5", "@daily", "H H * * *"]),
    st.sampled_from(["5 4 L * *", "0 12 * * fri#2", "0 1 * * 5L", "15 8 */31 * 1", "0 0 L-2 * *", "7 7 15W * *"]),
    st.sampled_from(["@every 90s", "@every 15m", "@every 6h", "@every 25m", "@at 2027-05-06T07:08", "@reboot"]),
    st.sampled_from([{"second": "*/20"}, {"hour": "5", "year": "2026-2028"}, ["0 6 * * *", "30 18 * * sun"]]),
)
WRAPPING = {"umask", "nice", "lock", "timeout", "retry", "from", "until", "except", "splay", "path", "run_if"}
"""Keys that an export approximates by a program around the command."""

VARIABLES = st.dictionaries(st.sampled_from(["A", "B_1", "LANG"]), st.one_of(TEXTS, st.just(""), st.none()), max_size=3)
KEYS = st.fixed_dictionaries(
    {"schedule": SCHEDULES, "command": st.one_of(TEXTS, WORDS)},
    optional={
        "env": VARIABLES,
        "description": st.sampled_from(["Back up 100% of it", "a: b # c"]),
        "timezone": st.sampled_from(["UTC", "America/New_York"]),
        "cwd": st.sampled_from(["/", "/srv/app", "/srv/a b%c"]),
        "enabled": st.booleans(),
        "overlap": st.sampled_from(["skip", "allow", "queue", "replace"]),
        "timeout": st.sampled_from(["90s", "1h"]),
        "stop_grace": st.sampled_from(["5s", "1m"]),
        "retry": st.just({"times": 2, "delay": "10s", "factor": 1}),
        "umask": st.just("027"),
        "nice": st.sampled_from([-5, 10]),
        "memory_limit": st.sampled_from(["512M", "2G"]),
        "success_codes": st.just([0, 24]),
        "start_deadline": st.just("15m"),
        "catch_up": st.just("1h"),
        "lock": st.just("db"),
        "run_if": st.sampled_from(["test -e /x", ["/bin/x", "a b"]]),
        "output": st.just("discard"),
        "splay": st.just("10m"),
        "until": st.just("2027-03-01"),
        "except": st.just(["12-25", "2026-02-03..2026-02-05"]),
    },
)
JOBS = st.dictionaries(st.sampled_from(["poll", "Back_up.2", "a"]), KEYS, min_size=1, max_size=3)


def loaded(folder: Path, jobs: dict[str, Keys]) -> dict[str, Job]:
    """The jobs of a schedule file with these keys."""
    made = tuple(ImportedJob(name=name, keys=keys) for name, keys in jobs.items())
    path = folder / "before.yaml"
    path.write_text(schedule_file(Translation(jobs=made, defaults={"timezone": ZONE}), "Before."), encoding="utf-8")
    return dict(load(path).jobs)


def back(folder: Path, name: str, exported: Exported) -> dict[str, Job]:
    """The jobs that an import makes of the files."""
    texts = {file.name: file.text for file in exported.files}
    if name != "systemd":
        return dict(
            imported(folder, *texts.values(), forced="kubernetes" if name == "kubernetes" else "crontab").config.jobs
        )
    found: dict[str, Job] = {}
    for file, text in texts.items():
        if file.endswith(".timer") or file.replace(".service", ".timer") not in texts:
            found |= imported(folder, text, name=file, beside=texts, timezone=ZONE).config.jobs
    return found


def variables(layers: tuple[EnvLayer, ...]) -> dict[str, Any]:
    return {name: value for layer in layers for name, value in layer.values.items()}


def shown(job: Job, key: str) -> Any:
    """What a key of a job means, however it is written."""
    match key:
        case "schedule" | "timezone":
            return times(job)
        case "command":
            target = job.target
            assert isinstance(target, ShellCommand | Argv)
            words = target.words if isinstance(target, Argv) else ("/bin/sh", "-c", target.text)
            return [word.rstrip("\n") for word in words] if words[:2] == ("/bin/sh", "-c") else list(words)
        case "env":
            return {name: value for name, value in variables(job.environment).items() if value is not None}
        case "umask" | "nice" | "memory_limit":
            return getattr(job.process, key)
        case "retry":
            return job.retry.times
    return getattr(job, key)


def times(job: Job) -> list[datetime] | str | None:
    """The next times, without regard to `until` and the like, which the report names."""
    schedule = job.schedule.schedule if isinstance(job.schedule, Restricted) else job.schedule
    if schedule is None or schedule.at_start:
        return None if schedule is None else "@reboot"
    found, at = [], NOW
    for _ in range(25):
        following = schedule.next_after(at)
        if following is None:
            break
        at = following
        found.append(at)
    return found


def same(key: str, before: Any, after: Any) -> bool:
    if key == "command" and before != after and after[:2] == ["/bin/sh", "-c"]:
        return bool(words_of_line(after[2]) == before)  # a list in a crontab is words in quotes
    return bool(before == after)


def words_of_line(line: str) -> list[str] | None:
    """The words that the shell makes of a line; None where it is more than words."""

    def plain(match: re.Match[str]) -> str:
        made = read_shell_line(f"cd / || exit; eval {match[0]}")
        return shlex.quote(made.command) if made else ""

    try:
        return shlex.split(re.sub(r"""\"\$\(printf '(?:[^']|'\"'\"')*'\)\"""", plain, line))
    except ValueError:
        return None


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])
@given(jobs=JOBS)
def test_an_exported_file_can_be_imported_again(tmp_path: Path, name: str, jobs: dict[str, Keys]) -> None:
    before = loaded(tmp_path, jobs)
    exported = FORMATS[name](list(before.values()))
    after = back(tmp_path, name, exported)
    names = {loss.job: loss.why.split()[-1] for loss in exported.losses if loss.key == "name"}
    for job in before.values():
        named = {loss.key for loss in exported.losses if loss.job == job.name}
        if "schedule" in named or ("timezone", Degree.LOST) in {(loss.key, loss.degree) for loss in exported.losses}:
            continue  # there may be more or fewer jobs
        found = after[names.get(job.name, job.name)]
        for key in sorted({"schedule", "command", *job.origins} - named - {"timezone"}):
            if key == "command" and named & WRAPPING:
                continue
            assert same(key, shown(job, key), shown(found, key)), (key, exported.files)


def test_schedules_of_different_zones_stay_different_jobs(tmp_path: Path) -> None:
    jobs = loaded(tmp_path, {"a": {"schedule": ["0 5 * * *", "0 6 * * *", "@every 6h"], "command": "x"}})
    after = back(tmp_path, "cronie", FORMATS["cronie"](list(jobs.values())))
    assert {name: job.timezone.key for name, job in after.items()} == {"a": ZONE, "a-2": "UTC"}
    assert sorted([*times(after["a"]), *times(after["a-2"])])[:20] == times(jobs["a"])[:20]  # type: ignore[misc,index]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"env": {"T": {"from_file": "/a b%c"}}}, {"env": {"T": {"from_file": "/a b%c"}}}),
        ({"env_file": "/a b%c"}, {"env_file": "/a b%c"}),
        ({"env_file": "/v", "env": {"A": "x"}, "path": ["/opt/y"]}, {"env_file": "/v", "path": ["/opt/y"]}),
        ({"env": {"PATH": "/opt/x"}, "path": ["/opt/y"]}, {"env": {"PATH": "/opt/y:/opt/x"}}),
        ({"env": {"PATH": None}}, {"env": {"PATH": None}}),
    ],
)
def test_files_of_variables_and_an_own_path_come_back(tmp_path: Path, keys: Keys, expected: Keys) -> None:
    jobs = loaded(tmp_path, {"a": {"schedule": "0 5 * * *", "command": "x", **keys}})
    done = imported(tmp_path, FORMATS["debian"](list(jobs.values())).files[0].text)
    (job,) = done.translation.jobs
    assert (job.keys["command"], done.refused) == ("x", [])
    assert {key: job.keys[key] for key in expected} == expected


def test_a_wrapped_command_finds_the_path_of_its_file_of_variables(tmp_path: Path) -> None:
    jobs = loaded(tmp_path, {"a": {"schedule": "0 5 * * *", "command": "x", "env_file": "/v", "timeout": "9s"}})
    done = imported(tmp_path, FORMATS["debian"](list(jobs.values())).files[0].text)
    assert done.translation.jobs[0].keys["command"] == 'timeout -k 10 9 env PATH="$PATH" /bin/sh -c x'


def test_two_files_of_variables_are_refused_with_the_reason(tmp_path: Path) -> None:
    job = {"schedule": "0 5 * * *", "command": "x", "env_file": "/v"}
    path = tmp_path / "two.yaml"
    path.write_text(f"defaults: {{env_file: /w, timezone: {ZONE}}}\njobs: {{a: {job}}}\n")
    done = imported(tmp_path, FORMATS["debian"](list(load(path).jobs.values())).files[0].text)
    assert [why for _, why in done.refused] == ["it reads several files of variables; a job has one env_file"]


def test_a_lost_schedule_is_named(tmp_path: Path) -> None:
    jobs = list(loaded(tmp_path, {"a": {"schedule": "0 0 15W * *", "command": "x"}}).values())
    for name, export in FORMATS.items():
        losses = export(jobs).losses
        assert {loss.key for loss in losses if loss.degree is Degree.LOST} == {"schedule"}, name
