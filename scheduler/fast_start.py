"""Keeps the cost of imports low: no garbage collection while they load, nothing imported or compiled without a use.

While modules load, nothing becomes garbage, and looking for it takes 20 of the 300 ms that schedd takes to start, 5 of
110 of a `schedctl list`, and half of the time of a large file.
"""

from __future__ import annotations

import gc
import importlib
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

NOT_FOR_THE_DAEMON = ("ssl", "rich")
"""What libraries import where they find it, and the daemon has no use for: asyncio imports ssl for TLS (4.2 MB, 10 ms).
What needs TLS loads it when it is first used. structlog imports rich to draw tracebacks (5 MB, 60 ms)."""

_TURN = 0.0005
"""Seconds for which a thread that loads a file may keep the interpreter from the event loop."""

_compile = re.compile


@contextmanager
def loading(*hidden: str) -> Iterator[None]:
    """Within the block nothing is garbage collected, and imports of the modules `hidden` fail as if not installed."""
    was_enabled = gc.isenabled()
    gc.disable()
    absent = [module for module in hidden if module not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None makes an import fail
    try:
        yield
    finally:
        for module in absent:
            del sys.modules[module]
        if was_enabled:
            gc.enable()


def give_asyncio_tls() -> None:
    """Let asyncio connect with TLS, also when it was loaded without the module ssl."""
    ssl = importlib.import_module("ssl")
    modules = [vars(module) for name, module in sys.modules.items() if name.startswith("asyncio.")]
    without = [names for names in modules if names.get("ssl", ssl) is None]
    for names in without:
        names["ssl"] = ssl
    if without:
        importlib.reload(sys.modules["asyncio.sslproto"])  # it defines more where it finds ssl


@contextmanager
def patterns_compiled_late() -> Iterator[None]:
    """Within the block `re.compile` returns patterns that are compiled when they are first used.

    Compiling them takes a tenth of a start, and most are never used: those of the modules that click and structlog
    import, and those of PyYAML's reader in Python, though libyaml reads.
    """
    before, re.compile = re.compile, _LatePattern  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = before


class _LatePattern:
    """Has the attributes of the compiled pattern, and is accepted in its place by the functions of `re`."""

    __class__ = re.Pattern  # type: ignore[assignment]

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(_compile(self._pattern, self._flags), name)
        setattr(self, name, value)  # so that the next use costs no more than that of any pattern
        return value


@asynccontextmanager
async def beside_the_loop() -> AsyncIterator[None]:
    """Within the block a thread loads a file while the event loop goes on: it gets the interpreter within half a
    millisecond whenever it is due. What has been loaded is then no longer looked at by garbage collection.
    """
    interval = sys.getswitchinterval()
    gc.collect()
    gc.disable()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        loaded()


def loaded() -> None:
    """Collect garbage from now on, but never among what exists: modules and jobs live as long as the program."""
    gc.freeze()
    gc.enable()
