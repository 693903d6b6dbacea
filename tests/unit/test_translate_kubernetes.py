"""Kubernetes CronJobs become jobs; what only a cluster has is reported by line."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from scheduler.translate.formats import format_of
from scheduler.translate.importers.source_file import SourceFile
from tests.unit.importing import Imported, imported

MANIFEST = """\
apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}}}
spec:
  schedule: "{schedule}"
{spec}
  jobTemplate:
    spec:
      backoffLimit: 0
{job}
      template:
        spec:
          restartPolicy: Never
{pod}
          containers:
          - name: main
            image: example/app:1
            command: [app, run]
{container}
"""


LEVELS = {"spec": 2, "job": 6, "pod": 10, "container": 12}


def manifest(name: str = "tidy", schedule: str = "5 4 * * *", **keys: str) -> str:
    """A CronJob with further keys at each level."""
    filled = {level: textwrap.indent(keys.get(level, ""), " " * indent) for level, indent in LEVELS.items()}
    return MANIFEST.format(name=name, schedule=schedule, **filled)


def bomb(depth: int) -> str:
    """Aliases within aliases."""
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(depth)]
    return "kind: CronJob\n" + "\n".join(lines)


BASE: dict[str, Any] = {"schedule": "5 4 * * *", "overlap": "allow", "command": ["app", "run"]}
CASES: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {}),
    ({"schedule": "@daily"}, {"schedule": "@daily"}),
    ({"schedule": "CRON_TZ=Asia/Tokyo 0 9 * * 1-5"}, {"schedule": "0 9 * * 1-5", "timezone": "Asia/Tokyo"}),
    ({"schedule": "0 0 */2 * 1"}, {"schedule": "0 0 1-31/2 * 1"}),
    ({"schedule": "0 0 1 * ?"}, {"schedule": "0 0 1 * ?"}),
    ({"spec": "timeZone: Europe/Berlin\nconcurrencyPolicy: Forbid"}, {"timezone": "Europe/Berlin", "overlap": "skip"}),
    ({"spec": "concurrencyPolicy: Replace\nsuspend: true"}, {"overlap": "replace", "enabled": False}),
    ({"spec": "startingDeadlineSeconds: 200"}, {"start_deadline": "200s"}),
    ({"job": "activeDeadlineSeconds: 600"}, {"timeout": "600s"}),
    ({"pod": "terminationGracePeriodSeconds: 5\nactiveDeadlineSeconds: 60"}, {"stop_grace": "5s", "timeout": "60s"}),
    (
        {"container": "args: [--all, 'a b']\nworkingDir: /srv"},
        {"command": ["app", "run", "--all", "a b"], "cwd": "/srv"},
    ),
    (
        {"container": "env:\n- {name: A, value: x}\n- {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}"},
        {"env": {"A": "x", "B": {"from_env": "B"}}},
    ),
    (
        {"container": "env: [{name: WHO, value: me}]\nargs: ['hello $(WHO)', $(OTHER), '$$(WHO)']"},
        {"env": {"WHO": "me"}, "command": "app run 'hello '\"${WHO}\" '$(OTHER)' '$(WHO)'"},
    ),
    (
        {"pod": "securityContext: {runAsUser: 1000, runAsGroup: 2000, fsGroup: 1}"},
        {"user": "1000", "group": "2000"},
    ),
]


@pytest.mark.parametrize(("levels", "expected"), CASES, ids=[str(levels) for levels, _ in CASES])
def test_each_key_of_a_cronjob_is_carried_over(
    tmp_path: Path, levels: dict[str, str], expected: dict[str, Any]
) -> None:
    done = imported(tmp_path, manifest(**levels))
    (job,) = done.translation.jobs
    assert job.name == "tidy"
    assert job.keys == {**BASE, **expected}
    assert list(done.config.jobs) == ["tidy"]


@pytest.mark.parametrize(
    ("seconds", "line", "timeout"),
    [
        ("24", None, 25),
        ("30", "shutdown_timeout: 45s  # longer than each stop_grace; keep it below the platform's limit", 45),
    ],
)
def test_runs_have_time_to_finish_also_with_a_long_grace_period(
    tmp_path: Path, seconds: str, line: str | None, timeout: float
) -> None:
    done = imported(tmp_path, manifest(pod=f"terminationGracePeriodSeconds: {seconds}"), manifest(name="b"))
    assert [each for each in done.text.splitlines() if "shutdown_timeout" in each] == [line] * (line is not None)
    assert done.config.shutdown_timeout == timeout
    assert "no-time-to-finish" not in [warning.code for warning in done.config.warnings]


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("echo $(date) $$ $(WHO)", "echo $(date) $ ${WHO}"),
        ("echo $(date +$(WHO)) $(date; echo $(WHO)", "echo $(date +$(WHO)) $(date; echo $(WHO)"),
        ('|-\n    curl -d \'{"a": "$(WHO)"}\'', """curl -d '{"a": "'"${WHO}"'"}'"""),
        ("\"echo '$(WORDS)' '$(QUOTE)'\"", """/bin/sh -c 'echo '"'"''"${WORDS}"''"'"' '"'"''"${QUOTE}"''"'"''"""),
        ("echo '$(WORDS)'", """echo ''"${WORDS}"''"""),
        ("echo $(WORDS)", """/bin/sh -c 'echo '"${WORDS}\""""),
        ('echo "$(WORDS)"', 'echo "${WORDS}"'),
        ("echo $(a.b)", "echo dotted"),
        ("|\n    set -e\n    dump | gzip > /out/$(date +%F).gz\n", "set -e\ndump | gzip > /out/$(date +%F).gz\n"),
    ],
)
def test_a_script_of_a_shell_becomes_text(tmp_path: Path, script: str, command: str) -> None:
    values = "{name: WHO, value: x}, {name: WORDS, value: 'a;  b'}, {name: QUOTE, value: \"'\"}"
    container = f"env: [{values}, {{name: a.b, value: dotted}}]\nargs:\n- -c\n- {script}"
    done = imported(tmp_path, manifest(container=container).replace("[app, run]", "[/bin/sh]"))
    assert done.translation.jobs[0].keys["command"] == command


