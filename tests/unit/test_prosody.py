"""Pitch, level, pace and pauses of an utterance, on sounds whose values are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agi_app.audio.prosody import prosody

RATE = 8000


def voice(
    seconds: float = 2.0, *, pitch: float = 150.0, syllables: float = 4.0, level_db: float = -20.0, glide: float = 0.0
) -> npt.NDArray[np.float32]:
    """A buzz with so many bumps a second, whose pitch rises by `glide` semitones from begin to end."""
    time = np.arange(int(seconds * RATE)) / RATE
    hertz = pitch * 2 ** (glide * (time / seconds) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 8))
    bumps = np.clip(np.sin(2 * np.pi * syllables * time), 0.02, 1)
    sound = buzz * bumps
    return np.asarray(sound / np.sqrt(np.mean(sound**2)) * 10 ** (level_db / 20), np.float32)


@pytest.mark.parametrize("hertz", [85, 120, 180, 240, 350])
def test_pitch(hertz: float) -> None:
    spoken = prosody(voice(pitch=hertz), RATE)
    assert spoken is not None
    assert spoken.pitch_hz == pytest.approx(hertz, rel=0.06)
    assert spoken.pitch_range_semitones < 1


def test_pitch_range() -> None:
    spoken = prosody(voice(pitch=150, glide=10), RATE)
    assert spoken is not None
    assert spoken.pitch_range_semitones == pytest.approx(8, abs=1.2)


@pytest.mark.parametrize("pace", [4.0, 5.0, 6.5])
def test_pace(pace: float) -> None:
    spoken = prosody(voice(3.0, syllables=pace), RATE)
    assert spoken is not None
    assert spoken.syllables_per_s == pytest.approx(pace, rel=0.2)


def test_level_is_told_in_decibels() -> None:
    soft, loud = prosody(voice(level_db=-40), RATE), prosody(voice(level_db=-20), RATE)
    assert soft is not None
    assert loud is not None
    assert loud.level_db - soft.level_db == pytest.approx(20, abs=0.1)


def test_pauses_count_inside_not_around() -> None:
    silence = np.zeros(RATE, np.float32)
    spoken = prosody(np.concatenate((silence, voice(1.0), silence, voice(1.0), silence)), RATE)
    assert spoken is not None
    assert spoken.pause_share == pytest.approx(1 / 3, abs=0.06)
    fluent = prosody(np.concatenate((silence, voice(2.0), silence)), RATE)
    assert fluent is not None
    assert fluent.pause_share < 0.05


def test_noise_has_no_pitch_and_no_syllables() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 2 * RATE).astype(np.float32)
    spoken = prosody(noise, RATE)
    assert spoken is not None
    assert spoken.pitch_hz is None
    assert spoken.syllables_per_s == 0


@pytest.mark.parametrize("samples", [0, 100, 1500])
def test_too_short(samples: int) -> None:
    assert prosody(np.ones(samples, np.float32), RATE) is None


def test_silence() -> None:
    assert prosody(np.zeros(RATE, np.float32), RATE) is None
