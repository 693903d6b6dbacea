"""The path on which a Python interpreter looks for modules: its answer, or its directory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scheduler.launch.launcher import LaunchError

_TIMEOUT = 10.0
"""Seconds for an interpreter to answer."""

_QUESTION = "import json, sys; print(json.dumps(sys.path))"


def ask_search_path(program: str, cwd: str, variables: Mapping[str, str]) -> list[str]:
    """`sys.path` of the interpreter, which is started for it. Raises LaunchError."""
    try:
        answer = subprocess.run(
            [program, "-c", _QUESTION],
            cwd=cwd,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=True,
        )
        return [str(place) for place in json.loads(answer.stdout.splitlines()[-1]) if place]
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise LaunchError(f"{program} does not answer where it looks for modules ({type(error).__name__})") from None


def guess_search_path(program: str) -> list[str]:
    """The packages of the virtual environment or the installation that the program is in; some may be missing."""
    prefix = Path(program).parent.parent
    places = [place for pattern in ("lib/python3*/site-packages", "lib/python3*") for place in prefix.glob(pattern)]
    return [str(place) for place in places]
