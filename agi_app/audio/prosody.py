"""How an utterance was spoken: pitch, level, pace, pauses. Pure numpy, some milliseconds for ten seconds of speech.

Pitch by normalised autocorrelation (Boersma 1993, without its path finding); syllables as peaks of the intensity that stand 2 dB
above the dips around them and are voiced (de Jong and Wempe 2009). Both survive the telephone's band; neither says anything about a
person by itself, only against other utterances of the same person on the same line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

HOP_S = 0.01
_PITCH_FRAME_S = 0.04
_LEVEL_FRAME_S = 0.02
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 420.0
_VOICED = 0.5
"""Normalised autocorrelation from which a frame is voiced."""
_BELOW_PEAK_DB = 25.0
"""A frame this far below the loudest is a pause."""
_DIP_DB = 2.0
_SHORTEST_PAUSE = 15
"""Frames: shorter gaps belong to stops and fricatives."""
_SHORTEST_S = 0.2
_FLOOR_DB = -80.0


@dataclass(frozen=True, slots=True)
class Prosody:
    """One utterance."""

    seconds: float
    pitch_hz: float | None
    """Median of the voiced frames; None when too little is voiced."""
    pitch_range_semitones: float
    """From the 10th to the 90th percentile."""
    level_db: float
    """Mean level of the frames that are not pauses, relative to full scale."""
    syllables_per_s: float
    """Of the time that is not pauses (articulation rate)."""
    pause_share: float
    """Share of the time between the first and the last sound that is pauses of 150 ms and more."""


def prosody(samples: npt.NDArray[np.float32], rate: int) -> Prosody | None:
    """Measure an utterance.

    Args:
        samples: mono in [-1, 1], shape [n].
        rate: in Hz, 8000 or more.

    Returns:
        None when it is shorter than 0.2 s or silent.
    """
    if samples.size < _SHORTEST_S * rate:
        return None
    audio = samples.astype(np.float64)
    levels = _levels(audio, rate)
    loud = levels > max(levels.max() - _BELOW_PEAK_DB, _FLOOR_DB)
    if levels.max() <= _FLOOR_DB or not loud.any():
        return None
    first, last = int(np.argmax(loud)), len(loud) - int(np.argmax(loud[::-1]))
    pitches, voiced = _pitch(audio, rate)
    count = min(len(loud), len(voiced))
    voiced[:count] &= loud[:count]
    voiced[count:] = False
    heard = pitches[voiced]
    pauses = _pause_frames(loud[first:last])
    spoken_s = max((last - first - pauses) * HOP_S, HOP_S)
    low, high = np.percentile(heard, [10, 90]) if heard.size >= 5 else (1.0, 1.0)
    return Prosody(
        seconds=samples.size / rate,
        pitch_hz=float(np.median(heard)) if heard.size >= 5 else None,
        pitch_range_semitones=float(12 * np.log2(high / low)),
        level_db=float(levels[loud].mean()),
        syllables_per_s=_syllables(levels, voiced) / spoken_s,
        pause_share=pauses / max(1, last - first),
    )


def _frames(audio: FloatArray, rate: int, length_s: float) -> FloatArray:
    """Overlapping frames, shape [frames, samples]."""
    size, hop = round(length_s * rate), round(HOP_S * rate)
    if audio.size < size:
        audio = np.pad(audio, (0, size - audio.size))
    return np.lib.stride_tricks.sliding_window_view(audio, size)[::hop]


def _levels(audio: FloatArray, rate: int) -> FloatArray:
    power = np.mean(_frames(audio, rate, _LEVEL_FRAME_S) ** 2, axis=1)
    smooth = np.convolve(power, np.hanning(7) / np.hanning(7).sum(), mode="same")
    return np.asarray(10 * np.log10(np.maximum(smooth, 10 ** (_FLOOR_DB / 10))))


def _pitch(audio: FloatArray, rate: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Pitch in Hz and whether it is voiced, for each frame."""
    frames = _frames(audio, rate, _PITCH_FRAME_S)
    window = np.hanning(frames.shape[1])
    size = 1 << (2 * frames.shape[1] - 1).bit_length()
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    correlation = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2)[:, : frames.shape[1]]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[: frames.shape[1]]
    shortest, longest = int(rate / _HIGHEST_HZ), min(int(rate / _LOWEST_HZ), frames.shape[1] - 2)
    normal = correlation / np.maximum(correlation[:, :1], 1e-12) * (own[0] / np.maximum(own, 1e-9 * own[0]))
    band = normal[:, shortest : longest + 1] * (1 - 0.1 * np.linspace(0, 1, longest + 1 - shortest))  # rather the octave above
    best = band.argmax(axis=1)
    strength = band[np.arange(len(band)), best]
    return rate / (best + shortest).astype(np.float64), strength > _VOICED


def _pause_frames(loud: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([True], loud, [True])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= _SHORTEST_PAUSE].sum())


def _syllables(levels: FloatArray, voiced: npt.NDArray[np.bool_]) -> int:
    """Voiced peaks of the level with a dip before each."""
    count, dip, peak, peak_voiced = 0, levels[0], -np.inf, False
    for level, is_voiced in zip(levels, np.pad(voiced, (0, max(0, len(levels) - len(voiced)))), strict=False):
        if level > peak:
            peak, peak_voiced = level, bool(is_voiced)
        if peak - level >= _DIP_DB and peak - dip >= _DIP_DB:
            count += peak_voiced
            dip, peak = level, -np.inf
        elif level < dip:
            dip, peak = level, -np.inf
    if peak - dip >= _DIP_DB:
        count += peak_voiced
    return count
