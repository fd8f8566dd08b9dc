"""Tones of the telephone network: ringing, busy, congestion, number unobtainable, special information, and an answering machine's
beep. Pure; time is counted in samples.

Sources: frequency and cadence of China's tones, ITU-T E.180 supplement 2 (450 Hz; ringing 1.0 s on, 4.0 s off; busy 0.35/0.35;
congestion 0.7/0.7; number unobtainable three times 0.1/0.1, then 0.4/0.4). Special information tone: ITU-T E.180/Q.35 (950, 1400
and 1800 Hz, 330 ± 70 ms each, in this order, at most 30 ms between); North America's variants (274 or 380 ms, 914 to 1777 Hz) lie
within the same bounds.

How: each 20 ms block is windowed (Hann) and transformed; a block is a tone when nearly all its energy lies around one peak. Runs
of tone and quiet make a cadence. Voiced speech can look like a tone for a block or two, but does not keep a cadence.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

_BLOCK_MS = 20
_FFT_HZ = 16
"""Wished distance of the transform's bins: a peak's frequency is then good to a few hertz."""
_LOBE_HZ = 100
"""Half the width of a 20 ms Hann window's main lobe."""
_PURITY = 0.7
"""Share of a block's energy that lies around its peak; a sine at 10 dB over white noise has more."""
_QUIET_DBOV = -48.0
_DROP_DB = 8.0
"""So far below the tone before it a block is quiet, however loud the line's noise."""
_BRIDGED_MS = 40
"""A break this short inside a tone or a pause is the line's, not the network's."""
_RUNS_KEPT = 12
_BEEP_MS = 180
_LONGEST_BEEP_MS = 1500


class ToneKind(StrEnum):
    """What a tone means."""

    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    UNOBTAINABLE = "unobtainable"
    SPECIAL_INFORMATION = "special_information"
    BEEP = "beep"
    """One tone of any other pitch, 0.18 to 1.5 s: after an answer, a machine begins to record."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone that was recognised; times are milliseconds of audio since the detector began."""

    kind: ToneKind
    start_ms: int
    end_ms: int


@dataclass(slots=True)
class _Run:
    """Consecutive blocks of one sort: `band` names the tone, "" is quiet, "?" anything else."""

    band: str
    start_ms: int
    end_ms: int

    @property
    def ms(self) -> int:
        return self.end_ms - self.start_ms

    def lasts(self, ms: int, tolerance_ms: int) -> bool:
        return abs(self.ms - ms) <= tolerance_ms


_BANDS: tuple[tuple[str, float, float], ...] = (
    ("call", 415, 485),
    ("low", 900, 990),
    ("middle", 1345, 1455),
    ("high", 1745, 1855),
)
_BEEPS_HZ = (350, 2300)


