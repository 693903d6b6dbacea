"""deploy/systemd: systemd accepts the unit, and schedd follows it; here the test is the service manager."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.programs import BIN, eventually, processes_with, schedctl, schedd, write

PROJECT = Path(__file__).parents[2]
UNIT = PROJECT / "deploy/systemd/schedd.service"
PAGE = PROJECT / "docs/systemd.md"
INSTALLED = "/opt/schedd/bin"
FILE = "/etc/schedd/schedules.yaml"


def directives() -> dict[str, str]:
    """Those of [Service]; each occurs once."""
    service = UNIT.read_text().partition("[Service]")[2].partition("\n[")[0]
    pairs = [line.split("=", 1) for line in service.splitlines() if line and not line.startswith("#")]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Type", "notify"),
        ("KillMode", "mixed"),
        ("TimeoutStopSec", "30"),
        ("RuntimeDirectory", "schedd"),
        ("RuntimeDirectoryMode", "0700"),
        ("OOMPolicy", "continue"),
        ("User", "schedd"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
    ],
)
def test_the_unit_says_what_schedd_needs(name: str, value: str) -> None:
    assert directives()[name] == value


def test_systemd_starts_schedd_again_however_long_the_store_is_away() -> None:
    unit = UNIT.read_text().partition("[Service]")[0].splitlines()
    assert "StartLimitIntervalSec=0" in unit
    assert (directives()["Restart"], "1" in directives()["RestartPreventExitStatus"].split()) == ("always", False)


def test_an_invalid_file_and_a_usage_error_are_not_restarted(tmp_path: Path) -> None:
    final = directives()["RestartPreventExitStatus"].split()
    bad = write(tmp_path / "bad.yaml", "jobs: [oops")
    with schedd(bad, ready=False) as refused, schedd(bad, "--strange", ready=False) as misled:
        assert [str(misled.ends()), str(refused.ends())] == final


def systemd_analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed here; what it would say of the unit is not known")
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_takes_the_unit_without_a_word(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace(INSTALLED, str(BIN)))
    verified = systemd_analyze("verify", here)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_systemd_knows_every_setting_that_the_page_proposes_for_jobs(tmp_path: Path) -> None:
    table = PAGE.read_text().partition("| a job needs to | setting |")[2].partition("\n\n")[0]
    settings = re.findall(r"`([A-Z][A-Za-z]+=[^`]*)`", table)
    assert len(settings) > 15
    (tmp_path / UNIT.name).write_text(UNIT.read_text().replace(INSTALLED, str(BIN)))
    (tmp_path / f"{UNIT.name}.d").mkdir()
    (tmp_path / f"{UNIT.name}.d/jobs.conf").write_text("\n".join(["[Service]", *settings, ""]))
    verified = systemd_analyze("verify", tmp_path / UNIT.name)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_the_page_has_the_exposure_level_that_systemd_computes() -> None:
    answer = re.search(r"exposure level of \*\*([\d.]+)\*\*", PAGE.read_text())
    assert answer
    scored = systemd_analyze("security", "--offline=true", UNIT).stdout.splitlines()[-1]
    level = re.search(r": ([\d.]+) ", scored)
    assert level, scored
    assert float(level[1]) <= float(answer[1])


def test_the_page_switches_off_the_whole_hardening(tmp_path: Path) -> None:
    """The unit with the page's drop-in is as open as the unit without the hardening."""
    drop_in = (
        PAGE.read_text().partition("switch off the whole hardening")[2].partition("```ini\n")[2].partition("```")[0]
    )
    unit = UNIT.read_text().replace(INSTALLED, str(BIN))
    kept, _, hardening = unit.partition("\n# What schedd and ordinary jobs never need.")
    open_unit = f"{kept}\n{hardening[hardening.index('[Install]') :]}".replace(
        "=schedd\nGroup=schedd", "=root\nGroup=root"
    )
    tables = []
    for name, text, more in (("with", unit, drop_in), ("without", open_unit.replace("UMask=0027", "UMask=0022"), "")):
        path = tmp_path / name / UNIT.name
        changes = path.with_name(f"{UNIT.name}.d")
        changes.mkdir(parents=True)
        (changes / "jobs.conf").write_text(more)
        path.write_text(text)
        assert systemd_analyze("verify", path).stderr == ""
        tables.append(systemd_analyze("security", "--offline=true", path).stdout)
    assert "UNSAFE" in tables[0]
    assert tables[0] == tables[1]


