"""A call that exists in Asterisk, as the interview holds it: its audio, its events, its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import structlog

from agi_app.errors import AriError
from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.ari.router import CallQueue
from agi_app.telephony.call import Answered, CallEnding, CallEvent, KeyPressed
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.signalling import HangUp, Signalling
from hr_sync.records import Disposition

_log = structlog.get_logger(__name__)
_EXPLANATION_S = 0.3
"""When the media socket breaks, Asterisk's own word on why may be a moment behind."""
_CONFIRMATION_S = 2.0
"""Asterisk confirms a hang-up within milliseconds, if at all."""
_KEYS_KEPT = 1000


class PlacedCall:
    """Made by Dialler.place, which also ends it.

    Attributes:
        id: the call's id.
        media: the audio, both ways.
        ending: done as soon as the call is over, for whatever reason; its value is also the last of `events`.
        set_up_ms: from the first request to the dialling; None before.
        appeared: ids of the call's channels that Asterisk has shown us.
        destroyed: those of them that are gone.
        connection: to Asterisk.
        watchers: told of every event of the call.
    """

    def __init__(
        self, call_id: str, signalling: Signalling, connection: AriConnection, queue: CallQueue, media: MediaChannel
    ) -> None:
        self.id = call_id
        self.media = media
        self.ending: asyncio.Future[CallEnding] = asyncio.get_running_loop().create_future()
        self.set_up_ms: float | None = None
        self.appeared: set[str] = set()
        self.destroyed: set[str] = set()
        self.signalling = signalling
        self.watchers: list[Callable[[ari.AriEvent], None]] = []
        self.connection = connection
        self._queue = queue
        self._events: list[CallEvent] = []
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- what the interview uses ------------------------------------------------------------------------------------

    @property
    def answered_at(self) -> float | None:
        """The loop's time when it was answered; None before."""
        return self.signalling.answered_at

    async def events(self) -> AsyncIterator[CallEvent]:
        """What happens, from the beginning and in order; CallEnding is the last, exactly once."""
        position = 0
        while True:
            if position >= len(self._events):
                await self._changed.wait()
                continue
            event = self._events[position]
            position += 1
            yield event
            if isinstance(event, CallEnding):
                return

    async def hang_up(self, reason: str) -> None:
        """End the call; returns when it has ended. `reason` (no personal data) stands in the ending's evidence."""
        await self._hang_up(HangUp.WANTED, reason)

    async def conclude(self, disposition: Disposition, evidence: str) -> None:
        """End the call because of what was heard on it; the ending has this disposition and evidence (no personal data)."""
        if self.signalling.hanging_up is None and not self.ending.done():
            self.signalling.concluded = disposition
        await self._hang_up(HangUp.CONCLUDED, evidence)

    # ---- what the dialler uses --------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Begin to follow the call."""
        self._start(self._follow_events())
        self._start(self._follow_media())

    def limit_ringing(self, seconds: float) -> None:
        """Give up when nobody has answered after so long."""
        self._start(self._ring_timeout(seconds))

    async def stop(self) -> None:
        """Stop following; whatever happened, the call has an ending afterwards."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self.emit(self.signalling.hang_up_unconfirmed() or self.signalling.system_failed("the call was given up"))

    def emit(self, events: tuple[CallEvent, ...]) -> None:
        """Tell what is new."""
        for event in events:
            if isinstance(event, KeyPressed) and len(self._events) >= _KEYS_KEPT:
                continue
            self._events.append(event)
            if isinstance(event, Answered):
                self.media.drop_waiting()  # early media nobody wanted: announcements, ringing
            if isinstance(event, CallEnding):
                _log.info(
                    "call_ended",
                    call_id=self.id,
                    disposition=event.disposition,
                    sip_code=event.sip_code,
                    hangup_cause=event.hangup_cause,
                    ended_by=event.ended_by,
                    evidence=event.evidence,
                )
                self.ending.set_result(event)
                self.media.end()
        self._notify()

    async def until(self, condition: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until the condition holds; False when it does not within `timeout_s`. Looked at after every event of the call."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    # ---- following --------------------------------------------------------------------------------------------------

    async def _follow_events(self) -> None:
        async for event in self._queue:
            now = asyncio.get_running_loop().time()
            match event:
                case ari.Resynchronised(channels):
                    self.emit(self.signalling.seen(channels, now))
                    await self._look_for({channel.id for channel in channels})
                case ari.ConnectionLost(reason):
                    _log.warning("call_without_ari", call_id=self.id, reason=reason)
                case ari.StasisStart(channel):
                    self.appeared.add(channel.id)
                    self.emit(self.signalling.feed(event, now))
                case ari.ChannelDestroyed(channel):
                    self.destroyed.add(channel.id)
                    self.emit(self.signalling.feed(event, now))
                case _:
                    self.emit(self.signalling.feed(event, now))
            for watcher in tuple(self.watchers):
                watcher(event)
            self._notify()

    async def _look_for(self, present: set[str]) -> None:
        """A list taken after a gap may be older than the call's last step; so a channel it lacks is asked for by name."""
        signalling = self.signalling
        try:
            if signalling.leg_ready and signalling.leg not in present and await self._gone(signalling.leg):
                self.emit(signalling.leg_missing())
            elif signalling.media_ready and signalling.media not in present and await self._gone(signalling.media):
                self.emit(signalling.system_failed("the call's media channel ended while the connection to Asterisk was lost"))
        except AriError as error:  # lost again: the next reconnect asks again
            _log.warning("call_not_resynchronised", call_id=self.id, reason=error.what)

    async def _gone(self, channel_id: str) -> bool:
        if await self.connection.client.channel(channel_id) is not None:
            return False
        self.destroyed.add(channel_id)
        return True

    async def _follow_media(self) -> None:
        await self.media.closed.wait()
        if self.signalling.hanging_up is not None or await self.until(self.ending.done, _EXPLANATION_S):
            return  # where we hang up, the socket closes too, and maybe before the leg
        if self.connection.connected.is_set():
            self.emit(self.signalling.system_failed("the call's media socket broke"))
        else:
            self.emit(self.signalling.system_failed("Asterisk went away: event stream and media socket broke"))

    async def _ring_timeout(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.answered_at is None and not self.ending.done():
            await self._hang_up(HangUp.RING_TIMEOUT, f"nobody picked up within {seconds:g} s")

    async def _hang_up(self, why: HangUp, reason: str) -> None:
        if self.ending.done():
            return
        signalling = self.signalling
        if signalling.hanging_up is None:
            signalling.hanging_up, signalling.hang_up_reason = why, reason
        try:
            await self.connection.client.hang_up(signalling.leg)
            if await self.until(self.ending.done, _CONFIRMATION_S):
                return
            _log.warning("hang_up_unconfirmed", call_id=self.id)
        except AriError as error:
            _log.warning("hang_up_failed", call_id=self.id, reason=error.what)
        self.emit(signalling.hang_up_unconfirmed())

    # ---- plumbing ---------------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guard(work), name=f"call-{self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - a bug must end the call, not leave it unwatched
            _log.exception("call_task_failed", call_id=self.id)
            self.emit(self.signalling.system_failed("an internal error; the log has it"))

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
