"""The ledger of what the far end hears of our audio: what was sent, when Asterisk plays it, what was paused or flushed.

Asterisk queues what we send and plays a frame every 20 ms. It tells only when a mark is reached, so where it is in between is
reckoned: audio that arrives at an empty queue starts at once, later audio follows without a gap, a pause stands still, a flush
forgets. Marks correct the reckoning. Pure; times are seconds of one monotonic clock, passed in.
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
        self._run_s: float | None = None  # when this run began, as far as known; None once it is known, or when a pause blurred it
        self._paused_at: float | None = None
        self.played_bytes = 0

    @property
    def paused(self) -> bool:
        """Whether the queue stands still."""
        return self._paused_at is not None

    def send(self, now: float, pcm: bytes) -> bool:
        """Audio was handed to Asterisk; call `take` first. True when it starts from an empty queue."""
        starts = self._queued == 0
        if starts:
            self._head_s = self._run_s = now
            if self._paused_at is not None:
                self._paused_at = now
        if pcm:
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
        """Seconds since everything sent should have been played; 0 while there is still something to play."""
        return max(0.0, self._elapsed(now) - self._queued / self._byte_rate)

    def started(self, at: float) -> None:
        """The mark in front of the run that `send` began was reached: the run really began at `at`."""
        if self._run_s is not None and self._queued and not self.paused:
            self._head_s += at - self._run_s
            self._run_s = None

    def reached(self, now: float) -> None:
        """A mark behind everything sent was reached: all of it has been played."""
        if self._queued and not self.paused:
            self._head_s = min(self._head_s, now - self._queued / self._byte_rate)

    def pause(self, now: float) -> None:
        """The queue stands still from now on."""
        if self._paused_at is None:
            self._paused_at = now

    def resume(self, now: float) -> None:
        """The queue moves again."""
        if self._paused_at is not None:
            self._head_s = now - self._elapsed(now)
            self._paused_at = None
            self._run_s = None

    def flush(self, now: float) -> list[Played]:
        """What is queued is forgotten; returns what had been played until now and was not taken yet."""
        played = self.take(now)
        self._queue.clear()
        self._queued = 0
        return played

    def take(self, now: float) -> list[Played]:
        """What has been played since the last time, in order, each with the time it began."""
        due = min(self._queued, int(self._elapsed(now) * self._byte_rate) // 2 * 2)
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
        until = now if self._paused_at is None else self._paused_at
        return max(0.0, until - self._head_s)
