"""Commands that bash and dash run differently get a warning, and no others: both are asked."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.config.lint import check
from scheduler.config.lint_codes import LintCode
from scheduler.config.shell_syntax import PIPEFAIL, bash_syntax

OF_BASH = {
    "source /etc/hostname_": "source",
    "if [[ 1 == 1 ]]; then echo a; fi": "[[ … ]]",
    "! [[ -f /etc/passwd ]] || echo y": "[[ … ]]",
    "echo a &> /dev/null; wait": "&>",
    "echo a >& /dev/null": ">& before a file",
    "set -euo pipefail; echo a": PIPEFAIL,
    "cat <(echo a)": "<( … )",
    "cat <<< a": "<<<",
    "echo a |& cat": "|&",
    "echo {1..10..3}": "{1..10..3}",
    "echo a.{txt,md}": "{txt,md}",
    "((1)) && echo a": "(( … ))",
    "for ((i=0;i<2;i++)); do echo $i; done": "(( … ))",
    "x=(1 2); echo $x": "name=( … )",
    "x=1; x+=2; echo $x": "name+=",
    "function f { echo f; }; f": "function",
    "let x=1+1; echo $x": "let",
    "shopt -s nullglob": "shopt",
    "pushd / && popd": "pushd",
    "declare -i x=1; echo $x": "declare",
    "mapfile x < /dev/null": "mapfile",
    "[ a == a ] && echo a": "==",
    "test a == a && echo a": "==",
    "f() { echo f; }; export -f f": "export -f",
    "echo a | { read -a x; }": "read -a",
    "echo a | { read -r -t 1 x; }": "read -r -t",
    "true & wait -n": "wait -n",
    "trap 'echo e' ERR; false": "trap with ERR, DEBUG or a SIG prefix",
    "trap 'echo e' SIGTERM": "trap with ERR, DEBUG or a SIG prefix",
    "sleep 1 & kill -SIGTERM $!": "kill -SIGTERM",
    "echo -e 'a\\tb'": "echo -e",
    "printf -v x a; echo $x": "printf -v",
    "printf '%s %q' a 'b c'": "printf %q",
    "exec -a x true": "exec -a",
    "type -t ls": "type -t",
    "f() { local -r x=1; echo $x; }; f": "local -r",
    "a-b() { echo a; }; a-b": "a function with a hyphen in its name",
    'x=ab; echo "${x//a/b}"': "${name/a/b}",
    "x=abc; echo ${x:1:2}": "${name:1:2}",
    "x=ab; echo ${x^^}": "${name^^}",
    "x=HOME; echo ${!x}": "${!name}",
    "x=1; echo $((x++))": "$(( x++ ))",
    "echo $((2 ** 3))": "$(( x++ ))",
    'test -n "$RANDOM"': "$RANDOM",
    "echo $UID": "$UID",
    "echo $'a\\n'": "$'…'",
    "echo a > f; X=$(<f); echo $X": "$(< … )",
    'echo a > f; X="$(< "f")"; echo $X': "$(< … )",
    "x=abcdef; echo ${x: -3}": "${name:1:2}",
    "[ -v HOME ] && echo a": "[ -v … ]",
    'test ! -v "NO_SUCH" && echo a': "[ -v … ]",
    "echo x > /dev/tcp/127.0.0.1/9": "/dev/tcp",
    "echo $((EPOCHSECONDS - 1))": "$EPOCHSECONDS",
    'test "$((RANDOM % 100 + RANDOM % 100 + RANDOM % 100))" -gt 0': "$RANDOM",
    'echo "$((BASHPID > 0))"': "$BASHPID",
    'echo "$SRANDOM$BASHPID$EPOCHREALTIME"': "$SRANDOM",
    "builtin echo a": "builtin",
    "printf '%(%Y)T' -1": "printf %( … )T",
    "echo $((16#ff))": "$(( 16#ff ))",
    'echo "$([[ -d / ]] && echo y)"': "[[ … ]]",
    'echo "a $(echo "b c" {1..3})"': "{1..3}",
    """echo "$(echo ')' "$(cat <<< a)")\"""": "<<<",
}
OF_EVERY_SHELL = (
    "echo a > /dev/null 2>&1",
    "echo a >&2; exec 3>&1; echo b >&3",
    "find . -maxdepth 0 -exec echo {} +",
    "echo $((1 + 2)) $((5 - 3)) ${x:-a} ${y%.txt} ${z#a} ${#HOME} ${x:=5} ${x:+6}",
    "awk 'BEGIN { print 1, 2 }'",
    "trap 'echo bye' EXIT TERM; echo x",
    """echo "a && b |& c <<< d" '[[ a ]]' "{1..3}" 'source x' # source x &> y""",
    "if [ -f /etc/passwd ] && [ ! -d /etc/passwd ]; then echo ok; fi",
    "sleep 1 & kill -TERM $!",
    "sleep 1 & kill -s KILL $!",
    "case x in a|x) echo 1;; *) echo 2;; esac",
    "f() { local a=1; echo $a; }; f",
    "echo a | { read -r x; echo $x; }",
    "printf '%s\\n' a,b; echo -n b; date +%Y",
    "cat <<END\na == b &> c [[ d ]]\nEND",
    "set -eu; echo ok; wait; { echo a; echo b; } | sort",
    "type ls > /dev/null; command -v ls > /dev/null && echo has",
    "x=RANDOM; RANDOM=4; echo $x",
    "export x=1; readonly y=2; echo $x $y; unset x",
    "echo a > f; echo $(cat <f) $(< f tr a b)",
    'v=-v; [ "$v" = -v ] && echo a; [ -n "$v" ] && echo -v x',
    'echo \'$([[ a ]])\' "\\$([[ a ]])" "[[ a ]] $(echo \'[[ b ]]\' "{1..3}") {1..3}"',
    'echo "$(date +"%Y")" "$(echo ")")" "{a,b}" # "$([[ a ]])"',
    'echo "$(case a in a) echo "{1..3}";; esac)" "{1..3}"',
    "RANDOM=4; echo $((RANDOM * 0 + ${#HOME}))",
    "x_RANDOM=1; echo $((x_RANDOM + 1)) ${x:-3}; echo /dev/tcp/a",
)


