"""The entry points of the installed programs."""

from __future__ import annotations

import pytest

import schedd_programs
from scheduler.cli import console


@pytest.mark.parametrize("program", ["schedd", "schedctl"])
def test_ctrl_c_during_the_imports_ends_a_program_without_a_traceback(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, program, interrupted)
    with pytest.raises(SystemExit) as ended:
        getattr(schedd_programs, program)()
    assert ended.value.code == 130
