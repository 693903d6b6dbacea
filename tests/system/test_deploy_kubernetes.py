"""deploy/kubernetes: the API accepts the manifests, and schedd under its probes does what the page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scheduler.config.file_form import FileForm
from scheduler.config.load import load
from scheduler.schedule import parse_duration
from tests.system.programs import BIN, Schedd, eventually, schedctl, schedd

PROJECT = Path(__file__).parents[2]
MANIFESTS: list[dict[str, Any]] = list(
    yaml.safe_load_all((PROJECT / "deploy/kubernetes/schedd.yaml").read_text(encoding="utf-8"))
)
CONFIG_MAP, DEPLOYMENT = MANIFESTS
POD = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


@pytest.mark.parametrize("version", ["1.28", "1.34"])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: str(manifest["kind"]))
def test_the_api_takes_it(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schedule_in_the_config_map_is_a_good_one(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(CONFIG_MAP["data"]["schedules.yaml"])
    config = load(file)
    assert config.warnings == ()
    assert all("timezone" in job.origins for job in config.jobs.values())


def test_there_is_never_more_than_one() -> None:
    assert DEPLOYMENT["spec"]["replicas"] == 1
    assert DEPLOYMENT["spec"]["strategy"] == {"type": "Recreate"}


def test_the_parts_find_each_other() -> None:
    assert (
        DEPLOYMENT["spec"]["selector"]["matchLabels"].items()
        <= DEPLOYMENT["spec"]["template"]["metadata"]["labels"].items()
    )
    mounts = {mount["name"]: mount for mount in CONTAINER["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    assert mounts.keys() == volumes.keys()
    assert volumes["schedules"]["configMap"]["name"] == CONFIG_MAP["metadata"]["name"]
    assert not any("subPath" in mount for mount in mounts.values())
    (file,) = (one["value"] for one in CONTAINER["env"] if one["name"] == "SCHEDD_CONFIG")
    assert Path(file).parent == Path(mounts["schedules"]["mountPath"])
    assert Path(file).name in CONFIG_MAP["data"]
    assert mounts["tmp"]["mountPath"] == "/tmp"


def test_schedd_has_the_time_it_takes() -> None:
    assert POD["terminationGracePeriodSeconds"] > parse_duration(FileForm(jobs={}).shutdown_timeout)


def probe(name: str, running: Schedd, file: Path) -> int:
    program, *words = CONTAINER[name]["exec"]["command"]
    assert (BIN / program).exists()
    assert running.process.poll() is None
    return schedctl(*words, SCHEDD_CONFIG=str(file)).returncode


def release(directory: Path, number: int, text: str) -> None:
    """What the kubelet does with a ConfigMap that was edited."""
    (directory / f"..{number}").mkdir()
    (directory / f"..{number}" / "schedules.yaml").write_text(text)
    (directory / "..data_tmp").symlink_to(f"..{number}")
    (directory / "..data_tmp").rename(directory / "..data")


def test_an_edited_config_map_is_applied_and_an_error_in_it_is_unready_but_live(tmp_path: Path) -> None:
    """R3 R4"""
    file = tmp_path / "schedules.yaml"
    release(tmp_path, 1, CONFIG_MAP["data"]["schedules.yaml"])
    file.symlink_to("..data/schedules.yaml")
    program, *options = CONTAINER["args"]
    with schedd(file, *options, program=(str(BIN / program),)) as running:
        running.says("job loaded", "job=hello")
        assert (probe("livenessProbe", running, file), probe("readinessProbe", running, file)) == (0, 0)
        release(tmp_path, 2, "jobs: [oops\n")
        running.says("reload failed")
        assert (probe("livenessProbe", running, file), probe("readinessProbe", running, file)) == (0, 1)
        release(tmp_path, 3, CONFIG_MAP["data"]["schedules.yaml"].replace("hello", "hullo"))
        running.says("configuration changed", "added=1", "removed=1")
        eventually(lambda: probe("readinessProbe", running, file) == 0)
        assert running.stop() == 0
        assert schedctl(*CONTAINER["livenessProbe"]["exec"]["command"][1:], SCHEDD_CONFIG=str(file)).returncode == 3