class Manager:
    """As much of systemd as a service of Type=notify sees."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening
        self.environ = {"NOTIFY_SOCKET": "@" + listening.getsockname()[1:].decode(), "WATCHDOG_USEC": "500000"}

    def receives(self, word: str) -> str:
        """The next message with this word."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            message = self._socket.recv(4096).decode()
            if word in message:
                return message
        raise AssertionError(f"never heard {word}")

    def silence(self) -> None:
        """Forget what has been said so far."""
        self._socket.settimeout(0)
        try:
            while self._socket.recv(4096):
                pass
        except BlockingIOError:
            self._socket.settimeout(2)


@pytest.fixture
def manager() -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0schedd-unit-{os.getpid()}-{time.monotonic_ns()}")
        listening.settimeout(10)
        yield Manager(listening)


def command(name: str, file: Path) -> tuple[str, ...]:
    """The command line of the unit, as it is where this test runs."""
    line = directives()[name].replace(INSTALLED, str(BIN)).replace(FILE, str(file))
    return tuple(shlex.split(line))


def test_the_commands_of_the_unit_start_reload_refuse_and_stop(tmp_path: Path, manager: Manager) -> None:
    """S2: KillMode=mixed sends TERM to schedd alone, and a job that is waited for ends as it likes."""
    marker = f"MARKER_{os.getpid()}_{time.monotonic_ns()}"
    slow = f'slow: {{schedule: "@reboot", env: {{MARK: {marker}}}, command: "echo up; sleep 2; echo done"}}'
    file = write(tmp_path / "schedules.yaml", f"jobs:\n  {slow}\n")
    program, *options = command("ExecStart", file)
    assert options == [str(file)]
    with schedd(file, program=(program,), cwd=tmp_path, **manager.environ) as running:
        manager.receives("STATUS=1 job")
        manager.receives("READY=1")
        running.says("[slow] up")
        assert not any(b"NOTIFY_SOCKET" in Path(f"/proc/{pid}/environ").read_bytes() for pid in processes_with(marker))

        program, *words = command("ExecReload", file)
        assert Path(program).name == "schedctl"
        assert schedctl(*words).returncode == 0
        good = file.read_text()
        file.write_text("jobs: {slow: {schedule: nonsense, command: x}}\n")
        refused = schedctl(*words)
        assert refused.returncode == 1
        assert "schedules.yaml:1:" in refused.stderr
        assert "schedules.yaml:1:" in manager.receives("STATUS=reload failed")  # B19
        file.write_text(good)

        running.signal(signal.SIGTERM)
        manager.receives("STOPPING=1")
        assert running.ends(float(directives()["TimeoutStopSec"])) == 0
        assert running.lines("[slow] done")
        assert running.lines("run finished", "job=slow", "outcome=succeeded")


def test_a_schedd_that_hangs_is_noticed_by_the_watchdog(tmp_path: Path, manager: Manager) -> None:
    file = write(tmp_path / "schedules.yaml", 'jobs: {tick: {schedule: "@every 1s", command: "true"}}')
    with schedd(file, **manager.environ) as running:
        for _ in range(3):
            manager.receives("WATCHDOG=1")
        running.signal(signal.SIGSTOP)
        eventually(lambda: "T" in Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()[0])
        manager.silence()
        with pytest.raises(TimeoutError):
            manager.receives("WATCHDOG=1")
        running.signal(signal.SIGCONT)
        manager.receives("WATCHDOG=1")
        assert running.stop() == 0


def test_under_journald_a_line_has_a_priority_and_no_time_of_its_own(tmp_path: Path) -> None:
    """journald is stdout when JOURNAL_STREAM names the device and inode of it."""
    log = tmp_path / "journal"
    file = write(
        tmp_path / "schedules.yaml", 'jobs: {tick: {schedule: "@reboot", command: "echo hi; sleep 0.2; echo oh >&2"}}'
    )
    with log.open("wb") as stdout:
        about = os.fstat(stdout.fileno())
        process = subprocess.Popen(
            [BIN / "schedd", file],
            stdout=stdout,
            env={**os.environ, "JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"},
        )
    try:
        eventually(lambda: "run finished" in log.read_text())
    finally:
        process.terminate()
        assert process.wait(20) == 0
    lines = log.read_text().splitlines()
    assert [line for line in lines if not re.match(r"<\d>event=", line)] == ["[tick] hi", "[tick err] oh"]