def test_a_secret_in_a_script_is_noted(tmp_path: Path) -> None:
    container = "env: [{name: KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}]\nargs: [-c, 'x $(KEY)']"
    done = imported(tmp_path, manifest(container=container).replace("[app, run]", "[/bin/sh]"))
    assert done.translation.jobs[0].keys["command"] == "x ${KEY}"
    assert any("the shell expands it as a value" in why for _, why in done.noted)


@pytest.mark.parametrize(("secret", "differs"), [("other", True), ("app", False)])
def test_one_variable_from_two_secrets_is_noted(tmp_path: Path, secret: str, differs: bool) -> None:
    documents = [
        manifest(name, container=f"env: [{{name: TOKEN, valueFrom: {{secretKeyRef: {{name: {of}, key: token}}}}}}]")
        for name, of in (("one", "app"), ("two", secret))
    ]
    done = imported(tmp_path, "---\n".join(documents))
    assert any("both get the same value" in why for _, why in done.noted) == differs


def test_values_contain_the_variables_before_them(tmp_path: Path) -> None:
    values = {"A": "1", "B": "$(A)$(C)$$(A)", "C": "$(B)/$$", "a.b": "2", "D": "$(a.b)"}
    env = ", ".join(f"{{name: {name}, value: '{value}'}}" for name, value in values.items())
    secret = "{name: S, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: E, value: 'x://$(S)@h'}"
    done = imported(tmp_path, manifest(container=f"env: [{env}, {secret}]"))
    assert done.translation.jobs[0].keys["env"] == {
        "A": "1",
        "B": "1$(C)$(A)",
        "C": "1$(C)$(A)/$",
        "D": "2",
        "S": {"from_env": "S"},
    }
    assert [why for _, why in done.refused if "not in the manifest" in why] == [
        "contains a variable whose value is not in the manifest; write the value"
    ]


def test_a_variable_that_env_from_may_set_is_noted(tmp_path: Path) -> None:
    env = "env: [{name: A, value: 'x$(HOST)'}, {name: B, value: '$(A)$$(A)'}]"
    args = "args: [$(KEY), $(date), $(A), $$(A)]"
    texts = [
        [
            remark.text
            for remark in imported(tmp_path, manifest(container=text)).translation.remarks
            if "$(" in remark.text
        ]
        for text in (f"envFrom: [{{secretRef: {{name: s}}}}]\n{env}\n{args}", f"{env}\n{args}")
    ]
    assert texts == [["tidy: $(HOST)", "tidy: $(KEY)"], []]


