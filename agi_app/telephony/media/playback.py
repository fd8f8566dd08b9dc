"""One stretch of our audio on its way to the candidate: sent a little ahead, paused, resumed, stopped, accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from agi_app.errors import MediaError
from agi_app.telephony.media import protocol
from hr_sync.errors import HirelineError

if TYPE_CHECKING:
    from agi_app.telephony.media.channel import MediaChannel

_log = structlog.get_logger(__name__)
_STALL_S = 5.0
"""Asterisk lifts XOFF after 2 s at most (100 frames of 20 ms) when it plays at all."""
_MARK_GRACE_S = 2.0
"""How long after its reckoned time a mark may come."""


@dataclass(frozen=True, slots=True)
class PlaybackEnd:
    """How a playback ended."""

    heard_ms: int
    finished: bool
    """True when everything was played."""
    error: HirelineError | None = None
    """What broke it: the chunks' source (e.g. SynthesisError) or the channel (MediaError)."""


class Playback:
    """Made by MediaChannel.play, which begins at once.

    Attributes:
        first_audio: the loop's time when the first frame was handed to the candidate's leg; None when there was never any.
    """

    def __init__(self, channel: MediaChannel, number: int, chunks: AsyncIterator[bytes]) -> None:
        loop = asyncio.get_running_loop()
        self.first_audio: asyncio.Future[float | None] = loop.create_future()
        self._channel = channel
        self._number = number
        self._chunks = chunks
        self._framer = protocol.Framer(channel.frame_bytes)
        self._changed = asyncio.Event()
        self._end: asyncio.Future[PlaybackEnd] = loop.create_future()
        self._base_ms = channel.playout.played_ms(channel.now())
        self._runs = 0
        self._end_reached = False
        self._silenced = False  # nothing more is sent
        self._task = loop.create_task(self._run(), name=f"playback-{channel.call_id}-{number}")

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._end.done()

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return not self.ended and self._channel.playout.paused

    def heard_ms(self) -> int:
        """How much of it the far end has heard by now, reckoned (within a frame or two)."""
        if self._end.done() and not self._end.cancelled() and self._end.exception() is None:
            return self._end.result().heard_ms
        return round(self._channel.playout.played_ms(self._channel.now()) - self._base_ms)

    async def pause(self) -> None:
        """Stand still; the far end hears silence. Nothing happens when it is over or stands still already."""
        if self.ended or self.paused:
            return
        channel = self._channel
        channel.settle(channel.now())
        channel.playout.pause(channel.now())
        await self._command(protocol.PAUSE)

    async def resume(self) -> None:
        """Go on after a pause."""
        if not self.paused:
            return
        self._channel.playout.resume(self._channel.now())
        self.nudge()
        await self._command(protocol.CONTINUE)

    async def stop(self) -> int:
        """Fall silent at once; what is queued is never heard. Returns the milliseconds heard. Lifts a pause."""
        if not self.ended:
            await self._silence()
            await self._finish_task()
            self._finish(finished=False)
        return self.heard_ms()

    async def wait(self) -> PlaybackEnd:
        """How it ended, once it has. Cancelling the wait leaves the playback alone."""
        return await asyncio.shield(self._end)

    # ---- what the channel calls -------------------------------------------------------------------------------------

    def mark_reached(self, correlation_id: str, now: float) -> None:
        """Asterisk's queue reached one of our marks."""
        if correlation_id == self._start_mark:
            self._channel.playout.started(now)
            if not self.first_audio.done():
                self.first_audio.set_result(now)
        elif correlation_id == self._end_mark:
            self._channel.playout.reached(now)
            self._end_reached = True
            self.nudge()

    def nudge(self) -> None:
        """Something changed: look again."""
        self._changed.set()

    async def abandon(self) -> None:
        """The channel is closing: end without a word to Asterisk."""
        self._silenced = True
        await self._finish_task()
        self._finish(finished=False)

    # ---- sending ----------------------------------------------------------------------------------------------------

    @property
    def _start_mark(self) -> str:
        return f"{self._number}s{self._runs}"

    @property
    def _end_mark(self) -> str:
        return f"{self._number}e"

    async def _run(self) -> None:
        channel, error, finished = self._channel, None, False
        try:
            try:
                async for chunk in self._chunks:
                    await self._feed(b"".join(self._framer.push(chunk)))
            except MediaError:
                raise
            except HirelineError as broken:  # no voice for this sentence: what was sent is still heard to its end
                error = broken
            if (tail := self._framer.pad()) is not None:
                await self._feed(tail)
            finished = await self._play_out() and error is None
        except MediaError as broken:
            error = broken
            _log.warning("playback_broken", call_id=channel.call_id, reason=broken.what)
        except Exception as bug:  # noqa: BLE001 - a bug in the source; handed to whoever waits, and logged
            _log.exception("playback_failed", call_id=channel.call_id)
            await self._silence()
            self._fail(bug)
        finally:
            await _close(self._chunks)
        self._finish(finished=finished, error=error)

    async def _feed(self, pcm: bytes) -> None:
        """Send frames as the look-ahead allows."""
        channel = self._channel
        longest = protocol.LONGEST_MESSAGE_FRAMES * channel.frame_bytes
        while pcm and not self._silenced:
            room_ms = await self._room()
            size = min(longest, max(1, int(room_ms // protocol.FRAME_MS)) * channel.frame_bytes)
            part, pcm = pcm[:size], pcm[size:]
            now = channel.now()
            channel.settle(now)
            if channel.playout.send(now, part):
                if self._runs:
                    channel.counters.underruns += 1
                self._runs += 1
                await channel.send_command(protocol.mark(self._start_mark))
            await channel.send_audio(part)

    async def _room(self) -> float:
        """Wait until less than the look-ahead is queued; returns how many milliseconds fit. Raises MediaError after a stall."""
        channel = self._channel
        step_ms = max(protocol.FRAME_MS, channel.look_ahead_ms / 6)
        stalled_since: float | None = None
        while True:
            now = channel.now()
            channel.settle(now)
            self._still_open()
            over_ms = channel.playout.queued_ms(now) + step_ms - channel.look_ahead_ms
            if not channel.xoff:
                stalled_since = None
                if over_ms <= 0:
                    return step_ms - over_ms
                await self._check_progress(now)
                await self._change(None if self.paused else over_ms / 1000)
                continue
            if self.paused or stalled_since is None:
                stalled_since = now
            if now - stalled_since >= _STALL_S:
                await self._give_up(f"Asterisk would take no more audio for {_STALL_S:g} s")
            await self._change(_STALL_S)

    async def _play_out(self) -> bool:
        """Everything is sent: wait until it has been played. False when nothing had been sent."""
        channel = self._channel
        if not self._runs:
            return True
        await channel.send_command(protocol.mark(self._end_mark))
        while not self._end_reached:
            now = channel.now()
            channel.settle(now)
            self._still_open()
            await self._check_progress(now)
            await self._change(None if self.paused else max(0.05, _MARK_GRACE_S - channel.playout.overdue_s(now)))
        channel.settle(channel.now())
        return True

    def _still_open(self) -> None:
        if self._channel.closed.is_set():
            raise MediaError("the media channel was closed during a playback", where=self._channel.call_id)

    async def _check_progress(self, now: float) -> None:
        if self._channel.playout.overdue_s(now) >= _MARK_GRACE_S:
            await self._give_up(f"Asterisk did not say within {_MARK_GRACE_S:g} s that the audio was played")

    async def _give_up(self, why: str) -> None:
        self._channel.counters.stalls += 1
        await self._silence()
        raise MediaError(why, where=self._channel.call_id)

    async def _change(self, timeout_s: float | None) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout_s):  # wait_for may lose a cancellation that comes with the event
                await self._changed.wait()
        except TimeoutError:
            return

    # ---- ending -----------------------------------------------------------------------------------------------------

    async def _silence(self) -> None:
        """Drop what is queued, here and there."""
        self._silenced = True
        channel = self._channel
        paused = channel.playout.paused
        now = channel.now()
        channel.hand_to_taps(channel.playout.flush(now))
        channel.playout.resume(now)
        self.nudge()
        await self._command(protocol.FLUSH)
        if paused:
            await self._command(protocol.CONTINUE)

    async def _command(self, command: str) -> None:
        try:
            await self._channel.send_command(command)
        except MediaError as error:  # the playback's own task ends for the same reason
            _log.info("media_command_lost", call_id=self._channel.call_id, reason=error.what)

    async def _finish_task(self) -> None:
        if self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.wait({self._task})

    def _finish(self, *, finished: bool, error: HirelineError | None = None) -> None:
        if not self.first_audio.done():
            self.first_audio.set_result(None)
        if not self._end.done():
            self._end.set_result(PlaybackEnd(self.heard_ms(), finished, error))

    def _fail(self, bug: Exception) -> None:
        if not self.first_audio.done():
            self.first_audio.set_result(None)
        if not self._end.done():
            self._end.set_exception(bug)


async def _close(chunks: AsyncIterator[bytes]) -> None:
    """Stop the source, if it is one that can be stopped (an async generator)."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
