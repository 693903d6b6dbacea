"""`schedctl init`, `schema` and `shell`: what one needs before and beside a running schedd."""

from __future__ import annotations

import json
from pathlib import Path

from tests.system.programs import schedctl, schedd, write


def test_init_writes_a_file_that_runs_and_never_overwrites_one(tmp_path: Path) -> None:
    written = schedctl("init", cwd=tmp_path)
    assert (written.returncode, written.stdout[:20]) == (0, "wrote schedules.yaml")
    assert schedctl("check", "--strict", cwd=tmp_path).returncode == 0
    assert "hello from hello\n" in schedctl("run-now", "hello", cwd=tmp_path).stdout
    again = schedctl("init", cwd=tmp_path)
    message = "schedules.yaml already exists; nothing was written; to write another file: schedctl init NAME.yaml"
    assert (again.returncode, again.stderr) == (5, f"schedctl: {message}\n")
    nowhere = schedctl("init", "no/such/directory.yaml", cwd=tmp_path)
    assert nowhere.returncode == 1
    assert nowhere.stderr == "schedctl: cannot write no/such/directory.yaml: No such file or directory\n"
    assert schedctl("init", "-", cwd=tmp_path).stdout == (tmp_path / "schedules.yaml").read_text()


def test_schema_is_a_json_schema_of_the_file() -> None:
    schema = json.loads(schedctl("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "jobs" in json.dumps(schema)


def test_a_shell_has_the_environment_of_the_job_from_the_daemon_or_the_file(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          inner: {command: "true", cwd: work, umask: "027", env: {COLOUR: blue, HOME: null}}
          poor: {command: "true", env: {X: {from_env: NO_SUCH_VARIABLE}}}
        """,
    )
    script = 'pwd; umask; echo "$COLOUR $SCHED_JOB ${HOME-nohome} $MINE"; exit 4'

    def look() -> tuple[int, list[str]]:
        ended = schedctl("-c", file, "shell", "inner", "sh", "-c", script, MINE="shell")
        return ended.returncode, ended.stdout.splitlines()

    alone = look()
    with schedd(file, MINE="daemon"):
        served = look()
    assert alone == (4, [str(tmp_path / "work"), "0027", "blue inner nohome shell"])
    assert served == (4, [str(tmp_path / "work"), "0027", "blue inner nohome daemon"])
    poor = schedctl("-c", file, "shell", "poor")
    assert poor.returncode == 5
    assert "NO_SUCH_VARIABLE" in poor.stderr


def test_a_command_that_the_shell_cannot_run_differs_from_a_lack_of_resources(tmp_path: Path) -> None:
    file = write(
        tmp_path / "schedules.yaml",
        """
        jobs:
          a: {command: "true", env: {PATH: "bin:/usr/bin:/bin"}}
          nowhere: {command: "true", cwd: gone}
        """,
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "text").write_text("words")
    (tmp_path / "bin" / "text").chmod(0o755)
    (tmp_path / "plain").write_text("words")

    def ended(*words: str) -> tuple[int, str]:
        said = schedctl("-c", file, "shell", *words)
        return said.returncode, said.stderr.splitlines()[-1]

    assert ended("a", "nosuchcmd") == (127, "schedctl: command not found: nosuchcmd; PATH is bin:/usr/bin:/bin")
    assert ended("a", "./none") == (127, f"schedctl: no such file: {tmp_path}/none")
    assert ended("a", "./plain")[0] == 126
    assert ended("a", "text") == (
        126,
        f"schedctl: {tmp_path}/bin/text is neither a program nor begins with a #! line",
    )
    code, words = ended("nowhere")
    assert (code, f"the working directory {tmp_path}/gone does not exist" in words) == (5, True)
