"""The connection to Asterisk: REST client and event stream together, kept up, and tidied after every gap.

Asterisk does not replay events, and a program that dies leaves its channels behind. So each time the stream comes up, what
Asterisk has is compared with what we own: a call learns which of its channels still exist, and what nobody owns is removed.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog

from agi_app.config import AsteriskSettings
from agi_app.errors import AriError, AriLostError
from agi_app.telephony.ari.client import AriClient
from agi_app.telephony.ari.events import (
    ApplicationReplaced,
    ConnectionLost,
    Resynchronised,
    StasisStart,
    UnreadableEvent,
    parse_event,
)
from agi_app.telephony.ari.reconcile import INBOUND, compare
from agi_app.telephony.ari.router import CallQueue, Router

_log = structlog.get_logger(__name__)
_HEARTBEAT_S = 6.0
"""A WebSocket ping each so often; a peer that does not answer within half of it is dead."""
_FIRST_PAUSE_S = 0.1


class AriConnection:
    """Use as an async context manager; reconnects by itself until it is left.

    Attributes:
        client: the REST operations.
        connected: set while the event stream is up.
        failed: done with an AriError when the stream was given up for good: another program took our ARI application, or a
            stream that had been up did not come back within asterisk.lost_limit_s.
    """

    def __init__(self, settings: AsteriskSettings, password: str) -> None:
        base = f"http://{settings.host}:{settings.http_port}/ari"
        self.client = AriClient(base, settings.ari_user, password, timeout_s=settings.request_timeout_s)
        self.app = settings.ari_app
        self.connected = asyncio.Event()
        self.losses = 0
        """How often an event stream that had been up was lost."""
        self.orphans = 0
        """Channels and bridges removed because nobody owned them."""
        self.incoming: asyncio.Queue[StasisStart] = asyncio.Queue()
        """Calls that come in, in order; an answer must follow within seconds (dialplan/inbound.conf)."""
        self._settings = settings
        self._router = Router()
        self._sweep_wanted = asyncio.Event()
        self._stack = AsyncExitStack()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.client)
        self.failed: asyncio.Future[AriError] = asyncio.get_running_loop().create_future()
        self._tasks = (
            asyncio.create_task(self._keep_connected(), name="ari-stream"),
            asyncio.create_task(self._sweep_when_wanted(), name="ari-sweep"),
        )
        for task in self._tasks:
            task.add_done_callback(self._task_ended)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        self.connected.clear()
        await self._stack.aclose()

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """A bug must not leave the calls without events unnoticed."""
        if task.cancelled() or (bug := task.exception()) is None:
            return
        _log.error("ari_task_failed", task=task.get_name(), exc_info=bug)
        self.connected.clear()
        if not self.failed.done():
            self.failed.set_result(AriError("an internal error ended the connection to Asterisk; the log has it"))

    async def wait_connected(self, timeout_s: float | None = None) -> None:
        """Return when the event stream is up. Raises AriLostError after `timeout_s`, AriError when it was given up."""
        waiter = asyncio.create_task(self.connected.wait())
        try:
            either: list[asyncio.Future[Any]] = [waiter, self.failed]
            await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        if self.failed.done():
            raise self.failed.result()
        if not self.connected.is_set():
            raise AriLostError(
                f"Asterisk's event stream did not come up within {timeout_s:g} s",
                where=self.client.base_url,
                remedy="check that Asterisk runs, and the user and password in ari.conf",
            )

    def own(self, call_id: str) -> CallQueue:
        """Own a call: its events come to the returned queue, and nothing of it counts as an orphan until `disown`."""
        return self._router.open(call_id)

    def adopt(self, channel_id: str, call_id: str) -> None:
        """A channel that Asterisk named belongs to an owned call."""
        self._router.alias(channel_id, call_id)

    def disown(self, call_id: str, *, clean: bool) -> None:
        """Let go of a call. Unless it is `clean`, what is left of it is looked for and removed as soon as Asterisk can be asked."""
        self._router.close(call_id)
        if not clean:
            self._sweep_wanted.set()

    # ---- the event stream -------------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        attempt, loop = 0, asyncio.get_running_loop()
        lost_at: float | None = None
        while not self.failed.done():
            try:
                await self._stream()
                reason = "closed by Asterisk"
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                reason = type(error).__name__
                if isinstance(error, aiohttp.WSServerHandshakeError):
                    reason += f" {error.status}"
            if self.connected.is_set():
                self.connected.clear()
                self.losses += 1
                attempt, lost_at = 0, loop.time()
                self._router.broadcast(ConnectionLost(reason))
            if self.failed.done():
                return
            if lost_at is not None and loop.time() - lost_at >= self._settings.lost_limit_s:
                self._give_up(reason)
                return
            pause = _backoff(attempt, self._settings.reconnect_max_s)
            _log.warning("ari_stream_down", reason=reason, attempt=attempt, retry_in_s=round(pause, 2))
            attempt += 1
            await asyncio.sleep(pause)

    def _give_up(self, reason: str) -> None:
        limit_s = self._settings.lost_limit_s
        _log.error("ari_given_up", reason=reason, limit_s=limit_s)
        self.failed.set_result(
            AriLostError(
                f"Asterisk's event stream was lost and did not come back within {limit_s:g} s ({reason})",
                where=self.client.base_url,
                remedy="see Asterisk's log, start it again, then start Hireline again (setting asterisk.lost_limit_s)",
            )
        )

    async def _stream(self) -> None:
        """One connection's life. Returns when Asterisk closes it; raises what broke it."""
        timeout = aiohttp.ClientWSTimeout(ws_close=2.0)
        async with asyncio.timeout(self._settings.request_timeout_s):
            socket = await self.client.session.ws_connect(
                f"{self.client.base_url}/events", params={"app": self.app}, heartbeat=_HEARTBEAT_S, timeout=timeout
            )
        try:
            self.connected.set()
            self._sweep_wanted.set()
            _log.info("ari_stream_up", app=self.app)
            async for message in socket:
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    break
                self._take(message.data)
                if self.failed.done():
                    return
            if (broken := socket.exception()) is not None:
                raise aiohttp.ClientConnectionError(str(broken))
        finally:
            await socket.close()

    def _take(self, message: str | bytes) -> None:
        event = parse_event(message)
        if isinstance(event, UnreadableEvent):
            _log.warning("ari_event_unreadable", reason=event.reason)
            return
        if isinstance(event, ApplicationReplaced):
            error = AriError(
                "another program took over our ARI application; this one gets no more events",
                where=f"{self.client.base_url}, application {self.app}",
                remedy="run one Hireline for each ARI application, or give each its own name (asterisk.ari_app)",
            )
            _log.error("ari_application_replaced", app=self.app)
            self.failed.set_result(error)
            self._router.broadcast(event)
            return
        if isinstance(event, StasisStart) and event.args[:1] == (INBOUND,):
            self.incoming.put_nowait(event)
        elif self._router.route(event) is not None and isinstance(event, StasisStart):
            self._sweep_wanted.set()  # a channel that came up after its call had been given up

    # ---- tidying ----------------------------------------------------------------------------------------------------

    async def _sweep_when_wanted(self) -> None:
        attempt = 0
        while True:
            await self._sweep_wanted.wait()
            await self.connected.wait()
            self._sweep_wanted.clear()
            try:
                await self._sweep()
                attempt = 0
            except AriError as error:
                self._sweep_wanted.set()
                pause = _backoff(attempt, self._settings.reconnect_max_s)
                _log.warning("ari_sweep_failed", reason=error.what, retry_in_s=round(pause, 2))
                attempt += 1
                await asyncio.sleep(pause)

    async def _sweep(self) -> None:
        owned = self._router.call_ids  # before the lists are asked for: a call that begins meanwhile is none of our business
        channels = await self.client.channels()
        bridges = await self.client.bridges()
        found = compare(channels, bridges, owned=owned, ari_app=self.app, owner=self._router.call_of)
        for call_id, present in found.present.items():
            self._router.deliver(call_id, Resynchronised(present))
        for channel_id in self._unowned(found.orphan_channels):
            _log.warning("ari_orphan_channel", channel=channel_id)
            self.orphans += await self.client.hang_up(channel_id)
        for bridge_id in self._unowned(found.orphan_bridges):
            _log.warning("ari_orphan_bridge", bridge=bridge_id)
            self.orphans += await self.client.destroy_bridge(bridge_id)

    def _unowned(self, entity_ids: tuple[str, ...]) -> list[str]:
        return [item for item in entity_ids if not self._router.owns(item)]


def _backoff(attempt: int, longest_s: float) -> float:
    """Exponential pause with jitter, between a half and the whole of min(longest, 0.1 s x 2^attempt)."""
    full = min(longest_s, _FIRST_PAUSE_S * 2.0 ** min(attempt, 20))
    return full * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
