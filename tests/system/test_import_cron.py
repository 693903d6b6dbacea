"""What Debian's cron does with a crontab, schedd does with the imported file: command, input, user, context, times."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.config.load import load
from scheduler.model.job import Job
from scheduler.model.target import ShellCommand
from tests.system.debian_cron import missing, ran, recorded, recorder
from tests.system.programs import eventually, schedctl, schedd

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

ROOTS = r"""
# quoting and what the shell makes of it
* * * * * REC c01
*   *  * * *	REC c02 "two words" 'and $HOME' "and $HOME" esc\ aped
* * * * * REC c03 $(echo sub) `echo back` "$((1 + 2))" ~
* * * * * cd /tmp && REC c04; REC c05 | cat
* * * * * FOO=bar REC c06 # to the shell this is a comment
* * * * * [ -x /bin/true ] && REC c07 || REC c08
* * * * * (REC c09 a; REC c10 b) >/dev/null 2>&1
* * * * * for x in 1 2; do REC c11-$x "$x"; done
* * * * * REC c12 ü '✓' "{a: b}" - ? '!x' '@y' '&z' '*' 'a: b' 'c #d'
* * * * * REC c13 "$SHELL" "$LOGNAME" "$PATH" "$HOME" "$0" "$MAILTO"
@hourly REC never
# percent signs and backslashes
* * * * * REC c20 100\% 'a\\b' "c\\d" x\\\%
* * * * * REC c21%line one%line two
* * * * * REC c22 \%%in\%put%%end%
* * * * * REC c23%
* * * * * REC c24%%
* * * * * REC c25 x\\%y
* * * * * REC c26%STDIN%EOF
* * * * * REC c27%a\\%b\c%d\\
* * * * * REC c28%  leading and trailing
* * * * * cat | REC c29 - "$0"%piped
* * * * * (cat; REC c30) > SUBSHELL 2>&1%text
* * * * * { REC c31; } %braces
* * * * * read x; REC c32 "$x"; read y; REC c33 "$y"%first%second%third
* * * * * REC c34; exit 3
# variables apply from their line on
A = 'one  two'
B=  x y
C="q"
D=it's
E=a#b # c
F="$HOME"
_G9='"'
* * * * * REC c40 "$A" "$B" "$C" "$D" "$E" "$F" "$_G9"
MAILTO=""
A=changed
* * * * * REC c41 "$A" "${MAILTO-unset}"
MAILTO=ops@example.com
HOME=/tmp
* * * * * REC c42 "$MAILTO" "$HOME" ~
PATH=/opt:/usr/bin:/bin
LANG=C.UTF-8
TZ=Asia/Tokyo
USER=somebody
* * * * * REC c43
SHELL=/bin/bash
* * * * * [[ x == x ]] && REC c44 "$SHELL" "$0" "${BASH_VERSION:0:1}" {1..3} <<< "here string"
* * * * * REC c45%bash gets input%too
* * * * * diff <(echo a) <(echo b) >/dev/null || REC c46
SHELL=/bin/dash
* * * * * REC c47 "$0"%dash
"""

SYSTEMS = {
    "one": '* * * * * root REC s01\n* * * * * nobody REC s02 "$HOME" "$LOGNAME"\n* * * * * daemon cd / && REC s03%in\n',
    "two": 'SHELL=/bin/bash\nHOME=/\n* * * * * nobody REC s04 "$0" ~\n* * * * *\twww-data\tREC s05\n',
    "three": "PATH=/bin:/usr/bin\n* * * * * games REC s06 \\%\nHOME=/usr/games\n* * * * * games REC s07\n",
}

SET_BY_THE_SHELL = {b"PWD", b"OLDPWD", b"SHLVL", b"_", b"FOO"}


FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
MINUTES = [
    datetime(2026, 3, 1, 0, 0, tzinfo=UTC),  # a Sunday
    datetime(2028, 2, 29, 12, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2026, 6, 15, 8, 15, tzinfo=UTC),  # a Monday
    datetime(2026, 10, 30, 17, 45, tzinfo=UTC),  # a Friday
]


def test_commands_input_users_and_environment_are_the_same(open_directory: Path) -> None:
    """G04, G06 to G10, G13, G16."""
    by_cron, by_schedd = open_directory / "cron", open_directory / "schedd"
    for directory in (by_cron, by_schedd):
        recorder(open_directory / f"{directory.name}-rec", directory)
    crontabs = {"users/root": ROOTS, **{f"system/{name}": text for name, text in SYSTEMS.items()}}
    tags = set(re.findall(r"REC ([cs]\d\d)", "".join(crontabs.values()))) - {"c08", "c11"} | {"c11-1", "c11-2"}

    ran(written(crontabs, by_cron), open_directory / "spool", MINUTES[3], lambda: tags <= recorded(by_cron).keys())

    sources = []
    for name, text in written(crontabs, by_schedd).items():
        sources.append(open_directory / name.replace("system", "cron.d").replace("users", "tabs"))
        sources[-1].parent.mkdir(exist_ok=True)
        sources[-1].write_text(text)
    done = schedctl("import", *sources, "--dialect", "debian", HOME="/root")
    assert done.returncode == 0, done.stderr
    (open_directory / "schedules.yaml").write_text(done.stdout.replace('schedule: "* * * * *"', 'schedule: "@reboot"'))
    path = "/elsewhere:/usr/bin:/bin"
    with schedd(open_directory / "schedules.yaml", HOME="/root", LOGNAME="root", SHELL="/bin/zsh", PATH=path):
        eventually(lambda: tags <= recorded(by_schedd).keys())
    assert recorded(by_schedd).keys() == recorded(by_cron).keys() == tags
    for tag, theirs in recorded(by_cron).items():
        ours = recorded(by_schedd)[tag]
        assert (tag, ours.arguments, ours.stdin, ours.ids) == (tag, theirs.arguments, theirs.stdin, theirs.ids)
        if theirs.cwd != "/var/spool/cron":  # cron's own directory, where the home does not exist
            assert (tag, ours.cwd) == (tag, theirs.cwd)
        expected = {name: value for name, value in theirs.env.items() if name not in SET_BY_THE_SHELL}
        assert (tag, {name: ours.env.get(name) for name in expected}) == (tag, expected)
    assert (open_directory / "schedd-text").read_text() == (open_directory / "cron-text").read_text() == "text\n"


def written(crontabs: dict[str, str], directory: Path) -> dict[str, str]:
    """The crontabs with the recorder and the file of the subshell filled in."""
    return {
        name: text.replace("REC", f"{directory}-rec").replace("SUBSHELL", f"{directory}-text")
        for name, text in crontabs.items()
    }


def some_field(place: int, value: int, chance: random.Random) -> str:
    """A field of a crontab, in half of the cases one that allows the value."""
    low, high = FIELDS[place]
    near = value if chance.random() < 0.8 else chance.randint(low, high)
    start, end = chance.randint(low, near), chance.randint(near, high)
    step = chance.choice([1, 2, 3, 5, 15])
    names = {3: MONTHS, 4: DAYS}.get(place)
    forms = [
        "*",
        str(near),
        f"*/{step}",
        f"{start}-{end}",
        f"{start}-{end}/{step}",
        f"{near},{start}-{end}/{step}",
        f"{start},{near},{end}",
        f"*/{step},{near}",
    ]
    if names:
        word = names[(near - low) % len(names)]
        forms += [word, word.title(), f"{names[0]}-{names[-1]}", f"{near},{names[-1].upper()}"]
    return chance.choice(forms)


def shell_text(job: Job) -> str:
    assert isinstance(job.target, ShellCommand)
    return job.target.text


def test_times_are_the_same(open_directory: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - the same lines each time
    lines = []
    for _ in range(250):
        minute = chance.choice(MINUTES)
        values = (minute.minute, minute.hour, minute.day, minute.month, minute.isoweekday() % 7)
        lines.append(" ".join(some_field(place, value, chance) for place, value in enumerate(values)))
    aliases = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"]
    lines += [
        *aliases,
        "0 0 1 1 *",
        "59 23 31 12 *",
        "30 12 29 2 *",
        "0 0 1 * 0",
        "0 0 2 * 0",
        "15 8 */5 * 1",
        "15 8 */2 * */2",
    ]
    crontab = "".join(f"{times} : > OUT/{number}\n" for number, times in enumerate(lines)) + "* * * * * : > OUT/end\n"
    source = open_directory / "crontab"
    source.write_text(crontab.replace("OUT", "/out"))
    done = schedctl("import", source, "--user", "--timezone", "UTC", "-o", open_directory / "schedules.yaml")
    assert (done.returncode, "0 refused" in done.stderr) == (0, True), done.stderr
    jobs = load(open_directory / "schedules.yaml").jobs

    def found(place: int) -> set[str]:
        out = open_directory / f"out{place}"
        out.mkdir()
        ran(
            {"users/root": crontab.replace("OUT", str(out))},
            open_directory / f"spool{place}",
            MINUTES[place],
            (out / "end").exists,
        )
        return {path.name for path in out.iterdir()}

    with ThreadPoolExecutor() as pool:
        by_cron = list(pool.map(found, range(len(MINUTES))))
    for minute, theirs in zip(MINUTES, by_cron, strict=True):
        before = minute - timedelta(seconds=1)
        ours = {name for name, job in jobs.items() if job.schedule and job.schedule.next_after(before) == minute}
        assert {shell_text(jobs[name]).rpartition("/")[2] for name in ours} == theirs, minute
        assert 15 < len(theirs) < 150
