"""Placing a call: channel, bridge and media first, then the dialling, so that audio flows before the first ring.

Whatever happens inside or outside, leaving `place` removes the two channels and the bridge, or, when Asterisk cannot be asked, has
them removed as soon as it can.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import structlog

from agi_app.config import Settings
from agi_app.errors import AriError, AriLostError
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.ari.ids import bridge_id, leg_id, media_id
from agi_app.telephony.ari.models import Channel
from agi_app.telephony.call import CallEvent, DialRequest, IncomingCall
from agi_app.telephony.media.server import CALL_PARAMETER, MediaServer
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.server.local_files import MEDIA_CONNECTION
from agi_app.telephony.signalling import HangUp, Signalling

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_NO_SUCH_TRUNK = (400, 404, 500)
"""How Asterisk refuses to create a channel to an endpoint it does not know, or that has no address (22.10: 500)."""
_CLEAN_UP_S = 6.0
"""Leaving a call takes no longer than this."""
_GONE_S = 1.0
"""How long we wait for Asterisk to say that removed channels are gone."""
_SPARE_RING_S = 5
"""Asterisk's own ring limit, for the case that we die, lies so far behind ours."""


class Dialler:
    """Places calls.

    Args:
        connection: an open AriConnection.
        media_server: a running MediaServer.
        settings: all settings.
    """

    def __init__(self, connection: AriConnection, media_server: MediaServer, settings: Settings) -> None:
        self._connection = connection
        self._media_server = media_server
        self._settings = settings

    @asynccontextmanager
    async def place(self, request: DialRequest) -> AsyncIterator[PlacedCall]:
        """Dial. Inside the context the call lives; a call that could not even be dialled has its `ending` already.

        Raises:
            AriError, MediaError: a call of that id is being driven already.
        """
        call_id = request.call_id
        queue = self._connection.own(call_id)
        try:
            media = self._media_server.expect(call_id)
        except BaseException:
            self._connection.disown(call_id, clean=True)
            raise
        signalling = Signalling(leg=leg_id(call_id), media=media_id(call_id))
        call = PlacedCall(call_id, signalling, self._connection, queue, media)
        requests = _Requests()
        try:
            call.watch()
            await self._set_up(call, request, requests)
            yield call
        finally:
            await _uninterrupted(self._leave(call, requests))

    def connect(self, request: DialRequest | IncomingCall) -> AbstractAsyncContextManager[PlacedCall]:
        """`place` or `accept`."""
        return self.place(request) if isinstance(request, DialRequest) else self.accept(request)

    @asynccontextmanager
    async def accept(self, incoming: IncomingCall) -> AsyncIterator[PlacedCall]:
        """Answer a call that came in. Inside the context the call lives, as one we placed does.

        Raises:
            AriError, MediaError: a call of that id is being driven already.
        """
        call_id = incoming.call_id
        queue = self._connection.own(call_id)
        self._connection.adopt(incoming.channel, call_id)
        try:
            media = self._media_server.expect(call_id)
        except BaseException:
            self._connection.disown(call_id, clean=True)
            raise
        signalling = Signalling(leg=incoming.channel, media=media_id(call_id), leg_ready=True, progress="RINGING")
        call = PlacedCall(call_id, signalling, self._connection, queue, media)
        call.appeared.add(incoming.channel)
        requests = _Requests()
        try:
            call.watch()
            await self._pick_up(call, requests)
            yield call
        finally:
            await _uninterrupted(self._leave(call, requests))

    async def _pick_up(self, call: PlacedCall, requests: _Requests) -> None:
        """Audio first, then the answer, so that the caller hears us from the first moment."""
        client, leg = self._connection.client, call.signalling.leg
        started = asyncio.get_running_loop().time()
        try:
            if await client.channel(leg) is None:  # it hung up before its events could find us
                call.destroyed.add(leg)
                call.emit(call.signalling.leg_missing())
                return
            await client.subscribe(self._connection.app, leg)
            await asyncio.gather(
                requests.send(client.create_bridge(bridge_id(call.id), name=self._connection.app)),
                requests.send(self._external_media(call, None)),
            )
            failure = await self._join(call, requests)
            if failure is not None:
                call.emit(failure)
                return
            if call.ending.done():
                return
            await client.set_variable(leg, "TIMEOUT(absolute)", "0")  # the dialplan's limit for the case that nobody answers
            await requests.send(client.answer(leg))
        except AriError as error:
            if not await call.until(call.ending.done, _GONE_S if error.status == 404 else 0):
                call.emit(call.signalling.system_failed(error.what))
            return
        call.set_up_ms = round(1000 * (asyncio.get_running_loop().time() - started), 1)
        _log.info("call_accepted", call_id=call.id, set_up_ms=call.set_up_ms)

    # ---- setting up -------------------------------------------------------------------------------------------------

    async def _set_up(self, call: PlacedCall, request: DialRequest, requests: _Requests) -> None:
        started = asyncio.get_running_loop().time()
        try:
            await self._connection.wait_connected(self._settings.asterisk.request_timeout_s)
            if (failure := await self._create(call, request, requests)) is None:
                failure = await self._join(call, requests)
            if failure is not None:
                call.emit(failure)
                return
            if call.ending.done():
                return
            ring_s = math.ceil(request.ring_timeout_s) + _SPARE_RING_S
            call.limit_ringing(request.ring_timeout_s)
            await requests.send(self._connection.client.dial(call.signalling.leg, timeout_s=ring_s))
        except AriError as error:
            if not await call.until(call.ending.done, _GONE_S if error.status == 404 else 0):
                call.emit(call.signalling.system_failed(error.what))
            return
        call.set_up_ms = round(1000 * (asyncio.get_running_loop().time() - started), 1)
        _log.info("call_dialled", call_id=call.id, set_up_ms=call.set_up_ms)

    async def _create(self, call: PlacedCall, request: DialRequest, requests: _Requests) -> tuple[CallEvent, ...] | None:
        """Make channel, bridge and media channel at the same time. What failed, or None."""
        client, app = self._connection.client, self._connection.app
        signalling = call.signalling
        leg, bridge, media = await asyncio.gather(
            requests.send(
                client.create_channel(endpoint=request.endpoint, app=app, channel_id=signalling.leg, args=(call.id, "leg"))
            ),
            requests.send(client.create_bridge(bridge_id(call.id), name=app)),
            requests.send(self._external_media(call, request.caller_id)),
            return_exceptions=True,
        )
        for result in (leg, bridge, media):
            if isinstance(result, BaseException) and not isinstance(result, AriError):
                raise result
        if isinstance(leg, AriError) and leg.status in _NO_SUCH_TRUNK:
            return signalling.refused(f"{leg.what}: no such trunk, or it has no address")
        for result in (leg, bridge, media):
            if isinstance(result, AriError):
                return signalling.system_failed(result.what)
        return None

    async def _external_media(self, call: PlacedCall, caller_id: str | None) -> Channel:
        return await self._connection.client.external_media(
            app=self._connection.app,
            channel_id=call.signalling.media,
            connection=MEDIA_CONNECTION,
            audio_format=self._settings.media.format,
            transport_data=f"f(json)v({CALL_PARAMETER}={quote(call.id, safe='')})",
            # The two channels tell each other who they are when they meet in the bridge: the media channel's number becomes
            # the caller's number of the dialled leg. Set on the leg itself it would be overwritten there.
            variables={"CALLERID(num)": caller_id} if caller_id else None,
        )

    async def _join(self, call: PlacedCall, requests: _Requests) -> tuple[CallEvent, ...] | None:
        """Wait until both channels are in our hands, and put them together. What failed, or None."""
        signalling, limit_s = call.signalling, self._settings.media.connect_timeout_s

        def ready() -> bool:
            return call.ending.done() or (signalling.leg_ready and signalling.media_ready)

        if not await call.until(ready, limit_s):
            missing = "the channel" if not signalling.leg_ready else "the media connection"
            return signalling.system_failed(f"{missing} did not come up within {limit_s:g} s")
        if not call.ending.done():
            members = (signalling.leg, signalling.media)
            await requests.send(self._connection.client.add_to_bridge(bridge_id(call.id), members))
        return None

    # ---- leaving ----------------------------------------------------------------------------------------------------

    async def _leave(self, call: PlacedCall, requests: _Requests) -> None:
        if call.signalling.hanging_up is None:
            call.signalling.hanging_up, call.signalling.hang_up_reason = HangUp.WANTED, "the call was left"
        clean = False
        try:
            async with asyncio.timeout(_CLEAN_UP_S):
                certain = await requests.settled()
                clean = await self._remove(call) and certain
        except TimeoutError:
            _log.warning("call_clean_up_slow", call_id=call.id, limit_s=_CLEAN_UP_S)
        finally:
            await call.stop()
            await self._media_server.forget(call.id)
            self._connection.disown(call.id, clean=clean)

    async def _remove(self, call: PlacedCall) -> bool:
        """Remove channels and bridge. True when all are known to be gone."""
        client, channels = self._connection.client, (call.signalling.leg, call.signalling.media)
        results = await asyncio.gather(
            *(client.hang_up(channel) for channel in channels if channel not in call.destroyed),
            client.destroy_bridge(bridge_id(call.id)),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, AriError):
                _log.warning("call_clean_up_failed", call_id=call.id, reason=result.what)
                return False
            if isinstance(result, BaseException):
                raise result

        def gone() -> bool:
            return call.destroyed.issuperset(call.appeared)

        return await call.until(gone, _GONE_S)


class _Requests:
    """Requests of one call that may leave something behind in Asterisk, followed to their end even when we no longer wait."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def send(self, request: Coroutine[Any, Any, _T]) -> asyncio.Future[_T]:
        """Send, and return what to wait for; cancelling the wait does not cancel the request."""
        task = asyncio.create_task(request)
        self._tasks.append(task)
        return asyncio.shield(task)

    async def settled(self) -> bool:
        """Wait for all answers. True when each request is known to have been done or refused."""
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        return not any(isinstance(result, AriLostError) for result in results)


async def _uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Carry work of bounded length through to its end, even if we are cancelled meanwhile; then be cancelled."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()
