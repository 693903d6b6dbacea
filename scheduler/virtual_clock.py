"""Time as data, for tests and simulations: an event loop that jumps from one timer to the next and never waits."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from datetime import datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

import msgspec

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualClock:
    """Implements `Clock`: `run` drives a coroutine, and a simulated day takes a moment."""

    def __init__(self, start: datetime) -> None:
        self._wall_at_zero = start
        self._now = start
        self.microseconds = 0
        """Steady time."""
        self._sleepers: set[asyncio.Event] = set()

    def now(self) -> datetime:
        return self._now

    def steady(self) -> float:
        return self.microseconds / 1_000_000

    async def sleep_until(self, moment: datetime | None, wake: asyncio.Event) -> None:
        """Sleeps in one piece; `step` wakes every sleeper, which on the machine takes up to LONGEST_SLEEP.

        The timer sets `wake` itself: a timeout, which cancels and catches, would cost a simulation a tenth of its time.
        """
        timer = None
        if moment is not None:
            timer = asyncio.get_running_loop().call_later((moment - self._now).total_seconds(), wake.set)
        self._sleepers.add(wake)
        try:
            await wake.wait()
        finally:
            self._sleepers.discard(wake)
            if timer is not None:
                timer.cancel()

    def step(self, by: timedelta) -> None:
        """Set the wall clock forward or back, as a person or a time server does; steady time does not notice."""
        self._wall_at_zero += by
        self._now += by
        for wake in self._sleepers:
            wake.set()

    def advance(self, seconds: float) -> None:
        """Let both clocks move on while nothing is called, as when the machine is suspended."""
        self.advance_to(self.microseconds + round(seconds * 1_000_000))

    def advance_to(self, microseconds: int) -> None:
        """Let both clocks move on to a steady time, in whole microseconds: sums of floats would miss their instants."""
        if microseconds > self.microseconds:
            self.microseconds = microseconds
            self._now = self._wall_at_zero + timedelta(microseconds=microseconds)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` to its end on this clock. RuntimeError when nothing is left that could wake it."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)


class _Call(msgspec.Struct, eq=False):
    """A call that the loop will make; a handle, as `asyncio` calls it."""

    callback: Callable[..., object] | None
    args: tuple[Any, ...]
    context: Context
    at_that_instant: dict[_Call, None] | None = None
    """All calls at its instant; None when that is now."""

    def cancel(self) -> None:
        """Do not make it, and free what it holds."""
        self.callback, self.args = None, ()
        if self.at_that_instant is not None:
            self.at_that_instant.pop(self, None)

    def cancelled(self) -> bool:
        return self.callback is None


class _VirtualLoop(asyncio.BaseEventLoop):
    """An event loop that, where another would wait for its selector, moves a VirtualClock.

    It has no descriptors: children and sockets cannot be used on it. Calls at one instant share a place in the heap;
    the base class keeps a heap of handles, whose comparisons and creation took a simulation a quarter of its time.
    """

    _ready: deque[_Call]
    _stopping: bool

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self._instants: list[int] = []
        """A heap of microseconds of steady time."""
        self._calls: dict[int, dict[_Call, None]] = {}
        """By instant, in the order in which they were scheduled."""

    def time(self) -> float:
        return self._clock.steady()

    # A `_Call` is a handle to all that use one, but not to the types of asyncio.
    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Any:
        call = _Call(callback, args, copy_context() if context is None else context)
        self._ready.append(call)
        return call

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        instant = self._clock.microseconds + round(delay * 1_000_000)
        if instant <= self._clock.microseconds:
            return self.call_soon(callback, *args, context=context)
        calls = self._calls.get(instant)
        if calls is None:
            calls = self._calls[instant] = {}
            heapq.heappush(self._instants, instant)
        call = _Call(callback, args, copy_context() if context is None else context, calls)
        calls[call] = None
        return call

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        return self.call_later(when - self.time(), callback, *args, context=context)

    def _run_once(self) -> None:
        """What the base loop repeats: make the calls that are due, or those of the next instant."""
        ready, instants = self._ready, self._instants
        while instants and ((not ready and not self._stopping) or instants[0] <= self._clock.microseconds):
            instant = heapq.heappop(instants)
            if calls := self._calls.pop(instant):
                self._clock.advance_to(instant)
                ready.extend(calls)
                calls.clear()  # each of them refers to all of them: a cycle that only garbage collection would free
        if not ready and not self._stopping:
            raise RuntimeError("the virtual clock has nothing left to wait for")
        for _ in range(len(ready)):
            call = ready.popleft()
            if call.callback is not None:
                try:
                    call.context.run(call.callback, *call.args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    self.call_exception_handler({"message": f"an error in {call.callback}", "exception": error})
