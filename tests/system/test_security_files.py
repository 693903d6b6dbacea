"""Root does not run what others can write: schedule files, included files, env files, directories on the way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.programs import BIN, environment, schedctl, schedd, write

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")

OTHER = 65534


@pytest.fixture
def app(open_directory: Path) -> Path:
    """A directory of root's, with a schedule file, an included one and an env file, none of which others can change."""
    app = open_directory / "app"
    (app / "more").mkdir(parents=True)
    (app / "app.env").write_text("A=1\n")
    (app / "more" / "jobs.yaml").write_text('jobs: {included: {command: "true"}}\n')
    write(app / "schedules.yaml", """
        include: [more]
        jobs:
          job: {command: "id -u", env_file: app.env, on_failure: [{command: "true"}]}
        """)  # fmt: skip
    for path in app.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    app.chmod(0o755)
    return app


def other(name: str) -> Callable[[Path], None]:
    return lambda app: os.chown(app / name, OTHER, OTHER)


def mode(name: str, bits: int, group: int = 0) -> Callable[[Path], None]:
    def change(app: Path) -> None:
        os.chown(app / name, 0, group)
        (app / name).chmod(bits)

    return change


def link(name: str, *, owner: int) -> Callable[[Path], None]:
    """Move what it names aside and leave a symbolic link to it."""

    def change(app: Path) -> None:
        moved = (app / name).rename(app.parent / Path(name).name)
        (app / name).symlink_to(moved)
        os.chown(app / name, owner, owner, follow_symlinks=False)

    return change


def link_into_a_directory_of_others(app: Path) -> None:
    theirs = app.parent / "theirs"
    theirs.mkdir()
    (app / "app.env").rename(theirs / "app.env")
    (app / "app.env").symlink_to(theirs / "app.env")
    os.chown(theirs, OTHER, OTHER)


INSECURE = {
    "file of another": other("schedules.yaml"),
    "file for everybody": mode("schedules.yaml", 0o646),
    "file for a group": mode("schedules.yaml", 0o664, group=OTHER),
    "directory of another": other("."),
    "directory for everybody": mode(".", 0o777),
    "directory above": other(".."),
    "included file": other("more/jobs.yaml"),
    "included file for everybody": mode("more/jobs.yaml", 0o666),
    "included directory": mode("more", 0o777),
    "env file": other("app.env"),
    "env file for a group": mode("app.env", 0o660, group=OTHER),
    "link of another": link("schedules.yaml", owner=OTHER),
    "link into a directory of others": link_into_a_directory_of_others,
}

SECURE = {
    "as it is": lambda _app: None,
    "closed": mode("schedules.yaml", 0o600),
    "for root's group": mode("schedules.yaml", 0o664),
    "link of root": link("schedules.yaml", owner=0),
}


