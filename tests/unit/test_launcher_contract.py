"""The launcher contract on simulated children, and on launchers that break every promise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from scheduler.launch.launcher import Child, LaunchError, Output, Stream
from scheduler.launch.simulated import Play, SimulatedChild
from scheduler.model.run import Exit, Launch, Outcome
from tests.launcher_contract import Action, carry_out, check
from tests.unit.stage import Stage, job


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    "play", [Play(0.5), Play(20.0), Play(20.0, stubborn=True), Play(5.0, code=3, says=b"x")], ids=str
)
def test_a_simulated_launcher_keeps_the_contract(play: Play, action: Action) -> None:
    run_contract(Stage(play=lambda _: play), action)


def run_contract(stage: Stage, action: Action, **keys: float) -> Stage:
    async def script(stage: Stage) -> None:
        live_run = await carry_out(stage.engine, job("j", None, **keys), action, after=2.0, shutdown=25.0)
        await asyncio.sleep(120)  # for what comes too late
        check(stage.engine, stage.events, live_run)

    stage.play(script)
    return stage


class FaultyChild(SimulatedChild):
    """Ends by itself after 20 s, and breaks the promises that are named."""

    def __init__(self, *faults: str) -> None:
        super().__init__(1, Play(20.0))
        self.faults = faults
        self.killed = 0

    async def stop(self, grace: float) -> None:
        if "stop raises" in self.faults:
            raise ZeroDivisionError
        if "stop is cancelled" in self.faults:
            raise asyncio.CancelledError
        if "stop hangs" in self.faults:
            await asyncio.Event().wait()
        if "stop hangs for good" in self.faults:
            await deaf(1000)
        if "stop is late" in self.faults:
            await asyncio.sleep(grace + 20)
        if "stop does nothing" not in self.faults:
            await super().stop(grace)

    def kill(self) -> None:
        self.killed += 1
        if "kill raises" in self.faults:
            raise ZeroDivisionError
        if "kill does nothing" not in self.faults:
            super().kill()

    def _end(self, how: Exit) -> None:
        if "never ends" in self.faults or self.ended.done():
            return
        if "end fails" in self.faults:
            self.ended.set_exception(ZeroDivisionError())
        elif "end is cancelled" in self.faults:
            self.ended.cancel()
        else:
            super()._end(how)


async def deaf(seconds: float) -> None:
    """Sleep, and ignore being cancelled."""
    end = asyncio.get_running_loop().time() + seconds
    while (left := end - asyncio.get_running_loop().time()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue


class FaultyLauncher:
    """Asks `answer` for each launch."""

    def __init__(self, answer: Callable[[], Child | Awaitable[Child]]) -> None:
        self._answer = answer

    def launch(self, launch: Launch, output: Output) -> Child | Awaitable[Child]:
        output.write(Stream.STDOUT, b"half a line")
        return self._answer()


CHILD_FAULTS = [
    ("stop raises",),
    ("stop is cancelled",),
    ("stop hangs",),
    ("stop hangs for good",),
    ("stop is late",),
    ("stop does nothing", "never ends"),
    ("kill raises",),
    ("kill does nothing", "stop hangs"),
    ("kill raises", "stop raises"),
    ("kill raises", "stop raises", "never ends"),
    ("never ends",),
    ("end fails",),
    ("end is cancelled",),
    ("end fails", "kill raises", "stop raises"),
]


@pytest.mark.parametrize("timeout", [None, 1.0])
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("faults", CHILD_FAULTS, ids=", ".join)
def test_a_child_that_breaks_its_promises_ends_in_one_record(
    faults: tuple[str, ...], action: Action, timeout: float | None
) -> None:
    if "never ends" in faults and action is Action.NOTHING and timeout is None:
        action = Action.STOP  # a child that lives for ever is no fault
    keys = {} if timeout is None else {"timeout": timeout}
    run_contract(Stage(launcher=FaultyLauncher(lambda: FaultyChild(*faults))), action, **keys)


def raising(error: Exception) -> Callable[[], Child]:
    def answer() -> Child:
        raise error

    return answer


def later(
    seconds: float, *, cancellable: bool = True, error: Exception | None = None
) -> Callable[[], Awaitable[Child]]:
    async def answer() -> Child:
        await (asyncio.sleep(seconds) if cancellable else deaf(seconds))
        if error is not None:
            raise error
        return FaultyChild()

    return answer


async def cancelled() -> Child:
    raise asyncio.CancelledError


LAUNCHES: dict[str, Callable[[], Child | Awaitable[Child]]] = {
    "raises": raising(ZeroDivisionError()),
    "refuses": raising(LaunchError("no", 127)),
    "raises later": later(1.0, error=ZeroDivisionError()),
    "refuses later": later(1.0, error=LaunchError("no", 127)),
    "is late": later(1.0),
    "is too late": later(10.0),
    "hangs": later(100.0),
    "is late and deaf": later(2.5, cancellable=False),
    "hangs and is deaf": later(60.0, cancellable=False),
    "is cancelled": cancelled,
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("launch", LAUNCHES)
def test_a_launch_that_fails_hangs_or_is_late_ends_in_one_record(launch: str, action: Action) -> None:
    run_contract(Stage(launcher=FaultyLauncher(LAUNCHES[launch])), action)


@pytest.mark.parametrize("action", [Action.STOP, Action.KILL, Action.SHUTDOWN, Action.KILL_ALL])
def test_stopping_interrupts_a_pending_launch(action: Action) -> None:
    stage = run_contract(Stage(launcher=FaultyLauncher(LAUNCHES["hangs"])), action)
    run = stage.engine.history.of("j").last
    assert run is not None
    assert (run.outcome, run.duration, run.attempts[0].cause) == (Outcome.STOPPED, 0.0, "stopped before it started")


def test_a_child_that_comes_after_its_run_is_over_is_killed() -> None:
    late: list[FaultyChild] = []

    async def answer() -> Child:
        await deaf(60.0)
        late.append(FaultyChild())
        return late[0]

    run_contract(Stage(launcher=FaultyLauncher(answer)), Action.STOP)
    assert late[0].killed == 1


def test_killing_all_reaches_every_child_behind_one_that_cannot_be_killed() -> None:
    children = [FaultyChild, *[FaultyChild] * 2]
    made: list[FaultyChild] = []

    def answer() -> Child:
        made.append(children[len(made)](*(("kill raises", "stop hangs") if len(made) == 0 else ("stop hangs",))))
        return made[-1]

    async def script(stage: Stage) -> None:
        for name in "abc":
            stage.engine.run_now(stage.jobs[name])
        await stage.until(1)
        stage.engine.runner.kill_all()
        await stage.until(3)
        assert [child.killed for child in made] == [1, 1, 1]
        assert [each.job.name for each in stage.engine.runner.live_runs()] == ["a"]

    Stage(*[job(name, None) for name in "abc"], launcher=FaultyLauncher(answer)).play(script)
