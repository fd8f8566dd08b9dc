"""The ledger of what the far end hears of our audio: what was sent, when Asterisk plays it, what was paused or flushed.

Asterisk queues what we send and plays a frame every 20 ms. It tells only when a mark is reached, so where it is in between is
reckoned: a run begins when its first mark says so, later audio follows without a gap, a pause stands still, a flush forgets. Pure;
times are seconds of one monotonic clock, passed in.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Played:
    """Audio that was really played: `pcm` from time `at_s` on."""

    at_s: float
    pcm: bytes


class Playout:
    """One direction of one call. Every method takes the present time, which never goes back.

    Args:
        byte_rate: bytes a second of the audio, e.g. 16000 for 8 kHz 16 bit.
    """

    def __init__(self, byte_rate: int) -> None:
        self._byte_rate = byte_rate
        self._queue: deque[bytes] = deque()
        self._queued = 0  # bytes in _queue
        self._head_s = 0.0  # when the next byte of the queue is played, unless paused
        self._begun = False  # whether the run's first mark was reached
        self._sent_s = 0.0  # when the run was sent, or the pause before it ended
        self._paused_at: float | None = None
        self.played_bytes = 0

    @property
    def paused(self) -> bool:
        """Whether the queue stands still."""
        return self._paused_at is not None

    def send(self, now: float, pcm: bytes) -> bool:
        """Audio was handed to Asterisk; call `take` first. True when it begins a run: put a mark before it, and call `started`."""
        starts = self._queued == 0
        if starts:
            self._begun = False
            self._sent_s = now
        self._queue.append(pcm)
        self._queued += len(pcm)
        return starts

    def queued_ms(self, now: float) -> float:
        """Audio sent and not yet played, in milliseconds."""
        return 1000 * max(0.0, self._queued / self._byte_rate - self._elapsed(now))

    def played_ms(self, now: float) -> float:
        """Audio played so far, in milliseconds."""
        return 1000 * (self.played_bytes + min(self._queued, self._elapsed(now) * self._byte_rate)) / self._byte_rate

    def overdue_s(self, now: float) -> float:
        """Seconds since a run should have begun, or since all of it should have been played; 0 while all is as it should be."""
        if not self._begun:
            return 0.0 if self.paused or not self._queued else now - self._sent_s
        return max(0.0, self._elapsed(now) - self._queued / self._byte_rate)

    def started(self, at: float) -> None:
        """The mark in front of the run that `send` began was reached."""
        if self._queued and not self._begun:
            self._begun = True
            self._head_s = at

    def reached(self, now: float) -> None:
        """A mark behind everything sent was reached: all of it has been played."""
        if self._queued and not self.paused:
            latest = now - self._queued / self._byte_rate
            self._head_s = min(self._head_s, latest) if self._begun else latest
            self._begun = True

    def pause(self, now: float) -> None:
        """The queue stands still from now on."""
        if self._paused_at is None:
            self._paused_at = now

    def resume(self, now: float) -> None:
        """The queue moves again."""
        if self._paused_at is not None:
            self._head_s = now - self._elapsed(now)
            self._sent_s = now
            self._paused_at = None

    def flush(self, now: float) -> list[Played]:
        """What is queued is forgotten; returns what had been played until now and was not taken yet."""
        played = self.take(now)
        self._queue.clear()
        self._queued = 0
        return played

    def take(self, now: float) -> list[Played]:
        """What has been played since the last time, in order, each with the time it began."""
        due = min(self._queued, int(self._elapsed(now) * self._byte_rate + 1) // 2 * 2)  # + 1: rounding must not keep a sample
        played = []
        while due > 0:
            pcm = self._queue.popleft()
            if len(pcm) > due:
                self._queue.appendleft(pcm[due:])
                pcm = pcm[:due]
            played.append(Played(self._head_s, pcm))
            due -= len(pcm)
            self._queued -= len(pcm)
            self.played_bytes += len(pcm)
            self._head_s += len(pcm) / self._byte_rate
        return played

    def _elapsed(self, now: float) -> float:
        """Seconds the queue has moved since its head's time."""
        if not self._begun:
            return 0.0
        until = now if self._paused_at is None else self._paused_at
        return max(0.0, until - self._head_s)
