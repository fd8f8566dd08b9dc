"""What happens to a voice's raw audio before it goes to the telephone: edges, level, peaks, sample rate. Pure functions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from agi_app.speech.tts.protocol import Pcm

Samples = npt.NDArray[np.float32]
"""Mono, [-1, 1], shape [n]."""

ACTIVE_LEVEL_DB = -20.0
"""Level of the spoken parts, dB relative to full scale: 6 dB above the nominal level of telephone speech (ITU-T P.56, G.168:
-26 dBov), because a prompt must carry over street noise, and 6 dB below where the peaks of this voice would need hard limiting."""
_PEAK = 0.84
"""-1.5 dBFS: μ-law and A-law keep a little headroom above their overload point."""
_KNEE = 0.6
"""Above this the limiter bends softly."""
_SILENCE_DB = -45.0
_BLOCK_S = 0.01
_EDGE_S = 0.03
_FADE_S = 0.008
_LARGEST_GAIN_DB = 12.0


def master(audio: Samples, rate: int, *, target_rate: int) -> Pcm:
    """Trim, level, limit and resample one clause.

    Args:
        audio: as the voice made it.
        rate: its sample rate in Hz.
        target_rate: the telephone's rate in Hz.

    Returns:
        16-bit samples; empty when the audio holds no sound.
    """
    # Resampled first: in the telephone band levels, peaks and the beginnings of hissing sounds are others.
    if rate != target_rate:
        audio = soxr.resample(audio, rate, target_rate, quality="HQ")
    audio = trimmed(levelled(audio, target_rate), target_rate)
    audio = faded(limited(audio), target_rate)
    return np.round(audio * 32767).astype(np.int16)


def _block_levels(audio: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Level of every 10 ms in dB relative to full scale."""
    size = int(rate * _BLOCK_S)
    blocks = audio[: audio.size // size * size].reshape(-1, size).astype(np.float64)
    levels: npt.NDArray[np.float64] = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12)
    return levels


def trimmed(audio: Samples, rate: int) -> Samples:
    """Without the silence at both ends, but for 30 ms: silence in front is waiting time for the listener."""
    loud = np.flatnonzero(_block_levels(audio, rate) > _SILENCE_DB)
    if loud.size == 0:
        return audio[:0]
    block, edge = int(rate * _BLOCK_S), int(rate * _EDGE_S)
    return audio[max(0, loud[0] * block - edge) : (loud[-1] + 1) * block + edge]


def levelled(audio: Samples, rate: int) -> Samples:
    """At the active level: the mean power of the blocks within 20 dB of the loudest, so that pauses do not count."""
    levels = _block_levels(audio, rate)
    if levels.size == 0:
        return audio
    active = levels[levels > levels.max() - 20]
    level = 10 * np.log10(np.mean(10 ** (active / 10)))
    gain_db = np.clip(ACTIVE_LEVEL_DB - level, -_LARGEST_GAIN_DB, _LARGEST_GAIN_DB)
    return (audio * np.float32(10 ** (gain_db / 20))).astype(np.float32)


def limited(audio: Samples) -> Samples:
    """Peaks bent softly below the ceiling: linear up to the knee, a hyperbolic tangent above."""
    over = np.abs(audio) > _KNEE
    if not over.any():
        return audio
    room = _PEAK - _KNEE
    bent = _KNEE + room * np.tanh((np.abs(audio[over]) - _KNEE) / room)
    audio = audio.copy()
    audio[over] = np.copysign(bent, audio[over]).astype(np.float32)
    return audio


def faded(audio: Samples, rate: int) -> Samples:
    """With both ends faded over a few milliseconds, so that joints do not click."""
    length = min(int(rate * _FADE_S), audio.size // 2)
    ramp = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, length))).astype(np.float32)
    audio = audio.copy()
    audio[:length] *= ramp
    audio[audio.size - length :] *= ramp[::-1]
    return audio
