"""Exported manifests are valid in an old and a new version of Kubernetes."""

from __future__ import annotations

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.system.programs import schedctl

VERSIONS = ["1.27", "1.34"]
"""The first with `timeZone` for everybody, and a recent one."""

SCHEDULES = """
defaults: {timezone: Europe/Berlin}
jobs:
  Back_up.daily:
    description: "Back up 100%: all"
    schedule: ["30 2 * * *", "@every 25m", "@hourly"]
    command: "pg_dump $DB | gzip > /srv/b-$(date +%F).gz"
    env: {DB: "a b", NUMBER: 5, PW: {from_file: /run/secrets/pw}, TOKEN: {from_env: TOKEN}, OLD: null}
    retry: 3
    timeout: 90m
    stop_grace: 0.5s
    overlap: replace
    user: "1000"
    group: "1000"
    memory_limit: 512M
    nice: 5
    umask: "027"
    run_if: test -e /run/ready
    catch_up: 1d
  report: {schedule: "@daily", command: [bin/x, "a b", "true", "5", "~"], cwd: /srv, enabled: false, overlap: allow}
  function: {schedule: "H 3 * * mon-fri", python: "app.tasks:poll", kwargs: {a: "b'c"}, path: [bin], start_deadline: 5s}
  on_demand: {command: "x\\ny\\n"}
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(tmp_path: Path, version: str) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(SCHEDULES)
    done = schedctl("-c", file, "export", "kubernetes", "--image", "example/app:3", "--namespace", "jobs")
    assert done.returncode == 0, done.stderr
    manifests = list(yaml.safe_load_all(done.stdout))
    assert len(manifests) == 6
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)
        assert manifest["metadata"]["namespace"] == "jobs"
