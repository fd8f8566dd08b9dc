"""Where a frame belongs on a recording's time line, from when it arrived. Pure; positions are samples.

Frames come in bursts and with jitter, and the far end's clock is not ours. The frames that travelled fastest tell where the stream
really is; so the place of a stream is judged by the largest lead of the last half second, and corrected only when that is off:
a stream that fell behind (it paused, or lost packets) is moved up by a gap, one that ran ahead (a faster clock) loses a frame.
"""

from __future__ import annotations

from collections import deque

_WINDOW_S = 0.5
_TOLERANCE_S = 0.015
_LONG_GAP_S = 0.25
"""A frame that comes so late is no jitter: the stream paused."""


class ArrivalTimeline:
    """The place of one stream of frames.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._window = round(_WINDOW_S * rate)
        self._tolerance = round(_TOLERANCE_S * rate)
        self._long_gap = round(_LONG_GAP_S * rate)
        self._end: int | None = None
        self._leads: deque[tuple[int, int]] = deque()  # (arrival, lead), leads falling: the first is the largest
        self._since = 0

    def place(self, arrival: int, samples: int) -> int | None:
        """Where a frame of so many samples goes that ended arriving at position `arrival`; None when it is to be left out."""
        if self._end is None or arrival - (self._end + samples) > self._long_gap:
            return self._move(arrival, arrival - samples, samples)
        lead = self._end + samples - arrival
        self._remember(arrival, lead)
        best = self._leads[0][1]
        if arrival - self._since >= self._window:
            if best < -self._tolerance:
                return self._move(arrival, self._end - best, samples)
            if best > self._tolerance and best >= samples:
                self._forget(arrival)
                return None
        start = self._end
        self._end += samples
        return start

    def _move(self, arrival: int, start: int, samples: int) -> int:
        start = max(0, start, self._end or 0)
        self._end = start + samples
        self._forget(arrival)
        return start

    def _forget(self, arrival: int) -> None:
        self._leads.clear()
        self._since = arrival

    def _remember(self, arrival: int, lead: int) -> None:
        while self._leads and self._leads[0][0] < arrival - self._window:
            self._leads.popleft()
        while self._leads and self._leads[-1][1] <= lead:
            self._leads.pop()
        self._leads.append((arrival, lead))
