"""`schedctl next`, `explain`, `why`, `show`, `env` and `check`, from the file alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.system.programs import schedctl, write


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(
        tmp_path_factory.mktemp("times") / "schedules.yaml",
        """
        defaults: {env: {SECRET: canary-1, SHARED: x}}
        jobs:
          night: {schedule: "30 2 * * *", timezone: Europe/Berlin, command: "true"}
          noon: {schedule: "0 12 * * *", command: [echo, "12"], env: {TOKEN: canary-2, LANG: null}}
          off: {schedule: "@daily", command: "true", enabled: false}
          by-hand: {python: "app:main", kwargs: {password: canary-3}}
        """,
    )


def ask(file: Path, *words: str, **environ: str) -> str:
    ended = schedctl("-c", file, *words, **environ)  # type: ignore[arg-type]
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_next_merges_all_jobs_in_time_order(file: Path) -> None:
    answer = json.loads(ask(file, "next", "--from", "2026-06-01T00:00Z", "-n", "4", "--json"))
    assert [(scheduled_time["at"], scheduled_time["job"]) for scheduled_time in answer] == [
        ("2026-06-01T00:30:00Z", "night"),
        ("2026-06-01T12:00:00Z", "noon"),
        ("2026-06-02T00:30:00Z", "night"),
        ("2026-06-02T12:00:00Z", "noon"),
    ]


def test_next_begins_with_from_and_ends_with_until(file: Path) -> None:
    answer = ask(file, "next", "noon", "--from", "2026-06-01T12:00Z", "--until", "2026-06-03T12:00Z", "--json")
    assert [scheduled_time["at"][:10] for scheduled_time in json.loads(answer)] == [
        "2026-06-01",
        "2026-06-02",
        "2026-06-03",
    ]


def test_next_says_when_until_is_too_far() -> None:
    words = ("next", "--expr", "@every 1s", "--from", "2026-01-01T00:00Z", "--json", "--until")
    ended = schedctl(*words, "2026-01-03T00:00Z")
    assert len(json.loads(ended.stdout)) == 100_000
    assert ended.stderr == "only the first 100,000 are shown; use --from to continue\n"
    assert schedctl(*words, "2026-01-01T01:00Z").stderr == ""


@pytest.mark.parametrize("words", [["noon"], ["--expr", "@every 90m"]])
def test_next_ends_at_the_edges_of_the_calendar_with_a_message(file: Path, words: list[str]) -> None:
    for edge in ("0001-01-01T00:00", "9999-12-31T20:00"):
        ended = schedctl("-c", file, "next", *words, "--from", f"{edge}Z", "--timezone", "Asia/Tokyo")
        message = f"schedctl: {edge}:00+00:00 is outside the calendar"
        assert (ended.returncode, ended.stderr.splitlines()[-1:]) == (2, [message])
    last = schedctl("-c", file, "next", *words, "--from", "9999-12-30T20:00Z", "--timezone", "Asia/Tokyo")
    assert (last.returncode, "Traceback" in last.stderr) == (0, False)


def test_next_says_what_a_clock_change_did(file: Path) -> None:
    shown = ask(file, "next", "night", "--from", "2026-03-28T12:00Z", "-n", "2").splitlines()
    assert shown[1].startswith("Sun 2026-03-29 03:00:00 CEST")
    assert shown[1].endswith("in place of 02:30 (DST: clocks go forward from 02:00 to 03:00)")


def test_next_answers_for_an_expression_alone() -> None:
    ended = schedctl(
        "next",
        "--expr",
        "30 2 * * *",
        "--timezone",
        "America/New_York",
        "--from",
        "2026-03-08T00:00Z",
        "-n",
        "5",
        "--json",
    )
    answer = json.loads(ended.stdout)
    assert [scheduled_time["at"] for scheduled_time in answer[:2]] == ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
    assert (len(answer), answer[0]["job"]) == (5, None)


def test_a_disabled_job_is_shown_only_when_it_is_named(file: Path) -> None:
    assert "off" not in ask(file, "next", "-n", "50")
    assert "will not run: disabled in the file" in ask(file, "next", "off", "-n", "1")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("next", "--expr", "61 * * * *"), 2, "\n  61 * * * *\n  ^"),
        (("explain", "* * * * * *"), 2, "* * * * * *"),
        (("explain", '["@dayly"]'), 2, '["@dayly"]\n    ^\n'),
        (("explain", ""), 2, "the schedule is empty"),
        (("explain", "5m"), 2, "help: @every 5m"),
        (("explain", "daily"), 2, "help: @daily"),
        (("next", "--from", "tomorrow", "--until", "today"), 2, "--until is before --from"),
        (("simulate", "--durations", "noon=x"), 2, "--durations: 'x': not a valid duration"),
        (("next", "--expr", "* * * * *", "--timezone", "Mars/Base"), 2, "IANA name such as Europe/Berlin"),
        (("next", "--timezone", "Mars/Base"), 2, "IANA name such as Europe/Berlin"),
        (("next", "noon", "--expr", "* * * * *"), 2, "--expr and JOB exclude each other"),
        (("next", "nopn"), 4, "did you mean 'noon'?"),
        (("why", "noon", "someday"), 2, "is not a valid time"),
        (("explain", "by-hand"), 5, "it only runs manually"),
        (("shwo", "noon"), 2, "unknown command 'shwo'; did you mean 'show'?"),
        (("list", "--watch", "--json"), 2, "exclude each other"),
    ],
)
def test_an_error_is_one_message_that_says_what_to_type(
    file: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = schedctl("-c", file, *words)
    assert ended.returncode == code, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_explain_says_words_class_times_changes_and_traps() -> None:
    shown = schedctl("explain", "*/7 1-3 31 * *", "--timezone", "Europe/Berlin").stdout
    assert shown.startswith("*/7 1-3 31 * * in Europe/Berlin\n")
    assert "wildcard" in shown
    assert len(re.findall(r"-31 0[1-3]:\d\d:00 CE", shown)) >= 5
    assert "clocks go forward" in shown
    assert "`*/7` starts again every hour" in shown
    answer = json.loads(schedctl("explain", "@every 90s", "--json").stdout)
    assert (answer["kind"], answer["dst_changes"], len(answer["next"])) == ("interval", [], 5)


def test_why_names_the_field_that_did_not_match_and_the_nearest_scheduled_times(file: Path) -> None:
    shown = ask(file, "why", "night", "2026-06-01 02:31")
    assert "night is not scheduled at Mon 2026-06-01 02:31:00 CEST." in shown
    assert "Minute is 31; `30 2 * * *` needs 30." in shown
    assert "scheduled time before it: Mon 2026-06-01 02:30:00 CEST" in shown
    assert "scheduled time after it: Tue 2026-06-02 02:30:00 CEST" in shown
    gone = ask(file, "why", "night", "2026-03-29 02:30")
    assert "02:30:00 does not exist in Europe/Berlin (DST: clocks go forward from 02:00 to 03:00)." in gone
    assert json.loads(ask(file, "why", "noon", "2030-06-01T12:00:00Z", "--json"))["is_scheduled"] is True
    assert "disabled in the file" in ask(file, "why", "off")


def test_show_has_the_effective_definition_with_its_origins_and_without_secrets(file: Path) -> None:
    """L2, F8"""
    shown = ask(file, "show", "noon") + ask(file, "show", "by-hand") + ask(file, "show", "noon", "--json")
    assert "canary" not in shown
    noon = ask(file, "show", "noon")
    assert re.search(r"^Set for this job\n(  .*\n)*  command +echo 12$", noon, re.MULTILINE)
    assert re.search(r"^Built-in defaults\n(  .*\n)*  overlap +skip$", noon, re.MULTILINE)
    assert re.search(r"^Set for this job and in defaults\n  env +SECRET, SHARED  \(defaults.env\)$", noon, re.MULTILINE)
    assert re.search(r"^ +TOKEN, LANG \(removed\)  \(env\)$", noon, re.MULTILINE)
    assert "at 12:00" in noon
    assert "{" not in noon


def test_env_masks_secrets_and_shows_the_rest(file: Path) -> None:
    """L2, F7"""
    masked = ask(file, "env", "noon", MINE="me", MY_SECRET="canary-4")
    assert "canary" not in masked
    rows = {line.split()[0]: line for line in masked.splitlines()}
    assert re.search(r"defaults.env +not set +•••$", rows["SECRET"])
    assert re.search(r"defaults.env +not set +x$", rows["SHARED"])
    assert re.search(r"inherited +me$", rows["MINE"])
    assert re.search(r"inherited +•••$", rows["MY_SECRET"])
    assert re.search(r"each run +not set +noon$", rows["SCHED_JOB"])
    assert rows["SCHED_SCHEDULED_AT"].split()[-1].endswith("T12:00:00Z")
    assert "/" in rows["PATH"]
    assert "LANG" not in rows
    revealed = json.loads(ask(file, "env", "noon", "--reveal", "--json", MY_SECRET="canary-4"))
    values = {variable["name"]: variable["value"] for variable in revealed["variables"]}
    assert (values["TOKEN"], values["SECRET"], values["MY_SECRET"]) == ("canary-2", "canary-1", "canary-4")


def test_env_prints_the_value_of_one_variable(file: Path) -> None:
    """F7"""
    assert ask(file, "env", "noon", "SHARED") == "x\n"
    assert ask(file, "env", "noon", "TOKEN", "--reveal") == "canary-2\n"
    secret = schedctl("-c", file, "env", "noon", "TOKEN")
    assert (secret.returncode, secret.stdout) == (5, "")
    assert secret.stderr.endswith("schedctl: TOKEN is secret; --reveal prints it\n")
    missing = schedctl("-c", file, "env", "noon", "SHARDE")
    assert (missing.returncode, missing.stdout) == (4, "")
    assert missing.stderr.endswith("gets no variable 'SHARDE'; did you mean 'SHARED'?\n")


def test_check_lists_and_counts_every_error(file: Path, tmp_path: Path) -> None:
    good = write(tmp_path / "good.yaml", 'jobs: {a: {command: "true", schedule: "0 12 * * *"}}')
    assert schedctl("check", good).stdout == f"{good}: 1 job, no problems\n"
    bad = write(tmp_path / "bad.yaml", "jobs: {a: {comand: x}, b: {command: y, timeout: 5}}")
    ended = schedctl("check", bad, file)
    assert ended.returncode == 1
    assert f"{bad}:1:12: error: " in ended.stdout
    assert "help: timeout: 5s" in ended.stdout
    answer = json.loads(schedctl("check", bad, "--json").stdout)
    assert json.loads(schedctl("check", bad, "-o", "json").stdout) == answer
    assert not answer[0]["ok"]
    assert [problem["severity"] for problem in answer[0]["problems"]] == ["error", "warning", "error"]
    annotated = schedctl("check", bad, "--github").stdout.splitlines()
    assert annotated[0].startswith(f"::error file={bad},line=1,col=12")
    assert [line.split()[0] for line in annotated] == ["::error", "::warning", "::error"]


def test_check_prints_warnings_and_fails_on_them_with_strict(tmp_path: Path) -> None:
    warned = write(tmp_path / "warned.yaml", 'jobs: {a: {command: "true", schedule: "0 0 31 * *"}}')
    ended = schedctl("check", warned)
    assert (ended.returncode, "warning: " in ended.stdout) == (0, True)
    assert schedctl("check", "--strict", warned).returncode == 1
    assert schedctl("check", "--github", warned).stdout.startswith("::warning ")
