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
from scheduler.translate.machine import LocalMachine
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
    ("OnBootSec=5min\nOnUnitActiveSec=1h\nOnCalendar=\nOnCalendar=weekly", {"schedule": "0 0 * * mon"}),
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
    ("WorkingDirectory=~", {"cwd": "/root"}),
    ("User=backup\nWorkingDirectory=~", {"user": "backup", "cwd": "/home/backup"}),
    ("Environment=A=%h B=b\nUnsetEnvironment=B=b %p", {"env": {"A": "/root", "B": None, "dump": None}}),
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
    ("ExecStart=@/bin/x name $A", """/bin/bash -c 'exec -a "$0" "$@"' name /bin/x $A"""),
    ("ExecStart=-@/bin/sh sh -c 'a b'", "{ /bin/sh -c 'a b' || true; }"),
    ("ExecStart=@/bin/x /bin/x a", ["/bin/x", "a"]),
    ("ExecStart='-/bin/x y' z", "{ '/bin/x y' z || true; }"),
    ("ExecStart=:/bin/x %% $$", ["/bin/x", "%", "$$"]),
    ("ExecStart=/bin/x $1 $ $A/b ${} a${a.b}c ${A:-b} 'a${' %{", ["/bin/x", "", "ac", "${A:-b}", "a${", "%{"]),
    ("ExecStart=:/bin/x $HOME", ["/bin/x", "$HOME"]),
    ("ExecStart=/bin/x\nExecStart=/bin/y 'z;'", "/bin/x && /bin/y 'z;'"),
    (
        "ExecStartPre=-/bin/mkdir /a\nExecStart=/bin/x\nExecStartPost=/bin/z",
        "{ /bin/mkdir /a || true; } && /bin/x && /bin/z",
    ),
    ("ExecStart=/bin/x %n %N", ["/bin/x", "dump.service", "dump"]),
    (r"ExecStart=/bin/x \xc3\xa4\303\244\u00e4\U000000e4 \x00\d", ["/bin/x", "ääää", r"\x00\d"]),
    ("ExecStart=/bin/x \\\\\nExecStart=/bin/y ${$$ ${$$:-$$}", "/bin/x '\\' && /bin/y '${$$' '${$$:-$}'"),
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
        ("OnCalendar=daily", "ExecStart=%t/x\n", 0, "the specifier %t"),
        ("OnCalendar=daily", "ExecStart=|/bin/x\n", 0, "login shell"),
        ("OnCalendar=daily", "ExecStart=- /bin/x\n", 0, "no program after the prefix"),
        ("OnCalendar=daily", "ExecStart=@/bin/x\n", 0, "needs a name"),
        ("OnCalendar=daily", "User=backup\nExecStartPre=-+/bin/y\n", 5, "as root; the job runs it as its `user`"),
        ("OnCalendar=daily", "Group=adm\nExecStartPost=!/bin/y\n", 5, "as root; the job runs it as its `user`"),
        ("OnCalendar=daily", "User=backup\nExecCondition=+/bin/y\n", 5, "as root; the job runs it as its `user`"),
        ("OnCalendar=daily", "Environment='A=b\n", 4, "a quote is not closed"),
        ("OnCalendar=daily", "Environment=A=b\nUnsetEnvironment=A=c\n", 5, "whatever their values"),
        ("OnCalendar=daily", "EnvironmentFile=/etc/x/*.env\n", 4, "a pattern has no equivalent"),
        ("OnCalendar=daily", "UMask=rwx\n", 4, "not a value that a job can have"),
        ("OnCalendar=%t", "", 0, "the specifier %t"),
        ("OnCalendar=daily", "ExecStart=/bin/a ; /bin/b\n", 0, "several commands"),
        ("OnCalendar=daily", "User=missing\nWorkingDirectory=~\n", 5, "absolute path"),
        ("OnCalendar=daily", "StandardOutput=append:/var/log/x\n", 4, "schedd logs the output"),
        ("OnCalendar=daily", "StandardError=null\n", 4, "schedd logs standard error"),
        ("OnCalendar=daily", "StandardInput=file:/etc/x\n", 4, "jobs have no standard input"),
        ("OnCalendar=daily", "Restart=on-success\n", 4, "for failures only"),
        ("OnCalendar=daily", "KillSignal=SIGINT\n", 4, "has no equivalent"),
        ("OnCalendar=daily", "DynamicUser=yes\nExecStartPre=+/bin/y\n", 5, "as root; the job runs it as its `user`"),
        ("OnCalendar=daily\n[Unit]\nConditionPathExists=/x", "", 4, "has no equivalent"),
        ("OnCalendar=daily", "ExecStart=/bin/x \\xff\n", 0, "an escape is not valid"),
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


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("dump@srv-a\\x2db", ["srv-a\\x2db", "srv/a-b", "dump", "dump", "dump", "dump", "/srv/a-b"]),
        ("a-b\\x20c@-", ["-", "/", "a-b\\x20c", "a/b c", "b\\x20c", "b c", "/"]),
        ("a-b", ["", "", "a-b", "a/b", "b", "b", "/a/b"]),
        ("x@\\xc3\\xa4@y", ["\\xc3\\xa4@y", "ä@y", "x", "x", "x", "x", "/ä@y"]),
    ],
)
def test_specifiers_of_the_name_are_replaced_as_systemd_does(tmp_path: Path, unit: str, words: list[str]) -> None:
    text = "[Service]\nExecStart=/bin/x %i %I %p %P %j %J %f %n %N\nEnvironment=A=%i\n"
    beside = {f"{unit}.service": text, f"{unit.partition('@')[0]}@.service": text}
    done = imported(tmp_path, TIMER, name=f"{unit}.timer", beside=beside)
    (job,) = done.translation.jobs
    assert job.keys["command"] == ["/bin/x", *words, f"{unit}.service", unit]
    assert job.keys["env"] == {"A": words[0]}


