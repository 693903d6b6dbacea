"""From a file with any content, each importer makes a schedule file that loads, and says what it left out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import SchedError, UsageError
from scheduler.translate.formats import FORMATS, format_of
from scheduler.translate.importers.source_file import SourceFile, decode
from tests.unit.importing import imported

EXAMPLES = {path.stem: path.read_text() for path in (Path(__file__).parent / "data/imports").iterdir()}
"""A file of each format."""

JUNK = st.one_of(
    st.sampled_from(
        ["\n", "\t", " ", "#", ";", ":", "- ", "[]", "{}", "[", "{", "null", "~", "'", '"', "\\", "|", ">"]
    ),
    st.sampled_from(["-1", "0", "007", "1e999", "999999999999", "24:00", "yes", "*", "..", "/", ",", "---", "..."]),
    st.sampled_from(
        ["%", "%h", "$", "${A}", "$(A)", "{{", "{%", "<%", "&a", "*a", "!x", "@", "@every", "\ufeff", "\x85"]
    ),
    st.sampled_from(["9" * 400, "a" * 5000, "[" * 80, "\n" * 50, "- " * 40, "0-59/0", "* " * 30]),
    st.text(max_size=8),
)
EDITS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 12), JUNK), max_size=4)


def test_there_is_an_example_of_each_format() -> None:
    assert EXAMPLES.keys() == FORMATS.keys()
    assert {name: format_of(SourceFile("x", text)).name for name, text in EXAMPLES.items()} == {n: n for n in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
@given(edits=EDITS)
def test_a_damaged_file_makes_a_schedule_file_that_loads(
    tmp_path: Path, name: str, edits: list[tuple[int, int, str]]
) -> None:
    text = EXAMPLES[name]
    for place, width, junk in edits:
        at = place % (len(text) + 1)
        text = text[:at] + junk + text[at + width :]
    done = imported(tmp_path, text.replace("\0", ""), forced=name)
    assert list(done.config.jobs) == [job.name for job in done.translation.jobs]


EXPORTED = """\
# A file with a user column, exported by `schedctl export crontab --dialect debian --timezone UTC`.

