"""The workers of docs/scaling.md that have a Celery application of their own: its settings and the jobs of schedd."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.markdown import blocks
from tests.system.programs import environment, eventually, schedctl, schedd

pytest.importorskip("celery", reason="the extra celery is not installed")
pytest.importorskip("redis", reason="the extra celery is not installed")

from tests.system.test_workers import Site, redis

PAGE = Path(__file__).parents[2] / "docs/scaling.md"
JOBS = """
launcher:
  celery: {broker: {from_env: REDIS_URL}}
space: test
jobs:
  nap: {command: "echo begun; sleep 3; echo done"}
  var: {command: "true", env: {TOKEN: {from_env: MISSING}}}
"""


def worker(folder: Path, url: str, stack: ExitStack, *settings: str) -> subprocess.Popen[bytes]:
    """A worker of the page's application with these settings; its log is in `log`."""
    (block,) = (block.text for block in blocks(PAGE, "python") if "register(app)" in block.text)
    lines = [block.replace("redis://redis:6379/0", url), *(f"app.conf.{setting}" for setting in settings)]
    (folder / "shop.py").write_text("\n".join(lines))
    words = [sys.executable, "-m", "celery", "-A", "shop", "worker", "-Q", "celery,schedd", "-c", "1"]
    environ = environment({"REDIS_URL": url, "SCHEDD_CONFIG": str(folder / "schedules.yaml"), "C_FORCE_ROOT": "1"})
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environ, cwd=folder, stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def test_the_limits_of_the_application_do_not_apply_and_a_missing_variable_is_the_workers(tmp_path: Path) -> None:
    settings = (
        "task_time_limit = 2",
        "task_soft_time_limit = 1",
        "task_default_rate_limit = '1/h'",
        "task_acks_late = True",
        "worker_max_tasks_per_child = 1",
    )
    with redis(tmp_path) as port, ExitStack() as stack:
        site = Site(tmp_path, port, stack)
        site.file.write_text(JOBS)
        worker(tmp_path, site.url, stack, *settings)
        with schedd(site.file, REDIS_URL=site.url) as running:
            running.says("event=active")
            for _ in range(2):
                ran = schedctl("-c", site.file, "run-now", "nap", REDIS_URL=site.url)
                assert (ran.returncode, ran.stdout) == (0, "begun\ndone\n"), (tmp_path / "log").read_text()
            missing = schedctl("-c", site.file, "run-now", "var", REDIS_URL=site.url)
            assert missing.returncode == 126
            assert re.search(r"the variable MISSING is not set in celery@\S+'s environment", missing.stderr)


def test_an_application_that_refuses_json_ends_a_worker_with_one_message(tmp_path: Path) -> None:
    with redis(tmp_path) as port, ExitStack() as stack:
        site = Site(tmp_path, port, stack)
        site.file.write_text(JOBS)
        refused = worker(tmp_path, site.url, stack, "accept_content = ['yaml']")
        eventually(lambda: refused.poll() is not None, seconds=60)
        assert refused.returncode == 2
        says = 'the messages of schedd are JSON: add "json" to accept_content of your Celery application'
        assert (tmp_path / "log").read_text().splitlines()[-1] == says
