"""The alert rules, the Grafana dashboard and the metrics, checked by Prometheus' own tool."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.system.programs import schedctl, schedd, write

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        assert not os.environ.get("CI"), "the tests need promtool"
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


def test_the_alert_rules_are_valid_and_fire_as_their_tests_say(promtool: str) -> None:
    for command in (["check", "rules", "schedd.rules.yml"], ["test", "rules", "schedd.test.yml"]):
        done = subprocess.run(
            [promtool, *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_scrape_configurations_are_valid_and_keep_the_label_job(promtool: str, tmp_path: Path) -> None:
    pages = (DOCS / "metrics.md").read_text() + (DOCS / "kubernetes.md").read_text()
    documented = re.findall(r"```yaml\n(# prometheus.yml\n.*?)```", pages, re.DOTALL)
    texts = [*documented, (DEPLOY / "prometheus/prometheus.yml").read_text()]
    assert len(texts) == 3
    for text in texts:
        configuration = yaml.safe_load(text)
        (scrape,) = configuration["scrape_configs"]
        assert scrape["honor_labels"] is True
        assert re.fullmatch(".*schedd.*", scrape["job_name"]), "the alert rules look for it"
        scrape.pop("kubernetes_sd_configs", None)  # Debian builds promtool without it
        file = tmp_path / "prometheus.yml"
        file.write_text(yaml.safe_dump(configuration).replace("/etc/prometheus/schedd_view_token", str(file)))
        shutil.copy(DEPLOY / "prometheus/schedd.rules.yml", tmp_path)
        done = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_schedctl_prints_metrics_that_prometheus_accepts(promtool: str, tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          good: {schedule: "@every 1s", command: "true"}
          bad: {schedule: "@every 1s", command: exit 3, expect_success_within: 1h, on_failure: [{command: "true"}]}
        """,
    )
    with schedd(file) as running:
        running.says("run finished", "job=bad", times=2)
        running.says("notification delivered")
        text = schedctl("-c", file, "metrics").stdout
        assert schedctl("-c", file, "metrics", "--openmetrics").stdout.endswith("# EOF\n")
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'schedd_notifications_total{kind="command",result="delivered"} 1' in text
    shown = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    documented = set(re.findall(r"`(schedd_\w+)`", (DOCS / "metrics.md").read_text()))
    assert shown == documented - {"schedd_store_up", "schedd_workers"}  # see test_workers.py


def test_the_dashboard_and_the_rules_use_metrics_that_exist() -> None:
    documented = set(re.findall(r"`(schedd_\w+)`", (DOCS / "metrics.md").read_text()))
    dashboard = json.loads((DEPLOY / "grafana/schedd.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += re.findall(r"expr: (.*)", (DEPLOY / "prometheus/schedd.rules.yml").read_text())
    used = {re.sub(r"_(bucket|count|sum)$", "", name) for query in queries for name in re.findall(r"schedd_\w+", query)}
    assert used <= documented
    assert {"schedd_active", "schedd_store_up", "schedd_workers"} <= used
