"""The audio of one call: frames of the candidate in, playbacks out, over the WebSocket Asterisk opened for it.

Nothing here ever waits on a slow consumer: what Asterisk sends is taken at once, and when nobody fetches the frames the oldest are
dropped and counted. (A media socket that is not read blocks Asterisk's channel thread.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import structlog

from agi_app.errors import MediaError
from agi_app.telephony.media import protocol
from agi_app.telephony.media.playback import Playback
from agi_app.telephony.media.playout import Played, Playout

_log = structlog.get_logger(__name__)
_QUEUED_FRAMES = 250
"""Frames of the candidate kept for the consumer: 5 s."""
_LATE_S = 0.040
_SEND_LIMIT_S = 2.0
"""A socket that takes nothing for so long is given up."""


class MediaSocket(Protocol):
    """The seam to the transport: an open WebSocket."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""

    async def send_str(self, data: str) -> None:
        """Send a text message."""

    async def close(self) -> object:
        """Close the connection."""


class MediaTap(Protocol):
    """Gets both directions as they happen; must not block."""

    def candidate(self, at_s: float, pcm: bytes) -> None:
        """A frame of the candidate arrived at `at_s` (the loop's time)."""

    def ours(self, at_s: float, pcm: bytes) -> None:
        """Audio of ours was played from `at_s` on; told a little later, and only if it was not flushed."""


@dataclass(slots=True)
class MediaCounters:
    """What happened on a call's media channel."""

    frames_in: int = 0
    late: int = 0
    """Gaps of more than 40 ms between two messages of the candidate's audio."""
    dropped: int = 0
    """Frames of the candidate nobody fetched in time."""
    frames_out: int = 0
    underruns: int = 0
    """Times the queue ran dry in the middle of a playback."""
    xoffs: int = 0
    stalls: int = 0
    """Playbacks given up because Asterisk took nothing or acknowledged nothing."""
    unknown: int = 0
    """Control messages we could not use."""


