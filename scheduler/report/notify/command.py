"""Notifies by running a command as the job runs, with the facts in its environment and on its stdin."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from scheduler.launch.launcher import Child, LaunchError, launched
from scheduler.launch.output import RunOutput
from scheduler.launch.program import directory_problem
from scheduler.model.job import Job, OutputMode
from scheduler.model.recipient import CommandRecipient
from scheduler.model.run import Launch, Trigger
from scheduler.report.notify import wording
from scheduler.report.notify.notification import Notification
from scheduler.report.notify.sender import DeliveryError, SenderContext

GRACE = 0.5
"""Seconds between SIGTERM and SIGKILL for a command that takes too long."""


class CommandSender:
    """Implements `Sender`. What the command prints goes to the log, under the job's name and the topic."""

    def __init__(self, recipient: CommandRecipient, context: SenderContext) -> None:
        self._recipient = recipient
        self._launcher = context.launcher
        self._log = context.log

    async def send(self, notification: Notification) -> str:
        launch = self._launch(notification)
        name = f"{notification.job.name} on_{notification.topic.value}"
        output = RunOutput(name, launch.run_id, OutputMode.LOG, self._log)
        child = await self._start(launch, output)
        try:
            end = await asyncio.shield(child.ended)
        except asyncio.CancelledError:
            await child.stop(GRACE)
            raise
        if end.code != 0:
            raise DeliveryError("; ".join((f"exit code {end.code}", *end.notes)))
        return "exit code 0"

    async def _start(self, launch: Launch, output: RunOutput) -> Child:
        try:
            return await launched(self._launcher.launch(launch, output))
        except LaunchError:
            # What keeps the job from starting, a missing env_file or directory, must not keep its notification back.
            plain = replace(launch, job=_simplified(launch.job))
        try:
            return await launched(self._launcher.launch(plain, output))
        except LaunchError as error:
            raise DeliveryError(f"not started: {error}", again=True) from error

    def _launch(self, notification: Notification) -> Launch:
        job = replace(notification.job, target=self._recipient.target)
        run, skipped = notification.run, notification.skipped
        scheduled_at = skipped.last if skipped is not None else notification.at.replace(microsecond=0)
        return Launch(
            job,
            run_id="" if run is None else run.id,
            attempt=1 if run is None else max(1, len(run.attempts)),
            trigger=Trigger.SCHEDULE if run is None else run.trigger,
            scheduled_at=scheduled_at if run is None else run.scheduled_at,
            extra_env=wording.variables(notification),
            stdin=wording.document(notification),
        )


def _simplified(job: Job) -> Job:
    """The job with schedd's own environment, in a directory that exists; still as the same user."""
    return replace(job, environment=(), cwd="/" if directory_problem(job.cwd) else job.cwd)