def start(app: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start a schedd that is to end at once."""
    return subprocess.run(
        ["timeout", "--signal=KILL", "20", BIN / "schedd", app / "schedules.yaml", *options],
        env=environment(environ),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("how", INSECURE)
def test_root_refuses_to_start_with_a_file_that_others_can_change(app: Path, how: str) -> None:
    """D3"""
    INSECURE[how](app)
    ended = start(app)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert "schedd runs as root, and this file can be changed by " in ended.stderr
    assert "--allow-insecure-file" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "where",
    [
        'jobs: {j: {command: "true", env: {A: {from_file: secret}}}}',
        'jobs: {j: {command: "true", on_failure: [{webhook: {from_file: secret}}]}}',
        'jobs: {j: {command: "true", ping: {from_file: secret}}}',
        'web: {listen: "127.0.0.1:0", token: {from_file: secret}}\njobs: {}',
    ],
)
@pytest.mark.parametrize("how", ["owner", "link", "not there yet"])
def test_root_refuses_values_from_files_that_others_can_change(app: Path, where: str, how: str) -> None:
    """D3: somebody could put a link to a secret of root there, and would be given what it leads to."""
    write(app / "schedules.yaml", where.replace("secret", "theirs/secret"))
    theirs = app / "theirs"
    theirs.mkdir()
    if how == "link":
        (theirs / "secret").symlink_to("/etc/hostname")
    elif how == "owner":
        (theirs / "secret").write_text("https://127.0.0.1:9/")
    os.chown(theirs, OTHER, OTHER)
    ended = start(app)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert f"{theirs}/secret: error: schedd runs as root, and this file can be changed by user" in ended.stderr


@pytest.mark.parametrize("how", SECURE)
def test_root_starts_with_files_that_only_root_can_change(app: Path, how: str) -> None:
    """D3"""
    SECURE[how](app)
    with schedd(app / "schedules.yaml") as running:
        assert running.stop() == 0


def test_a_file_that_others_can_change_runs_if_it_is_allowed(app: Path) -> None:
    """D3"""
    os.chown(app / "schedules.yaml", OTHER, OTHER)
    with schedd(app / "schedules.yaml", "--allow-insecure-file") as running:
        assert schedctl("-c", app / "schedules.yaml", "reload").returncode == 0
        assert running.stop() == 0
    with schedd(app / "schedules.yaml", SCHEDD_ALLOW_INSECURE_FILE="1") as running:
        assert running.stop() == 0


@pytest.mark.parametrize("how", ["file of another", "included file for everybody", "env file", "directory above"])
def test_a_reload_of_a_file_that_others_can_change_by_now_fails(app: Path, how: str) -> None:
    """D3"""
    file = app / "schedules.yaml"
    with schedd(file) as running:
        file.write_text(file.read_text().replace("job:", "edited:"))
        INSECURE[how](app)
        reload = schedctl("-c", file, "reload")
        assert reload.returncode == 1
        assert "can be changed by" in reload.stderr
        running.says("reload failed", "can be changed by", "the previous configuration stays active")
        assert "edited" not in schedctl("-c", file, "list").stdout
        assert running.stop() == 0


@pytest.mark.parametrize("words", [("run-now", "job"), ("shell", "job", "true"), ("notify-test", "job")])
def test_root_runs_nothing_of_such_a_file_without_a_schedd_either(app: Path, words: tuple[str, ...]) -> None:
    """D3"""
    os.chown(app / "schedules.yaml", OTHER, OTHER)
    refused = schedctl("-c", app / "schedules.yaml", *words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "can be changed by user" in refused.stderr
    allowed = schedctl("-c", app / "schedules.yaml", *words, SCHEDD_ALLOW_INSECURE_FILE="1")
    assert allowed.returncode == 0
    assert schedctl("-c", app / "schedules.yaml", "list").returncode == 0


def test_check_warns_root(app: Path) -> None:
    """D3"""
    file = app / "schedules.yaml"
    assert "no problems" in schedctl("check", file).stdout
    os.chown(app, OTHER, OTHER)
    checked = schedctl("check", file)
    assert checked.returncode == 0
    assert "[insecure-file]" in checked.stdout
    assert schedctl("check", "--strict", file).returncode == 1
    assert schedctl("check", "--strict", "--elsewhere", file).returncode == 0


def test_a_user_who_is_not_root_may_run_any_file(app: Path) -> None:
    """D3: what it can do is nothing more than that user could."""
    (app / "schedules.yaml").chmod(0o666)
    as_other = ("setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", str(BIN / "schedd"))
    with schedd(app / "schedules.yaml", program=as_other) as running:
        assert running.stop() == 0


VOLUME = """
cd "$1"
mkdir writable read-only
mount -t tmpfs none writable
chmod 777 writable
echo 'jobs: {}' >writable/schedules.yaml
chown 65534 writable/schedules.yaml
mount --bind writable read-only
look() { "$2" -c 'import sys; from scheduler.path_owner import changeable_by; print(changeable_by(sys.argv[1]))' "$1"; }
look writable/schedules.yaml "$2"
mount -o remount,ro,bind read-only
look read-only/schedules.yaml "$2"
umount writable
look read-only/schedules.yaml "$2"
"""


def test_a_read_only_volume_may_belong_to_any_user(app: Path) -> None:
    """D3: as a ConfigMap of Kubernetes is, or `-v ./schedules.yaml:/etc/schedd/schedules.yaml:ro`, in a container."""
    container = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]
    command: list[str | Path] = [*container, "sh", "-ec", VOLUME, "sh", app, BIN / "python"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    writable, mounted_twice, read_only = ended.stdout.splitlines()
    assert writable.startswith("everybody, since ")
    assert mounted_twice.startswith("everybody, since ")
    assert read_only == "None"


def test_a_sandbox_in_which_only_schedd_cannot_write_proves_nothing(app: Path) -> None:
    """D3: others can still write the file, as under systemd's ProtectSystem=strict."""
    (app / "schedules.yaml").chmod(0o666)
    script = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; exec "$2" "$1/schedules.yaml"'
    command: list[str | Path] = ["unshare", "--mount", "sh", "-ec", script, "sh", app, BIN / "schedd"]
    ended = subprocess.run(command, env=environment({}), capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 78
    assert "everybody" in ended.stderr
