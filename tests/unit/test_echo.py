"""Our own voice coming back is told from the candidate's, at every delay an echo may have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agi_app.audio.echo import EchoDetector

RATE = 8000
BLOCK = 256
Wave = npt.NDArray[np.float32]


def voice(seconds: float, seed: int, pitch: float = 160.0) -> Wave:
    """Something like speech: a gliding pulse train through changing formants, in syllables."""
    rng = np.random.default_rng(seed)
    total = int(seconds * RATE)
    times = np.arange(total) / RATE
    glide = np.interp(
        times,
        np.arange(0, seconds + 0.2, 0.1),
        pitch * rng.uniform(0.8, 1.25, int(seconds / 0.1) + 3)[: int(np.ceil((seconds + 0.2) / 0.1))],
    )
    pulses = np.diff(np.floor(np.cumsum(glide) / RATE), prepend=0.0) + 0.05 * rng.standard_normal(total)
    out = np.zeros(total)
    for start in range(0, total, RATE // 5):
        centre = rng.uniform(300, 2600, 2)
        ring = np.exp(-np.arange(80) / 16.0)
        shape = sum(ring * np.cos(2 * np.pi * hertz * np.arange(80) / RATE) for hertz in centre)
        stop = min(total, start + RATE // 5)
        out[start:stop] += np.convolve(pulses[start:stop], shape)[: stop - start]
    out *= np.clip(np.sin(2 * np.pi * 2.3 * times + seed), 0.15, 1)
    return (0.1 * out / np.sqrt(np.mean(out**2))).astype(np.float32)


def shares(ours: Wave, line: Wave) -> tuple[list[bool], EchoDetector]:
    """For each loud block of the line whether it was taken for echo, as it would be asked live."""
    detector, found = EchoDetector(RATE), []
    for at in range(0, line.size - BLOCK + 1, BLOCK):
        detector.played(at, ours[at : at + BLOCK])
        block = line[at : at + BLOCK]
        detector.heard(block)
        if np.sqrt(np.mean(np.square(block))) > 0.003:
            found.append(detector.is_echo(at + BLOCK))
    return found, detector


def echo(ours: Wave, *, db: float, delay_ms: int, dispersed: bool = False) -> Wave:
    delayed = np.zeros_like(ours)
    delay = delay_ms * RATE // 1000
    delayed[delay:] = ours[: ours.size - delay] * 10 ** (db / 20)
    if dispersed:  # a hybrid's few milliseconds
        path = np.random.default_rng(1).standard_normal(48) * np.exp(-np.arange(48) / 8)
        delayed = np.convolve(delayed, path / np.sqrt(np.sum(path**2)))[: ours.size].astype(np.float32)
    return delayed + (0.0005 * np.random.default_rng(2).standard_normal(ours.size)).astype(np.float32)


@pytest.mark.parametrize("delay_ms", [20, 120, 300, 460])
@pytest.mark.parametrize("dispersed", [False, True])
def test_an_echo_is_known_from_its_first_syllable_on(delay_ms: int, dispersed: bool) -> None:
    ours = voice(4, seed=1)
    found, detector = shares(ours, echo(ours, db=-15, delay_ms=delay_ms, dispersed=dispersed))
    assert len(found) > 30
    assert np.mean(found) >= 0.9
    assert all(found[1:6])
    assert detector.delay_samples == pytest.approx(delay_ms * 8, abs=48)


def test_a_candidate_who_speaks_over_us_is_not_taken_for_an_echo() -> None:
    ours = voice(4, seed=1)
    found, _ = shares(ours, voice(4, seed=5, pitch=150))
    assert len(found) > 30
    assert np.mean(found) <= 0.03


def test_a_candidate_who_speaks_over_an_echo_is_still_heard() -> None:
    ours = voice(4, seed=1)
    line = echo(ours, db=-15, delay_ms=200)
    line[2 * RATE :] += voice(2, seed=7, pitch=130)
    found, _ = shares(ours, line)
    late = found[-40:]
    assert np.mean(late) <= 0.25


def test_silence_of_ours_has_no_echo() -> None:
    found, detector = shares(np.zeros(2 * RATE, np.float32), voice(2, seed=3))
    assert not any(found)
    assert detector.delay_samples is None


def test_what_we_played_long_ago_is_forgotten() -> None:
    ours, detector = voice(1, seed=1), EchoDetector(RATE)
    detector.played(0, ours)
    late = 3 * RATE
    for at in range(0, RATE - BLOCK, BLOCK):
        detector.heard(ours[at : at + BLOCK])
        assert not detector.is_echo(late + at)
