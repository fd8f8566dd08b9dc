"""Cuts long audio at its quietest points into pieces a recogniser's window can hold. Pure functions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK_S = 0.02
_SEARCH = 0.4
"""The cut is looked for in this last share of the longest piece."""


def pieces(audio: npt.NDArray[np.float32], rate: int, *, longest_s: float) -> list[npt.NDArray[np.float32]]:
    """Consecutive pieces, none longer than `longest_s`, that together are the audio.

    Args:
        audio: mono, shape [n].
        rate: Hz.
        longest_s: seconds.
    """
    longest = int(longest_s * rate)
    block = int(_BLOCK_S * rate)
    found = []
    rest = audio
    while rest.size > longest:
        # Smoothed over 5 blocks (100 ms): a pause is wanted, not the closure of a stop consonant.
        start = int(longest * (1 - _SEARCH)) // block * block
        searched = rest[start:longest]
        power = np.square(searched[: searched.size // block * block].reshape(-1, block)).mean(axis=1)
        smooth = np.convolve(power, np.ones(5) / 5, mode="same")
        cut = start + int(smooth.argmin()) * block + block // 2
        found.append(rest[:cut])
        rest = rest[cut:]
    return [*found, rest]
