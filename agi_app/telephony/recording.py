"""A call as a stereo WAV: left the candidate, right us, on one time line that begins at the answer.

The candidate's frames are placed by when they came, ours by when they were really played (paused time is silence, flushed audio was
never heard and is not there). A thread writes; the loop only appends to a bounded queue. The file is complete up to about a second
at any time: the header is brought up to date with every write, so a killed process leaves a file that plays, and `repair` claims
what was written after the last header.
"""

from __future__ import annotations

import asyncio
import os
import queue
import struct
import threading
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import structlog

from agi_app.errors import TelephonyError
from agi_app.telephony.timeline import ArrivalTimeline

_log = structlog.get_logger(__name__)
_QUEUE = 500
"""Pieces waiting to be written at most, about 5 s of a call."""
_SETTLE_S = 1.0
"""Audio is written so long after its time: until then a late piece finds its place."""
_CHANNELS, _SAMPLE_BYTES = 2, 2
HEADER_BYTES = 44
"""A recording file of this size holds no sound."""
_LEFT, _RIGHT = 0, 1
_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class _Piece:
    side: int
    at_s: float  # seconds since the answer: of the last sample's arrival (left), of the first sample's playing (right)
    pcm: bytes


@dataclass(frozen=True, slots=True)
class _Stop:
    end_s: float | None


class StereoRecorder:
    """Records one call; a MediaTap. Make it when the call is answered.

    Args:
        path: the file to write; its folder is made.
        rate: samples a second of both sides (16 bit).
        answered_at: the loop's time at which the recording begins.

    Raises TelephonyError when the file cannot be made.
    """

    def __init__(self, path: Path, *, rate: int, answered_at: float) -> None:
        self.path = path
        self.dropped = 0
        """Pieces lost because the disk did not keep up."""
        self.failed: str | None = None
        """Why nothing is written any more, if so."""
        self._rate = rate
        self._start_s = answered_at
        self._queue: queue.Queue[_Piece | _Stop] = queue.Queue(_QUEUE)
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # nobody but the owner may listen to it
            self._file: IO[bytes] = path.open("wb")
        except OSError as error:
            raise TelephonyError(
                f"the recording cannot be made: {error.strerror}", where=str(path), remedy="make the folder writable"
            ) from error
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def candidate(self, at_s: float, pcm: bytes) -> None:
        """A frame of the candidate arrived at `at_s` (the loop's time)."""
        self._put(_Piece(_LEFT, at_s - self._start_s, pcm))

    def ours(self, at_s: float, pcm: bytes) -> None:
        """Audio of ours was played from `at_s` on (the loop's time)."""
        self._put(_Piece(_RIGHT, at_s - self._start_s, pcm))

    async def close(self, ended_at: float | None = None) -> Path:
        """Write what is left, up to `ended_at` (the loop's time) with silence if need be, and close the file."""
        if not self._closed:
            self._closed = True
            end_s = None if ended_at is None else ended_at - self._start_s
            await asyncio.to_thread(self._finish, _Stop(end_s))
        return self.path

    async def discard(self) -> None:
        """The candidate does not want to be recorded: stop, and delete what was written."""
        await self.close()
        await asyncio.to_thread(self.path.unlink, missing_ok=True)
        _log.info("recording_discarded", file=self.path.name)

    def _put(self, piece: _Piece) -> None:
        if self._closed or self.failed is not None:
            return
        try:
            self._queue.put_nowait(piece)
        except queue.Full:
            self.dropped += 1
            if self.dropped == 1:
                _log.warning("recording_behind", file=self.path.name)

    # ---- the writing thread -----------------------------------------------------------------------------------------

    def _finish(self, stop: _Stop) -> None:
        try:
            self._queue.put(stop, timeout=_STOP_S)
        except queue.Full:
            self.failed = "the disk did not take the recording in time"
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            _log.error("recording_stuck", file=self.path.name)

    def _write(self) -> None:
        try:
            with self._file, wave.open(self._file, "wb") as sink:
                sink.setnchannels(_CHANNELS)
                sink.setsampwidth(_SAMPLE_BYTES)
                sink.setframerate(self._rate)
                sink.writeframes(b"")
                self._take_pieces(_Canvas(self._rate), sink)
        except OSError as error:
            self.failed = error.strerror or type(error).__name__
            _log.error("recording_failed", file=self.path.name, reason=self.failed)

    def _take_pieces(self, canvas: _Canvas, sink: wave.Wave_write) -> None:
        while True:
            item = self._queue.get()
            if isinstance(item, _Stop):
                self._emit(sink, canvas.rest(item.end_s))
                return
            canvas.add(item)
            if (ready := canvas.settled()) is not None:
                self._emit(sink, ready)

    def _emit(self, sink: wave.Wave_write, samples: bytes) -> None:
        sink.writeframes(samples)  # writes the header's sizes too
        self._file.flush()