class MediaChannel:
    """One call's audio. Made by MediaServer.expect; the socket comes when Asterisk connects.

    Attributes:
        rate: samples a second, 16 bit little-endian mono.
        connected: set when Asterisk's socket is there.
        closed: set when it is gone (or will never come).
        taps: who listens in: the recorder, the echo detector.
    """

    def __init__(self, call_id: str, *, audio_format: str = "slin", look_ahead_ms: int = 600) -> None:
        self.call_id = call_id
        self.audio_format = audio_format
        self.rate = protocol.RATES[audio_format]
        self.frame_bytes = protocol.frame_bytes(audio_format)
        self.look_ahead_ms = look_ahead_ms
        self.counters = MediaCounters()
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self.taps: list[MediaTap] = []
        self.playout = Playout(self.rate * protocol.SAMPLE_BYTES)
        self.xoff = False
        self._loop = asyncio.get_running_loop()
        self._claimed = False
        self._socket: MediaSocket | None = None
        self._framer = protocol.Framer(self.frame_bytes)
        self._frames: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._last_arrival: float | None = None
        self._playback: Playback | None = None
        self._playbacks = 0

    # ---- what the interview uses ------------------------------------------------------------------------------------

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The candidate's audio in 20 ms frames, until the channel is closed. For one consumer at a time."""
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self.closed.is_set():
                return
            self._filled.clear()
            await self._filled.wait()

    def drop_waiting(self) -> None:
        """Forget the candidate's audio that nobody has fetched so far, e.g. what came while it rang."""
        self._frames.clear()

    def play(self, chunks: AsyncIterator[bytes]) -> Playback:
        """Begin to play PCM (this channel's rate, chunks of any size) as it comes.

        One playback at a time: raises MediaError while another one runs (stop it, or wait for it), and when the channel is closed.
        """
        if self.closed.is_set():
            raise MediaError("the call's media channel is closed", where=self.call_id)
        if self._playback is not None and not self._playback.ended:
            raise MediaError("another playback is still running on this call", where=self.call_id, remedy="stop it or wait for it")
        self._playbacks += 1
        self._playback = Playback(self, self._playbacks, chunks)
        return self._playback

    async def silence(self) -> None:
        """Stop what is playing, if anything is."""
        if self._playback is not None and not self._playback.ended:
            await self._playback.stop()

    def end(self) -> None:
        """Nothing more comes or goes: `frames` ends after what is there, a running playback ends unfinished."""
        if not self.closed.is_set():
            self.settle(self._loop.time())
            self.closed.set()
        self._filled.set()
        self._nudge()

    async def close(self) -> None:
        """End the running playback and hang up the socket."""
        self.end()
        if self._playback is not None:
            await self._playback.abandon()
        socket, self._socket = self._socket, None
        if socket is not None:
            try:
                async with asyncio.timeout(_SEND_LIMIT_S):
                    await socket.close()
            except (TimeoutError, ConnectionError):
                _log.warning("media_close_failed", call_id=self.call_id)

    # ---- what the server feeds --------------------------------------------------------------------------------------

    def claim(self) -> bool:
        """A connection for this call is being accepted. False when there is, or was, one already."""
        first, self._claimed = not self._claimed, True
        return first

    def attach(self, socket: MediaSocket) -> None:
        """Asterisk's connection is open."""
        self._socket = socket
        self.connected.set()

    def take_audio(self, data: bytes) -> None:
        """A binary message came."""
        now = self._loop.time()
        if self._last_arrival is not None and now - self._last_arrival > _LATE_S:
            self.counters.late += 1
        self._last_arrival = now
        for frame in self._framer.push(data):
            self.counters.frames_in += 1
            if len(self._frames) >= _QUEUED_FRAMES:
                self._frames.popleft()
                self.counters.dropped += 1
            self._frames.append(frame)
            for tap in self.taps:
                tap.candidate(now, frame)
        self._filled.set()
        self.settle(now)

    def take_text(self, text: str) -> None:
        """A control message came."""
        now = self._loop.time()
        match protocol.parse_event(text):
            case protocol.MediaStart() as start if start.format != self.audio_format:
                _log.error("media_format", call_id=self.call_id, wanted=self.audio_format, got=start.format[:20])
                self.end()
            case protocol.MediaXoff():
                self.counters.xoffs += 1
                self.xoff = True
            case protocol.MediaXon():
                self.xoff = False
                self._nudge()
            case protocol.MediaMarkProcessed(correlation_id):
                if self._playback is not None:
                    self._playback.mark_reached(correlation_id, now)
            case protocol.PeerError(text):
                self.counters.unknown += 1
                _log.warning("media_peer_error", call_id=self.call_id, text=text)
            case protocol.UnknownMediaEvent(name):
                self.counters.unknown += 1
                _log.debug("media_event_unknown", call_id=self.call_id, name=name)
            case _:
                pass

    def detach(self) -> None:
        """The socket is gone."""
        self._socket = None
        self.end()

    # ---- what a playback uses ---------------------------------------------------------------------------------------

    def now(self) -> float:
        """The loop's time, in seconds."""
        return self._loop.time()

    async def send_audio(self, pcm: bytes) -> None:
        """Send whole frames. Raises MediaError when the socket is gone or takes nothing."""
        self.counters.frames_out += len(pcm) // self.frame_bytes
        await self._send(pcm)

    async def send_command(self, command: str) -> None:
        """Send a control message. Raises MediaError when the socket is gone or takes nothing."""
        await self._send(command)

    def settle(self, now: float) -> None:
        """Bring the ledger up to now and tell the taps what was played."""
        self.hand_to_taps(self.playout.take(now))

    def hand_to_taps(self, played: list[Played]) -> None:
        """Tell the taps what was played."""
        for item in played:
            for tap in self.taps:
                tap.ours(item.at_s, item.pcm)

    async def _send(self, message: bytes | str) -> None:
        socket = self._socket
        if socket is None or self.closed.is_set():
            raise MediaError("the call has no open media connection", where=self.call_id)
        try:
            async with asyncio.timeout(_SEND_LIMIT_S):
                await (socket.send_bytes(message) if isinstance(message, bytes) else socket.send_str(message))
        except TimeoutError as error:
            self.end()
            raise MediaError(f"the media socket took nothing for {_SEND_LIMIT_S:g} s", where=self.call_id) from error
        except (ConnectionError, RuntimeError) as error:  # aiohttp's ClientConnectionResetError is a ConnectionError
            self.end()
            raise MediaError("the media socket broke", where=self.call_id) from error

    def _nudge(self) -> None:
        if self._playback is not None:
            self._playback.nudge()
