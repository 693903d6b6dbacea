"""The reactions of the daemon to signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial


def _known(*names: str) -> list[signal.Signals]:
    """Those that this system has."""
    return [signal.Signals[name] for name in names if name in signal.Signals.__members__]


_DRAIN = _known("SIGTERM", "SIGQUIT", "SIGPWR", "SIGXCPU")
"""SIGQUIT is the graceful stop of nginx and of some images, SIGPWR that of some container managers.

SIGXCPU comes before the SIGKILL of a limit of CPU time.
"""

_IGNORED = [
    *_known("SIGUSR1", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT"),
    *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
]
"""By default each of these ends a process at once, and would leave its jobs behind."""

Reaction = Callable[[], object]


class Signals:
    """SIGTERM sets `stopping`; SIGINT sets it, then calls `stop_runs`, then `kill_runs`; SIGHUP and SIGUSR2 `reload`.

    Signals without a meaning are reported by name to `ignored`. Reactions are called on the loop and must not block.
    """

    def __init__(
        self,
        stopping: asyncio.Event,
        *,
        stop_runs: Reaction,
        kill_runs: Reaction,
        reload: Reaction,
        ignored: Callable[[str], object],
    ) -> None:
        self._stopping = stopping
        self._stop_runs = stop_runs
        self._kill_runs = kill_runs
        self._reload = reload
        self._ignored = ignored
        self._interrupts = 0
        # Under nohup the terminal may close: SIGHUP was to be ignored, and is for reloading alone.
        self._ends_with_terminal = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """React on the running loop, in the main thread. Signals that our parent process had blocked are unblocked."""
        loop = asyncio.get_running_loop()
        handlers: dict[int, Reaction] = {
            **{number: partial(self._report, number) for number in _IGNORED},
            **dict.fromkeys(_DRAIN, self._stopping.set),  # platforms send several: further ones change nothing
            signal.SIGINT: self._interrupted,
            signal.SIGHUP: self._hung_up,
            signal.SIGUSR2: self._reload,
        }
        loop.add_signal_handler(signal.SIGTERM, handlers.pop(signal.SIGTERM))  # every signal wakes the loop from now on
        for number, handler in handlers.items():  # not by the loop, which makes a set of all signals for each, 70 µs
            signal.signal(number, partial(_soon, loop, handler))
            signal.siginterrupt(number, False)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            yield
        finally:
            # Not the old handlers: a platform that sends several SIGTERMs must not kill us on the way to exit 0.
            loop.remove_signal_handler(signal.SIGTERM)
            for number in (signal.SIGTERM, *handlers):
                signal.signal(number, signal.SIG_IGN)

    def _report(self, number: int) -> None:
        self._ignored(_name(number))

    def _interrupted(self) -> None:
        self._interrupts += 1
        if not self._stopping.is_set():
            self._stopping.set()
        elif self._interrupts <= 2:
            self._stop_runs()
        else:
            self._kill_runs()

    def _hung_up(self) -> None:
        """A reload is requested, or the terminal that schedd was started from has closed."""
        if self._ends_with_terminal and not _has_terminal():
            self._stopping.set()
        else:
            self._reload()


def _soon(loop: asyncio.AbstractEventLoop, reaction: Reaction, *_signal: object) -> None:
    """Call a reaction on the loop, since a signal may interrupt any of its callbacks."""
    loop.call_soon_threadsafe(reaction)


def _name(number: int) -> str:
    if signal.SIGRTMIN <= number <= signal.SIGRTMAX:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
    return signal.Signals(number).name


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
