"""Features of finished calls with torchaudio; with the extra `torch` (`make acoustics`, which `make test` runs first)."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from agi_app.audio.acoustics import acoustics
from agi_app.errors import SetupError
from tests.unit.test_prosody import RATE, voice

SPAN = [(0, 2000)]


@pytest.mark.parametrize("name", ["torch", "torchaudio.functional"])
def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SetupError) as caught:
        acoustics(voice(), RATE, SPAN)
    assert caught.value.remedy == "make acoustics"


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the extra is not installed: make acoustics")
class TestWithTorch:
    @pytest.mark.parametrize("hertz", [110, 150, 220])
    def test_pitch(self, hertz: int) -> None:
        (spoken,) = acoustics(voice(pitch=hertz), RATE, SPAN)
        assert spoken.pitch_hz == pytest.approx(hertz, rel=0.08)

    def test_a_rising_voice_rises(self) -> None:
        (rising,) = acoustics(voice(pitch=140, glide=8), RATE, SPAN)
        (falling,) = acoustics(voice(pitch=220, glide=-8), RATE, SPAN)
        assert rising.pitch_slope_semitones_per_s > 2
        assert falling.pitch_slope_semitones_per_s < -2

    def test_level_and_tilt(self) -> None:
        soft, loud = (acoustics(voice(level_db=level), RATE, SPAN)[0] for level in (-40, -20))
        assert loud.level_db == pytest.approx(-20, abs=3)
        assert loud.level_db - soft.level_db == pytest.approx(20, abs=0.5)
        bright = voice() + 0.05 * np.sin(2 * np.pi * 2500 * np.arange(2 * RATE) / RATE).astype(np.float32)
        assert acoustics(bright.astype(np.float32), RATE, SPAN)[0].tilt_db < loud.tilt_db - 3

    def test_each_span_is_described_and_short_or_silent_ones_are_not(self) -> None:
        audio = np.concatenate((voice(2.0), np.zeros(RATE, np.float32), voice(2.0, pitch=220)))
        told = acoustics(audio, RATE, [(0, 2000), (2000, 3000), (3000, 5000), (3000, 3200), (9000, 9900)])
        assert [(one.start_ms, one.end_ms) for one in told] == [(0, 2000), (3000, 5000)]
        assert told[1].pitch_hz > told[0].pitch_hz
