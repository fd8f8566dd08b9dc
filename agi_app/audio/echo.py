"""Whether what comes in is our own voice coming back: a hybrid's or a loudspeaker's echo.

We know what we send and when it is played, so no filter has to be learned: the incoming sound is compared with what we sent up to
half a second before, at every delay, by normalised cross-correlation. An echo is a weaker, later copy and correlates at 0.6 to 0.98
(a hybrid's short filter and companding take the rest); a candidate who speaks over it at normal level buries it and does not.
Voices of like pitch reach 0.5 at some delay by chance; an echo's delay stays the same through a call, so once it is known only
that delay is looked at, and a lower bound will do. Pure; positions are samples since the answer.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_KEPT_S = 4
_WINDOW_MS = 128
"""Of incoming sound that is compared."""
_LONGEST_DELAY_MS = 800
"""Echo path of up to 300 ms, network and jitter buffers around it, and silence filled in for audio that came late."""
_ALIKE = 0.72
"""Correlation at any delay that is no chance."""
_ALIKE_AT_DELAY = 0.55
"""The same at the delay that is known."""
_DRIFT = 24
"""Samples an echo's delay may move (3 ms): jitter buffers, clocks, our reckoning of what is being played."""
_SIGHTINGS = 4
"""At the same delay, nearly in a row, make it known."""
_QUIETEST = 1e-4
"""RMS below which there is nothing to come back (-80 dB)."""


class EchoDetector:
    """Knows one call's echo.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._window = _WINDOW_MS * rate // 1000
        self._longest = _LONGEST_DELAY_MS * rate // 1000
        self._ours = np.zeros(_KEPT_S * rate, np.float32)
        self._ours_end = 0
        self._incoming = np.zeros(self._window, np.float32)
        self._seen: deque[int] = deque(maxlen=_SIGHTINGS + 1)
        self._delay: int | None = None
        self.delays = 0
        """How often a delay became known; more than once is a line whose delay moves."""

    @property
    def delay_samples(self) -> int | None:
        """The echo's delay once it is known."""
        return self._delay

    def played(self, position: int, samples: Samples) -> None:
        """Audio of ours was played from this position on; positions rise."""
        samples = samples[max(0, self._ours_end - position) :]
        start = max(position, self._ours_end)
        if samples.size == 0:
            return
        size = self._ours.size
        if start > self._ours_end:  # silence between
            gap = np.arange(max(self._ours_end, start - size), start) % size
            self._ours[gap] = 0
        samples = samples[-size:]
        self._ours_end = start + samples.size
        self._ours[np.arange(self._ours_end - samples.size, self._ours_end) % size] = samples

    def heard(self, block: Samples) -> None:
        """The next block of the candidate's side; every block, echo or not."""
        self._incoming = np.concatenate((self._incoming, block))[-self._window :]

    def is_echo(self, position: int) -> bool:
        """Whether the sound heard last, which ends at this position, is ours.

        Costs about 0.5 ms until the delay is known; ask only when something is heard.
        """
        if self._delay is not None:
            last = position - self._delay + _DRIFT
            reference = self._reference(last - self._window - 2 * _DRIFT, last)
            if reference is not None and float(_likeness(self._incoming, reference).max()) >= _ALIKE_AT_DELAY:
                return True
        reference = self._reference(position - self._window - self._longest, position)
        if reference is None:
            return False
        likeness = _likeness(self._incoming, reference)  # index 0: the longest delay
        best = int(likeness.argmax())
        if float(likeness[best]) < _ALIKE:
            return False
        return self._sighted(self._longest - best)

    def _sighted(self, delay: int) -> bool:
        """Whether that delay was seen before, lately: voices are alike at one delay now and at another a moment later."""
        again = sum(abs(other - delay) <= _DRIFT for other in self._seen)
        self._seen.append(delay)
        if again + 1 >= _SIGHTINGS and (self._delay is None or abs(self._delay - delay) > _DRIFT):
            self._delay = delay
            self.delays += 1
        return again > 0

    def _reference(self, first: int, end: int) -> Samples | None:
        """What we played in these positions, None when that was nothing."""
        if self._ours_end <= first:
            return None
        indices = np.arange(first, end)
        known = (indices >= max(0, self._ours_end - self._ours.size)) & (indices < self._ours_end)
        reference = np.where(known, self._ours[indices % self._ours.size], np.float32(0))
        return reference if float(np.mean(np.square(reference))) > _QUIETEST**2 else None


def _likeness(sound: Samples, reference: Samples) -> npt.NDArray[np.float64]:
    """Normalised correlation of a sound with each stretch of the reference of its length, shape [reference - sound + 1]."""
    size = 1 << int(np.ceil(np.log2(reference.size + sound.size)))
    product = np.fft.irfft(np.fft.rfft(reference, size) * np.conj(np.fft.rfft(sound, size)), size)
    product = product[: reference.size - sound.size + 1]
    energy = np.cumsum(np.concatenate(([0.0], np.square(reference, dtype=np.float64))))
    stretch = energy[sound.size :] - energy[: -sound.size]
    own = float(np.dot(sound, sound))
    floor = sound.size * _QUIETEST**2
    return np.where(stretch > floor, np.abs(product) / np.sqrt(np.maximum(stretch, floor) * max(own, 1e-12)), 0.0)