def test_several_documents_and_lists_with_their_comments(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "# all of them",
            "---",
            "# the first",
            manifest(name="one"),
            "---",
            "apiVersion: v1",
            "kind: ConfigMap",
            "--- # a list",
            "kind: List",
            "items:",
            textwrap.indent(manifest(name="two", spec="# in two"), "  ").replace("  api", "- api", 1),
            "---",
            "# the end",
        ]
    )
    done = imported(tmp_path, text)
    assert list(done.config.jobs) == ["one", "two"]
    assert [job.comments for job in done.translation.jobs] == [("all of them", "the first"), ("a list", "in two")]
    assert "# the end" in done.text
    assert "not a CronJob; left out" in [why for _, why in done.noted]


def line_of(done: Imported, why: str) -> int:
    return next(line for line, reason in done.refused if why in reason)


@pytest.mark.parametrize(
    ("levels", "text", "why"),
    [
        ({}, "command: [app, run]", "the entrypoint of example/app:1 is not in the manifest"),
        ({"schedule": "61 * * * *"}, "", "61"),
        ({"schedule": "{{ .Values.cron }}"}, "", "Helm"),
        ({"spec": "timeZone: Mars/Phobos"}, "", "Mars/Phobos"),
        ({"spec": "concurrencyPolicy: Never"}, "", "unknown concurrencyPolicy"),
        ({"pod": "initContainers: []"}, "", "has no equivalent"),
        ({"job": "parallelism: 3"}, "", "has no equivalent"),
        ({"container": "env: [{name: A, valueFrom: {fieldRef: {fieldPath: x}}}]"}, "", "has no equivalent"),
        ({"container": "env: [{name: a.b, value: x}]"}, "", "letters, digits and _"),
        ({"container": "volumeMounts: [{name: x}]"}, "", "has no equivalent"),
    ],
)
def test_settings_without_an_equivalent_are_refused(
    tmp_path: Path, levels: dict[str, str], text: str, why: str
) -> None:
    done = imported(tmp_path, manifest(**levels).replace(text or "\0", ""))
    assert any(why in reason for _, reason in done.refused), done.refused
    assert all(line > 0 or "template" in reason for line, reason in done.refused)


def test_two_containers_are_not_one_process(tmp_path: Path) -> None:
    done = imported(
        tmp_path, manifest(container="- {name: side, command: [x]}").replace("            - {", "          - {")
    )
    assert (done.translation.jobs, "2 containers" in done.refused[0][1]) == ((), True)


def test_defaults_of_kubernetes_that_differ_are_written_and_noted(tmp_path: Path) -> None:
    done = imported(tmp_path, manifest().replace("      backoffLimit: 0\n", ""))
    assert done.translation.jobs[0].keys["retry"] == {"times": 6, "max_delay": "6m"}
    reasons = [why for _, why in done.noted]
    assert any("retries 6 times" in why for why in reasons)
    assert any("UTC is assumed" in why for why in reasons)
    assert not any("UTC is assumed" in why for _, why in imported(tmp_path, manifest(), timezone="UTC").noted)


@pytest.mark.parametrize(
    "text",
    [
        "kind: CronJob",
        "kind: CronJob\nspec: [a, b]\nmetadata: x",
        "kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [x]}}}}}",
        "kind: CronJob\nmetadata: {name: [1]}\nspec: {schedule: {a: b}}",
        "kind: CronJob\n\tx: y",
        "kind: CronJob\nspec: &a {b: *a}",
        bomb(4),
        bomb(9),
        "kind: CronJob\nx: " + "[" * 500,
        "kind: CronJob\nx: !!python/object:os.system {}",
        "kind: CronJob\n---\n" * 200,
        "{kind: CronJob, kind: CronJob}",
        "kind: CronJob\nspec:\n{{- if .Values.x }}\n{{- end }}",
        "kind: CronJob\nitems: [{kind: List, items: [{kind: List}]}]",
    ],
)
def test_hostile_manifests_are_refused_without_a_traceback(tmp_path: Path, text: str) -> None:
    assert format_of(SourceFile("x", text)).name == "kubernetes"
    done = imported(tmp_path, text)
    assert done.translation.jobs == ()
    assert done.refused
