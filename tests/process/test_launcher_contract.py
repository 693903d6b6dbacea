"""The launcher contract on processes of this machine."""

from __future__ import annotations

import pytest

from scheduler.clock import SystemClock
from scheduler.engine.engine import Engine
from scheduler.engine.events import Event
from scheduler.launch.launchers import Launchers
from scheduler.model.job import Job
from scheduler.model.target import Argv, ShellCommand, Target
from tests.launcher_contract import Action, carry_out, check
from tests.process.workshop import Workshop, play

TARGETS: dict[str, Target] = {
    "ends at once": ShellCommand("echo x; exit 3"),
    "stays": ShellCommand("sleep 60"),
    "ignores SIGTERM": ShellCommand("trap '' TERM; while :; do sleep 0.1; done"),
    "cannot start": Argv(("/nowhere/program",)),
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("target", TARGETS)
def test_the_local_launcher_keeps_the_contract(target: str, action: Action) -> None:
    timeout = 0.5 if action is Action.NOTHING else None
    job = Job(name="j", cwd="/", target=TARGETS[target], stop_grace=0.3, timeout=timeout)

    async def story() -> None:
        workshop = Workshop()
        events: list[Event] = []
        launchers = Launchers(workshop.launcher)
        engine = Engine(SystemClock(), launchers, log=workshop.log, listeners=[events.append])
        check(engine, events, await carry_out(engine, job, action, after=0.3, shutdown=3.0))

    play(story())
