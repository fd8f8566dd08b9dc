"""Takes the calls that come in: the dialplan's lookup, and each caller's way to an interview or to information."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import structlog

from agi_app.config import InboundSettings
from agi_app.errors import AriError
from agi_app.interview.inbound import Caller, CallerKind, FrontDesk, OpenInterview, identify, open_interview
from agi_app.interview.ledger import Ledger
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.ari.events import StasisStart
from agi_app.telephony.call import IncomingCall
from agi_app.telephony.dial import Dialler
from agi_app.telephony.fastagi.protocol import AgiRequest
from agi_app.telephony.fastagi.server import FastAgiServer
from agi_app.telephony.placed_call import PlacedCall
from hr_sync.errors import HirelineError

log = structlog.get_logger(__name__)
_ANSWER_S = 5.0
_MOST_AT_ONCE = 50

Placing = Callable[[str], AbstractAsyncContextManager[PlacedCall]]
"""Makes, or has, the call of an id."""
Talk = Callable[[OpenInterview, str, Placing], Awaitable[object]]
"""Goes on with an interview: which, the call's id, how the call is made."""


class Reception:
    """Use as an async context manager; takes calls until it is left.

    Args:
        settings: of calls in.
        ari: connection whose incoming calls are taken.
        dialler: accepts them.
        ledger: for looking up; its store is read.
        desk: talks with those who are not interviewed.
        talk: goes on with an interview.
    """

    def __init__(
        self, settings: InboundSettings, *, ari: AriConnection, dialler: Dialler, ledger: Ledger, desk: FrontDesk, talk: Talk
    ) -> None:
        self._ari, self._dialler, self._ledger, self._desk, self._talk = ari, dialler, ledger, desk, talk
        self._server = FastAgiServer(settings.agi_host, settings.agi_port, {"lookup": self.lookup})
        self._stack = AsyncExitStack()
        self._running: set[asyncio.Task[None]] = set()
        self._taking = True

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._server)
        self._task = asyncio.create_task(self._take_all(), name="reception")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        tasks = {self._task, *self._running}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._stack.aclose()

    @property
    def calls(self) -> int:
        """Calls being talked now."""
        return len(self._running)

    @property
    def agi_port(self) -> int:
        """Where the lookup listens."""
        return self._server.port

    async def drain(self) -> None:
        """Take no new calls, and wait for those that run."""
        self._taking = False
        while self._running:
            await asyncio.wait(self._running)

    async def lookup(self, request: AgiRequest) -> dict[str, str]:
        """FastAGI: who has the caller's number."""
        caller = await self._ledger.ask(identify, self._ledger.store, request.caller_number)
        log.info("caller_looked_up", kind=str(caller.kind), candidates=len(caller.candidates))
        return caller.variables()

    async def _take_all(self) -> None:
        while True:
            event = await self._ari.incoming.get()
            if not self._taking or len(self._running) >= _MOST_AT_ONCE:
                log.warning("caller_turned_away", calls=len(self._running))
                continue  # the dialplan's own limit ends it politely
            task = asyncio.create_task(self._guarded(event), name="incoming-call")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _guarded(self, event: StasisStart) -> None:
        call_id = f"in-{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        try:
            await self._take(event, call_id)
        except HirelineError as error:
            log.warning("incoming_call_failed", call_id=call_id, error=error.code, reason=error.what)
        except Exception:  # a bug must not keep other callers from being taken
            log.exception("incoming_call_failed", call_id=call_id)

    async def _take(self, event: StasisStart, call_id: str) -> None:
        caller = Caller.of_arguments(event.args)
        incoming = IncomingCall(call_id, event.channel.id)
        log.info("incoming_call", call_id=call_id, kind=str(caller.kind))
        if caller.kind is CallerKind.KNOWN:
            opened = await self._opened(caller.candidates[0])
            if opened is not None:
                await self._talk(opened, call_id, lambda _: self._dialler.accept(incoming))
                return
        async with self._dialler.accept(incoming) as call:
            await call.until(lambda: call.answered_at is not None or call.ending.done(), _ANSWER_S)
            if call.answered_at is None or call.ending.done():
                return
            await self._receive(call, caller, call_id)
            await call.hang_up("the caller knows what we can tell")

    async def _receive(self, call: PlacedCall, caller: Caller, call_id: str) -> None:
        store = self._ledger.store
        if caller.kind is CallerKind.SEVERAL:
            candidates = [await self._ledger.ask(store.candidate, each) for each in caller.candidates]
            named = await self._desk.ask_name(call, candidates)
            if named is not None and (opened := await self._opened(named.id)) is not None:
                await self._talk(opened, call_id, lambda _: nullcontext(call))
                return
            caller = Caller(CallerKind.KNOWN, (named.id,)) if named is not None else Caller(CallerKind.UNKNOWN)
        if caller.kind is CallerKind.KNOWN:
            candidate = await self._ledger.ask(store.candidate, caller.candidates[0])
            await self._desk.say(call, "no_open_interview", candidate=candidate.name)
            return
        await self._desk.inform(call, await self._number(call, caller))

    async def _opened(self, candidate_id: str) -> OpenInterview | None:
        return await self._ledger.ask(open_interview, self._ledger.store, candidate_id)

    async def _number(self, call: PlacedCall, caller: Caller) -> str:
        """The caller's number, for who wants to be called back at it; empty when it is withheld."""
        if caller.kind is CallerKind.WITHHELD:
            return ""
        try:
            return await self._ari.client.get_variable(call.signalling.leg, "CALLERID(num)") or ""
        except AriError as error:
            log.info("caller_number_unknown", call_id=call.id, reason=error.what)
            return ""
