"""The files in deploy/workers: the schedule loads, the manifests are valid, two schedulers and two workers share it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scheduler.config.load import load
from tests.system.test_deploy_systemd import INSTALLED, systemd_analyze
from tests.system.test_deploy_systemd import UNIT as UNIT_OF_SCHEDD

FOLDER = Path(__file__).parents[2] / "deploy/workers"
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
WORKER = ["celery", "-A", "scheduler.celery_app", "worker", "-Q", "schedd"]
UNIT = FOLDER / "schedd-worker.service"


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda manifest: f"{manifest['kind']}-{manifest['metadata']['name']}"
)
@pytest.mark.parametrize("version", ["1.30.0", "1.34.0"])
def test_the_api_takes_it(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schedules_are_valid_and_run_on_workers(tmp_path: Path) -> None:
    (tmp_path / "schedules.yaml").write_text(MANIFESTS[0]["data"]["schedules.yaml"])
    for file in (FOLDER / "schedules.yaml", tmp_path / "schedules.yaml"):
        config = load(file)
        assert config.warnings == ()
        assert config.workers is not None
        assert {job.launcher.value for job in config.jobs.values()} == {"celery"}


def test_there_are_two_schedulers_and_two_workers_everywhere() -> None:
    deployments = {each["metadata"]["name"]: each["spec"] for each in MANIFESTS if each["kind"] == "Deployment"}
    assert {name: spec["replicas"] for name, spec in deployments.items()} == {"schedd": 2, "schedd-worker": 2}
    command = deployments["schedd-worker"]["template"]["spec"]["containers"][0]["command"]
    assert command[: len(WORKER)] == WORKER
    services = COMPOSE["services"]
    assert [services[name]["deploy"]["replicas"] for name in ("schedd", "worker")] == [2, 2]
    assert services["worker"]["command"][: len(WORKER)] == WORKER


def test_the_redis_of_compose_requires_the_password_that_schedulers_and_workers_have() -> None:
    services = COMPOSE["services"]
    required = services["redis"]["command"][-2:]
    assert required == ["--requirepass", "${REDIS_PASSWORD:?write it to .env}"], (
        "compose refuses to start without a password"
    )
    for name in ("schedd", "worker"):
        assert services[name]["environment"]["REDIS_URL"] == f"redis://:{required[1]}@redis:6379/0"


def test_schedd_has_the_time_it_takes() -> None:
    seconds = load(FOLDER / "schedules.yaml").shutdown_timeout
    assert int(COMPOSE["services"]["schedd"]["stop_grace_period"].removesuffix("s")) > seconds
    assert MANIFESTS[1]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > seconds


def test_schedulers_and_no_workers_have_the_label_by_which_dashboard_and_prometheus_find_them() -> None:
    """docs/kubernetes.md: one Service and one scrape configuration fit the single schedd and the pair."""
    page = (FOLDER.parents[1] / "docs/kubernetes.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    documents = [each for block in blocks for each in yaml.safe_load_all(block)]
    (service,) = (each["spec"]["selector"] for each in documents if each.get("kind") == "Service")
    (monitor,) = (each["spec"]["selector"]["matchLabels"] for each in documents if each.get("kind") == "PodMonitor")
    assert service == monitor
    assert [f"label: {key}={value}" in page for key, value in service.items()] == [True]
    single = list(yaml.safe_load_all((FOLDER.parent / "kubernetes/schedd.yaml").read_text()))
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in MANIFESTS
        if each["kind"] == "Deployment"
    }
    assert single[1]["spec"]["template"]["metadata"]["labels"] == pods["schedd"] == service
    assert pods["schedd-worker"] != service


def test_schedulers_are_spread_over_nodes_and_workers_have_limits_and_no_probes() -> None:
    pods = {each["metadata"]["name"]: each["spec"]["template"] for each in MANIFESTS if each["kind"] == "Deployment"}
    (spread,) = pods["schedd"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == pods["schedd"]["metadata"]["labels"]
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway", "one node is enough"
    (worker,) = pods["schedd-worker"]["spec"]["containers"]
    assert {*worker["resources"]} == {"requests", "limits"}
    assert not [key for key in worker if key.endswith("Probe")], "an outage of the broker must not restart workers"


def test_the_manifests_have_the_probes_and_the_limits_of_a_single_schedd() -> None:
    single = list(yaml.safe_load_all((FOLDER.parent / "kubernetes/schedd.yaml").read_text()))[1]
    pods = [each["spec"]["template"]["spec"] for each in (single, *MANIFESTS[1:])]
    alone, schedd, worker = (pod["containers"][0] for pod in pods)
    for key in ("livenessProbe", "readinessProbe"):
        assert schedd[key] == alone[key]
    assert "--watch" in schedd["command"]
    assert "--watch" in alone["args"]
    assert schedd["securityContext"] == worker["securityContext"] == alone["securityContext"]
    assert pods[0]["securityContext"] == pods[1]["securityContext"] == pods[2]["securityContext"]


def test_the_unit_runs_a_worker_that_ends_its_runs_when_it_is_stopped() -> None:
    lines = UNIT.read_text().splitlines()
    (start,) = (line.removeprefix(f"ExecStart={INSTALLED}/") for line in lines if line.startswith("ExecStart="))
    assert start.split()[: len(WORKER)] == WORKER
    grace = COMPOSE["services"]["worker"]["stop_grace_period"].removesuffix("s")
    expected = {"KillMode=mixed", f"TimeoutStopSec={grace}", "Environment=SCHEDD_CONFIG=/etc/schedd/schedules.yaml"}
    assert expected <= {*lines}
    restarts = ("Restart", "StartLimit")
    of_schedd = [line for line in UNIT_OF_SCHEDD.read_text().splitlines() if line.startswith(restarts)]
    assert [line for line in lines if line.startswith(restarts)] == of_schedd


def test_the_unit_has_the_hardening_of_the_unit_of_schedd() -> None:
    of_schedd, of_worker = (
        each.read_text().partition("\nNoNewPrivileges=")[2].partition("\n\n")[0] for each in (UNIT_OF_SCHEDD, UNIT)
    )
    assert of_worker == of_schedd != ""


def test_systemd_takes_the_unit_without_a_word(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace(f"{INSTALLED}/celery", f"{sys.executable} -m celery"))
    verified = systemd_analyze("verify", here)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