@pytest.mark.parametrize(
    ("instance", "why"), [("\\x2", "not a valid name"), ("\\xff", "not text"), ("-a", "not a path")]
)
def test_names_that_cannot_be_unescaped_are_refused(tmp_path: Path, instance: str, why: str) -> None:
    beside = {"dump@.service": "[Service]\nExecStart=/bin/x %f\n"}
    done = imported(tmp_path, TIMER, name=f"dump@{instance}.timer", beside=beside)
    assert [why in reason for _, reason in done.refused] == [True]


def test_specifiers_of_a_timer_are_replaced(tmp_path: Path) -> None:
    timer = "[Unit]\nDescription=100%% of %I\n[Timer]\nOnCalendar=%i\nUnit=%p-%i@x.service\n"
    beside = {"dump-daily@.service": SERVICE}
    (job,) = imported(tmp_path, timer, name="dump@daily.timer", beside=beside).translation.jobs
    assert (job.name, job.keys["schedule"], job.keys["description"]) == ("dump-daily-x", "0 0 * * *", "100% of daily")


def test_a_description_that_depends_on_the_machine_is_refused(tmp_path: Path) -> None:
    done = pair(tmp_path, TIMER.replace("when", "on %H"))
    assert "description" not in done.translation.jobs[0].keys
    assert [line for line, why in done.refused if "specifier %H" in why] == [2]


@pytest.mark.parametrize("kind", ["timer", "service"])
def test_a_template_without_an_instance_is_refused(tmp_path: Path, kind: str) -> None:
    texts = {"dump@.timer": TIMER, "dump@.service": SERVICE}
    done = imported(tmp_path, texts[f"dump@.{kind}"], name=f"dump@.{kind}", beside=texts)
    assert done.translation.jobs == ()
    assert [why for _, why in done.refused] == [
        f"a template has no instance: copy it to dump@NAME.{kind}, and import that"
    ]


def test_a_template_of_a_service_is_read_with_the_timers_of_its_instances() -> None:
    source = SourceFile("dump@.service", SERVICE, together=frozenset({"dump@.service", "dump@home.timer"}))
    done = read_systemd(source, Request(machine=FakeMachine(), names=JobNames()))
    assert (done.jobs, done.remarks) == ((), ())


VALUES: list[tuple[str, Any, str]] = [
    ("A='b c' 'D=--x *.py'\nExecStart=/bin/x $A $D $B", "/bin/x $A --x '*.py' $B", "$B: the shell splits"),
    ("\"A=--to 'b c' d\\\\ e\"\nExecStart=/bin/x $A", ["/bin/x", "--to", "b c", "d e"], ""),
    ("A=a\nUnsetEnvironment=A\nExecStart=/bin/x $A", "/bin/x $A", ""),
    ("A=*\nEnvironmentFile=/e\nExecStart=/bin/x $A ${A}", '/bin/x $A "${A}"', "$A: the shell splits"),
    ("A=b\nExecStart=/bin/sh -c 'echo ${A} \"${A}\" $A $${A}'", 'echo ${A} "${A}" $A ${A}', ""),
    ("A=b\nExecStart=/bin/sh -c \"echo '${A}'\"", "echo ''\"${A}\"''", ""),
    ("A=b;c\nExecStart=/bin/sh -c 'echo ${A}'", "/bin/sh -c 'echo '\"${A}\"", ""),
    ("A=b\nExecStart=/bin/sh -c 'echo ${A} # it'", "/bin/sh -c 'echo '\"${A}\"' # it'", ""),
    (
        "A=*\nEnvironmentFile=/e\nEnvironmentFile=/etc/readable\nExecStart=/bin/x $B",
        "/bin/x $B",
        "$B: the shell splits",
    ),
    ("B=*\nEnvironmentFile=/etc/readable\nExecStart=/bin/x $B", ["/bin/x", "*"], ""),
    ("A=b\nExecStart=/bin/sh -c $A", "/bin/sh -c $A", ""),
    ("A=b\nExecStart=/bin/sh -c 'echo ${B}'", "echo ${B}", "$B: the shell expands it as a value"),
    ("A=b\nExecStart=/bin/sh -c 'echo ${A:-c}'", "echo ${A:-c}", ""),
]


