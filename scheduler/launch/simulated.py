"""A launcher that starts nothing: children are durations on the virtual clock. For tests and simulations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from scheduler.launch.launcher import Output, Stream
from scheduler.model import Exit, Launch

_TERM, _KILL = 15, 9


class Play(msgspec.Struct, frozen=True):
    """What a simulated child does: say `says` at once, live for `seconds` (None: until ended), exit with `code`.

    `stubborn`: it ignores TERM.
    """

    seconds: float | None = 0.0
    code: int = 0
    stubborn: bool = False
    says: bytes = b""


class SimulatedChild:
    """A child made of one timer."""

    def __init__(self, pid: int, play: Play) -> None:
        loop = asyncio.get_running_loop()
        self.pid = pid
        self.ended: asyncio.Future[Exit] = loop.create_future()
        self._play = play
        if play.seconds is not None:
            loop.call_later(play.seconds, self._end, Exit(play.code))

    async def stop(self, grace: float) -> None:
        """TERM ends it at once, unless it is stubborn; then KILL does, after `grace` seconds."""
        if not self._play.stubborn:
            self._end(Exit(128 + _TERM, _TERM))
        else:
            asyncio.get_running_loop().call_later(grace, self.kill)
        await asyncio.wait((self.ended,))

    def kill(self) -> None:
        """End it as KILL would."""
        self._end(Exit(128 + _KILL, _KILL))

    def _end(self, how: Exit) -> None:
        if not self.ended.done():
            self.ended.set_result(how)


class SimulatedLauncher:
    """Asks `play` what each launch does; `play` may raise LaunchError."""

    def __init__(self, play: Callable[[Launch], Play]) -> None:
        self._play = play
        self._launched = 0

    async def launch(self, launch: Launch, output: Output) -> SimulatedChild:
        """Start the child's timer."""
        play = self._play(launch)
        self._launched += 1
        if play.says:
            output.write(Stream.STDOUT, play.says)
        return SimulatedChild(self._launched, play)


class NoLog:
    """A log that keeps nothing, for a simulation."""

    def write_lines(self, job: str, run_id: str, stream: Stream, block: bytes) -> None:
        """Forget them."""

    def write_raw(self, block: bytes) -> None:
        """Forget it."""

    def full(self) -> None:
        """It never is."""
