"""A launcher that starts nothing: children are durations on the virtual clock. For tests and simulations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from scheduler.launch.launcher import Output, Stream
from scheduler.model.run import Exit, Launch

_TERM, _KILL = 15, 9


class Play(msgspec.Struct, frozen=True):
    """What a simulated child does: print `says` at once, live for `seconds` (None: until ended), exit with `code`.

    `stubborn`: it ignores SIGTERM. `held`: the seconds after its exit for which another process holds its output.
    """

    seconds: float | None = 0.0
    code: int = 0
    stubborn: bool = False
    says: bytes = b""
    held: float = 0.0


class SimulatedChild:
    """A child made of one timer."""

    worker: str | None = None

    def __init__(self, pid: int, play: Play) -> None:
        loop = asyncio.get_running_loop()
        self.place = f"pid {pid}"
        self.exited: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[Exit] = loop.create_future()
        self._play = play
        if play.seconds is not None:
            loop.call_later(play.seconds, self._exit)

    async def stop(self, grace: float) -> None:
        """SIGTERM ends it at once, unless it is stubborn; then SIGKILL does, after `grace` seconds."""
        if not self._play.stubborn:
            self._die(_TERM)
        else:
            asyncio.get_running_loop().call_later(grace, self.kill)
        await asyncio.wait((self.ended,))

    def kill(self) -> None:
        """End it as SIGKILL would."""
        self._die(_KILL)

    def _exit(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)
            if self._play.held:
                asyncio.get_running_loop().call_later(self._play.held, self._end, Exit(self._play.code))
            else:
                self._end(Exit(self._play.code))

    def _die(self, number: int) -> None:
        """End by a signal; when it has exited already, that ends only what holds its output."""
        if self.exited.done():
            self._end(Exit(self._play.code))
        else:
            self.exited.set_result(None)
            self._end(Exit(128 + number, number))

    def _end(self, how: Exit) -> None:
        if not self.ended.done():
            self.ended.set_result(how)


class SimulatedLauncher:
    """`play` returns what each launch does, or raises LaunchError."""

    def __init__(self, play: Callable[[Launch], Play]) -> None:
        self._play = play
        self._launched = 0

    def launch(self, launch: Launch, output: Output) -> SimulatedChild:
        """Start the child's timer."""
        play = self._play(launch)
        self._launched += 1
        if play.says:
            output.write(Stream.STDOUT, play.says)
        return SimulatedChild(self._launched, play)


class NoLog:
    """A log that keeps nothing, for a simulation."""

    takes_raw = True

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        """Drop them."""

    def write_raw(self, block: bytes) -> None:
        """Drop it."""

    def full(self) -> None:
        """Never: it keeps nothing."""