class ToneDetector:
    """Finds tones in one direction of one call.

    Args:
        sample_rate: Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._size = sample_rate * _BLOCK_MS // 1000
        self._window = np.hanning(self._size + 1)[:-1].astype(np.float32) / np.float32(32768)
        self._transform = 1 << (sample_rate // _FFT_HZ - 1).bit_length()
        self._bin_hz = sample_rate / self._transform
        self._waiting = np.zeros(0, np.int16)
        self._runs: deque[_Run] = deque([_Run("", 0, 0)], maxlen=_RUNS_KEPT)
        self._tone_db = _QUIET_DBOV
        self._told_ringing_at = -1
        self._elapsed_ms = 0
        self.in_tone = False
        """Whether the last block was one of the network's tones: nobody speaks in it."""

    def feed(self, samples: npt.NDArray[np.int16]) -> list[Tone]:
        """Take the next samples, shape [n], any length; returns the tones recognised in them."""
        waiting = np.concatenate((self._waiting, samples)) if self._waiting.size else samples
        found: list[Tone] = []
        position = 0
        while waiting.size - position >= self._size:
            found += self._block(waiting[position : position + self._size])
            position += self._size
        self._waiting = waiting[position:].copy()
        return found

    def _block(self, block: npt.NDArray[np.int16]) -> list[Tone]:
        band = self._classify(block)
        start = self._elapsed_ms
        self._elapsed_ms += _BLOCK_MS
        self.in_tone = band not in ("", "?", "beep")
        last = self._runs[-1]
        if band == last.band:
            last.end_ms = self._elapsed_ms
            return []
        if len(self._runs) > 1 and last.ms <= _BRIDGED_MS and band == self._runs[-2].band:
            self._runs.pop()  # what interrupted it was no run of its own
            self._runs[-1].end_ms = self._elapsed_ms
            return []
        told = self._judge()
        self._runs.append(_Run(band, start, self._elapsed_ms))
        return told

    def _classify(self, block: npt.NDArray[np.int16]) -> str:
        power = np.square(np.abs(np.fft.rfft(block * self._window, self._transform)))
        total = float(power.sum()) + 1e-12
        # Parseval, for a one-sided spectrum and a Hann window (mean square 3/8): the block's level against full scale.
        level = 10 * np.log10(2 * total / self._transform / (self._size * 3 / 8) + 1e-12)
        if level < _QUIET_DBOV or level < self._tone_db - _DROP_DB:
            return ""
        peak = int(power.argmax())
        lobe = round(_LOBE_HZ / self._bin_hz)
        near = float(power[max(0, peak - lobe) : peak + lobe + 1].sum())
        if near / total < _PURITY:
            return "?"
        frequency = peak * self._bin_hz
        for name, lowest, highest in _BANDS:
            if lowest <= frequency <= highest:
                self._tone_db = max(_QUIET_DBOV, level) if name == "call" else self._tone_db
                return name
        return "beep" if _BEEPS_HZ[0] <= frequency <= _BEEPS_HZ[1] else "?"

    def _judge(self) -> list[Tone]:
        """The last run has ended: does it complete a tone?"""
        runs = list(self._runs)
        last = runs[-1]
        if last.band == "call":
            return self._call_tone(runs)
        self._tone_db = _QUIET_DBOV if last.band == "?" else self._tone_db
        if last.band == "high":
            return _special_information(runs)
        if last.band in {"beep", "low", "middle"} and _BEEP_MS <= last.ms <= _LONGEST_BEEP_MS:
            return [Tone(ToneKind.BEEP, last.start_ms, last.end_ms)]
        return []

    def _call_tone(self, runs: list[_Run]) -> list[Tone]:
        last = runs[-1]
        for kind, on_ms, off_ms, tolerance_ms in _REPEATED:
            if _repeats(runs, on_ms, off_ms, tolerance_ms):
                return [Tone(kind, runs[-5].start_ms, last.end_ms)]
        if _unobtainable(runs):
            return [Tone(ToneKind.UNOBTAINABLE, runs[-7].start_ms, last.end_ms)]
        if last.lasts(1000, 250):
            return [Tone(ToneKind.RINGBACK, last.start_ms, last.end_ms)]
        return []


_REPEATED = ((ToneKind.BUSY, 350, 350, 90), (ToneKind.CONGESTION, 700, 700, 120))


def _alternates(runs: list[_Run], count: int) -> bool:
    """Whether the last runs are `count` call tones with quiet between."""
    length = 2 * count - 1
    if len(runs) < length:
        return False
    return all(run.band == ("" if index % 2 else "call") for index, run in enumerate(runs[-length:]))


def _repeats(runs: list[_Run], on_ms: int, off_ms: int, tolerance_ms: int) -> bool:
    """Three tones of the same length with the same quiet between."""
    if not _alternates(runs, 3):
        return False
    tones, gaps = runs[-5::2], runs[-4::2]
    return all(run.lasts(on_ms, tolerance_ms) for run in tones) and all(run.lasts(off_ms, tolerance_ms) for run in gaps)


def _unobtainable(runs: list[_Run]) -> bool:
    if not _alternates(runs, 4):
        return False
    short, gaps = runs[-7:-1:2], runs[-6::2]
    return all(run.lasts(100, 40) for run in (*short, *gaps)) and runs[-1].lasts(400, 100)


def _special_information(runs: list[_Run]) -> list[Tone]:
    """Low, middle, high, of a third of a second each, with hardly any pause."""
    bands = [run for run in runs[-7:] if run.ms > _BRIDGED_MS]
    if [run.band for run in bands[-3:]] != ["low", "middle", "high"]:
        return []
    low, _, high = bands[-3:]
    if not all(180 <= run.ms <= 460 for run in bands[-3:]) or high.start_ms - low.end_ms > 600:
        return []
    return [Tone(ToneKind.SPECIAL_INFORMATION, low.start_ms, high.end_ms)]
