"""A script of an imported job prints what it prints after the other scheduler has inserted values into it."""

from __future__ import annotations

import random
import re
import subprocess

import pytest

from scheduler.translate.importers.shell_words import CommandWriter, Variable, word_of
from scheduler.translate.translation import Value

_REFERENCE = re.compile(r"\$\(([AB])\)")
_CLEAR = [
    "$(A)",
    "'$(A)'",
    '"$(B)"',
    "$(B) ",
    "'a $(A)$(B) b'",
    "\"c 'd' $(A)\"",
    "$(echo $(A))",
    " ",
    "it\\'s ",
    '"f\\""',
    "g$(B) ",
]
_OTHERS = [
    *("\"$(echo '$(B)')\"", " # e $(A)\n", '"', "\\", "; printf '<%s>\\n' ", "\n", "`echo '$(A)'`", "g=$(B) "),
    *("<<X\n'$(A)\nX\n", "$$(A)", "$(A)>/dev/null", "\"${C:-'$(A)'}\"", "; IFS=b; echo $(A) "),
]
_VALUES = [
    "x",
    "http://h:1/p",
    "a b",
    "it's",
    '"h"',
    "a;echo b",
    "/*",
    "x$HOME",
    "`echo i`",
    "",
    "a\\b",
    "2",
    "--j=k",
    "if",
]


def _variable(reference: re.Match[str]) -> Variable:
    return Variable(reference[1])


def printed(command: Value, values: dict[str, str]) -> bytes:
    assert isinstance(command, str)
    return subprocess.run(
        ["/bin/sh", "-c", command], env=values, input=b"", capture_output=True, timeout=60, check=False
    ).stdout


@pytest.mark.parametrize("seed", range(4))
def test_a_script_prints_the_same_with_variables_as_with_inserted_values(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same scripts each time
    as_text = 0
    for _ in range(30):
        values = {name: chance.choice(_VALUES) for name in "AB"}
        fragments = chance.choice([_CLEAR, _CLEAR, _CLEAR + _OTHERS])
        word = word_of("".join(chance.choices(fragments, k=chance.randint(1, 4))), _REFERENCE, _variable)
        made = CommandWriter(values).command([("/bin/sh",), ("-c",), ("printf '<%s>\\n' ", *word)])
        inserted = "".join(piece if isinstance(piece, str) else values[piece.name] for piece in word)
        assert printed(made, values) == printed(f"printf '<%s>\\n' {inserted}", values), (word, values, made)
        as_text += isinstance(made, str) and not made.startswith("/bin/sh") and "$" in made
    assert as_text > 3
