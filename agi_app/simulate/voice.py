"""Making one voice sound like many: pitch, speed, level, exact edges. Pure functions on telephone audio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from agi_app.simulate.line import SAMPLE_RATE, SPEECH_DBOV, Pcm

Samples = npt.NDArray[np.float32]
"""Mono, [-1, 1], shape [n], 8 kHz."""

_BLOCK = SAMPLE_RATE // 100
_EDGE_DB = 40.0
"""What lies this far below the loudest 10 ms, at either end, is silence."""
_FRAME = 240
_HOP = _FRAME // 2
_SEARCH = 60


def shaped(audio: Pcm, *, semitones: float, rate: float, gain_db: float) -> Pcm:
    """A line in another voice.

    Args:
        audio: the synthesised or recorded line.
        semitones: pitch (and with it the formants: a smaller or larger person), up or down.
        rate: above 1 faster.
        gain_db: relative to the nominal level of telephone speech.

    Returns:
        The line without silence at its ends.
    """
    wave = _trimmed((audio / 32768).astype(np.float32))
    factor = 2 ** (semitones / 12)
    if semitones:
        wave = np.asarray(soxr.resample(wave, SAMPLE_RATE * factor, SAMPLE_RATE), dtype=np.float32)
    wave = stretched(wave, factor / rate)
    return _levelled(_trimmed(wave), gain_db)


def stretched(wave: Samples, factor: float) -> Samples:
    """The same speech `factor` times as long at the same pitch.

    WSOLA (Verhelst and Roelands, 1993): frames are taken where they continue the one before best, found by cross-correlation within
    7.5 ms, and overlapped by half.
    """
    if abs(factor - 1) < 0.01 or wave.size < 2 * _FRAME:
        return wave
    window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
    count = int(wave.size * factor) // _HOP
    padded = np.concatenate([np.zeros(_SEARCH, np.float32), wave, np.zeros(_FRAME * 2 + _SEARCH, np.float32)])
    out = np.zeros(count * _HOP + _FRAME, np.float32)
    previous = _SEARCH
    for index in range(count):
        ideal = _SEARCH + min(int(index * _HOP / factor), wave.size)
        if index:
            goal = padded[previous + _HOP : previous + _HOP + _FRAME]
            region = padded[ideal - _SEARCH : ideal + _SEARCH + _FRAME]
            ideal += int(np.argmax(np.correlate(region, goal, mode="valid"))) - _SEARCH
        out[index * _HOP : index * _HOP + _FRAME] += window * padded[ideal : ideal + _FRAME]
        previous = min(ideal, wave.size)
    return out


def _levels(wave: Samples) -> npt.NDArray[np.float64]:
    blocks = wave[: wave.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK).astype(np.float64)
    levels: npt.NDArray[np.float64] = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12)
    return levels


def _trimmed(wave: Samples) -> Samples:
    levels = _levels(wave)
    if levels.size == 0:
        return wave
    loud = np.flatnonzero(levels > max(levels.max() - _EDGE_DB, -70.0))
    return wave[loud[0] * _BLOCK : (loud[-1] + 1) * _BLOCK] if loud.size else wave[:0]


def _levelled(wave: Samples, gain_db: float) -> Pcm:
    """To the nominal level, measured over what is loud (as ITU-T P.56 measures active speech), and clipped for safety."""
    levels = _levels(wave)
    if levels.size:
        active = levels[levels > levels.max() - 20]
        level = 10 * np.log10(np.mean(10 ** (active / 10)))
        wave = wave * np.float32(10 ** ((SPEECH_DBOV + gain_db - level) / 20))
    return np.rint(np.clip(wave, -1, 1) * 32767).astype(np.int16)
