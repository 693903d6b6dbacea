"""systemd timers with their services become jobs; what has no equivalent is reported with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scheduler.translate.formats import format_of
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.systemd_timer import read_systemd
from scheduler.translate.importers.unit_file import seconds_of, words_of
from scheduler.translate.job_names import JobNames
from scheduler.translate.translation import Fate
from tests.unit.importing import FakeMachine, Imported, imported

TIMER = "[Unit]\nDescription=when\n[Timer]\nOnCalendar=*-*-* 02:30\n[Install]\nWantedBy=timers.target\n"
SERVICE = "[Service]\nType=oneshot\nExecStart=/usr/bin/dump --all\n"


def pair(folder: Path, timer: str = TIMER, service: str = SERVICE, **options: Any) -> Imported:
    return imported(folder, timer, name="dump.timer", beside={"dump.service": service}, **options)


TIMERS: list[tuple[str, dict[str, Any]]] = [
    ("OnCalendar=daily", {"schedule": "0 0 * * *"}),
    ("OnCalendar=Mon..Fri 08:00", {"schedule": "0 8 * * mon-fri"}),
    ("OnCalendar=*-*-* 6:00 Europe/Berlin", {"schedule": "0 6 * * *", "timezone": "Europe/Berlin"}),
    ("OnCalendar=6:00\nOnCalendar=Sun 18:30", {"schedule": ["0 6 * * *", "30 18 * * sun"]}),
    ("OnCalendar=1:00\nOnCalendar=\nOnCalendar=2:00", {"schedule": "0 2 * * *"}),
    (
        "OnCalendar=*-*-* *:*:0/20\nPersistent=true",
        {"schedule": {"second": "*/20", "minute": "*", "hour": "*"}, "catch_up": "31d"},
    ),
    ("OnBootSec=5min\nOnUnitActiveSec=1h 30min", {"schedule": ["@reboot", "@every 1h30m"]}),
    ("OnUnitInactiveSec=900", {"schedule": "@every 15m"}),
    ("OnStartupSec=0", {"schedule": "@reboot"}),
    ("OnCalendar=2030-01-01 09:00:00 UTC", {"schedule": "@at 2030-01-01T09:00:00", "timezone": "UTC"}),
    (
        "OnCalendar=hourly\nRandomizedDelaySec=10min\nAccuracySec=1us\nPersistent=no",
        {"schedule": "0 * * * *", "splay": "10m"},
    ),
    ("OnCalendar=hourly\nRandomizedDelaySec=0", {"schedule": "0 * * * *"}),
]


@pytest.mark.parametrize(("timer", "expected"), TIMERS, ids=[timer for timer, _ in TIMERS])
def test_when_a_timer_starts_its_service(tmp_path: Path, timer: str, expected: dict[str, Any]) -> None:
    done = pair(tmp_path, f"[Timer]\n{timer}\n")
    (job,) = done.translation.jobs
    assert job.keys == {"command": ["/usr/bin/dump", "--all"], "cwd": "/", **expected}
    assert (list(done.config.jobs), done.refused) == (["dump"], [])


def test_drop_ins_are_imported_from_the_output_of_systemctl_cat(tmp_path: Path) -> None:
    timer = (
        f"# /etc/systemd/system/dump.timer\n{TIMER}\n# …/override.conf\n[Timer]\nOnCalendar=\nOnCalendar=*-*-* 05:30\n"
    )
    service = (
        f"# /etc/systemd/system/dump.service\n{SERVICE}\n# …/override.conf\n[Service]\nExecStart=\nExecStart=/bin/new\n"
    )
    done = pair(tmp_path, timer, service)
    (job,) = done.translation.jobs
    assert job.keys == {"schedule": "30 5 * * *", "command": ["/bin/new"], "cwd": "/", "description": "when"}


class MachineWithDropIns(FakeMachine):
    def has_directory(self, path: str) -> bool:
        return path == "/etc/systemd/system/dump.timer.d"


@pytest.mark.parametrize("folder", ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"])
@pytest.mark.parametrize("named", ["timer", "service"])
def test_drop_ins_that_are_not_read_are_reported(folder: str, named: str) -> None:
    texts = {"dump.timer": TIMER, "dump.service": SERVICE}
    name = f"dump.{named}"
    source = SourceFile(name, texts[name], f"{folder}/{name}", texts.get)
    done = read_systemd(source, Request(machine=MachineWithDropIns(), names=JobNames()))
    assert len(done.jobs) == 1
    (remark,) = [remark for remark in done.remarks if remark.fate is Fate.REFUSED]
    assert (remark.text, remark.file) == ("/etc/systemd/system/dump.timer.d", "dump.timer")
    assert remark.why == "drop-ins are not read: import the output of `systemctl cat dump.timer`"


SERVICES: list[tuple[str, dict[str, Any]]] = [
    ("User=backup\nGroup=adm\nUMask=0027\nNice=-5", {"user": "backup", "group": "adm", "umask": "027", "nice": -5}),
    ("WorkingDirectory=-/srv/app", {"cwd": "/srv/app"}),
    (
        "Environment=A=1 \"B=two words\" 'C=x'\nEnvironment=D=%%\nUnsetEnvironment=E",
        {"env": {"A": "1", "B": "two words", "C": "x", "D": "%", "E": None}},
    ),
    ("EnvironmentFile=/etc/a\nEnvironmentFile=\nEnvironmentFile=-/etc/b", {"env_file": "/etc/b"}),
    ("TimeoutStartSec=1min 30s\nTimeoutStopSec=5", {"timeout": "1m30s", "stop_grace": "5s"}),
    ("TimeoutStartSec=infinity\nLimitAS=1G", {"memory_limit": "1G"}),
    ("SuccessExitStatus=24 25", {"success_codes": [0, 24, 25]}),
    ("Restart=on-failure\nRestartSec=30\nStartLimitBurst=3", {"retry": {"times": 2, "delay": "30s", "factor": 1}}),
    ("StandardOutput=null\nKillMode=process", {"output": "discard"}),
    ("[Unit]\nDescription=Dump it", {"description": "Dump it"}),
    ("ExecCondition=/usr/bin/test -e /run/ready", {"run_if": ["/usr/bin/test", "-e", "/run/ready"]}),
    ("ExecCondition=/bin/a\nExecCondition=/bin/b 'c d'", {"run_if": "/bin/a && /bin/b 'c d'"}),
    ("Environment=N=%n P=%p", {"env": {"N": "dump.service", "P": "dump"}}),
]


@pytest.mark.parametrize(("service", "expected"), SERVICES, ids=[service for service, _ in SERVICES])
def test_how_a_service_runs(tmp_path: Path, service: str, expected: dict[str, Any]) -> None:
    done = pair(tmp_path, service=SERVICE + service + "\n")
    (job,) = done.translation.jobs
    base = {"schedule": "30 2 * * *", "command": ["/usr/bin/dump", "--all"], "cwd": "/", "description": "when"}
    assert job.keys == {**base, **expected}
    assert (list(done.config.jobs), done.refused) == (["dump"], [])


COMMANDS: list[tuple[str, Any]] = [
    ("ExecStart=/bin/x a\\\n  b", ["/bin/x", "a", "b"]),
    ('ExecStart=/bin/x \'a b\' "c \\"d\\" $$5 100%%" e\\x20f', ["/bin/x", "a b", 'c "d" $5 100%', "e f"]),
    ("ExecStart=/bin/sh -c 'cd /srv && echo $HOME $$$$ | cat'", "cd /srv && echo $HOME $$ | cat"),
    ("ExecStart=/bin/x $OPTS --to=${DIR}/x 'a b'", "/bin/x $OPTS --to=\"${DIR}\"/x 'a b'"),
    ("ExecStart=-/bin/x", "{ /bin/x || true; }"),
    ("ExecStart=+/bin/x", ["/bin/x"]),
    ("ExecStart=@/bin/x name a", ["/bin/x", "a"]),
    ("ExecStart=:/bin/x $HOME", ["/bin/x", "$HOME"]),
    ("ExecStart=/bin/x\nExecStart=/bin/y 'z;'", "/bin/x && /bin/y 'z;'"),
    (
        "ExecStartPre=-/bin/mkdir /a\nExecStart=/bin/x\nExecStartPost=/bin/z",
        "{ /bin/mkdir /a || true; } && /bin/x && /bin/z",
    ),
    ("ExecStart=/bin/x %n %N", ["/bin/x", "dump.service", "dump"]),
    ("# one\n; two\nExecStart=/bin/x \\\n# in between\n  a", ["/bin/x", "a"]),
]


@pytest.mark.parametrize(("lines", "command"), COMMANDS, ids=[lines for lines, _ in COMMANDS])
def test_the_command_of_a_service_is_converted(tmp_path: Path, lines: str, command: Any) -> None:
    done = pair(tmp_path, service=f"[Service]\nType=oneshot\n{lines}\n")
    assert done.translation.jobs[0].keys["command"] == command
    assert "# in between" not in lines or "# in between" in done.text


@pytest.mark.parametrize(
    ("timer", "service", "line", "why"),
    [
        ("OnCalendar=25:00", "", 2, "out of range"),
        ("OnCalendar=soon", "", 2, "unknown weekday"),
        ("OnCalendar=Wed *-*-5..9", "", 2, "no equivalent"),
        ("OnCalendar=1:00 UTC\nOnCalendar=2:00 Asia/Tokyo", "", 3, "one time zone"),
        ("Persistent=true", "", 0, "no time"),
        ("OnCalendar=daily\nWakeSystem=true", "", 3, "no equivalent"),
        ("OnCalendar=daily\nUnit=other.service", "", 0, "other.service is missing"),
        ("OnCalendar=daily", "ExecStart=\n", 0, "no ExecStart="),
        ("OnCalendar=daily", "ExecStart='x\n", 0, "a quote is not closed"),
        ("OnCalendar=daily", "ExecStart=%h/bin/x\n", 0, "the specifier %h"),
        ("OnCalendar=daily", "ExecStart=/bin/a ; /bin/b\n", 0, "several commands"),
        ("OnCalendar=daily", "WorkingDirectory=~\n", 4, "absolute path"),
        ("OnCalendar=daily", "StandardOutput=append:/var/log/x\n", 4, "schedd logs the output"),
        ("OnCalendar=daily", "ProtectSystem=strict\nPrivateTmp=yes\n", 4, "restrictions of the service"),
        ("OnCalendar=daily", "CPUQuota=20%\n", 4, "no equivalent"),
        ("OnCalendar=daily", "nonsense\n", 4, "not a line of a unit file"),
    ],
)
def test_keys_without_an_equivalent_are_refused(tmp_path: Path, timer: str, service: str, line: int, why: str) -> None:
    text = "[Service]\nType=oneshot\n" + ("" if service.startswith("Exec") else "ExecStart=/bin/x\n") + service
    refused = pair(tmp_path, f"[Timer]\n{timer}\n", text).refused
    assert [number for number, reason in refused if why in reason] == [line], refused


def test_a_pair_is_one_job_whichever_is_named(tmp_path: Path) -> None:
    texts = {"dump.timer": TIMER, "dump.service": SERVICE}
    for name, text in texts.items():
        assert list(imported(tmp_path, text, name=name, beside=texts).config.jobs) == ["dump"]
    together = SourceFile("dump.service", SERVICE, beside=texts.get, together=frozenset(texts))
    assert format_of(together).read(together, None).jobs == ()  # type: ignore[arg-type]


def test_what_is_wrong_in_a_timer_is_found_in_the_timer_whichever_is_named(tmp_path: Path) -> None:
    texts = {"dump.timer": TIMER.replace("*-*-* 02:30", "foo bar"), "dump.service": SERVICE}
    for name, text in texts.items():
        (remark,) = imported(tmp_path, text, name=name, beside=texts).translation.remarks
        assert (remark.file, remark.line, remark.why) == ("dump.timer", 4, "unknown weekday foo")


def test_a_service_without_a_timer_runs_on_demand(tmp_path: Path) -> None:
    done = imported(tmp_path, SERVICE, name="dump.service")
    assert (done.config.jobs["dump"].schedule, len(done.noted)) == (None, 3)


@pytest.mark.parametrize(("setting", "noted"), [("", True), ("User=app\n", False), ("DynamicUser=yes\n", False)])
def test_a_service_that_systemd_runs_as_root_is_noted(tmp_path: Path, setting: str, noted: bool) -> None:
    remarks = pair(tmp_path, service=SERVICE + setting).translation.remarks
    assert any("as root" in one.why for one in remarks) is noted


def test_an_instance_of_a_template(tmp_path: Path) -> None:
    beside = {"dump@.service": "[Service]\nExecStart=/bin/x %i\n"}
    done = imported(tmp_path, TIMER, name="dump@home.timer", beside=beside)
    assert [(job.name, job.keys["command"]) for job in done.translation.jobs] == [("dump-home", ["/bin/x", "home"])]


def test_remarks_about_a_service_name_its_file(tmp_path: Path) -> None:
    done = pair(tmp_path, service=SERVICE + "CPUQuota=20%\n")
    assert {remark.file for remark in done.translation.remarks} == {"dump.service"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1h 30min", 5400),
        ("1w2d", 777_600),
        ("1.5s", 1.5),
        ("infinity", None),
        ("", None),
        ("1 fortnight", None),
    ],
)
def test_spans_of_time(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["1" * 100_000 + "!", "1 " * 50_000 + "!", "x" * 100_000, "'" * 99_999, "\\" * 99_999, '"a' * 50_001]
)
def test_hostile_texts_are_read_in_a_moment(tmp_path: Path, text: str) -> None:
    assert seconds_of(text) is None
    words_of(text)
    done = pair(tmp_path, f"[Timer]\nOnCalendar={text}\nOnUnitActiveSec={text}\n", SERVICE + f"Environment={text}\n")
    assert done.refused
