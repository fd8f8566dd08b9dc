"""Whether the candidate is speaking in a block of audio: the model's probability, checked against how loud it is.

Silero says that speech began within 25 to 100 ms and that it ended some 130 ms after it did (measured on 42 short telephone
utterances: 98 to 178 ms). The level knows the end at once (on the same utterances within 30 ms), so it decides the ends: a block is
quiet as soon as its sound has fallen most of the way from the speaker's loudest towards the background. The level also tells a near
speaker from a television behind them. Pure: no clock, no I/O; levels are dB relative to full scale.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_SILENCE_DB = -70.0
"""Quieter is as good as silent: companding noise of G.711 lies at about -65 dB."""
_FLOOR_BLOCKS = 64
"""Blocks (2 s) in whose quietest the background is seen; the minimum statistics of Martin (1994, 2001), without the bias term."""
_LOUD_BLOCKS = 6
"""Blocks (192 ms, a syllable) whose loudest tells how near a speaker is."""
_END_SHARE = 0.4
"""Share of the way from background to peak below which a sound counts as over."""
_LEAST_RANGE_DB = 6.0
"""With less between background and peak the level says nothing about ends."""
_PEAK_DECAY_DB = 0.25
"""A block; 8 dB a second: a speaker may grow quieter."""
_MISHEARD_BLOCKS = 25
"""Blocks (0.8 s) of speech taken for the room's, with nothing else said: it may have been the candidate."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class ActivityRules:
    """Limits of the judgement."""

    threshold: float = 0.5
    """Probability above which a block counts as speech."""
    hysteresis: float = 0.15
    """A syllable's soft end may be so much less probable."""
    far_db: float = 12.0
    """Speech so much quieter than the candidate's own comes from the room: a television, a neighbour."""


class SpeechActivity:
    """Follows one call's audio block by block."""

    def __init__(self, rules: ActivityRules | None = None) -> None:
        self._rules = rules or ActivityRules()
        self._quietest: deque[float] = deque(maxlen=_FLOOR_BLOCKS)
        self._loudest: deque[float] = deque(maxlen=_LOUD_BLOCKS)
        self._peak_db = _SILENCE_DB
        self._near_db: float | None = None
        self._speaking = False
        self._far_blocks = 0

    @property
    def near_db(self) -> float | None:
        """How loud the candidate speaks, once something they said was understood."""
        return self._near_db

    def is_speech(self, block: Samples, probability: float) -> bool:
        """Whether the candidate speaks at the end of the next block.

        Args:
            block: float32 in [-1, 1], 32 ms.
            probability: the model's for it, 0 to 1.
        """
        half = block.size // 2
        first_db, last_db = _level_db(block[:half]), _level_db(block[half:])
        level_db = max(first_db, last_db)
        self._quietest.append(min(first_db, last_db))
        self._loudest.append(level_db)
        voice = probability >= self._rules.threshold - (self._rules.hysteresis if self._speaking else 0.0)
        if voice and self._is_far():
            self._far_blocks += 1
            voice = False
        if not voice:
            self._speaking = False
            return False
        self._far_blocks = 0
        if not self._speaking:
            self._speaking = True
            self._peak_db = level_db
            return True
        self._peak_db = max(level_db, self._peak_db - _PEAK_DECAY_DB)
        floor_db = min(self._quietest)
        span_db = self._peak_db - floor_db
        return span_db < _LEAST_RANGE_DB or last_db > floor_db + _END_SHARE * span_db

    def understood(self) -> None:
        """What was just said were words: its loudness is the candidate's."""
        if self._peak_db > _SILENCE_DB:
            self._near_db = self._peak_db if self._near_db is None else 0.7 * self._near_db + 0.3 * self._peak_db

    def nothing_said(self) -> None:
        """The candidate's turn passed in silence. Who was taken for the room meanwhile may have been they: listen more closely."""
        if self._near_db is not None and self._far_blocks >= _MISHEARD_BLOCKS:
            self._near_db -= self._rules.far_db
        self._far_blocks = 0

    def _is_far(self) -> bool:
        """Whether this is the room. A word's quiet sounds are not: they lie close behind its loud ones."""
        own_db = self._near_db if self._near_db is not None else self._peak_db if self._speaking else None
        return own_db is not None and max(self._loudest) < own_db - self._rules.far_db


def _level_db(samples: Samples) -> float:
    return max(_SILENCE_DB, 10 * float(np.log10(np.mean(np.square(samples)) + _TINY)))
