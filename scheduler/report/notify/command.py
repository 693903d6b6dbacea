"""Commands that are told: run as the job is, with what happened in their environment and on their stdin."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from scheduler.launch.launcher import Child, LaunchError
from scheduler.launch.output import RunOutput
from scheduler.launch.program import directory_problem
from scheduler.model.job import Job, OutputMode
from scheduler.model.recipient import CommandRecipient
from scheduler.model.run import Launch, Trigger
from scheduler.report.notify import wording
from scheduler.report.notify.notification import Notification
from scheduler.report.notify.sender import DeliveryError, SenderContext

GRACE = 0.5
"""Seconds between TERM and KILL for a command that takes too long."""


class CommandSender:
    """Implements `Sender`. What the command prints goes to the log, under the job's name and the event."""

    def __init__(self, notifier: CommandRecipient, context: SenderContext) -> None:
        self._notifier = notifier
        self._launcher = context.launcher
        self._log = context.log

    async def send(self, notice: Notification) -> str:
        launch = self._launch(notice)
        output = RunOutput(f"{notice.job.name} on_{notice.topic.value}", launch.run_id, OutputMode.LOG, self._log)
        child = await self._start(launch, output)
        try:
            ended = await asyncio.shield(child.ended)
        except asyncio.CancelledError:
            await child.stop(GRACE)
            raise
        if ended.code != 0:
            raise DeliveryError("; ".join((f"exit {ended.code}", *ended.notes)))
        return "exit 0"

    async def _start(self, launch: Launch, output: RunOutput) -> Child:
        try:
            return await self._launcher.launch(launch, output)
        except LaunchError:
            # What keeps the job from starting, a missing env_file or directory, must not keep it from being told.
            plain = replace(launch, job=_plainly(launch.job))
        try:
            return await self._launcher.launch(plain, output)
        except LaunchError as error:
            raise DeliveryError(f"not started: {error}", again=True) from error

    def _launch(self, notice: Notification) -> Launch:
        job = replace(notice.job, target=self._notifier.target)
        run, skipped = notice.run, notice.skipped
        slot = skipped.last if skipped is not None else notice.at.replace(microsecond=0)
        return Launch(
            job,
            run_id="" if run is None else run.id,
            attempt=1 if run is None else max(1, len(run.attempts)),
            trigger=Trigger.SCHEDULE if run is None else run.trigger,
            scheduled_at=slot if run is None else run.scheduled_at,
            extra_env=wording.variables(notice),
            stdin=wording.document(notice),
        )


def _plainly(job: Job) -> Job:
    """With schedd's own environment, in a directory that is there; still as the same user."""
    return replace(job, environment=(), cwd="/" if directory_problem(job.cwd) else job.cwd)
