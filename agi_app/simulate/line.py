"""What the candidate's surroundings and the telephone network do to sound, frame by frame: noise, echo, level. No I/O.

Loss and jitter are not here: they happen to real RTP packets (relay.py). Everything is seeded, so that a call can be repeated.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from agi_app.simulate.persona import Line, Noise

SAMPLE_RATE = 8000
FRAME_MS = 20
FRAME = SAMPLE_RATE * FRAME_MS // 1000
"""Samples a frame."""

SPEECH_DBOV = -26.0
"""Nominal active speech level of a telephone line, dB relative to full scale (ITU-T P.56, G.100.1)."""

ACTIVE_DBOV = -50.0
"""A received frame above this is voice: comfort noise and companded silence lie below -60."""

Pcm = npt.NDArray[np.int16]
Wave = npt.NDArray[np.float64]


def level_dbov(samples: npt.NDArray[np.int16] | Wave) -> float:
    """RMS level in dB relative to a full-scale 16 bit square wave; -120 for digital silence."""
    if samples.size == 0:
        return -120.0
    power = float(np.mean(np.square(samples.astype(np.float64)))) / 32768.0**2
    return max(-120.0, 10 * np.log10(power)) if power > 0 else -120.0


def is_active(frame: Pcm, threshold_dbov: float = ACTIVE_DBOV) -> bool:
    """Whether a frame holds voice (or anything else that loud)."""
    values = frame.astype(np.float32)
    return float(np.dot(values, values)) > values.size * 32768.0**2 * 10 ** (threshold_dbov / 10)


def _music(rng: np.random.Generator, seconds: int) -> Wave:
    """Chords of decaying harmonics, changing every half second: music as on hold."""
    step = SAMPLE_RATE // 2
    times = np.arange(step) / SAMPLE_RATE
    scale = 220.0 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    beats = []
    for _ in range(seconds * 2):
        beat = np.zeros(step)
        for note in rng.choice(scale, size=3, replace=False):
            for harmonic in (1, 2, 3):
                beat += np.sin(2 * np.pi * note * harmonic * times + rng.uniform(0, 6.28)) / harmonic
        beats.append(beat * np.exp(-2 * times))
    return np.concatenate(beats)


def _television(rng: np.random.Generator, seconds: int) -> Wave:
    """Speech-like noise: three formant bands, a wandering pitch, syllables of 4 to 5 a second and pauses between sentences.

    Speech-shaped, amplitude-modulated noise in the manner of the ICRA noises (Dreschler et al. 2001); nobody says anything in it.
    """
    total = seconds * SAMPLE_RATE
    times = np.arange(total) / SAMPLE_RATE
    pitch = np.interp(times, np.arange(0, seconds + 1, 0.25), rng.uniform(90, 210, seconds * 4 + 4))
    voice = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)) + 0.3 * rng.standard_normal(total)
    hertz = np.fft.rfftfreq(total, 1 / SAMPLE_RATE)
    shape = np.zeros(hertz.size)
    for centre, width in ((500, 250), (1500, 400), (2500, 500)):
        shape += np.exp(-(((hertz - centre) / width) ** 2))
    shaped: Wave = np.fft.irfft(np.fft.rfft(voice) * shape, total)
    syllables = np.clip(np.sin(2 * np.pi * 4.3 * times + 3 * np.sin(times)), 0, 1)
    sentences = np.repeat(rng.random(seconds * 2) > 0.25, SAMPLE_RATE // 2)
    programme: Wave = shaped * syllables * sentences
    return programme


@lru_cache
def _loop(kind: Noise, seconds: int = 20) -> Wave:
    """The sound of that kind with an RMS of one, always the same."""
    rng = np.random.default_rng(1)
    match kind:
        case Noise.WHITE:
            wave: Wave = rng.standard_normal(seconds * SAMPLE_RATE)
        case Noise.MUSIC:
            wave = _music(rng, seconds)
        case Noise.TELEVISION:
            wave = _television(rng, seconds)
    unit: Wave = wave / np.sqrt(np.mean(wave**2))
    return unit


class Background:
    """Noise that goes on for ever.

    Args:
        kind: what it sounds like.
        level_dbov: its RMS level.
        seed: where in the sound it starts.
    """

    def __init__(self, kind: Noise, level_dbov: float, seed: int) -> None:
        self._wave = _loop(kind) * (10 ** (level_dbov / 20) * 32768.0)
        self._at = int(np.random.default_rng(seed).integers(self._wave.size))

    def __call__(self, samples: int) -> Wave:
        """The next samples."""
        index = (self._at + np.arange(samples)) % self._wave.size
        self._at = int((self._at + samples) % self._wave.size)
        return np.take(self._wave, index)


class Echo:
    """Hybrid echo: what is heard comes back weaker and later.

    Args:
        loss_db: how much weaker, zero or negative.
        delay_ms: how much later.
    """

    def __init__(self, loss_db: float, delay_ms: float) -> None:
        self._gain = 10 ** (loss_db / 20)
        self._held: Wave = np.zeros(max(FRAME, round(delay_ms * SAMPLE_RATE / 1000)))

    def __call__(self, heard: Pcm) -> Wave:
        """Take in what was heard in the frame before, give what comes back in this one."""
        self._held = np.concatenate([self._held, heard * self._gain])
        out, self._held = self._held[: heard.size], self._held[heard.size :]
        return out


class Mouthpiece:
    """Everything between the candidate's voice and the wire.

    Args:
        line: its effects.
        gain_db: the candidate's level relative to the nominal one; noise follows it, so that `snr_db` holds.
        seed: of the noise.
    """

    def __init__(self, line: Line, *, gain_db: float = 0, seed: int = 0) -> None:
        self._noise = None
        if line.snr_db is not None:
            self._noise = Background(line.noise, SPEECH_DBOV + gain_db - line.snr_db, seed)
        self._echo = Echo(line.echo_db, line.echo_delay_ms) if line.echo_db is not None else None
        self.clean = self._noise is None and self._echo is None

    def __call__(self, spoken: Pcm, heard_before: Pcm) -> Pcm:
        """One frame of voice, and what was heard in the frame before: what goes onto the wire. Both int16, shape [FRAME]."""
        if self.clean:
            return spoken
        mixed = spoken.astype(np.float64)
        if self._noise is not None:
            mixed += self._noise(spoken.size)
        if self._echo is not None:
            mixed += self._echo(heard_before)
        return np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
