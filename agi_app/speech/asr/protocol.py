"""What every recogniser offers: audio in, text with alternatives out.

Calls block; `agi_app.speech.worker` runs them off the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]
"""Mono samples in [-1, 1], shape [n], at the telephone's rate (8 kHz unless `Recogniser.sample_rate` says otherwise)."""


@dataclass(frozen=True, slots=True)
class RecognitionHints:
    """What is likely to be said now."""

    language: str = "zh"
    words: tuple[str, ...] = ()
    """Sentences or words that are likely now, most likely first; they bias free recognition."""
    phrases: tuple[str, ...] = ()
    """A small closed set of complete short answers that may be scored against the sound itself."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of the audio."""

    text: str
    log_prob: float
    """Natural logarithm; of free recognition the average per token."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was heard in one utterance."""

    text: str
    """Best reading, Simplified Chinese; empty when nothing intelligible was said."""
    confidence: float
    """0..1, calibrated only roughly: compare, do not trust."""
    alternatives: tuple[Alternative, ...] = ()
    """Best first, the first is `text`."""
    closed: tuple[Alternative, ...] = ()
    """`RecognitionHints.phrases` that the sound itself speaks for, best first; empty when they were not scored or none of them was
    said. Their `log_prob` is that of the whole phrase among the set and "none of these"."""
    engine: str = ""
    audio_ms: int = 0
    wait_ms: float = 0.0
    """Time spent in the queue."""
    compute_ms: float = 0.0
    stages_ms: dict[str, float] = field(default_factory=dict)


class Recogniser(Protocol):
    """An engine. Thread-safe; one call at a time per worker thread."""

    name: str
    sample_rate: int

    def load(self) -> None:
        """Load and warm the model. Raises ModelError."""

    def recognise(self, audio: Audio, hints: RecognitionHints) -> Recognition:
        """Recognise one whole utterance. Raises RecognitionError."""