def result(shell: str, command: str, directory: Path) -> tuple[int, str, bool]:
    ended = subprocess.run(
        [shell, "-c", command],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": "/"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return ended.returncode, ended.stdout, bool(ended.stderr)


@pytest.mark.parametrize(("command", "name"), OF_BASH.items())
def test_syntax_of_bash_alone_is_named(tmp_path: Path, command: str, name: str) -> None:
    """B7"""
    assert name in bash_syntax(command)
    if name == PIPEFAIL:  # newer versions of dash understand it
        assert (result("dash", command, tmp_path) == result("bash", command, tmp_path)) == has_pipefail("dash")
    elif name not in {"source", "&>"}:  # there dash does something else with the same result
        assert result("dash", command, tmp_path) != result("bash", command, tmp_path)


def has_pipefail(shell: str) -> bool:
    return subprocess.run([shell, "-c", PIPEFAIL], capture_output=True, check=False).returncode == 0


def test_pipefail_gets_a_warning_where_the_shell_behind_sh_does_not_have_it(tmp_path: Path) -> None:
    """B7"""
    file = tmp_path / "schedules.yaml"
    file.write_text("jobs: {report: {schedule: '@daily', command: 'set -euo pipefail; date | sort'}}\n")
    codes = [warning.code for warning in check(file, now=datetime(2026, 1, 1, tzinfo=UTC)).config.warnings]
    assert codes == ([] if has_pipefail("/bin/sh") else [LintCode.BASH_SYNTAX])


@pytest.mark.parametrize("command", OF_EVERY_SHELL)
def test_syntax_of_every_shell_gets_no_warning(tmp_path: Path, command: str) -> None:
    """B7"""
    assert list(bash_syntax(command)) == []
    assert result("dash", command, tmp_path) == result("bash", command, tmp_path)


def test_quotes_without_an_end_and_deep_substitutions_are_read_in_no_time() -> None:
    for text in ('echo "' * 9_999, '"$(' * 9_999, '"$(' * 99 + "[[ a ]]" + ')"' * 99, "$((" * 9_999, "'" * 9_999):
        assert list(bash_syntax(text)) == []


def test_syntax_of_busybox_gets_no_warning_with_busybox() -> None:
    """B7"""
    assert list(bash_syntax("[[ -f x ]] && source x &> y; set -o pipefail", "busybox")) == []
    assert list(bash_syntax("cat <<< x; declare y", "busybox")) == ["<<<", "declare"]


def test_variables_of_bash_that_are_set_get_no_warning() -> None:
    assert list(bash_syntax("echo $UID ${EUID:-0}", variables={"UID"})) == []