class _Canvas:
    """Both sides of the last seconds, where pieces find their place."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._settle = round(_SETTLE_S * rate)
        self._arrivals = ArrivalTimeline(rate)
        self._samples = np.zeros((4 * self._settle, _CHANNELS), dtype="<i2")  # silence until something is painted
        self._length = 0  # of what is in use
        self._written = 0  # position of the first sample still here
        self._latest = 0
        self._ours_end = 0

    def add(self, piece: _Piece) -> None:
        """Put a piece where it belongs."""
        pcm = np.frombuffer(piece.pcm[: len(piece.pcm) // _SAMPLE_BYTES * _SAMPLE_BYTES], dtype="<i2")
        at = round(piece.at_s * self._rate)
        if piece.side == _LEFT:
            placed = self._arrivals.place(at, len(pcm)) if at > 0 else None
            if placed is None:
                return
            start = placed
        else:
            start = self._ours_end if abs(at - self._ours_end) <= 1 else at  # rounding must not tear the sound
            self._ours_end = start + len(pcm)
        self._paint(piece.side, start, pcm)
        self._latest = max(self._latest, at)

    def settled(self) -> bytes | None:
        """What can be written now, once there is enough of it."""
        ready = self._latest - self._settle - self._written
        return self._cut(ready) if ready >= self._settle else None

    def rest(self, end_s: float | None) -> bytes:
        """All of it, up to the end."""
        end = self._written + self._length if end_s is None else max(self._written, round(end_s * self._rate))
        return self._cut(end - self._written)

    def _paint(self, side: int, start: int, pcm: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
        first = start - self._written
        if first < 0:  # its time is written already
            pcm, first = pcm[-first:], 0
        self._grow(first + len(pcm))
        self._samples[first : first + len(pcm), side] = pcm

    def _grow(self, length: int) -> None:
        self._length = max(self._length, length)
        if length > len(self._samples):
            more = np.zeros((max(length, 2 * len(self._samples)) - len(self._samples), _CHANNELS), dtype="<i2")
            self._samples = np.concatenate((self._samples, more))

    def _cut(self, length: int) -> bytes:
        self._grow(length)
        part = self._samples[:length].tobytes()
        kept = self._length - length
        self._samples[:kept] = self._samples[length : self._length].copy()
        self._samples[kept : self._length] = 0
        self._length = kept
        self._written += length
        return part


def repair(path: Path) -> bool:
    """Bring the header of a recording that a killed process left behind into agreement with the file's length.

    Returns whether anything had to be changed. Raises TelephonyError when the file is no WAV of ours.
    """
    try:
        with path.open("r+b") as file:
            header = file.read(HEADER_BYTES)
            if len(header) < HEADER_BYTES or header[:4] != b"RIFF" or header[8:16] != b"WAVEfmt " or header[36:40] != b"data":
                raise TelephonyError("this is no recording of ours", where=str(path), remedy="delete it")
            block = _CHANNELS * _SAMPLE_BYTES
            data = (file.seek(0, os.SEEK_END) - HEADER_BYTES) // block * block
            if struct.unpack_from("<I", header, 40)[0] == data:
                return False
            file.truncate(HEADER_BYTES + data)
            file.seek(4)
            file.write(struct.pack("<I", HEADER_BYTES - 8 + data))
            file.seek(40)
            file.write(struct.pack("<I", data))
            return True
    except OSError as error:
        raise TelephonyError(f"the recording cannot be repaired: {error.strerror}", where=str(path)) from error
