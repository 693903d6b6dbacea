"""Hands attempts to workers: the launcher of jobs that do not run on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.launch.launcher import LaunchError, NotTakenError, Output
from scheduler.launch.remote.digest import digest_of
from scheduler.launch.remote.messages import Message, claim_of
from scheduler.launch.remote.remote_child import ELSEWHERE, RemoteChild
from scheduler.launch.remote.wire import HEARTBEAT, Mailbox, Space, Wire, WireError
from scheduler.model.run import Launch, Reason, RunRequest, Trigger

RESEND = 30.0
"""Seconds after which a message that nobody has taken is sent again. A copy expires after 1.5 times as long."""

CLAIM = 7 * 86400.0
"""Seconds for which the store remembers which worker took an attempt; no message is delivered later."""

NOBODY = "nobody"
"""The owner of an attempt that its scheduler has given up."""


async def _always() -> bool:
    return True


class RemoteLauncher:
    """Implements `Launcher`: a launch is over when a worker has taken the attempt.

    NotTakenError when no worker does until the launch's deadline, or when the broker or the store is away. After it, no
    worker will: a worker that takes an attempt claims it first, and giving up is claiming it, too.
    """

    def __init__(self, wire: Wire, space: Space, mailbox: Mailbox, clock: Clock) -> None:
        self.ours: Callable[[], Awaitable[bool]] = _always
        """Waits until it is known whether this scheduler records ends, or another one does."""
        self._wire = wire
        self._space = space
        self._mailbox = mailbox
        self._clock = clock

    async def launch(self, launch: Launch, output: Output) -> RemoteChild:
        message = _message(launch, self._space.name)
        if launch.trigger is not Trigger.SCHEDULE:  # a scheduled run has just claimed its time
            await self._reach_store()
        if not await self.ours():
            raise NotTakenError(Reason.ELSEWHERE, ELSEWHERE)
        child = RemoteChild(self._wire, message, output, self._ours, is_new=True)
        return await self._launched(message, child, self._hand_out(message, child))

    async def _reach_store(self) -> None:
        """Before anything is handed out, a store that is away is a decision at once."""
        try:
            await self._space.holder("")
        except WireError as error:
            raise NotTakenError(Reason.NO_STORE, str(error)) from None

    async def adopt(self, message: Message, output: Output) -> RemoteChild:
        """As `launch`, for a message that another scheduler has sent; its output is followed from the start."""
        child = RemoteChild(self._wire, message, output, self._ours)
        return await self._launched(message, child, self._take_up(message, child))

    async def adoptable(self) -> list[EarlierAttempt]:
        """The attempts that other schedulers have handed out and not recorded the end of."""
        return [EarlierAttempt(message, self) for message in await self._wire.handed_out()]

    def since(self, moment: datetime) -> timedelta:
        """How long ago that was."""
        return self._clock.now() - moment

    def _ours(self) -> Awaitable[bool]:
        return self.ours()

    async def _launched(self, message: Message, child: RemoteChild, sending: Awaitable[None]) -> RemoteChild:
        try:
            await sending
        except WireError as error:
            await self._give_up(message, child, NotTakenError(Reason.NO_STORE, str(error)))
        except TimeoutError:
            await self._give_up(message, child, NotTakenError(Reason.NO_WORKER, "no worker took it in time"))
        except asyncio.CancelledError:
            # A worker may have taken it at this moment: then it is a child, which the caller stops.
            try:
                await asyncio.shield(self._give_up(message, child, NotTakenError(Reason.STOPPED, "")))
            except NotTakenError as given_up:
                if given_up.reason is Reason.ELSEWHERE:
                    raise
            else:
                return child
            raise
        except LaunchError:
            with suppress(WireError):  # a scheduler that adopts it finds this end, too
                await child.forget()
            raise
        return child

    async def _hand_out(self, message: Message, child: RemoteChild) -> None:
        await self._wire.hand_out(message)
        await self._send_until_taken(message, child)

    async def _take_up(self, message: Message, child: RemoteChild) -> None:
        await child.caught_up()
        if not child.is_taken and (holder := await self._space.holder(claim_of(message.key))) is not None:
            if holder == NOBODY:
                raise NotTakenError(Reason.NO_WORKER, "the scheduler before gave it up")
            child.presume_taken()
        await self._send_until_taken(message, child)

    async def _send_until_taken(self, message: Message, child: RemoteChild) -> None:
        """TimeoutError after `start_by`. Sent again and again, since the queue, or a worker's store, may be away."""
        while not child.is_taken:
            now = self._clock.now()
            left = RESEND if message.start_by is None else min((message.start_by - now).total_seconds(), RESEND)
            if left <= 0:
                raise TimeoutError
            await self._mailbox.send(message, now + timedelta(seconds=1.5 * RESEND))
            try:
                await child.wait_until_taken(left)
            except TimeoutError:
                if await self._is_claimed(message):  # by a worker that was lost before it could say so
                    child.presume_taken()

    async def _is_claimed(self, message: Message) -> bool:
        return await self._space.holder(claim_of(message.key)) is not None

    async def _give_up(self, message: Message, child: RemoteChild, why: NotTakenError) -> None:
        """Keep workers off the attempt. Returns when one was faster; else raises `why`.

        While the store is away, that cannot be known: a worker that can reach it may take the attempt, and another
        scheduler may adopt it.
        """
        while True:
            if not await self.ours():
                child.leave()
                raise NotTakenError(Reason.ELSEWHERE, ELSEWHERE)
            try:
                if await self._space.claim(claim_of(message.key), NOBODY, CLAIM) != NOBODY:
                    child.presume_taken()
                    return
                await child.forget()
            except WireError:
                await asyncio.sleep(HEARTBEAT)
            else:
                raise why


class EarlierAttempt:
    """An attempt that another scheduler handed out. Implements `Earlier`, and the `Launcher` of it."""

    is_retried = True

    def __init__(self, message: Message, launcher: RemoteLauncher) -> None:
        self.job, self.run_id, self.attempt = message.job, message.run_id, message.attempt
        self.trigger, self.scheduled_at = Trigger(message.trigger), message.scheduled_at
        self.previous_at = message.previous_at
        self.request = RunRequest(
            env=message.extra_env,
            by=message.by,
            args=message.args,
            kwargs=message.kwargs,
            stdin=message.stdin,
            arguments=message.arguments,
            key=message.request_key,
        )
        self.run_started_at = message.run_started_at
        self._message = message
        self._launcher = launcher
        self._child: RemoteChild | None = None

    def age(self) -> timedelta:
        taken_at = None if self._child is None else self._child.taken_at
        return timedelta() if taken_at is None else max(timedelta(), self._launcher.since(taken_at))

    def launcher(self) -> EarlierAttempt:
        return self

    async def launch(self, launch: Launch, output: Output) -> RemoteChild:  # noqa: ARG002 - of a Launcher
        self._child = await self._launcher.adopt(self._message, output)
        return self._child


def _message(launch: Launch, space: str) -> Message:
    return Message(
        run_id=launch.run_id,
        job=launch.job.name,
        digest=digest_of(launch.job),
        attempt=launch.attempt,
        trigger=launch.trigger.value,
        scheduled_at=launch.scheduled_at,
        previous_at=launch.previous_at,
        start_by=launch.deadline,
        extra_env=dict(launch.extra_env),
        args=launch.args,
        kwargs=dict(launch.kwargs),
        stdin=launch.stdin,
        run_started_at=launch.run_started_at,
        by=launch.by,
        arguments=launch.arguments,
        request_key=launch.key,
        space=space,
    )