@pytest.mark.parametrize(("text", "command", "noted"), VALUES, ids=[text for text, _, _ in VALUES])
def test_variables_of_a_command_have_the_values_that_systemd_inserts(
    tmp_path: Path, text: str, command: Any, noted: str
) -> None:
    done = pair(tmp_path, service=f"[Service]\nType=oneshot\nUser=backup\nEnvironment={text}\n")
    assert done.translation.jobs[0].keys["command"] == command
    reasons = [why for _, why in done.noted if "shell" in why]
    assert [noted in why for why in reasons] == ([True] if noted else [])


def test_privileged_commands_of_a_service_without_a_user_are_as_root_anyway(tmp_path: Path) -> None:
    done = pair(tmp_path, service=SERVICE + "ExecStartPre=+/bin/y\nExecStartPost=!!/bin/z\n")
    assert (done.translation.jobs[0].keys["command"], done.refused) == ("/bin/y && /usr/bin/dump --all && /bin/z", [])


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("StandardError=journal\nStandardOutput=null", "discards standard error, too"),
        ("Type=exec\nExecStartPost=/bin/y", "while the command of ExecStart= is running"),
        ("ExecStartPost=/bin/y\nSuccessExitStatus=24", "starts after the exit code 0 only"),
        ("WorkingDirectory=-/srv", "a missing directory is an error here"),
        ("EnvironmentFile=-/etc/x", "a missing file is an error here"),
        ("Environment=A=b\nEnvironmentFile=/etc/x", "remove from `env` what it sets"),
    ],
)
def test_what_is_stricter_or_in_another_order_here_is_noted(tmp_path: Path, setting: str, why: str) -> None:
    done = pair(tmp_path, service=f"{SERVICE}{setting}\n")
    assert [line for line, reason in done.noted if why in reason] == [4 + setting.count("\n")]


def test_what_the_file_of_a_service_overrides_is_left_out(tmp_path: Path) -> None:
    setting = "EnvironmentFile=/etc/readable\nEnvironment=A=a B=b\nUnsetEnvironment=FROM_FILE\n"
    done = pair(tmp_path, service=f"[Service]\nType=oneshot\nUser=backup\n{setting}ExecStart=/bin/x $A $B\n")
    keys = done.translation.jobs[0].keys
    assert (keys["env"], keys["env_file"]) == ({"B": "b", "FROM_FILE": None}, "/etc/readable")
    assert [why[:7] for _, why in done.noted] == ["$A: the", "no effe"]


@pytest.mark.parametrize(("text", "env"), [("A=c\nC=d\n", {"B": "b"}), ("; not ours\n", {"A": "a", "B": "b"})])
def test_the_file_of_a_service_is_read_on_this_machine(tmp_path: Path, text: str, env: dict[str, str]) -> None:
    file = tmp_path / "env"
    file.write_text(text)
    done = pair(tmp_path, service=f"{SERVICE}Environment=A=a B=b\nEnvironmentFile=-{file}\n", machine=LocalMachine())
    assert done.translation.jobs[0].keys["env"] == env
    assert any("remove from `env`" in why for _, why in done.noted) is ("A" in env)


def test_a_limit_of_starts_that_becomes_retries_is_not_said_to_have_no_effect(tmp_path: Path) -> None:
    without = pair(tmp_path, service=SERVICE + "StartLimitBurst=3\n").translation.remarks
    remarks = pair(tmp_path, service=SERVICE + "Restart=on-failure\nStartLimitBurst=3\n").translation.remarks
    assert [any("StartLimitBurst" in remark.text for remark in each) for each in (without, remarks)] == [True, False]


USERS: list[tuple[str, str, str]] = [
    ("/home/me/.config/systemd/user", "/home/me", ""),
    ("/home/you/.local/share/systemd/user", "/home/you", "the service of a user as that user"),
    ("/etc/systemd/user", "/home/me", "as each user"),
    ("/usr/lib/systemd/user", "/home/me", "as each user"),
    ("/etc/systemd/system", "/root", "as root"),
]


class MachineWithoutDropIns(FakeMachine):
    def has_directory(self, path: str) -> bool:
        return False


@pytest.mark.parametrize("by_comment", [False, True])
@pytest.mark.parametrize(("folder", "home", "why"), USERS, ids=[folder for folder, _, _ in USERS])
def test_units_of_users_run_in_the_home_directory(folder: str, home: str, why: str, by_comment: bool) -> None:
    texts = {"dump.timer": TIMER, "dump.service": "[Service]\nType=oneshot\nExecStart=%h/x\nExecStartPre=+/bin/y\n"}
    path = f"{folder}/dump.timer"
    text = f"# {path}\n{TIMER}" if by_comment else TIMER
    source = SourceFile("dump.timer", text, "/srv/merged/dump.timer" if by_comment else path, texts.get)
    done = read_systemd(source, Request(machine=MachineWithoutDropIns(), names=JobNames()))
    (job,) = done.jobs
    assert (job.keys["cwd"], job.keys["command"]) == ("/" if home == "/root" else home, f"/bin/y && {home}/x")
    users = [remark.why for remark in done.remarks if "its own user" in remark.why]
    assert [why in each for each in users] == ([True] if why else [])
    assert not [remark for remark in done.remarks if remark.fate is Fate.REFUSED]


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
