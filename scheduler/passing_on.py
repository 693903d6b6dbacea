"""Passes commands of a standby on to the active scheduler through their store, and carries out those that arrive."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, closing, suppress
from functools import partial
from inspect import isawaitable
from itertools import count
from typing import Any, get_args

import msgspec

from scheduler.active_standby import ActiveStandby
from scheduler.api.handlers import answer
from scheduler.api.service import Service
from scheduler.engine.events import Event as EngineEvent
from scheduler.engine.events import StandbyChanged, report_bug
from scheduler.errors import RefusedError, SchedError, UnansweredError
from scheduler.launch.remote.messages import Chunk, Ended, Report, Request, StopRequest, Taken
from scheduler.launch.remote.patience import Background, alive, until_done
from scheduler.launch.remote.remote_launcher import CLAIM, NOBODY
from scheduler.launch.remote.wire import HEARTBEAT, KEPT_FOR, UNREAD, Reader, Space, Wire, WireError
from scheduler.model.run import Exit
from scheduler.text import as_json
from scheduler.wire.envelope import FAULTS, Fault
from scheduler.wire.operations import OPERATIONS, Operation
from scheduler.wire.requester import Requester
from scheduler.wire.runs import Event

PATIENCE = 15.0
"""Seconds that the active scheduler may take to accept a command: as long as a take-over takes."""

AGAIN = 3.0
"""Seconds until a command is sent again, for a scheduler that has become the active one meanwhile."""

FULL = 0.05
"""Seconds between two looks whether a standby has read what was sent."""

EVENT, REPLY, FAULT = "event", "reply", "fault"
"""What a chunk of an answer contains."""

_PASSED_ON = {name: operation for name, operation in OPERATIONS.items() if operation.of_active}
"""Nothing else: whoever can write to the store must not read the environment of a job."""

_events: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Event)}


class _Kind(msgspec.Struct, frozen=True):
    event: str


class PassingOn:
    """Both ends: the `Elsewhere` of a service on a standby, and the reader of requests while it is active."""

    def __init__(self, service: Service, standing: ActiveStandby, wire: Wire, space: Space) -> None:
        self._service = service
        self._standing = standing
        self._wire = wire
        self._space = space
        self._serving: asyncio.Task[None] | None = None
        self._background = Background()

    def on_event(self, event: EngineEvent) -> None:
        """Change the end."""
        if not isinstance(event, StandbyChanged):
            return
        self._service.elsewhere = self if event.standing_by else None
        if event.standing_by:
            self.close()
        elif self._serving is None:
            self._serving = asyncio.create_task(self._serve())

    def close(self) -> None:
        """Accept no further request."""
        if self._serving is not None:
            self._serving.cancel()
            self._serving = None

    # The standby.

    @property
    def active(self) -> str:
        """The name of the active scheduler; `unknown` while the store is away."""
        return self._standing.lease.holder or "unknown"

    @property
    def problem(self) -> str | None:
        """Why no active scheduler is known; None when one is."""
        return self._standing.problem

    async def stream(
        self, operation: Operation[Any, Any], ask: msgspec.Struct, by: Requester | None
    ) -> AsyncGenerator[Event, None]:
        """The events of an operation that streams."""
        async with aclosing(self._answers(operation, ask, by)) as answers:
            async for chunk in answers:
                kind = _events[msgspec.json.decode(chunk.data, type=_Kind).event]
                yield msgspec.json.decode(chunk.data, type=kind)

    async def reply(self, operation: Operation[Any, Any], ask: msgspec.Struct, by: Requester | None) -> object:
        """The reply to another operation."""
        async with aclosing(self._answers(operation, ask, by)) as answers:
            async for chunk in answers:
                return msgspec.json.decode(chunk.data, type=operation.reply)
        raise UnansweredError(f"the active scheduler {self.active} has not answered")

    async def _answers(
        self, operation: Operation[Any, Any], ask: msgspec.Struct, by: Requester | None
    ) -> AsyncGenerator[Chunk, None]:
        args = msgspec.Raw(msgspec.json.encode(ask))
        request = Request(id=os.urandom(8).hex(), operation=operation.name, args=args, by=by)
        ended = False
        reader = self._wire.reports(request.key, is_new=True)
        try:
            reports = await self._accepted(request, reader)
            while True:
                for position, report in reports:
                    match report:
                        case Chunk(stream=what, data=data) if what == FAULT:
                            fault = msgspec.json.decode(data, type=Fault)
                            ended = True
                            raise FAULTS.get(fault.code, SchedError)(fault.message)
                        case Chunk(data=data):
                            await self._wire.have_read(request.key, len(data), [position])
                            yield report
                        case Ended():
                            ended = True
                            return
                        case _:
                            pass
                reports = await reader.next(HEARTBEAT)
                if not reports and not await self._wire.alive(request.key):
                    raise UnansweredError(f"lost the connection to the active scheduler {self.active}")
        except WireError as error:
            raise UnansweredError(f"this scheduler is a standby, and {error}") from None
        finally:
            reader.close()
            if not ended:
                self._background.start(self._leave(request))

    async def _accepted(self, request: Request, reader: Reader[Report]) -> Sequence[tuple[str, Report]]:
        """Its first reports. RefusedError when no active scheduler accepts it, and none will."""
        for _ in range(round(PATIENCE / AGAIN)):
            await self._space.ask(request)
            if reports := await reader.next(AGAIN):
                return reports
        if await self._space.claim(request.key, NOBODY, CLAIM) == NOBODY:
            raise RefusedError(f"this scheduler is a standby, and the active one, {self.active}, does not answer")
        return []

    async def _leave(self, request: Request) -> None:
        with suppress(WireError):
            await self._wire.request_stop(request.key, StopRequest(None))

    # The active scheduler.

    async def _serve(self) -> None:
        with closing(self._space.asked()) as asked:
            while await until_done(partial(asked.next, 0), HEARTBEAT):
                pass  # from before: they are sent again, if somebody waits for them
            while True:
                for _, request in await until_done(partial(asked.next, HEARTBEAT), HEARTBEAT):
                    self._background.start(self._carry_out(request))

    async def _carry_out(self, request: Request) -> None:
        with suppress(WireError):
            owner = f"{self._standing.name} {os.urandom(8).hex()}"
            if await self._space.claim(request.key, owner, CLAIM) != owner:
                return
            await self._wire.beat(request.key, KEPT_FOR)
            async with alive(self._wire, request.key):
                await self._wire.report(request.key, Taken(self._standing.name, ""))
                answering = asyncio.create_task(self._answer(request))
                leaving = asyncio.create_task(self._left(request))
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                for task in (answering, leaving):
                    task.cancel()
                await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answer(self, request: Request) -> None:
        send = partial(self._send, request, count(1))
        try:
            operation = _PASSED_ON[request.operation]
            found = answer(self._service, operation, msgspec.json.decode(request.args, type=operation.ask), request.by)
            if isinstance(found, AsyncGenerator):
                async with aclosing(found):
                    async for event in found:
                        await send(EVENT, event)
            else:
                await send(REPLY, await found if isawaitable(found) else found)
        except SchedError as error:
            code = next(code for code, kind in FAULTS.items() if isinstance(error, kind))
            await send(FAULT, Fault(code, str(error)))
        except (KeyError, msgspec.MsgspecError):
            await send(FAULT, Fault("refused", "the active scheduler has another version of schedd"))
        except WireError:
            raise
        except Exception as bug:
            report_bug("a request of a standby failed", bug)
            await send(FAULT, Fault("failed", "internal error; see the log of the active scheduler"))
        await self._wire.report(request.key, Ended(Exit(0)))

    async def _send(self, request: Request, numbers: Iterator[int], what: str, value: object) -> None:
        while await self._wire.unread(request.key) > UNREAD:  # noqa: ASYNC110 - the store has no event for it
            await asyncio.sleep(FULL)
        await self._wire.report(request.key, Chunk(what, as_json(value), next(numbers)))

    async def _left(self, request: Request) -> None:
        """Return when the standby's client has left."""
        with closing(self._wire.stop_requests(request.key)) as stops_asked:
            while not await stops_asked.next(HEARTBEAT):
                pass
