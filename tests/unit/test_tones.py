"""Tones of the network are recognised by pitch and cadence, and nothing else is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agi_app.audio.tones import ToneDetector, ToneKind
from agi_app.simulate.line import Mouthpiece
from agi_app.simulate.persona import Line

RATE = 8000
Wave = npt.NDArray[np.float64]


def tone(hertz: float, ms: int, rate: int = RATE) -> Wave:
    return 0.1 * np.sin(2 * np.pi * hertz * np.arange(rate * ms // 1000) / rate)


def quiet(ms: int, rate: int = RATE) -> Wave:
    return np.zeros(rate * ms // 1000)


def found(wave: Wave, *, snr_db: float | None = None, rate: int = RATE, piece: int = 160) -> list[ToneKind]:
    wave = np.concatenate([quiet(300, rate), wave, quiet(600, rate)])
    if snr_db is not None:
        wave = wave + np.random.default_rng(3).normal(0, 0.07 * 10 ** (-snr_db / 20), wave.size)
    samples = (wave * 32767).astype(np.int16)
    detector = ToneDetector(rate)
    return [each.kind for start in range(0, samples.size, piece) for each in detector.feed(samples[start : start + piece])]


def cadence(hertz: float, on_ms: int, off_ms: int, times: int, rate: int = RATE) -> Wave:
    return np.concatenate([part for _ in range(times) for part in (tone(hertz, on_ms, rate), quiet(off_ms, rate))])


@pytest.mark.parametrize("snr_db", [None, 20, 12])
@pytest.mark.parametrize(
    ("wave", "kind"),
    [
        (cadence(450, 350, 350, 4), ToneKind.BUSY),
        (cadence(440, 350, 350, 4), ToneKind.BUSY),
        (cadence(450, 700, 700, 4), ToneKind.CONGESTION),
        (cadence(450, 1000, 4000, 1), ToneKind.RINGBACK),
        (np.concatenate([cadence(450, 100, 100, 3), cadence(450, 400, 400, 1)]), ToneKind.UNOBTAINABLE),
        (np.concatenate([tone(950, 330), tone(1400, 330), tone(1800, 330)]), ToneKind.SPECIAL_INFORMATION),
        (np.concatenate([tone(985.2, 380), tone(1370.6, 274), tone(1776.7, 380)]), ToneKind.SPECIAL_INFORMATION),
        (tone(1000, 500), ToneKind.BEEP),
    ],
)
def test_a_tone_is_known_by_its_cadence(wave: Wave, kind: ToneKind, snr_db: float | None) -> None:
    heard = found(wave, snr_db=snr_db)
    assert kind in heard
    others = set(heard) - {kind, ToneKind.BEEP}
    assert not others


def test_busy_is_decided_after_three_tones_and_no_sooner() -> None:
    assert found(cadence(450, 350, 350, 2)) == []
    assert found(cadence(450, 350, 350, 3)) == [ToneKind.BUSY]


def test_the_rate_and_the_size_of_the_pieces_do_not_matter() -> None:
    wave = cadence(450, 350, 350, 4, 16_000)
    assert set(found(wave, rate=16_000, piece=333)) == {ToneKind.BUSY}


@pytest.mark.parametrize("noise", ["white", "music", "television"])
def test_noise_music_and_voices_are_no_tones_of_the_network(noise: str) -> None:
    mouth = Mouthpiece(Line(snr_db=0, noise=noise))  # type: ignore[arg-type]
    silence = np.zeros(160, np.int16)
    detector = ToneDetector(RATE)
    heard = [each.kind for _ in range(50 * 20) for each in detector.feed(mouth(silence, silence))]
    assert set(heard) <= {ToneKind.BEEP}


def test_nobody_speaks_in_a_tone() -> None:
    detector = ToneDetector(RATE)
    detector.feed((tone(450, 200) * 32767).astype(np.int16))
    assert detector.in_tone
    detector.feed(np.zeros(800, np.int16))
    assert not detector.in_tone
