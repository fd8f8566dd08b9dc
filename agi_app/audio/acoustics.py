"""How the utterances of a finished call were spoken, in more detail than there is time for during it. Needs the extra `torch`.

Pitch by normalised cross-correlation with median smoothing, energy and spectrum from a mel spectrogram, both of torchaudio. Like
all of mood it describes, and never enters a score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agi_app.errors import SetupError

_PITCH_FRAME_S, _PITCH_WINDOW = 0.01, 30
_LOWEST_HZ, _HIGHEST_HZ = 70, 400
_MEL_BANDS = 40
_MEL_FRAME_S, _MEL_HOP_S = 0.032, 0.01
_BELOW_PEAK_DB = 25.0
_SHORTEST_S = 0.4
_SPLIT_HZ = 1000.0


@dataclass(frozen=True, slots=True)
class Acoustics:
    """One utterance."""

    start_ms: int
    end_ms: int
    pitch_hz: float
    """Median over the frames that are not pauses."""
    pitch_spread_semitones: float
    """From the 10th to the 90th percentile."""
    pitch_slope_semitones_per_s: float
    """Of a straight line through the contour: above 0 it rises."""
    level_db: float
    """Of the time that is not pauses, relative to full scale."""
    tilt_db: float
    """Energy below 1 kHz against that above; a raised voice lowers it."""
    pause_share: float
    flux: float
    """Mean change of the mel spectrum from frame to frame, in dB: livelier speech changes more."""


def acoustics(audio: npt.NDArray[np.float32], rate: int, spans_ms: Iterable[tuple[int, int]]) -> list[Acoustics]:
    """Describe the utterances of one side of a call.

    Args:
        audio: the candidate's side in [-1, 1], shape [n].
        rate: in Hz.
        spans_ms: begin and end of each utterance.

    Returns:
        One item for each span of at least 0.4 s that is not silent.

    Raises:
        SetupError: the extra is not installed, or does not fit this machine.
    """
    torch, functional, transforms = _torch()
    mel = transforms.MelSpectrogram(
        sample_rate=rate, n_fft=round(_MEL_FRAME_S * rate), hop_length=round(_MEL_HOP_S * rate), n_mels=_MEL_BANDS, f_min=60.0
    )
    centres = _mel_centres(rate)
    described = []
    for start_ms, end_ms in spans_ms:
        piece = audio[start_ms * rate // 1000 : end_ms * rate // 1000]
        if piece.size < _SHORTEST_S * rate or not np.any(piece):
            continue
        wave = torch.from_numpy(np.ascontiguousarray(piece, np.float32))
        with torch.inference_mode():
            pitch = functional.detect_pitch_frequency(
                wave, rate, frame_time=_PITCH_FRAME_S, win_length=_PITCH_WINDOW, freq_low=_LOWEST_HZ, freq_high=_HIGHEST_HZ
            ).numpy()
            power = mel(wave).numpy().astype(np.float64)
        energy = float(np.mean(piece.astype(np.float64) ** 2))
        described.append(_describe(start_ms, end_ms, energy, pitch.astype(np.float64), power, centres))
    return described


def _describe(
    start_ms: int,
    end_ms: int,
    energy: float,
    pitch: npt.NDArray[np.float64],
    power: npt.NDArray[np.float64],
    centres: npt.NDArray[np.float64],
) -> Acoustics:
    levels = 10 * np.log10(power.sum(axis=0) + 1e-12)
    loud = levels > levels.max() - _BELOW_PEAK_DB
    frames = min(len(pitch), len(loud))
    heard = pitch[:frames][loud[:frames]]
    semitones = 12 * np.log2(heard / np.median(heard)) if heard.size else np.zeros(1)
    seconds = np.flatnonzero(loud[:frames]) * _MEL_HOP_S if heard.size else np.zeros(1)
    slope = float(np.polyfit(seconds, semitones, 1)[0]) if heard.size > 10 else 0.0
    low, high = power[centres < _SPLIT_HZ][:, loud].sum(), power[centres >= _SPLIT_HZ][:, loud].sum()
    change = np.abs(np.diff(10 * np.log10(power[:, loud] + 1e-10), axis=1)) if loud.sum() > 1 else np.zeros((1, 1))
    return Acoustics(
        start_ms=start_ms,
        end_ms=end_ms,
        pitch_hz=float(np.median(heard)) if heard.size else 0.0,
        pitch_spread_semitones=float(np.subtract(*np.percentile(semitones, [90, 10]))),
        pitch_slope_semitones_per_s=slope,
        level_db=float(10 * np.log10(energy / loud.mean() + 1e-12)),
        tilt_db=float(10 * np.log10((low + 1e-12) / (high + 1e-12))),
        pause_share=float(1 - loud.mean()),
        flux=float(change.mean()),
    )


def _mel_centres(rate: int) -> npt.NDArray[np.float64]:
    """Centre frequencies of the mel bands (HTK's scale), in Hz."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (60.0, rate / 2))
    mels = np.linspace(low, high, _MEL_BANDS + 2)[1:-1]
    return np.asarray(700 * (10 ** (mels / 2595) - 1))


def _torch() -> tuple[Any, Any, Any]:
    """torch and the two parts of torchaudio; they take seconds to import, so nobody imports them who does not need them."""
    try:
        import torch
        import torchaudio.functional
        import torchaudio.transforms
    except (ImportError, OSError) as error:
        raise SetupError(
            f"torch and torchaudio cannot be used: {error}", where="agi_app/audio/acoustics.py", remedy="make acoustics"
        ) from error
    return torch, torchaudio.functional, torchaudio.transforms
