"""An encoder that needs no weights: hashed character n-grams, so that alike texts lie near each other."""

import zlib
from collections.abc import Sequence

import numpy as np


class HashingEncoder:
    """Stands in for the sentence embedding."""

    width = 96

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls += 1
        rows = np.full((len(texts), self.width), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for size in (1, 2):
                for start in range(len(text) - size + 1):
                    rows[row, zlib.crc32(text[start : start + size].encode()) % self.width] += size
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