# backup: Back up
30 2 * * * root export A=' x'; unset B; umask 027; ulimit -v 512; renice -n 5 $$ >/dev/null; cd / || exit; x 100\\%
# poll
# */5 * * * * app export PATH=/a:"$PATH"; cd '/a b' || exit; eval "$(printf 'x\\\\ny')"
CRON_TZ=Europe/Berlin
#! not exported: @after x: has no equivalent in cron
# manual only: cd / || exit; x
"""


@settings(max_examples=100)
@given(edits=EDITS)
def test_a_damaged_export_makes_a_schedule_file_that_loads(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    title, _, text = EXPORTED.partition("\n")
    for place, width, junk in edits:
        at = place % (len(text) + 1)
        text = text[:at] + junk + text[at + width :]
    done = imported(tmp_path, f"{title}\n{text}".replace("\0", ""), forced="crontab")
    assert list(done.config.jobs) == [job.name for job in done.translation.jobs]


def test_a_line_of_an_export_with_a_long_damaged_word_is_read_at_once(tmp_path: Path) -> None:
    lines = f"0 5 * * * app export PATH={'a' * 5000}; x\n0 6 * * * app cd {'a' * 5000} && x\n"
    done = imported(tmp_path, f"{EXPORTED.splitlines()[0]}\n{lines}", forced="crontab")
    assert [one.why for one in done.translation.remarks] == ["not a line that an export made"] * 2


@pytest.mark.parametrize(
    "line",
    [
        "# manual only: ",
        "# manual only: cd / || exit; ",
        "0 5 * * * app cd / || exit; ",
        '0 5 * * * app export PATH=/a::/b:"$PATH"; cd / || exit; x',
        "0 5 * * * app cd '' || exit; x",
        f"0 5 * * * app ulimit -v {'9' * 99}; cd / || exit; x",
        "0 5 * * * app ulimit -v 0; cd / || exit; x",
        "0 5 * * * app renice -n 55 $$ >/dev/null; cd / || exit; x",
    ],
)
def test_a_line_of_an_export_with_an_empty_part_or_a_value_out_of_range_is_refused(tmp_path: Path, line: str) -> None:
    done = imported(tmp_path, f"{EXPORTED.splitlines()[0]}\n{line}\n", forced="crontab")
    assert ([*done.config.jobs], [one.why for one in done.translation.remarks]) == (
        [],
        ["not a line that an export made"],
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_a_file_of_another_format_is_recognized(tmp_path: Path, name: str, other: str) -> None:
    done = imported(tmp_path, EXAMPLES[other], forced=name)
    assert done.config.jobs.keys() == {job.name for job in done.translation.jobs}


TEMPLATES = [
    ("crontab", "{{ minute }} {{ hour }} * * * root /bin/x\n0 5 * * * y\n", "a Jinja template"),
    ("crontab", "MAILTO={{ mail }}\n0 5 * * * y\n", "a Jinja template"),
    ("crontab", "{% for job in jobs %}\n0 5 * * * y\n{% endfor %}\n", "a Jinja template"),
    ("crontab", "0 5 * * * root /bin/x <%= @arguments %>\n", "an ERB template"),
    ("crontab", "<% if true -%>\n0 5 * * * x\n<% end -%>\n", "an ERB template"),
    ("systemd", "[Timer]\nOnCalendar={{ schedule }}\n", "a Jinja template"),
    ("systemd", "[Service]\nExecStart=/bin/x\nUser=<%= @user %>\n", "an ERB template"),
    ("ofelia", '[job-local "x"]\nschedule = {{ cron }}\ncommand = y\n', "a Jinja template"),
    ("anacrontab", "1 5 daily run-parts /x\n{% if weekly %}\n7 5 weekly y\n{% endif %}\n", "a Jinja template"),
    ("fcrontab", "<%= times %> x\n", "an ERB template"),
    ("kubernetes", "kind: CronJob\nspec:\n  schedule: {{ .Values.schedule | quote }}\n", "a Helm template"),
    ("kubernetes", "{{- if .Values.on }}\nkind: CronJob\n{{- end }}\n", "a Helm template"),
    ("kubernetes", "kind: CronJob\nspec: {schedule: '{{ when }}'}\nname: {{ name }}\n", "a Jinja template"),
    ("yacron", "jobs:\n  - name: {{ name }}\n", "a Jinja template"),
    ("yacron", "jobs:\n{%- for job in jobs %}\n  - name: x\n{% endfor %}\n", "a Jinja template"),
    ("yacron", "jobs:\n  - name: x\n    schedule: '{% if live %}@daily{% endif %}'\n", "a Jinja template"),
    ("sidekiq", "x:\n  cron: <%= ENV['CRON'] %>\n  class: A\n", "an ERB template"),
    ("solid-queue", "x:\n  class: A\n  schedule: <%= ENV['CRON'] %>\n", "an ERB template"),
    ("app-json", '{"cron": [{"command": "<%= x %>", "schedule": "@daily"}]}', "an ERB template"),
]


@pytest.mark.parametrize(("name", "text", "word"), TEMPLATES)
def test_a_template_is_refused_with_that_word(tmp_path: Path, name: str, text: str, word: str) -> None:
    done = imported(tmp_path, text, forced=name)
    assert (done.translation.jobs, [why.startswith(word) for _, why in done.refused]) == ((), [True])


@pytest.mark.parametrize("command", ["docker ps --format '{{.Names}}'", "jinja '{% x %}'", "cat <x.%"])
def test_braces_in_a_command_are_no_template(tmp_path: Path, command: str) -> None:
    assert len(imported(tmp_path, f"0 5 * * * {command}\n", forced="crontab").config.jobs) == 1


@pytest.mark.parametrize("value", ["{%", "{{b", "{%if", "date +{%", "jinja '{% x %}'", "50{%}"])
def test_braces_in_a_value_of_yaml_are_no_template(tmp_path: Path, value: str) -> None:
    text = f'jobs:\n  - name: x\n    command: "{value}"\n    schedule: "@daily"\n'
    assert imported(tmp_path, text, forced="yacron").translation.jobs[0].keys["command"] == value


NO_FORMAT = [
    "",
    "just words\n",
    "<html>\n",
    "a,b,c\n1,2,3\n",
    "import os\n",
]


@pytest.mark.parametrize("text", NO_FORMAT)
def test_a_file_of_unknown_format_is_one_message(text: str) -> None:
    if text:
        with pytest.raises(SchedError, match=r"not a format that can be imported|, which cannot be imported"):
            format_of(SourceFile("x", text))
    else:
        assert format_of(SourceFile("x", text)).name == "crontab"


@pytest.mark.parametrize("text", ["jobs: {a: {command: x, schedule: '@daily'}}\n", "jobs:\n  a: {command: x}\n"])
def test_a_schedule_file_needs_no_import(text: str) -> None:
    """G11."""
    with pytest.raises(SchedError, match="already a schedule file"):
        format_of(SourceFile("schedules.yaml", text))


CIRCLECI = "version: 2.1\njobs:\n  build:\n    docker: [{image: x}]\nworkflows: {nightly: {jobs: [build]}}\n"
WORKFLOW = "on: {schedule: [{cron: '17 3 * * *'}]}\njobs:\n  build: {runs-on: x, steps: [{run: make}]}\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [(CIRCLECI, "a CircleCI file"), (WORKFLOW, "a GitHub Actions workflow"), ("<html>\n", "an XML or HTML file")],
)
def test_a_file_that_cannot_be_converted_is_named(text: str, name: str) -> None:
    with pytest.raises(SchedError, match=f"^ci.yml: this looks like {name}, which cannot be imported$"):
        format_of(SourceFile("ci.yml", text))


NO_TEXT = [
    b"\x00\x01\x02",
    "x".encode("utf-32"),
    b"\xff\xfeh\x00i\x00",
    b"a" * (16 * 1024 * 1024 + 1),
    b"\x7fELF\x01\x00",
]


@pytest.mark.parametrize("data", NO_TEXT, ids=["controls", "UTF-32", "UTF-16", "huge", "ELF"])
def test_a_file_that_is_not_text_is_one_message(data: bytes) -> None:
    with pytest.raises(UsageError):
        decode("x", data)


@pytest.mark.parametrize("name", FORMATS)
def test_a_huge_file_takes_seconds_at_most(tmp_path: Path, name: str) -> None:
    is_one_document = name in {"app-json", "yacron", "sidekiq", "solid-queue"}
    text = EXAMPLES[name] * (1 if is_one_document else 200)
    began = time.process_time()
    imported(tmp_path, text, forced=name)
    assert time.process_time() - began < 8
