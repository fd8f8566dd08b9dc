"""What is said over a media WebSocket (Asterisk's chan_websocket), without the socket.

Binary messages are audio; text messages are control: commands to Asterisk and events from it, here in the JSON form
(`control_message_format = json`, or `f(json)` in the dial string; Asterisk 22.8 and later). Facts this module and its users rely
on, from Asterisk's documentation of the WebSocket channel driver and from runs against 22.10:

- Asterisk cuts audio into frames of `optimal_frame_size` and plays one every 20 ms. Outside buffering, bytes after the last whole
  frame of a message are dropped; so we send whole frames only.
- Its queue takes 1000 frames; MEDIA_XOFF comes at 900, MEDIA_XON below 800. What comes at a full queue is dropped.
- A mark is answered when the queue reaches it, in the same tick as the frame after it is taken. FLUSH_MEDIA drops queued marks too:
  their answers never come. PAUSE_MEDIA outlasts a flush.
- A command longer than 128 bytes is ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agi_app.errors import MediaError

SUBPROTOCOL = "media"
FRAME_MS = 20
SAMPLE_BYTES = 2
RATES = {"slin": 8000, "slin16": 16000}
"""Samples a second of the formats we use: 16 bit linear, little-endian on the machines Asterisk runs on, mono."""
LONGEST_COMMAND = 128
LONGEST_MESSAGE_FRAMES = 25
"""Frames we put into one binary message (Asterisk takes up to 65,500 bytes)."""


def frame_bytes(audio_format: str) -> int:
    """Bytes of a 20 ms frame."""
    return RATES[audio_format] * FRAME_MS // 1000 * SAMPLE_BYTES


# ---- commands -------------------------------------------------------------------------------------------------------


def _command(name: str, **arguments: str) -> str:
    text = json.dumps({"command": name, **arguments}, separators=(",", ":"))
    if len(text.encode()) > LONGEST_COMMAND:
        raise MediaError(f"the media command {name} is longer than the {LONGEST_COMMAND} bytes Asterisk accepts")
    return text


PAUSE = _command("PAUSE_MEDIA")
"""Hold the queue; silence is played meanwhile."""
CONTINUE = _command("CONTINUE_MEDIA")
FLUSH = _command("FLUSH_MEDIA")
"""Forget everything queued, marks included; does not lift a pause."""
HANG_UP = _command("HANGUP")
GET_STATUS = _command("GET_STATUS")
START_BUFFERING = _command("START_MEDIA_BUFFERING")
"""From here on partial frames at the end of a message are completed by the next message."""
REPORT_QUEUE_DRAINED = _command("REPORT_QUEUE_DRAINED")


def stop_buffering(correlation_id: str) -> str:
    """End buffering; a partial last frame is padded. Answered by MediaBufferingCompleted when the queue gets there."""
    return _command("STOP_MEDIA_BUFFERING", correlation_id=correlation_id)


def mark(correlation_id: str) -> str:
    """Put a mark into the queue; answered by MediaMarkProcessed."""
    return _command("MARK_MEDIA", correlation_id=correlation_id)


# ---- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MediaStart:
    """The first event. Audio may come before it."""

    channel_id: str
    format: str
    optimal_frame_size: int


@dataclass(frozen=True, slots=True)
class MediaXoff:
    """Stop sending: the queue is nearly full."""


@dataclass(frozen=True, slots=True)
class MediaXon:
    """Go on sending."""


@dataclass(frozen=True, slots=True)
class MediaMarkProcessed:
    """The queue reached a mark: handed to Asterisk's core, not yet heard."""

    correlation_id: str


@dataclass(frozen=True, slots=True)
class MediaBufferingCompleted:
    """The queue reached the end of what was buffered."""

    correlation_id: str


@dataclass(frozen=True, slots=True)
class QueueDrained:
    """The queue is empty; sent once for each request."""


@dataclass(frozen=True, slots=True)
class DtmfEnd:
    """A key was sent towards this channel."""

    digit: str


@dataclass(frozen=True, slots=True)
class Status:
    """Answer to GET_STATUS."""

    queue_length: int
    paused: bool
    full: bool


@dataclass(frozen=True, slots=True)
class PeerError:
    """Asterisk could not do what a command asked."""

    text: str


@dataclass(frozen=True, slots=True)
class UnknownMediaEvent:
    """An event we do not use, or no event at all."""

    name: str


MediaEvent = (
    MediaStart
    | MediaXoff
    | MediaXon
    | MediaMarkProcessed
    | MediaBufferingCompleted
    | QueueDrained
    | DtmfEnd
    | Status
    | PeerError
    | UnknownMediaEvent
)


def parse_event(text: str) -> MediaEvent:
    """Read a control message from Asterisk. Never raises: what cannot be read is an UnknownMediaEvent."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return UnknownMediaEvent("no JSON")
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        return UnknownMediaEvent("no event")
    try:
        return _read(value["event"], value)
    except (KeyError, TypeError):
        return UnknownMediaEvent(value["event"][:40])


def _read(name: str, value: dict[str, Any]) -> MediaEvent:
    match name:
        case "MEDIA_START":
            size = value["optimal_frame_size"]
            if not isinstance(size, int):
                raise TypeError("optimal_frame_size")
            return MediaStart(str(value["channel_id"]), str(value["format"]), size)
        case "MEDIA_XOFF":
            return MediaXoff()
        case "MEDIA_XON":
            return MediaXon()
        case "MEDIA_MARK_PROCESSED":
            return MediaMarkProcessed(str(value["correlation_id"]))
        case "MEDIA_BUFFERING_COMPLETED":
            return MediaBufferingCompleted(str(value["correlation_id"]))
        case "QUEUE_DRAINED":
            return QueueDrained()
        case "DTMF_END":
            return DtmfEnd(str(value["digit"]))
        case "STATUS":
            return Status(int(value["queue_length"]), bool(value["media_paused"]), bool(value["queue_full"]))
        case "ERROR":
            return PeerError(str(value["error_text"])[:200])
        case _:
            return UnknownMediaEvent(name[:40])


# ---- audio ----------------------------------------------------------------------------------------------------------


class Framer:
    """Cuts a stream of bytes into frames of equal size, whatever the messages it came in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rest = bytearray()

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._rest)

    def push(self, data: bytes) -> list[bytes]:
        """Add bytes; returns the frames that are whole now."""
        if not self._rest and len(data) == self.size:
            return [bytes(data)]
        self._rest += data
        whole = len(self._rest) // self.size * self.size
        frames = [bytes(self._rest[start : start + self.size]) for start in range(0, whole, self.size)]
        del self._rest[:whole]
        return frames

    def pad(self) -> bytes | None:
        """The last, partial frame filled up with silence; None when nothing is pending."""
        if not self._rest:
            return None
        frame = bytes(self._rest).ljust(self.size, b"\0")
        self._rest.clear()
        return frame
