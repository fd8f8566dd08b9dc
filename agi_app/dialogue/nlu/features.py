"""What the classifier sees of a text: its embedding, and n-grams of its characters and of its sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from agi_app.dialogue.grammar.phonetics import split_syllable
from agi_app.dialogue.grammar.reading import read

Floats = npt.NDArray[np.float32]

_LONGEST_GRAM = 3
_EDGE = "^"


def grams(text: str) -> Counter[str]:
    """N-grams of one to three syllables, of the same as a careless ear hears them, and of characters."""
    reading = read(text)
    counts: Counter[str] = Counter()
    heard = tuple(_careless(syllable) for syllable in reading.syllables)
    for mark, units in (("s", reading.syllables), ("h", heard), ("c", reading.characters)):
        padded = (_EDGE, *units, _EDGE)
        for size in range(1, _LONGEST_GRAM + 1):
            # An edge alone says nothing.
            for start in range(len(padded) - size + 1) if size > 1 else range(1, len(padded) - 1):
                counts[mark + " ".join(padded[start : start + size])] += 1
    return counts


@lru_cache(maxsize=2048)
def _careless(syllable: str) -> str:
    """A syllable without what the telephone and accents blur: zh is z, n is l, h is f, -ng is -n."""
    initial, final = split_syllable(syllable)
    return _SAME_INITIAL.get(initial, initial) + (final.removesuffix("g") if final.endswith("ng") else final)


_SAME_INITIAL = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "r": "l", "h": "f"}


@dataclass(frozen=True)
class GramVectoriser:
    """TF-IDF over n-grams seen in training; rows of length 1."""

    names: tuple[str, ...]
    weights: Floats
    """Inverse document frequency of each n-gram, shape [len(names)]."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numbers", {name: number for number, name in enumerate(self.names)})

    @classmethod
    def fit(cls, texts: Sequence[str], least: int = 2) -> GramVectoriser:
        """Learn the n-grams that occur in at least `least` texts."""
        documents: Counter[str] = Counter()
        for text in texts:
            documents.update(grams(text).keys())
        names = tuple(sorted(name for name, count in documents.items() if count >= least))
        frequencies = np.array([documents[name] for name in names], dtype=np.float32)
        return cls(names, np.log((1 + len(texts)) / (1 + frequencies)).astype(np.float32) + 1)

    def sparse(self, text: str) -> tuple[npt.NDArray[np.intp], Floats]:
        """Numbers and values of the n-grams of one text."""
        numbers: dict[str, int] = self._numbers  # type: ignore[attr-defined]
        found = [(numbers[name], count) for name, count in grams(text).items() if name in numbers]
        if not found:
            return np.zeros(0, np.intp), np.zeros(0, np.float32)
        columns = np.array([number for number, _ in found], dtype=np.intp)
        values = (1 + np.log(np.array([count for _, count in found], dtype=np.float32))) * self.weights[columns]
        return columns, (values / np.linalg.norm(values)).astype(np.float32)

    def matrix(self, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Several texts as the values, columns and row bounds of a compressed sparse row matrix."""
        rows = [self.sparse(text) for text in texts]
        bounds = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        return np.concatenate([values for _, values in rows]), np.concatenate([columns for columns, _ in rows]), bounds
